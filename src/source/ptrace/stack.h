/* SPDX-License-Identifier: MIT
 *
 * stack: where a task is when it makes a call, for those who want that (source/stack finds the
 * frames).
 */
#ifndef PTRACE_STACK_H
#define PTRACE_STACK_H

#include "source/ptrace/ptrace.h"

/* The user's stack as a piece of the record, where the interest wants it; the task is stopped. */
void stack_capture(struct ptrace_source *source, struct tracee *tracee, struct record *record);
/* Says once that there are no more of them; before another record is begun. */
void stack_note(struct ptrace_source *source, const struct tracee *tracee);
/* Was that wait status the worker's who finds the stacks? */
bool stack_took(struct ptrace_source *source, pid_t tid, int status);

#endif
