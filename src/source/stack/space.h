/* SPDX-License-Identifier: MIT
 *
 * space: what is mapped into an address space, as modules: files, each from its first mapping to
 * its last. Read anew for each stack, but compared as text, which is much cheaper than telling the
 * worker.
 */
#ifndef STACK_SPACE_H
#define STACK_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MODULES_MAX = 2048, MODULE_NAME_MAX = 1024 };

struct module {
	uint64_t start, end;
	uint64_t first_end; /* of its first mapping: /proc/PID/map_files has the file under these
			       two */
	uint64_t inode;
	uint64_t id;	  /* the same for the same content: also in other spaces */
	const char *name; /* as /proc names it; owned by the space */
};

struct space {
	pid_t pid;     /* 0: nobody's */
	uint64_t used; /* when it was asked for last, by count */
	char *text;    /* of /proc/PID/maps */
	size_t size;
	char *names; /* what the modules' names point into */
	struct module *modules;
	size_t count;
};

/* Reads the maps of the task. True: they are others than before. */
bool space_read(struct space *space, pid_t tid);
void space_free(struct space *space);

/* The file of that module, or -1. Only what really is a file: a name may lead anywhere meanwhile. */
int space_open(const struct space *space, pid_t tid, uint64_t number);
/* The file of debug information for that build id, where Debian and others install it, or -1. */
int space_open_debug(const uint8_t *id, size_t size);

#endif
