/* SPDX-License-Identifier: MIT
 *
 * A wait status, and what ptrace says about the stop -> one enum of what happened (step two of the
 * way in ptrace.h). Whether a system call begins or ends is asked from the kernel at each stop and
 * never counted: stops we did not ask for, and tasks that die, would flip any count.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "source/ptrace/ptrace.h"

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const enum stop_kind info_kinds[] = {
	[PTRACE_SYSCALL_INFO_NONE] = STOP_NONE, /* killed: it is past that stop */
	[PTRACE_SYSCALL_INFO_ENTRY] = STOP_ENTRY,
	[PTRACE_SYSCALL_INFO_EXIT] = STOP_RETURN,
	[PTRACE_SYSCALL_INFO_SECCOMP] = STOP_ENTRY, /* the same number and arguments */
};

static enum stop_kind call_stop(struct stop *stop, pid_t tid)
{
	long size = request(PTRACE_GET_SYSCALL_INFO, tid, sizeof stop->info, (uintptr_t)&stop->info);

	bool known = size > 0 && stop->info.op < sizeof info_kinds / sizeof *info_kinds;
	stop->moved_on = !known || stop->info.op == PTRACE_SYSCALL_INFO_NONE;
	return known ? info_kinds[stop->info.op] : STOP_NONE;
}

/* Of a task that was killed, the message would be that of its next stop, its exit status. So it is
 * made sure afterwards that the task is still in the stop that `status` tells of. */
bool stop_message(pid_t tid, int status, unsigned long *message)
{
	siginfo_t info;

	return request(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)message) == 0 &&
	       request(PTRACE_GETSIGINFO, tid, 0, (uintptr_t)&info) == 0 && info.si_code == status >> 8;
}

static enum stop_kind event_stop(struct stop *stop, pid_t tid, int event)
{
	static const enum stop_kind kinds[] = {
		[PTRACE_EVENT_FORK] = STOP_FORK, [PTRACE_EVENT_VFORK] = STOP_FORK,
		[PTRACE_EVENT_CLONE] = STOP_FORK, [PTRACE_EVENT_EXEC] = STOP_EXEC,
		[PTRACE_EVENT_VFORK_DONE] = STOP_OTHER, [PTRACE_EVENT_EXIT] = STOP_EXITING,
	};
	if (event == PTRACE_EVENT_STOP)
		return stop->signal == SIGTRAP ? STOP_TRAP : STOP_GROUP;
	if (event == PTRACE_EVENT_SECCOMP) {
		stop->by_filter = true;
		return call_stop(stop, tid);
	}
	if (event >= (int)(sizeof kinds / sizeof *kinds))
		return STOP_OTHER;
	stop->moved_on = !stop_message(tid, stop->status, &stop->message);
	/* An exec happened even so, and changed who is who. */
	return stop->moved_on && event != PTRACE_EVENT_EXEC ? STOP_NONE : kinds[event];
}

void stop_read(struct stop *stop, pid_t tid, int status, uint64_t time_ns)
{
	*stop = (struct stop){.status = status, .time_ns = time_ns};
	if (!WIFSTOPPED(status)) {
		stop->kind = STOP_GONE;
		return;
	}
	stop->signal = WSTOPSIG(status);
	int event = status >> 16;
	if (event)
		stop->kind = event_stop(stop, tid, event);
	else if (stop->signal == (SIGTRAP | 0x80))
		stop->kind = call_stop(stop, tid);
	else
		stop->kind = STOP_SIGNAL;
}

/* The kernel itself may send that signal as well. As both look the same, it does not matter which of them
 * is taken away, but only that it is one. */
void stop_find_pause(struct stop *stop, struct tracee *tracee)
{
	siginfo_t info;

	if (stop->kind != STOP_SIGNAL || stop->signal != tracee->paused_by ||
	    request(PTRACE_GETSIGINFO, tracee->tid, 0, (uintptr_t)&info) < 0 || info.si_code != SI_KERNEL)
		return;
	stop->kind = STOP_PAUSE;
	tracee->paused_by = 0;
}

bool stop_awaits_pause(const struct tracee *tracee)
{
	struct ptrace_peeksiginfo_args from = {.nr = 1};
	siginfo_t info;

	if (!tracee->paused_by)
		return false;
	for (; request(PTRACE_PEEKSIGINFO, tracee->tid, (uintptr_t)&from, (uintptr_t)&info) == 1; from.off++)
		if (info.si_signo == tracee->paused_by && info.si_code == SI_KERNEL)
			return true;
	return false;
}
