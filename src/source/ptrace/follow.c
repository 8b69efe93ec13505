/* SPDX-License-Identifier: MIT
 *
 * What a stop means for the tables: births, deaths, exec, signals and group-stops (step three of the
 * way in ptrace.h). System calls go on to call.c.
 *
 * A new task's first stop may come before its parent's event tells of it, or after. A task nobody
 * told of is newborn and stays stopped, so that its RECORD_FORK comes before all else it does.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stddef.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "source/ptrace/act.h"
#include "source/ptrace/exec.h"
#include "source/ptrace/filter.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"
#include "source/ptrace/stops.h"
#include "source/ptrace/untraced.h"

struct record *record_of(struct ptrace_source *source, enum record_kind kind,
			 const struct tracee *tracee, uint64_t time_ns)
{
	struct record *record = outbox_begin(&source->outbox, kind, tracee_pid(tracee), tracee->tid);

	record->time_ns = time_ns;
	return record;
}

/* ---- births ---- */

/* Flags and exit signal in one, as clone has them, of the call the task is in. */
static bool fork_flags(struct ptrace_source *source, const struct tracee *tracee, uint64_t *flags)
{
	const struct call *call = tracee->call;
	uint64_t args[5]; /* of struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal */

	switch (call && !call->restart ? call->role : CALL_PLAIN) {
	case CALL_FORK:
		*flags = SIGCHLD;
		return true;
	case CALL_VFORK:
		*flags = CLONE_VFORK | CLONE_VM | SIGCHLD;
		return true;
	case CALL_CLONE:
		*flags = (uint32_t)call->record->args[0];
		return true;
	case CALL_CLONE3:
		if (task_read(source, tracee->tid, call->record->args[0], args, sizeof args) != sizeof args)
			return false;
		*flags = args[0] | args[4] | (call->untraced ? CLONE_UNTRACED : 0);
		return true;
	default:
		return false;
	}
}

struct birth {
	pid_t parent_pid, parent_tid;
	const struct call *call; /* that made the task; may be NULL */
	pid_t pid, tid;
	uint64_t flags, time_ns;
};

/* Tells of a new task, which until then is held. A task that was told of before stays as it is. */
static void task_born(struct ptrace_source *source, const struct birth *birth)
{
	struct tracee *child = tracee_find(&source->tracees, birth->tid);

	if (!child)
		child = tracee_add(&source->tracees, birth->tid);
	if (!child || child->process || !tracee_join(&source->tracees, child, birth->pid))
		return;
	const struct process *parent = process_find(&source->tracees, birth->parent_pid);
	child->process->every_call |= parent && parent->every_call;
	struct record *record =
		outbox_begin(&source->outbox, RECORD_FORK, birth->parent_pid, birth->parent_tid);
	record->time_ns = birth->time_ns;
	record->args[0] = birth->tid;
	record->args[1] = birth->pid;
	record->args[2] = birth->flags;
	outbox_send(&source->outbox);
	if (birth->call && birth->call->untraced) {
		child->untraced = birth->call->role;
		child->arch = birth->call->record->arch;
	}
	if (child->newborn) {
		child->newborn = false;
		source->newborns--;
		stops_push(source, child);
	}
}

static void follow_fork(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	struct birth birth = {.parent_pid = tracee_pid(tracee),
			      .parent_tid = tracee->tid,
			      .call = tracee->call,
			      .pid = (pid_t)stop->message,
			      .tid = (pid_t)stop->message,
			      .time_ns = stop->time_ns};
	struct proc_status status;

	if (!fork_flags(source, tracee, &birth.flags)) {
		if (proc_status(birth.tid, &status))
			birth.pid = status.tgid;
		birth.flags = birth.pid == birth.tid ? SIGCHLD : CLONE_THREAD;
	} else if (birth.flags & CLONE_THREAD) {
		birth.pid = birth.parent_pid;
	}
	task_born(source, &birth);
	if (tracee->call)
		tracee->call->told = true;
}

/* It is making a task, and has yet to tell of it. */
static bool is_forking(const struct tracee *tracee)
{
	const struct call *call = tracee->call;

	return call && !call->restart && !call->told && call->role >= CALL_FORK && call->role <= CALL_CLONE3;
}

/* A task that nobody told of. It was made by the process that /proc names; or, when that one died and
 * the task was given to another, by the task that died while it was making one. */
