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
#include <linux/kcmp.h>

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
	if (proc_read(table->tid, name, text, sizeof text) <= 0 ||
	    !proc_fdinfo_parse(text, &flags, &offset) ||
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

/* ---- processes that were attached to ---- */

enum shared { SHARED_FILES, SHARED_CWD, SHARED_MEMORY, SHARED_KINDS };

/* The tasks seen so far whose table is no other's, in the kernel's own (secret) order, so that the
 * equal one of a new task is found by bisection. */
struct owners {
	pid_t *tids;
	size_t count, room;
};

struct snapshot {
	struct owners owners[SHARED_KINDS];
	pid_t *pids;
	size_t count, next;
};

static const int kcmp_kinds[SHARED_KINDS] = {KCMP_FILES, KCMP_FS, KCMP_VM};

/* Below 0 when it cannot be told, 0 equal, 1 less, 2 greater. */
static int compare(enum shared kind, pid_t a, pid_t b)
{
	return (int)syscall(SYS_kcmp, a, b, kcmp_kinds[kind], 0, 0);
}

static void owners_insert(struct owners *owners, size_t at, pid_t tid)
{
	if (owners->count == owners->room) {
		size_t room = owners->room ? 2 * owners->room : 64;
		pid_t *tids = realloc(owners->tids, room * sizeof *tids);
		if (!tids)
			return; /* then it is not known to later ones that share with it */
		owners->tids = tids;
		owners->room = room;
	}
	memmove(owners->tids + at + 1, owners->tids + at, (owners->count++ - at) * sizeof tid);
	owners->tids[at] = tid;
}

/* The task whose table tid shares, or tid itself when it is the first to have it. Where the kernel
 * does not compare, a thread shares with its process's first task, and nobody else does. */
static pid_t owner(struct snapshot *snapshot, enum shared kind, pid_t tid, pid_t first)
{
	struct owners *owners = &snapshot->owners[kind];
	size_t low = 0, high = owners->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(kind, tid, owners->tids[middle]);
		if (order == 0)
			return owners->tids[middle];
		if (order < 0)
			return first;
		if (order == 1)
			high = middle;
		else
			low = middle + 1;
	}
	owners_insert(owners, low, tid);
	return tid;
}

struct telling {
	struct ptrace_source *source;
	pid_t pid;
	pid_t first; /* its first task, 0 at the beginning */
};

static void task_record(const struct telling *telling, pid_t tid)
{
	struct record *record = outbox_begin(&telling->source->outbox, RECORD_TASK, telling->pid, tid);
	struct proc_status status = {0};

	proc_status(tid, &status);
	record->time_ns = telling->source->attached_ns;
	record->args[0] = status.ppid;
	for (enum shared kind = 0; kind < SHARED_KINDS; kind++)
		record->args[1 + kind] = owner(telling->source->snapshot, kind, tid, telling->first);
	snapshot_comm(record, tid, 0);
	snapshot_argv(record, tid, 1);
	snapshot_link(record, tid, "exe", 2);
	snapshot_link(record, tid, "cwd", 3);
	outbox_send(&telling->source->outbox);
}

/* Threads born since we came are left out: their RECORD_FORK tells of them. */
static bool tell_task(void *context, int tid)
{
	struct telling *telling = context;
	const struct tracee *tracee = tracee_find(&telling->source->tracees, tid);

	if (!tracee || !tracee->attached)
		return true;
	if (!telling->first)
		telling->first = tid;
	task_record(telling, tid);
	return true;
}

/* Tables that are this task's and no earlier one's. */
static bool tell_tables(void *context, int tid)
{
	const struct telling *telling = context;
	struct ptrace_source *source = telling->source;
	const struct tracee *tracee = tracee_find(&source->tracees, tid);

	if (!tracee || !tracee->attached)
		return true;
	if (source_wants(source, RECORD_FD) &&
	    owner(source->snapshot, SHARED_FILES, tid, telling->first) == tid)
		snapshot_fds(source, tid, telling->pid, true);
	if (source_wants(source, RECORD_MAP) &&
	    owner(source->snapshot, SHARED_MEMORY, tid, telling->first) == tid)
		snapshot_maps(source, tid, telling->pid, source->attached_ns);
	return true;
}

bool snapshot_begin(struct ptrace_source *source, const struct target *target)
{
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	if (!snapshot)
		return false;
	source->snapshot = snapshot;
	snapshot->pids = calloc(target->pid_count, sizeof *snapshot->pids);
	if (!snapshot->pids)
		return false;
	snapshot->count = target->pid_count;
	memcpy(snapshot->pids, target->pids, target->pid_count * sizeof *snapshot->pids);
	return true;
}

bool snapshot_continue(struct ptrace_source *source)
{
	struct snapshot *snapshot = source->snapshot;
	struct telling telling = {.source = source};

	if (!snapshot)
		return false;
	if (snapshot->next == snapshot->count) {
		snapshot_free(source);
		return false;
	}
	pid_t pid = snapshot->pids[snapshot->next++]; /* of a process or of one of its threads */
	const struct tracee *tracee = tracee_find(&source->tracees, pid);
	struct process *process = tracee ? tracee->process : process_find(&source->tracees, pid);
	if (process && !process->told) {
		process->told = true;
		telling.pid = process->pid;
		proc_each(telling.pid, "task", tell_task, &telling);
		proc_each(telling.pid, "task", tell_tables, &telling);
	}
	return true;
}

void snapshot_free(struct ptrace_source *source)
{
	struct snapshot *snapshot = source->snapshot;

	if (!snapshot)
		return;
	for (enum shared kind = 0; kind < SHARED_KINDS; kind++)
		free(snapshot->owners[kind].tids);
	free(snapshot->pids);
	free(snapshot);
	source->snapshot = NULL;
}
