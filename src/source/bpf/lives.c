/* SPDX-License-Identifier: MIT
 *
 * Births, deaths, exec and signals out of the ring, for the source without ptrace. The records are those
 * the ptrace source makes of its stops (ptrace/follow.c, exec.c):
 *
 * - a leader that ends before other threads of its process is told of last, when the process is no more;
 * - of a process that executes a program, other threads are gone before;
 * - tasks that a lost record would have told of are made known when they do something.
 *
 * The task is not held, so what is asked of /proc may already be another program's. Where the arguments
 * lie in memory is drawn by lot at each exec, and so tells whether it is still the same.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "source/bpf/bpf.h"
#include "source/ptrace/exec.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/snapshot.h"

/* ---- who ---- */

static void abandon(struct ptrace_source *inner, struct tracee *tracee, uint64_t time_ns)
{
	while (tracee->call) {
		call_tell_unfinished(inner, tracee, tracee->call, time_ns);
		call_pop(&inner->tracees, tracee);
	}
}

/* The task, known or not. NULL without memory. */
static struct tracee *task_of(struct bpf_source *source, pid_t pid, pid_t tid, uint64_t time_ns)
{
	struct tracees *all = &source->inner->tracees;
	struct tracee *tracee = source->last && source->last->tid == tid ? source->last
									 : tracee_find(all, tid);

	if (tracee && tracee_pid(tracee) != pid) { /* its end was lost, and the number used again */
		abandon(source->inner, tracee, time_ns);
		tracee_remove(all, tracee);
		tracee = NULL;
	}
	if (!tracee) {
		tracee = tracee_add(all, tid);
		if (tracee && !tracee_join(all, tracee, pid)) {
			tracee_remove(all, tracee);
			tracee = NULL;
		}
	}
	source->last = tracee;
	return tracee;
}

static void forget(struct bpf_source *source, struct tracee *tracee)
{
	source->last = NULL;
	tracee_remove(&source->inner->tracees, tracee);
}

void lives_adopted(struct bpf_source *source, pid_t pid, pid_t tid)
{
	struct tracee *tracee = task_of(source, pid, tid, 0);

	if (tracee)
		tracee->attached = true;
}

/* ---- births ---- */

static void born(struct bpf_source *source, const struct record *record)
{
	pid_t tid = (pid_t)record->args[0], pid = (pid_t)record->args[1];
	struct tracee *stale = tracee_find(&source->inner->tracees, tid);

	if (stale) {
		abandon(source->inner, stale, record->time_ns);
		forget(source, stale);
	}
	task_of(source, pid, tid, record->time_ns);
	if (source->inner->mode == MODE_KILL)
		kill(pid, SIGKILL);
}

/* ---- exec ---- */

