/* SPDX-License-Identifier: MIT
 *
 * snapshot: what a process already has when the trace begins, read from /proc while it is stopped,
 * as RECORD_TASK, RECORD_FD and RECORD_MAP.
 */
#ifndef PTRACE_SNAPSHOT_H
#define PTRACE_SNAPSHOT_H

#include "source/ptrace/ptrace.h"

/* Pieces for records, as piece `arg`. */
void snapshot_comm(struct record *record, pid_t tid, uint8_t arg);
void snapshot_argv(struct record *record, pid_t tid, uint8_t arg);
void snapshot_link(struct record *record, pid_t tid, const char *name, uint8_t arg);

/* A RECORD_FD for each descriptor of the task's table; those with O_CLOEXEC only if asked for. */
void snapshot_fds(struct ptrace_source *source, pid_t tid, pid_t pid, bool with_cloexec);
/* A RECORD_MAP for each mapping. */
void snapshot_maps(struct ptrace_source *source, pid_t tid, pid_t pid, uint64_t time_ns);

/* From now on snapshot_continue tells of the processes attached to. False without memory. */
bool snapshot_begin(struct ptrace_source *source, const struct target *target);
/* Tells of the next process that was attached to; false when all are told of. */
bool snapshot_continue(struct ptrace_source *source);
void snapshot_free(struct ptrace_source *source);

#endif
