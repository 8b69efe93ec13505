/* SPDX-License-Identifier: MIT
 *
 * The ptrace source as the session sees it, and the loop inside (first and last step of the way in
 * ptrace.h). Wait statuses are collected until there are none, and only then handled in that order:
 * the kernel always offers its first child first, so a busy one would starve all others.
 *
 * A status that is queued can be out of date when it is handled: the task was killed since. Then
 * ptrace requests fail with ESRCH or tell of another stop, nothing is done, and the next status
 * says what became of it. A newer status replaces a queued one.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "source/ptrace/act.h"
#include "source/ptrace/filter.h"
#include "source/ptrace/ptrace.h"
#include "source/ptrace/snapshot.h"
#include "source/ptrace/stack.h"
#include "source/ptrace/stops.h"
#include "source/stack/stacks.h"

#define NEWBORN_PATIENCE_NS UINT64_C(1000000000)
#define CLOSE_PATIENCE_NS UINT64_C(3000000000)

/* Stops without a record that one call of next handles before the session gets its turn. */
#define STOPS_AT_A_TIME 256

static struct ptrace_source *self(struct source *source)
{
	return (struct ptrace_source *)source;
}

/* ---- collecting ---- */

/* The first we hear of a task. */
static struct tracee *stranger(struct ptrace_source *source, pid_t tid, int status)
{
	struct tracee *tracee = tracee_add(&source->tracees, tid);
	unsigned long former_tid = 0;
	struct tracee *former;

	if (!tracee)
		return NULL;
	/* A thread became its process's leader, in place of one that was dead when we attached. */
	if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXEC &&
	    stop_message(tid, status, &former_tid) &&
	    (former = tracee_find(&source->tracees, (pid_t)former_tid)) && former->process &&
	    tracee_join(&source->tracees, tracee, former->process->pid))
		return tracee;
	tracee->newborn = true;
	source->newborns++;
	return tracee;
}

void source_arrive(struct ptrace_source *source, pid_t tid, int status)
{
	struct tracee *tracee = tracee_find(&source->tracees, tid);

	if (!tracee && stack_took(source, tid, status))
		return;
	if (!tracee && !(tracee = stranger(source, tid, status)))
		return;
	tracee->status = status;
	tracee->stopped_ns = clock_ns();
	if (tracee->parked) { /* killed */
		tracee->parked = false;
		tracee->process->parked--;
	}
	if (!tracee->newborn)
		stops_push(source, tracee);
}

