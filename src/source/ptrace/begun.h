/* SPDX-License-Identifier: MIT
 *
 * Calls of which it is enough to tell when they begin; see begun.c.
 */
#ifndef PTRACE_BEGUN_H
#define PTRACE_BEGUN_H

#include <sys/user.h>

#include "source/ptrace/ptrace.h"

/* What a call returns inside the kernel when it is interrupted. */
static inline bool call_is_restart(int64_t ret)
{
	return ret == -ERESTARTSYS || ret == -ERESTARTNOINTR || ret == -ERESTARTNOHAND ||
	       ret == -ERESTART_RESTARTBLOCK;
}

/* Is it enough to tell of this call when it begins? */
bool begun_suffices(const struct ptrace_source *source, const struct tracee *tracee,
		    const struct record *record);
/* Sends the record that the outbox holds. */
void begun_tell(struct ptrace_source *source, struct record *record);
/* At a stop outside of calls, when its registers say that such a call came from one and what it
 * returned: remembers it, if it was told of and will be made again. */
void begun_interrupted(struct ptrace_source *source, struct tracee *tracee,
		       const struct record *call, const struct user_regs_struct *regs, int64_t ret);

#endif
