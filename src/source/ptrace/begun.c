/* SPDX-License-Identifier: MIT
 *
 * Calls of which nobody looks at more than that they were made (interest.begun). Where our filter
 * stops them, they are told of at their entry and go on without another stop: that halves what they
 * cost.
 *
 * A call that is interrupted and made again comes by our filter again. Without a stop at its return
 * that looks like another one, so it is found out at the stop in between, which is before the
 * signal or for what else woke it: there the registers still say what the call returned inside the
 * kernel.
 */
#include "source/ptrace/begun.h"

bool begun_suffices(const struct ptrace_source *source, const struct tracee *tracee,
		    const struct record *record)
{
	return source->filtered && !source->feed && !tracee->process->every_call &&
	       interest_has(source->interest->begun, record->arch, record->nr) &&
	       !interest_has(source->interest->enters, record->arch, record->nr) &&
	       call_role(source, record->arch, record->nr) ==
		       CALL_PLAIN; /* else call.c follows it */
}

void begun_tell(struct ptrace_source *source, struct record *record)
{
	record->flags |= RECORD_UNFINISHED;
	outbox_send(&source->outbox);
}

void begun_interrupted(struct ptrace_source *source, struct tracee *tracee,
		       const struct record *call, const struct user_regs_struct *regs, int64_t ret)
{
	const struct call *known = tracee->call;

	if (!call_is_restart(ret) || !begun_suffices(source, tracee, call) ||
	    (known && known->restart && known->ip == regs->rip && known->sp == regs->rsp))
		return;
	struct call *again = call_push(&source->tracees, tracee, call);
	if (!again)
		return; /* and is counted twice */
	again->ip = regs->rip;
	again->sp = regs->rsp;
	again->nr = call->nr;
	again->role = call_role(source, call->arch, call->nr);
	again->restart = (int16_t)-ret;
	again->stopped_ns = clock_ns();
}