static bool collect(struct ptrace_source *source)
{
	int status;
	pid_t tid;
	bool any = false;

	while ((tid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		source_arrive(source, tid, status);
		any = true;
	}
	source->deserted = tid < 0 && errno == ECHILD;
	return any;
}

void source_collect(struct ptrace_source *source)
{
	struct signalfd_siginfo drained[8];

	/* The signals are only what wakes us: they can stay while there is something to do. Before we sleep
	 * they are taken first, and what they told of then: one that comes in between wakes us again. */
	if (!collect(source)) {
		while (read(source->signal_fd, drained, sizeof drained) == (ssize_t)sizeof drained)
			;
		collect(source);
	}
	if (source->newborns && source->feed)
		source->feed->drain(source->feed, source); /* who is making them? */
	if (source->newborns && !source->first)
		follow_orphans(source);
}

/* ---- handling and resuming ---- */

static void remove_gone(struct ptrace_source *source, struct tracee *tracee)
{
	pid_t pid = tracee_pid(tracee);

	if (tracee->tid == source->sharing.tid)
		sharing_end(&source->sharing);
	tracee_remove(&source->tracees, tracee);
	const struct process *process = process_find(&source->tracees, pid);
	if (source->mode == MODE_DETACH && process)
		detach_check(source, process);
}

/* Where a feed tells of calls, tasks run on meanwhile. So they do after what no script acts on and nothing
 * more is read for, though much that was before it may wait to be told of. */
static bool is_passed(const struct stop *stop)
{
	return stop->kind == STOP_SIGNAL || stop->kind == STOP_FORK || stop->kind == STOP_EXEC ||
	       stop->kind == STOP_EXITING;
}

void source_handle(struct ptrace_source *source, struct tracee *tracee)
{
	struct stop stop;

	if (source->feed)
		source->feed->drain(source->feed, source);
	tracee->due_ns = 0; /* it was killed meanwhile */
	stop_read(&stop, tracee->tid, tracee->status, tracee->stopped_ns);
	if (source->feed)
		stop_find_pause(&stop, tracee);
	size_t told = source->outbox.size;
	follow(source, tracee, &stop);
	if (stop.kind == STOP_GONE) {
		remove_gone(source, tracee);
		return;
	}
	source->held = tracee;
	/* One that was paused was too fast for us: it waits. */
	bool is_silent = source->outbox.size == told && stop.kind != STOP_PAUSE;
	if (source->feed && (is_passed(&stop) || is_silent))
		source_release(source);
}

/* The time a task was held is not the call's. */
static void call_resumed(struct call *call, uint64_t stopped_ns)
{
	uint64_t now = clock_ns();

	if (!call->resumed_ns)
		call->resumed_ns = now;
	else if (!call->restart)
		call->resumed_ns += now - stopped_ns;
}

/* With our filter, a task outside of calls runs to the next one the filter stops; one inside stops at its
 * return. The filter's stop is the call's entry, so PTRACE_SYSCALL then gives no other. */
static int resume_request(const struct ptrace_source *source, const struct tracee *tracee)
{
	bool inside = tracee->call && !tracee->call->restart;

	if (tracee->resume != PTRACE_SYSCALL || !source->filtered || inside)
		return tracee->resume;
	return tracee->process && tracee->process->every_call ? PTRACE_SYSCALL : PTRACE_CONT;
}

/* When the request fails with ESRCH the task was killed; its status follows. */
void source_resume(struct ptrace_source *source, struct tracee *tracee)
{
	if (source->mode == MODE_DETACH && detach_stopped(source, tracee))
		return;
	if (source->mode == MODE_KILL)
		kill(tracee_pid(tracee), SIGKILL); /* born after all others were killed */
	if (!source->feed)
		sharing_stopped(&source->sharing, tracee->tid);
	request(resume_request(source, tracee), tracee->tid, 0, tracee->deliver);
	if (source->sharing.tid == tracee->tid)
		sched_yield(); /* mostly it is at its next stop when we are back, and we need not sleep */
}

void source_release(struct ptrace_source *source)
{
	struct tracee *tracee = source->held;

	source->held = NULL;
	if (!tracee || !tracee->resume)
		return;
	if (tracee->call)
		call_resumed(tracee->call, tracee->stopped_ns);
	if (tracee->due_ns)
		delay_begin(source, tracee);
	else
		source_resume(source, tracee);
}

static int source_fd(struct source *base)
{
	return self(base)->signal_fd;
}

void source_wake_every(struct ptrace_source *source, uint64_t interval_ns)
{
	const struct timespec often = {.tv_nsec = (long)interval_ns};

	if (source->has_timer)
		timer_settime(source->timer, 0, &(struct itimerspec){often, often}, NULL);
}

/* All tasks are gone, but one died while it made another, which may not have been heard of yet. The
 * kernel knows of a child of ours, and whether it is that one or a script's cannot be told. */
static bool awaits_newborn(struct ptrace_source *source)
{
	uint64_t now = clock_ns();

	if (!source->forker.tid)
		return false;
	if (!source->empty_ns) {
		source->empty_ns = now;
		source_wake_every(source, NEWBORN_PATIENCE_NS / 10);
	}
	return now - source->empty_ns < NEWBORN_PATIENCE_NS;
}

static bool is_over(struct ptrace_source *source)
{
	if (source->deserted)
		return true;
	if (!source->tracees.count)
		return !awaits_newborn(source);
	source->empty_ns = 0;
	return source->mode == MODE_DETACH && detach_is_over(source);
}

void source_look(struct ptrace_source *source)
{
	if (source->mode != MODE_RUN || source->held || source->snapshot)
		return;
	source_collect(source);
	while (source->first && !source->held)
		source_handle(source, stops_take(source));
}

static int source_next(struct source *base, const struct record **record)
{
	struct ptrace_source *source = self(base);

	for (unsigned budget = STOPS_AT_A_TIME;; budget--) {
		*record = outbox_take(&source->outbox);
		if (*record)
			return 1;
		if (source->mode == MODE_KEEP)
			return -ENODATA;
		source_release(source);
		delays_end(source);
		if (source->outbox.size || snapshot_continue(source))
			continue;
		if (!source->first)
			source_collect(source);
		if (!source->first && is_over(source) && !source->outbox.size)
			return -ENODATA;
		if (!source->first && !source->outbox.size)
			return 0;
		if (!source->first)
			continue;
		if (!budget) {
			kill(getpid(), SIGCHLD); /* makes fd readable: there is more to do */
			return 0;
		}
		if (source->mode == MODE_DETACH)
			source->progress_ns = clock_ns();
		source_handle(source, stops_take(source));
	}
}

/* ---- the end ---- */

static void kill_all(struct ptrace_source *source)
{
	struct tracees *all = &source->tracees;

	source->mode = MODE_KILL;
	for (struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		if (t->tid == tracee_pid(t) || t->newborn)
			kill(t->tid, SIGKILL);
}

static void source_stop(struct source *base, enum source_stop how)
{
	struct ptrace_source *source = self(base);

	if (how == SOURCE_KILL && source->command)
		kill_all(source);
	else if (source->mode == MODE_RUN && source->filtered)
		keep_begin(source);
	else if (source->mode == MODE_RUN)
		detach_begin(source);
}

static void source_forward(struct source *base, int signal)
{
	struct ptrace_source *source = self(base);

	if (source->command && source->command_status == -1)
		kill(source->command, signal);
}

static int source_status(struct source *base)
{
	return self(base)->command_status;
}

void source_drain(struct ptrace_source *source, uint64_t patience_ns)
{
	const struct record *ignored;
	uint64_t start = clock_ns();
	int n;

	while ((n = source_next(&source->source, &ignored)) != -ENODATA) {
		struct pollfd ready = {.fd = source->signal_fd, .events = POLLIN};
		if (clock_ns() - start > patience_ns)
			return;
		if (n == 0)
			poll(&ready, 1, 10);
	}
}

static void source_close(struct source *base)
{
	struct ptrace_source *source = self(base);

	if (source->mode == MODE_KEEP)
		keep_running(source);
	if (source->tracees.count && source->mode == MODE_RUN)
		source_stop(base, SOURCE_KILL);
	sharing_end(&source->sharing);
	source_drain(source, CLOSE_PATIENCE_NS);
	if (source->signal_fd >= 0)
		close(source->signal_fd);
	if (source->has_timer)
		timer_delete(source->timer);
	if (source->delays.has_timer)
		timer_delete(source->delays.timer);
	snapshot_free(source);
	stacks_free(source->stacks);
	tracees_free(&source->tracees);
	outbox_free(&source->outbox);
	free(source);
}

const struct source_ops ptrace_ops = {
	.name = "ptrace",
	.fd = source_fd,
	.next = source_next,
	.act = act,
	.stop = source_stop,
	.forward = source_forward,
	.status = source_status,
	.close = source_close,
};
