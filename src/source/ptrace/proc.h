/* SPDX-License-Identifier: MIT
 *
 * proc: the files of /proc as structs. Read at attach, launch, exec and exit only, never per call.
 * The parsers take text, which may be hostile: a process chooses its name, its files' names and its
 * sockets' names.
 */
#ifndef PTRACE_PROC_H
#define PTRACE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_status {
	char state; /* R, S, D, T, t, Z, X */
	pid_t tgid, ppid, tracer;
	uid_t uid; /* effective */
	gid_t gid; /* effective */
	uint64_t peak_rss; /* bytes */
	uint64_t capabilities; /* effective */
	int seccomp; /* 0, 1: strict, 2: filter */
	int filters; /* how many; -1: the kernel does not say (before Linux 5.9) */
	bool no_new_privileges;
	bool kernel_thread;
	bool has_memory;
};

/* False when it is no status file: one without Tgid. */
bool proc_status_parse(const char *text, struct proc_status *status);
bool proc_status(pid_t tid, struct proc_status *status);

struct proc_map {
	uint64_t start, end, offset, inode;
	char perms[4];
	const char *path; /* in the line; escapes undone */
	size_t path_size;
};

/* One line of /proc/PID/maps, without its newline; changed in place. */
bool proc_map_parse(char *line, struct proc_map *map);

/* Flags (octal, with O_CLOEXEC) and offset from /proc/PID/fdinfo/N. */
bool proc_fdinfo_parse(const char *text, uint64_t *flags, uint64_t *offset);

/* The file /proc/TID/name into bytes, with a NUL after it. Bytes without the NUL, or -errno. */
ssize_t proc_read(pid_t tid, const char *name, char *bytes, size_t room);
/* The same, of any size, allocated. NULL on failure. */
char *proc_read_all(pid_t tid, const char *name, size_t *size);
/* What the link /proc/TID/name points to, with a NUL. Bytes without the NUL, or -errno. */
ssize_t proc_link(pid_t tid, const char *name, char *bytes, size_t room);
/* The comm of a task without its newline, "" when it is gone. */
#define PROC_COMM 64
void proc_comm(pid_t tid, char comm[PROC_COMM]);

/* Calls visit for each number in the directory /proc/TID/name (task, fd) until it returns false.
 * 0, or -errno. */
int proc_each(pid_t tid, const char *name, bool (*visit)(void *context, int number), void *context);

#endif
