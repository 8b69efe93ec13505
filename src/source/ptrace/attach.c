/* SPDX-License-Identifier: MIT
 *
 * Attaching to processes that run: every thread is seized and interrupted, until no new one shows
 * up; those born meanwhile to a seized thread are ours by birth. When all have stopped, the trace
 * begins: snapshot.c tells what they have, then their stops are handled like any other.
 *
 * A task that sleeps in the kernel and cannot be interrupted (the parent of a vfork, a dead network
 * disk) is not waited for: it runs none of its program, and stops when it comes back.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"
#include "source/ptrace/refusal.h"
#include "source/ptrace/snapshot.h"
#include "source/ptrace/stops.h"

#define STOP_PATIENCE_NS UINT64_C(2000000000)
#define LOOK_AGAIN_MS 10
#define CHAIN_MAX 16 /* of tracers that are traced */
#define ATTEMPTS 30 /* a millisecond apart */

struct seizing {
	struct ptrace_source *source;
	pid_t pid;
	bool found;  /* a task that was not ours before */
	int error;
};

/* A thread we cannot seize is none to worry about when it is dead or, by birth, ours already. */
static bool is_settled(pid_t tid)
{
	struct proc_status status;

	return !proc_status(tid, &status) || status.state == 'Z' || status.state == 'X' ||
	       status.tracer == getpid();
}

/* The exec of a thread that was not ours took the place of a leader that was, of which nothing is told. */
static bool is_replaced(pid_t leader)
{
	struct proc_status status;

	return proc_status(leader, &status) && status.tracer == 0;
}

static bool seize_task(void *context, int tid)
{
	struct seizing *seizing = context;
	struct tracees *all = &seizing->source->tracees;

	struct tracee *tracee = tracee_find(all, tid);
	if (tracee && (tid != seizing->pid || !is_replaced(tid)))
		return true;
	int error = seize(tid);
	if (error) {
		bool is_over = error == -ESRCH || (error != -EAGAIN && is_settled(tid));
		seizing->error = is_over ? 0 : error;
		return is_over;
	}
	request(PTRACE_INTERRUPT, tid, 0, 0);
	seizing->found = true;
	if (tracee) {
		stops_drop(seizing->source, tracee);
		return true;
	}
	tracee = tracee_add(all, tid);
	if (!tracee || !tracee_join(all, tracee, seizing->pid)) {
		seizing->error = -ENOMEM;
		return false;
	}
	tracee->attached = true;
	return true;
}

static int seize_tasks(struct seizing *seizing)
{
	do {
		seizing->error = 0;
		seizing->found = false;
		proc_each(seizing->pid, "task", seize_task, seizing);
	} while (seizing->found && !seizing->error);
	if (seizing->error)
		return seizing->error;
	return process_find(&seizing->source->tracees, seizing->pid) ? 0 : -EPERM;
}

/* Threads that an exec ends: those that are ours must not be waited for by it. */
static void let_dying_end(struct ptrace_source *source)
{
	source_collect(source);
	for (const struct tracee *t = tracee_next(&source->tracees, NULL); t;
	     t = tracee_next(&source->tracees, t))
		if (t->queued && WIFSTOPPED(t->status) && t->status >> 16 == PTRACE_EVENT_EXIT)
			request(PTRACE_CONT, t->tid, 0, 0);
}

/* The leader is ours, and dead or no longer the one we know: perhaps an exec is about to replace it. */
static bool is_changing(const struct seizing *seizing)
{
	struct proc_status status;

	return tracee_find(&seizing->source->tracees, seizing->pid) &&
	       proc_status(seizing->pid, &status) &&
	       (status.tracer != getpid() || status.state == 'Z');
}

/* While the exec of another thread takes the leader's place, the kernel refuses as it does for the
 * dead; a moment later it does not. */
static int seize_process(struct ptrace_source *source, pid_t pid)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct seizing seizing = {.source = source, .pid = pid};
	int error = 0;

	for (int i = 0; i < ATTEMPTS; i++) {
		error = seize_tasks(&seizing);
		if (error ? error != -EPERM && error != -EAGAIN : !is_changing(&seizing))
			return error;
		if (error != -EPERM)
			let_dying_end(source);
		nanosleep(&moment, NULL);
	}
	return error;
}

/* True when every task is stopped, or so deep in the kernel that waiting for it is no use. */
static bool all_stopped(const struct ptrace_source *source, bool ask_proc)
{
	struct proc_status status;

	for (const struct tracee *t = tracee_next(&source->tracees, NULL); t;
	     t = tracee_next(&source->tracees, t)) {
		if (!t->attached || t->queued)
			continue;
		if (!ask_proc || (proc_status(t->tid, &status) && !strchr("DZX", status.state)))
			return false;
	}
	return true;
}

static void wait_for_stops(struct ptrace_source *source)
{
	uint64_t start = clock_ns();
	bool ask_proc = false;

	while (!all_stopped(source, ask_proc) && clock_ns() - start < STOP_PATIENCE_NS) {
		struct pollfd ready = {.fd = source->signal_fd, .events = POLLIN};
		ask_proc = poll(&ready, 1, LOOK_AGAIN_MS) == 0;
		source_collect(source);
	}
}

/* Does the process trace us, or one that does? Two that trace each other stop each other for good: not
 * even SIGKILL would end them. */
static bool is_above_us(pid_t pid)
{
	struct proc_status status;

	if (!proc_status(getpid(), &status))
		return false;
	for (int depth = 0; depth < CHAIN_MAX && status.tracer; depth++) {
		if (!proc_status(status.tracer, &status))
			return false;
		if (status.tgid == pid)
			return true;
	}
	return false;
}

static int attach_process(struct ptrace_source *source, pid_t pid)
{
	struct proc_status status;

	if (!proc_status(pid, &status))
		return -ESRCH;
	if (status.tgid == getpid() || is_above_us(status.tgid))
		return -EPERM;
	return process_find(&source->tracees, status.tgid) ? 0 : seize_process(source, status.tgid);
}

int attach(struct ptrace_source *source, const struct target *target, char *why, size_t room)
{
	source->attached_ns = clock_ns();
	for (size_t i = 0; i < target->pid_count; i++) {
		int error = attach_process(source, target->pids[i]);
		if (error) {
			refusal_explain(target->pids[i], error, why, room);
			return error; /* those before it are let go when the source is closed */
		}
	}
	wait_for_stops(source);
	if (!snapshot_begin(source, target)) {
		snprintf(why, room, "out of memory");
		return -ENOMEM;
	}
	return 0;
}
