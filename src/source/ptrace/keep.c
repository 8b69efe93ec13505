/* SPDX-License-Identifier: MIT
 *
 * Tasks with our filter cannot be let go: without a tracer, calls the filter stops fail with
 * ENOSYS. So when the trace ends before they do, all is told and summed up as if they were let go,
 * and we stay, as their tracer and nothing more.
 */
#include <poll.h>
#include <signal.h>

#include "log.h"
#include "source/ptrace/filter.h"

#define LOOK_MS 100

void keep_begin(struct ptrace_source *source)
{
	static const struct interest nothing;
	struct tracees *all = &source->tracees;

	source->mode = MODE_KEEP;
	sharing_end(&source->sharing);
	source->sharing.allowed = false;
	for (struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		for (struct call *call = t->call; call; call = call->below)
			call_tell_unfinished(source, t, call, clock_ns());
	source->interest = &nothing;
}

/* Did somebody ask us to end? The session has these signals blocked. A terminal that closes is no
 * reason: what is left in the background outlives it. */
static bool is_told_to_end(void)
{
	static const struct timespec now;
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGQUIT);
	return sigtimedwait(&ends, NULL, &now) > 0;
}

void keep_running(struct ptrace_source *source)
{
	const struct record *ignored;
	int got;

	log_warning("what runs on in the background has a filter that needs this process, which "
		    "stays until they "
		    "end; Ctrl-C kills them (--no-seccomp lets them go)");
	source->mode = MODE_RUN;
	while ((got = source->source.ops->next(&source->source, &ignored)) != -ENODATA) {
		struct pollfd ready = {.fd = source->signal_fd, .events = POLLIN};
		if (is_told_to_end())
			source->source.ops->stop(&source->source, SOURCE_KILL);
		if (got == 0)
			poll(&ready, 1, LOOK_MS);
	}
}
