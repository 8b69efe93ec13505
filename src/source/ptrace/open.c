/* SPDX-License-Identifier: MIT
 *
 * How a source comes to be: with calls from stops, or from a feed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include "source/ptrace/ptrace.h"
#include "source/ptrace/untraced.h"

/* Stops are told of by SIGCHLD, which must be neither ignored nor, while we look away, lost. */
static int watch_children(struct ptrace_source *source)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigprocmask(SIG_BLOCK, &child, NULL);
	source->signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (source->signal_fd < 0)
		return -errno;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCHLD};
	source->has_timer = timer_create(CLOCK_MONOTONIC, &event, &source->timer) == 0;
	return 0;
}

int ptrace_source_open_fed(const struct target *target, const struct interest *interest,
			   struct call_feed *feed, struct ptrace_source **result, char *why, size_t room)
{
	struct ptrace_source *source = calloc(1, sizeof *source);
	if (!source) {
		snprintf(why, room, "out of memory");
		return -ENOMEM;
	}
	source->source.ops = &ptrace_ops;
	source->interest = interest;
	source->feed = feed;
	source->resume = feed ? PTRACE_CONT : PTRACE_SYSCALL;
	source->last = &source->first;
	source->command_status = -1;
	source->is_capable = notes_capable();
	task_memory_init(&source->memory);
	call_roles(source);
	int error = watch_children(source);
	if (error)
		snprintf(why, room, "cannot watch for stopped tasks: %s", strerror(-error));
	else if (target->command)
		error = launch(source, target, why, room);
	else
		error = attach(source, target, why, room);
	if (error) {
		ptrace_ops.close(&source->source);
		return error;
	}
	*result = source;
	return 0;
}

int ptrace_source_open(const struct target *target, const struct interest *interest,
		       struct source **result, char *why, size_t room)
{
	struct ptrace_source *source = NULL;
	int error = ptrace_source_open_fed(target, interest, NULL, &source, why, room);

	if (!error)
		*result = &source->source;
	return error;
}