static void adopt_orphan(struct ptrace_source *source, struct tracee *child)
{
	struct proc_status status;

	/* One that is dead, and that nobody ever heard of, was no task of the program's: scripts can
	 * have children too. */
	if (!WIFSTOPPED(child->status) || !proc_status(child->tid, &status)) {
		source->newborns--;
		tracee_remove(&source->tracees, child);
		return;
	}
	bool is_thread = status.tgid != child->tid;
	pid_t parent = is_thread ? status.tgid : status.ppid;
	struct birth birth = {.parent_pid = parent,
			      .parent_tid = parent,
			      .pid = status.tgid,
			      .tid = child->tid,
			      .flags = is_thread ? CLONE_THREAD : SIGCHLD,
			      .time_ns = child->stopped_ns};
	if (!process_find(&source->tracees, parent) && source->forker.tid) {
		birth.parent_pid = source->forker.pid;
		birth.parent_tid = source->forker.tid;
	}
	task_born(source, &birth);
}

/* Newborns whose parent was killed before it could tell, or that became ours in a way nobody tells
 * of (CLONE_PTRACE by a task we had not stopped yet). */
void follow_orphans(struct ptrace_source *source)
{
	struct tracees *all = &source->tracees;
	struct tracee *next;

	for (const struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		if (!t->newborn && (t->attached || is_forking(t)))
			return; /* it may yet tell */
	for (struct tracee *child = tracee_next(all, NULL); child; child = next) {
		next = tracee_next(all, child);
		if (child->newborn)
			adopt_orphan(source, child);
	}
}

/* ---- deaths ---- */

static void abandon(struct ptrace_source *source, struct tracee *tracee)
{
	if (is_forking(tracee))
		source->forker = (struct forker){tracee_pid(tracee), tracee->tid};
	calls_abandon(source, tracee);
}

static void follow_exiting(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	struct process *process = tracee->process;
	bool whole = tracee->call && tracee->call->role == CALL_EXIT_GROUP;
	struct proc_status status;

	if (!tracee->exiting) {
		tracee->exiting = true;
		process->exiting++;
		if (source->feed)
			call_tell_refused(source, tracee, stop);
	}
	abandon(source, tracee);
	/* Its memory is still there, and its high-water mark final if no other thread runs on. */
	if ((whole || process->exiting == process->tasks) && !process->peak_rss &&
	    proc_status(tracee->tid, &status))
		process->peak_rss = status.peak_rss;
}

static void follow_gone(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	abandon(source, tracee);
	/* A leader's end is told last. A task that is left now was killed while its exec made it the
	 * leader. */
	if (tracee->tid == tracee_pid(tracee))
		exec_sweep(source, tracee, stop->time_ns);
	struct record *record = record_of(source, RECORD_EXIT, tracee, stop->time_ns);
	record->ret = stop->status;
	record->args[0] = tracee->process->tasks == 1;
	record->args[1] = record->args[0] ? tracee->process->peak_rss : 0;
	outbox_send(&source->outbox);
	if (tracee->tid == source->command)
		source->command_status = stop->status;
}

/* ---- signals ---- */

void signal_describe(struct record *record, const siginfo_t *info)
{
	bool fault = info->si_signo == SIGSEGV || info->si_signo == SIGBUS || info->si_signo == SIGILL ||
		     info->si_signo == SIGFPE || info->si_signo == SIGTRAP || info->si_signo == SIGSYS;
	bool by_kernel = info->si_code > 0; /* else by a process: SI_USER, SI_QUEUE, SI_TKILL ... */

	record->args[0] = (uint64_t)(int64_t)info->si_code;
	if (by_kernel && fault && info->si_code != SI_KERNEL) {
		record->args[3] = (uintptr_t)info->si_addr;
	} else if (info->si_code != SI_TIMER && (!by_kernel || info->si_signo == SIGCHLD)) {
		record->args[1] = (uint64_t)(int64_t)info->si_pid;
		record->args[2] = info->si_uid;
		if (by_kernel)
			record->args[4] = (uint64_t)(int64_t)info->si_status;
	}
}

static void follow_signal(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	siginfo_t info = {0};

	tracee->deliver = stop->signal;
	call_repeat(source, tracee);
	if (!source_wants(source, RECORD_SIGNAL) ||
	    request(PTRACE_GETSIGINFO, tracee->tid, 0, (uintptr_t)&info) < 0 ||
	    info.si_signo != stop->signal)
		return;
	struct record *record = record_of(source, RECORD_SIGNAL, tracee, stop->time_ns);
	record->nr = stop->signal;
	signal_describe(record, &info);
	outbox_send(&source->outbox);
}

/* Every thread of the process stops; the process is told of once. */
static void follow_group(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	bool known = tracee->process->stopped;

	call_repeat(source, tracee);
	tracee->resume = PTRACE_LISTEN; /* stays stopped, and SIGCONT wakes it */
	tracee->process->stopped = true;
	if (known || !source_wants(source, RECORD_STOP))
		return;
	record_of(source, RECORD_STOP, tracee, stop->time_ns)->nr = stop->signal;
	outbox_send(&source->outbox);
}

static void follow_trap(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	(void)stop;
	tracee->process->stopped = false;
	call_repeat(source, tracee);
	if (tracee->untraced)
		untraced_restore(source, tracee->tid, tracee->untraced, tracee->arch);
	tracee->untraced = 0;
}

/* ---- filters of the program's own ---- */

void follow_filter(struct ptrace_source *source, struct tracee *tracee,
		   const struct ptrace_syscall_info *info)
{
	struct process *process = tracee->process;

	if (!source->filtered)
		return;
	strict_begin(tracee, info);
	if (process->every_call)
		return;
	process->every_call = true;
	/* It may be for all threads; those that run have yet to be resumed in the other way. */
	for (struct tracee *t = tracee_next(&source->tracees, NULL); t; t = tracee_next(&source->tracees, t))
		if (t != tracee && t->process == process)
			request(PTRACE_INTERRUPT, t->tid, 0, 0);
}

/* SECCOMP_RET_TRACE of a filter of the program's own: without a tracer, the call fails. */
static void follow_no_tracer(const struct tracee *tracee)
{
	task_skip_call(tracee->tid, -ENOSYS);
}

/* ---- our own stops ---- */

/* Nobody sees this one. */
static void follow_pause(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	(void)stop;
	call_repeat(source, tracee);
	tracee->by_stops = untraced_awaits(source, tracee);
	if (tracee->by_stops)
		tracee->resume = PTRACE_SYSCALL;
}

/* ---- all of them ---- */

static void (*const handlers[STOP_KINDS])(struct ptrace_source *, struct tracee *, const struct stop *) = {
	[STOP_GONE] = follow_gone,     [STOP_ENTRY] = call_enter,      [STOP_RETURN] = call_return,
	[STOP_SIGNAL] = follow_signal, [STOP_GROUP] = follow_group,    [STOP_TRAP] = follow_trap,
	[STOP_FORK] = follow_fork,     [STOP_EXEC] = follow_exec,      [STOP_EXITING] = follow_exiting,
	[STOP_PAUSE] = follow_pause,
};

void follow(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	bool outside = stop->kind == STOP_SIGNAL || stop->kind == STOP_GROUP || stop->kind == STOP_TRAP ||
		       stop->kind == STOP_PAUSE;

	tracee->deliver = 0;
	tracee->resume = stop->moved_on || stop->kind == STOP_GONE ? 0 : source->resume;
	if (tracee->by_stops && tracee->resume)
		tracee->resume = PTRACE_SYSCALL;
	tracee->returning = outside;
	/* Stops of our own come after a call, or wake it a few times at most. */
	if (stop->kind == STOP_SIGNAL || stop->kind == STOP_GROUP)
		tracee->process->wakings++;
	if (tracee->attached && outside)
		call_adopt(source, tracee, stop);
	if (stop->kind == STOP_ENTRY)
		tracee->attached = false; /* it came from its program, not from a call */
	if (outside && source->filtered)
		repeat_unseen(source, tracee);
	/* All calls of such a task stop before our filter does: what comes by it was looked at, or is what is
	 * left of the call that asked for that mode. */
	if (stop->kind == STOP_ENTRY && tracee->strict && !stop->by_filter)
		strict_check(tracee, &stop->info);
	if (stop->by_filter && stop->info.seccomp.ret_data != FILTER_MARK)
		follow_no_tracer(tracee);
	if (stop->by_filter && tracee->call && !tracee->call->restart) {
		tampering_filtered(source, tracee); /* its entry has been seen */
		return;
	}
	if (handlers[stop->kind])
		handlers[stop->kind](source, tracee, stop);
	if (stop->kind == STOP_RETURN && source->feed) {
		tracee->by_stops = false;
		tracee->resume = source->resume;
	}
}
