/* SPDX-License-Identifier: MIT
 *
 * Holding tasks back: they stay in their stop, and we go on with all others. A timer wakes us when the
 * first may go on. Delays are few, so the tasks are looked through for them.
 */
#include <signal.h>

#include "source/ptrace/act.h"

#define SECOND UINT64_C(1000000000)

static void wake_at(struct delays *delays, uint64_t due_ns)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCHLD};
	const struct itimerspec once = {
		.it_value = {(time_t)(due_ns / SECOND), (long)(due_ns % SECOND)},
	};

	delays->due_ns = due_ns;
	if (!delays->has_timer)
		delays->has_timer = timer_create(CLOCK_MONOTONIC, &event, &delays->timer) == 0;
	if (delays->has_timer)
		timer_settime(delays->timer, TIMER_ABSTIME, &once, NULL);
	else
		delays->due_ns = 1; /* no timers: no delay */
}

void delay_begin(struct ptrace_source *source, const struct tracee *tracee)
{
	struct delays *delays = &source->delays;

	if (!delays->due_ns || tracee->due_ns < delays->due_ns)
		wake_at(delays, tracee->due_ns);
}

void delays_end(struct ptrace_source *source)
{
	struct delays *delays = &source->delays;
	struct tracees *all = &source->tracees;
	uint64_t now = delays->due_ns ? clock_ns() : 0, next = 0;
	bool are_over = source->mode != MODE_RUN || !delays->has_timer;

	if (!delays->due_ns || (now < delays->due_ns && !are_over))
		return;
	for (struct tracee *t = tracee_next(all, NULL), *following; t; t = following) {
		following = tracee_next(all, t); /* letting go may remove it */
		if (t->due_ns && (t->due_ns <= now || are_over)) {
			t->due_ns = 0;
			source_resume(source, t);
		} else if (t->due_ns && (!next || t->due_ns < next)) {
			next = t->due_ns;
		}
	}
	delays->due_ns = 0;
	if (next)
		wake_at(delays, next);
}