/* Is the program still the one that has its arguments there? */
static bool runs_still(pid_t tid, uint64_t arg_start)
{
	char text[1024];
	uint64_t now = 0;
	ssize_t size = proc_read(tid, "stat", text, sizeof text);
	const char *at = size > 0 ? strrchr(text, ')') : NULL;

	/* Field 48; the name in parentheses is the second. */
	for (int field = 2; at && field < 48; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %" SCNu64, &now) == 1 && now == arg_start;
}

/* Did the call bring its path and arguments along? */
static bool is_described(const struct call *call)
{
	bool at = call && call->role == CALL_EXECVEAT;
	bool has_path = false, has_argv = false;

	if (!call || (!at && call->role != CALL_EXECVE))
		return false;
	for (const struct piece *p = record_piece(call->record, NULL); p; p = record_piece(call->record, p)) {
		if (p->flags & PIECE_UNREADABLE)
			return false;
		has_path |= p->arg == at && p->part == PIECE_SELF;
		has_argv |= p->arg == at + 1 && p->part == PIECE_STRING;
	}
	return has_path && has_argv;
}

static const struct snippet *next_snippet(const struct snippet *snippet)
{
	return (const struct snippet *)((const char *)(snippet + 1) + ((snippet->size + 7u) & ~7u));
}

static void add_argv(struct record *record, const struct snippet *argv)
{
	const char *bytes = (const char *)(argv + 1);
	uint32_t index = 0;

	for (size_t at = 0; at < argv->size; index++) {
		size_t length = strnlen(bytes + at, argv->size - at);
		if (!record_add(record, 1, PIECE_STRING, index, bytes + at, length, 0))
			return;
		at += length + 1;
	}
}

static void add_pieces(struct record *record, const struct event *event, bool is_known)
{
	const struct snippet *snippet = (const struct snippet *)(event + 1);
	uint64_t there = event->record.args[2];

	if (there & EXEC_PATH) {
		if (!is_known)
			record_add(record, 0, PIECE_SELF, 0, snippet + 1, snippet->size - 1, 0);
		snippet = next_snippet(snippet);
	}
	if (there & EXEC_COMM) {
		record_add(record, 2, PIECE_SELF, 0, snippet + 1, snippet->size - 1, 0);
		snippet = next_snippet(snippet);
	}
	if (there & EXEC_ARGV && !is_known)
		add_argv(record, snippet);
}

/* Its process has one task now, with the leader's number. */
static void become_leader(struct bpf_source *source, struct tracee *leader, pid_t former, uint64_t time_ns)
{
	struct ptrace_source *inner = source->inner;
	struct tracee *maker = former == leader->tid ? NULL : tracee_find(&inner->tracees, former);

	if (maker && maker->process == leader->process) {
		abandon(inner, leader, time_ns);
		if (leader->exiting) {
			record_of(inner, RECORD_EXIT, leader, time_ns);
			outbox_send(&inner->outbox);
		}
		leader->call = maker->call;
		maker->call = NULL;
		forget(source, maker);
	}
	leader->exiting = false;
	leader->process->exiting = 0;
	exec_sweep(inner, leader, time_ns);
	source->last = NULL;
}

static void executed(struct bpf_source *source, const struct event *event)
{
	struct ptrace_source *inner = source->inner;
	pid_t former = (pid_t)event->record.args[0];
	uint64_t time_ns = event->record.time_ns;
	struct tracee *tracee = task_of(source, event->record.pid, event->record.tid, time_ns);

	if (!tracee)
		return;
	become_leader(source, tracee, former, time_ns);
	bool is_known = is_described(tracee->call), is_same = runs_still(tracee->tid, event->record.args[1]);
	struct record *record = record_of(inner, RECORD_EXEC, tracee, time_ns);
	exec_describe(record, former, is_known ? tracee->call : NULL);
	add_pieces(record, event, is_known);
	if (is_same)
		snapshot_link(record, tracee->tid, "exe", 3);
	outbox_send(&inner->outbox);
	if (is_same && source_wants(inner, RECORD_MAP))
		snapshot_maps(inner, tracee->tid, tracee_pid(tracee), time_ns);
}

/* ---- deaths ---- */

static void tell_exit(struct ptrace_source *inner, const struct tracee *tracee, const struct record *exit,
		      bool whole)
{
	struct record *record = record_of(inner, RECORD_EXIT, tracee, exit->time_ns);

	record->ret = whole ? (int64_t)exit->args[2] : exit->ret;
	record->args[0] = whole;
	record->args[1] = whole ? exit->args[1] : 0;
	outbox_send(&inner->outbox);
}

/* The last task of its process. */
static void process_over(struct bpf_source *source, struct tracee *tracee, const struct record *exit)
{
	struct ptrace_source *inner = source->inner;

	if (tracee->tid != tracee_pid(tracee)) {
		struct tracee *leader = task_of(source, exit->pid, exit->pid, exit->time_ns);
		tell_exit(inner, tracee, exit, false);
		forget(source, tracee);
		if (!leader)
			return;
		tracee = leader;
	}
	exec_sweep(inner, tracee, exit->time_ns);
	tell_exit(inner, tracee, exit, true);
	forget(source, tracee);
}

static void ended(struct bpf_source *source, const struct record *exit)
{
	struct tracee *tracee = task_of(source, exit->pid, exit->tid, exit->time_ns);

	if (!tracee)
		return;
	struct process *process = tracee->process;
	bool is_leader = tracee->tid == process->pid;
	abandon(source->inner, tracee, exit->time_ns);
	if (is_leader && !tracee->exiting) { /* only a leader stays, as a zombie, until the others ended */
		tracee->exiting = true;
		process->exiting++;
	}
	unsigned others = process->tasks - 1 - (is_leader ? 0 : process->exiting);
	if (exit->args[0] && (!others || kernel_lost_others(source))) {
		process_over(source, tracee, exit);
	} else if (!is_leader) {
		tell_exit(source->inner, tracee, exit, false);
		forget(source, tracee);
	}
}

/* ---- signals ---- */

static void signalled(struct bpf_source *source, const struct record *signal)
{
	struct record *record = outbox_begin(&source->inner->outbox, RECORD_SIGNAL, signal->pid, signal->tid);
	siginfo_t info = {0};

	record->time_ns = signal->time_ns;
	record->nr = signal->nr;
	memcpy(&info, signal->args, sizeof signal->args);
	info.si_signo = signal->nr;
	signal_describe(record, &info);
	outbox_send(&source->inner->outbox);
}

const struct record *lives_one(struct bpf_source *source, const struct record *record)
{
	switch (record->kind) {
	case RECORD_FORK:
		born(source, record);
		return record;
	case EVENT_EXEC:
		executed(source, (const struct event *)record);
		return NULL;
	case RECORD_EXIT:
		ended(source, record);
		return NULL;
	case RECORD_SIGNAL:
		signalled(source, record);
		return NULL;
	case RECORD_STOP:
		return record;
	default:
		return task_of(source, record->pid, record->tid, record->time_ns) ? feed_one(source, record)
										  : NULL;
	}
}
