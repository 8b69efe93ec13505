/* SPDX-License-Identifier: MIT
 *
 * worker: what its files share. worker.c is its life and its talk with the tracer, unwind.c finds
 * the frames with libdw, symbols.c their names.
 */
#ifndef STACK_WORKER_H
#define STACK_WORKER_H

#include <elfutils/libdwfl.h>

#include "frame.h"
#include "source/stack/wire.h"

/* What is at a place in a file. */
struct place {
	uint64_t offset;
	bool is_return, is_known;
	uint32_t line;
	const char *name, *file; /* of libdw, as long as the file is kept */
};

/* One module of an address space. */
struct mapped {
	uint64_t start, end;
	uint64_t id; /* of the file: see space.h */
};

struct worker_space {
	Dwfl *dwfl;
	bool has_state; /* dwfl_attach_state was called, and what came of it: */
	bool is_attached;
	char *vdso; /* a copy of the kernel's module, or NULL */
	struct mapped *modules;
	uint64_t count;
};

enum { WORKER_PAGES = 64 };

struct page {
	uint64_t address;
	size_t size; /* bytes there */
	bool is_there;
	uint8_t bytes[WIRE_PAGE];
};

/* The stack that is asked for. */
struct job {
	bool is_32;
	uint64_t registers[WIRE_REGISTERS];
	uint64_t memory_start; /* of what came along */
	size_t memory_size;
	uint8_t memory[WIRE_BYTES_MAX];
	struct page pages[WORKER_PAGES]; /* by address */
	unsigned count;
	struct {
		uint64_t address;
		bool is_return; /* the call is before it */
	} frames[FRAMES_MAX];
	bool has_more;
};

struct worker {
	int socket;
	uint64_t space; /* number of the one worked on */
	struct worker_space *spaces[WIRE_SPACES];
	struct job job;
	struct wire wire;
};

extern struct worker worker;

/* ---- worker.c ---- */

/* Asks the tracer, and waits for the answer, in worker.wire; the descriptor that came with it, or
 * -1. */
int worker_ask(enum wire_what what, uint64_t a, uint64_t b, const void *bytes, size_t size);

/* ---- unwind.c ---- */

/* How libdw gets at files; without debug information, which is much and of no use here. */
extern const Dwfl_Callbacks unwind_callbacks;
/* The kernel's own module has no file: a copy of what the task has there goes to *image, which is
 * the caller's. */
Elf *vdso_elf(char **image, Dwarf_Addr start, Dwarf_Addr end);
/* Fills in the job's frames. */
void unwind(struct worker_space *space);

/* ---- symbols.c ---- */

/* What is at the address of that module, found before or now. It stays for the rest of this stack.
 */
const struct place *symbols_find(const struct worker_space *space, uint64_t module,
				 uint64_t address, bool is_return);

#endif
