/* SPDX-License-Identifier: MIT
 *
 * exec: what a new program means for the tasks of its process.
 */
#ifndef PTRACE_EXEC_H
#define PTRACE_EXEC_H

#include "source/ptrace/ptrace.h"

void follow_exec(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop);
/* The fields of a RECORD_EXEC, its path and argv, as the call that made it has them; `call` may be NULL or
 * another one. `former`: the task's tid before. */
void exec_describe(struct record *record, pid_t former, const struct call *call);
/* Forgets the tasks of a process but its leader. Called when the kernel says that there are none:
 * those that died of their own were waited for before, so these were taken away by an exec. */
void exec_sweep(struct ptrace_source *source, const struct tracee *leader, uint64_t time_ns);

#endif
