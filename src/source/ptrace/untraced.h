/* SPDX-License-Identifier: MIT
 *
 * untraced: where tracing cannot be without effect: what is done about it, and what the user is told.
 */
#ifndef PTRACE_UNTRACED_H
#define PTRACE_UNTRACED_H

#include "source/ptrace/ptrace.h"

/* ---- untraced.c ---- */

/* At the entry of a call that makes a task: takes CLONE_UNTRACED away, and says so. A call that goes by has
 * been read by the kernel already. */
void untraced_enter(struct ptrace_source *source, const struct tracee *tracee, struct call *call);
/* With a feed the task does not stop at the entry; but it was made to fail the call, and makes it again. Is
 * this so? Then it is to be followed by stops until the call returns. */
bool untraced_awaits(struct ptrace_source *source, const struct tracee *tracee);
/* Gives the flag back, in the parent when the call returned and in the child at its first stop. */
void untraced_restore(struct ptrace_source *source, pid_t tid, enum call_role role, unsigned arch);

/* ---- notes.c ---- */

/* Tells of the task's program, unless such a note was made before. */
void note_once(struct ptrace_source *source, const struct tracee *tracee, enum record_note what);
/* Have we CAP_SYS_PTRACE? */
bool notes_capable(void);
/* After an exec: did the program not get what its file's mode promises? */
void note_privileges(struct ptrace_source *source, const struct tracee *tracee);

#endif
