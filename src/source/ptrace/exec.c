/* SPDX-License-Identifier: MIT
 *
 * exec: a process gets a new program, and of its tasks one is left. The kernel gives that one the
 * leader's tid, whoever it was before, and takes the others away: those that had to die are waited
 * for like any task, but the leader that was, and the tid of the one that made the exec, just vanish.
 */
#include <fcntl.h>
#include <string.h>

#include "source/ptrace/exec.h"
#include "source/ptrace/snapshot.h"
#include "source/ptrace/stops.h"
#include "source/ptrace/untraced.h"

/* A thread that exec took away, without a wait status of its own. */
static void superseded(struct ptrace_source *source, struct tracee *tracee, uint64_t time_ns)
{
	calls_abandon(source, tracee);
	record_of(source, RECORD_EXIT, tracee, time_ns);
	outbox_send(&source->outbox);
}

void exec_sweep(struct ptrace_source *source, const struct tracee *leader, uint64_t time_ns)
{
	struct tracees *all = &source->tracees;
	struct tracee *next;

	if (leader->process->tasks == 1)
		return;
	for (struct tracee *t = tracee_next(all, NULL); t; t = next) {
		next = tracee_next(all, t);
		if (t == leader || t->process != leader->process)
			continue;
		superseded(source, t, time_ns);
		stops_drop(source, t);
		tracee_remove(all, t);
	}
}

/* Which task made the exec: the one the kernel names; or, when the process was killed before we
 * could ask, the only one besides the leader that nothing more was heard of. NULL: the leader
 * itself. */
static struct tracee *exec_maker(struct ptrace_source *source, const struct tracee *leader,
				 const struct stop *stop)
{
	struct tracees *all = &source->tracees;

	if (!stop->moved_on)
		return stop->message == (unsigned long)leader->tid
			       ? NULL
			       : tracee_find(all, (pid_t)stop->message);
	for (struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		if (t != leader && t->process == leader->process && !t->queued)
			return t;
	return NULL;
}

/* After an exec a process has one task. It has the leader's tid, whoever it was before, and is in
 * the call that made the exec. Returns its tid from before. */
static pid_t exec_alone(struct ptrace_source *source, struct tracee *leader,
			const struct stop *stop)
{
	struct tracee *maker = exec_maker(source, leader, stop);
	pid_t former = leader->tid;

	if (maker) {
		former = maker->tid;
		superseded(source, leader, stop->time_ns);
		leader->call = maker->call;
		maker->call = NULL;
		stops_drop(source, maker);
		tracee_remove(&source->tracees, maker);
	}
	if (leader->exiting)
		leader->process->exiting--;
	leader->exiting = false;
	exec_sweep(source, leader, stop->time_ns);
	return former;
}

/* Pieces of the exec call's path and argv, under the numbers RECORD_EXEC has for them. */
static void copy_pieces(struct record *record, const struct record *call, uint8_t from, uint8_t to)
{
	for (const struct piece *p = record_piece(call, NULL); p; p = record_piece(call, p)) {
		if (p->arg != from || (p->part != PIECE_SELF && p->part != PIECE_STRING))
			continue;
		void *room = record_reserve(record, to, p->part, p->index, p->size);
		if (!room)
			return;
		memcpy(room, piece_bytes(p), p->size);
		record_commit(record, p->size, p->count, p->flags);
	}
}

void exec_describe(struct record *record, pid_t former, const struct call *call)
{
	bool at = call && call->role == CALL_EXECVEAT;

	record->args[0] = former;
	record->args[1] = (uint64_t)AT_FDCWD;
	if (call && (at || call->role == CALL_EXECVE)) {
		copy_pieces(record, call->record, at, 0);
		copy_pieces(record, call->record, at + 1, 1);
	}
	if (at) {
		record->args[1] = (uint64_t)(int32_t)call->record->args[0];
		record->args[2] = (uint32_t)call->record->args[4];
	}
}

static void exec_record(struct ptrace_source *source, struct tracee *tracee, pid_t former, uint64_t time_ns)
{
	struct record *record = record_of(source, RECORD_EXEC, tracee, time_ns);

	exec_describe(record, former, tracee->call);
	if (!record_find(record, 1, PIECE_STRING, 0))
		snapshot_argv(record, tracee->tid, 1);
	snapshot_comm(record, tracee->tid, 2);
	snapshot_link(record, tracee->tid, "exe", 3);
	outbox_send(&source->outbox);
}

void follow_exec(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	pid_t former = exec_alone(source, tracee, stop);

	/* Calls that a handler's exec interrupted never end. */
	struct call *exec = tracee->call;
	if (exec && exec->below) {
		tracee->call = exec->below;
		exec->below = NULL;
		calls_abandon(source, tracee);
		tracee->call = exec;
	}
	tracee->process->peak_rss = 0;
	tracee->process->stopped = false;
	exec_record(source, tracee, former, stop->time_ns);
	note_privileges(source, tracee);
	if (source_wants(source, RECORD_MAP))
		snapshot_maps(source, tracee->tid, tracee_pid(tracee), stop->time_ns);
}
