/* SPDX-License-Identifier: MIT
 *
 * Letting tasks go, so that they run on as if we had never been there.
 *
 * A task can be let go at a stop on its way back to its program (before a signal, in a group-stop, or
 * in the stop of PTRACE_INTERRUPT). From the entry or the return of a call it could not: its call
 * would fail with EINTR. A stop cancels an interrupt that is still under way, so it is asked for
 * again whenever a task is resumed.
 *
 * The tasks of a process are let go together. As long as one of them is traced, signals that the
 * process ignores are sent all the same, and the kernel may choose any other task to wake for them:
 * stopped ones it does not choose, free ones would see calls fail with EINTR.
 *
 * Some tasks cannot be stopped: they sleep deep in the kernel, say as the parent of a vfork. After a
 * while without progress the others are let go without them, which may be what they wait for. Not so
 * with a task that would stop, had it a CPU: it would take up its call when we are gone, see that it
 * was woken, and fail with EINTR. It is waited for much longer. After another while the trace ends, and
 * the kernel frees those that are left when we exit. But it kills those that we started
 * (PTRACE_O_EXITKILL, which only a stopped task can be relieved of); for them we wait.
 */
#include <string.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"
#include "source/ptrace/stops.h"
#include "source/ptrace/untraced.h"

#define PATIENCE_NS UINT64_C(300000000)
#define PATIENCE_BUSY_NS UINT64_C(60000000000) /* on a machine that is busy with others */

/* A task that cannot be stopped, so that we cannot end without it. */
static void note_held(struct ptrace_source *source)
{
	const struct tracee *held = NULL;

	for (const struct tracee *t = tracee_next(&source->tracees, NULL); t;
	     t = tracee_next(&source->tracees, t))
		if (!t->parked && !t->exiting && (!held || t->tid < held->tid))
			held = t;
	if (held)
		note_once(source, held, NOTE_HELD);
}

static void let_go(struct ptrace_source *source, struct tracee *tracee)
{
	/* One that is dead has a wait status yet to come. */
	if (request(PTRACE_DETACH, tracee->tid, 0, tracee->deliver) < 0)
		return;
	calls_abandon(source, tracee);
	stops_drop(source, tracee);
	tracee_remove(&source->tracees, tracee);
}

/* Those of one process, or of all (NULL). */
static void let_parked_go(struct ptrace_source *source, const struct process *process)
{
	struct tracees *all = &source->tracees;
	struct tracee *next;

	for (struct tracee *t = tracee_next(all, NULL); t; t = next) {
		next = tracee_next(all, t);
		if (t->parked && (!process || t->process == process))
			let_go(source, t);
	}
}

void detach_begin(struct ptrace_source *source)
{
	struct tracees *all = &source->tracees;

	source->mode = MODE_DETACH;
	sharing_end(&source->sharing);
	source->sharing.allowed = false;
	source->progress_ns = clock_ns();
	for (struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		request(PTRACE_INTERRUPT, t->tid, 0, 0);
	source_wake_every(source, PATIENCE_NS / 2);
}

void detach_check(struct ptrace_source *source, const struct process *process)
{
	if (process->parked && process->parked + process->exiting >= process->tasks)
		let_parked_go(source, process);
}

bool detach_stopped(struct ptrace_source *source, struct tracee *tracee)
{
	if (!tracee->returning) {
		request(PTRACE_INTERRUPT, tracee->tid, 0, 0);
		/* A call at its entry is cut short by that, so its return must be seen; after the
		 * return the next stop is the interrupt's. */
		if (!tracee->call || tracee->call->restart)
			tracee->resume = PTRACE_CONT;
		return false;
	}
	/* A stop of ours that is still to come would be one for good. */
	if (source->feed && stop_awaits_pause(tracee))
		return false;
	if (!tracee->parked) {
		tracee->parked = true;
		tracee->process->parked++;
	}
	detach_check(source, tracee->process);
	return true;
}

/* Is there a task that would stop, had it a CPU? */
static bool is_one_on_its_way(const struct ptrace_source *source)
{
	struct proc_status status;

	for (const struct tracee *t = tracee_next(&source->tracees, NULL); t;
	     t = tracee_next(&source->tracees, t))
		if (!t->parked && !t->newborn && proc_status(t->tid, &status) && strchr("RS", status.state))
			return true;
	return false;
}

bool detach_is_over(struct ptrace_source *source)
{
	uint64_t idle_ns = clock_ns() - source->progress_ns;

	if (idle_ns < PATIENCE_NS || (idle_ns < PATIENCE_BUSY_NS && is_one_on_its_way(source)))
		return false;
	source->progress_ns = clock_ns();
	unsigned before = source->tracees.count;
	let_parked_go(source, NULL);
	if (source->tracees.count != before)
		return false;
	if (source->command)
		note_held(source);
	return !source->command;
}
