/* SPDX-License-Identifier: MIT
 *
 * What processes already have; see snapshot.h. Everything here comes from /proc, while the tasks in
 * question are stopped; one that dies meanwhile just leaves less to tell.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/snapshot.h"
#include "source/ptrace/socket.h"

void snapshot_comm(struct record *record, pid_t tid, uint8_t arg)
{
	char comm[PROC_COMM];

	proc_comm(tid, comm);
	record_add(record, arg, PIECE_SELF, 0, comm, strlen(comm), 0);
}

void snapshot_link(struct record *record, pid_t tid, const char *name, uint8_t arg)
{
	char path[PATH_MAX];
	ssize_t size = proc_link(tid, name, path, sizeof path);

	if (size >= 0)
		record_add(record, arg, PIECE_SELF, 0, path, size, 0);
}

void snapshot_argv(struct record *record, pid_t tid, uint8_t arg)
{
	size_t size;
	char *bytes = proc_read_all(tid, "cmdline", &size);
	uint32_t index = 0;

	for (size_t at = 0; bytes && at < size; index++) {
		size_t length = strnlen(bytes + at, size - at);
		if (!record_add(record, arg, PIECE_STRING, index, bytes + at, length, 0))
			break;
		at += length + 1;
	}
	free(bytes);
}

/* ---- mappings ---- */

static void map_record(struct ptrace_source *source, pid_t tid, pid_t pid, uint64_t time_ns,
		       const struct proc_map *map)
{
	static const struct {
		char letter;
		uint64_t bit;
	} bits[] = {{'r', PROT_READ}, {'w', PROT_WRITE}, {'x', PROT_EXEC}};
	struct record *record = outbox_begin(&source->outbox, RECORD_MAP, pid, tid);
	bool anonymous = !map->inode && map->path[0] != '/';

	record->time_ns = time_ns;
	record->args[0] = map->start;
	record->args[1] = map->end - map->start;
	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
		if (map->perms[i] == bits[i].letter)
			record->args[2] |= bits[i].bit;
	record->args[3] = (map->perms[3] == 's' ? MAP_SHARED : MAP_PRIVATE) | (anonymous ? MAP_ANONYMOUS : 0);
	record->args[4] = map->offset;
	record->ret = (int64_t)map->inode;
	record_add(record, 0, PIECE_SELF, 0, map->path, map->path_size, 0);
	outbox_send(&source->outbox);
}

void snapshot_maps(struct ptrace_source *source, pid_t tid, pid_t pid, uint64_t time_ns)
{
	size_t size;
	char *text = proc_read_all(tid, "maps", &size);
	struct proc_map map;

	for (char *line = text, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (proc_map_parse(line, &map))
			map_record(source, tid, pid, time_ns, &map);
	}
	free(text);
}

/* ---- descriptors ---- */

struct table {
	struct ptrace_source *source;
	pid_t tid, pid;
	int pidfd;
	bool with_cloexec;
};

static bool fd_record(void *context, int fd)
{
	const struct table *table = context;
	char name[32], text[1024], link[PATH_MAX];
	uint64_t flags, offset;
	struct statx info = {0};

	snprintf(name, sizeof name, "fdinfo/%d", fd);
	if (proc_read(table->tid, name, text, sizeof text) <= 0 || !proc_fdinfo_parse(text, &flags, &offset) ||
	    (!table->with_cloexec && flags & O_CLOEXEC))
		return true;
	snprintf(name, sizeof name, "fd/%d", fd);
	ssize_t size = proc_link(table->tid, name, link, sizeof link);
	if (size < 0)
		return true;
	/* What is cached must do: a server of a network or FUSE file system may itself be stopped. */
	snprintf(text, sizeof text, "/proc/%d/%s", table->tid, name);
	statx(AT_FDCWD, text, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MODE | STATX_INO, &info);

	struct record *record = outbox_begin(&table->source->outbox, RECORD_FD, table->pid, table->tid);
	record->time_ns = table->source->attached_ns;
	record->nr = fd;
	record->args[0] = flags;
	record->args[1] = offset;
	record->args[2] = info.stx_mode;
	record->ret = (int64_t)info.stx_ino;
	record_add(record, 0, PIECE_SELF, 0, link, size, 0);
	if (S_ISSOCK(info.stx_mode))
		socket_describe(record, table->tid, table->pidfd, fd);
	outbox_send(&table->source->outbox);
	return true;
}

void snapshot_fds(struct ptrace_source *source, pid_t tid, pid_t pid, bool with_cloexec)
{
	struct table table = {source, tid, pid, (int)syscall(SYS_pidfd_open, pid, 0), with_cloexec};

	proc_each(tid, "fd", fd_record, &table);
	if (table.pidfd >= 0)
		close(table.pidfd);
}
