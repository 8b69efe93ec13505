/* SPDX-License-Identifier: MIT
 *
 * Calls that fail with EINTR as soon as anything wakes them, handler or not. Being traced is enough
 * for that: PTRACE_INTERRUPT wakes a task, and so does a signal its program ignores, because a
 * tracer is shown every signal. Such a call did nothing yet, so it is made to go on, as it would
 * have without us.
 *
 * In the result register -EINTR is replaced by -ERESTARTNOHAND, and the kernel itself decides on its
 * way back to the program: a handler runs, and the call fails with EINTR, as it should; or none
 * does, and the call is made again. That way back must still lie ahead, or the program would see the
 * number: so this is done only at stops that are part of it, those before signals.
 *
 * Some calls answer EINTR although nothing woke them: a filter of the program's own may, or a file
 * system. They would do so for ever; so after REPEATS_MAX times with no signal to the process in
 * between, the answer is the call's own.
 *
 * A call that is made again waits its whole time again. So that a program which is woken all the
 * time does not wait for ever, a call whose time is over is told so instead.
 */
#include <stddef.h>
#include <string.h>
#include <sys/user.h>

#include "source/ptrace/begun.h"

/* We ourselves wake a call less often without a signal: when we attach, when the process gets a filter
 * (follow_filter), when we let go. */
#define REPEATS_MAX 8

enum limit { NO_LIMIT, MILLISECONDS, TIMESPEC, TIMESPEC_64 };

/* ORDER alphabetical. Not here are close and connect, which cannot be made twice. */
static const struct repeating {
	const char *name;
	enum limit limit;
	uint8_t limit_arg;
	int expired; /* the result when the time is over */
} repeating[] = {
	{"accept", NO_LIMIT, 0, 0},
	{"accept4", NO_LIMIT, 0, 0},
	{"epoll_pwait", MILLISECONDS, 3, 0},
	{"epoll_pwait2", TIMESPEC_64, 3, 0},
	{"epoll_wait", MILLISECONDS, 3, 0},
	{"io_getevents", TIMESPEC, 4, 0},
	{"io_pgetevents", TIMESPEC, 4, 0},
	{"io_pgetevents_time64", TIMESPEC_64, 4, 0},
	{"io_uring_enter", NO_LIMIT, 0, 0},
	{"read", NO_LIMIT, 0, 0},
	{"readv", NO_LIMIT, 0, 0},
	{"recv", NO_LIMIT, 0, 0},
	{"recvfrom", NO_LIMIT, 0, 0},
	{"recvmmsg", NO_LIMIT, 0, 0}, /* looks at its limit between messages only */
	{"recvmmsg_time64", NO_LIMIT, 0, 0},
	{"recvmsg", NO_LIMIT, 0, 0},
	{"rt_sigtimedwait", TIMESPEC, 2, -EAGAIN},
	{"rt_sigtimedwait_time64", TIMESPEC_64, 2, -EAGAIN},
	{"semop", NO_LIMIT, 0, 0},
	{"semtimedop", TIMESPEC, 3, -EAGAIN},
	{"semtimedop_time64", TIMESPEC_64, 3, -EAGAIN},
	{"send", NO_LIMIT, 0, 0},
	{"sendmsg", NO_LIMIT, 0, 0},
	{"sendto", NO_LIMIT, 0, 0},
	{"write", NO_LIMIT, 0, 0},
	{"writev", NO_LIMIT, 0, 0},
};
#define REPEATING (sizeof repeating / sizeof *repeating)

void repeat_roles(struct ptrace_source *source)
{
	for (size_t i = 0; i < REPEATING; i++)
		for (unsigned arch = 0; arch < ARCH_COUNT; arch++) {
			int nr = syscall_number(arch, repeating[i].name);
			if (nr >= 0 && nr < INTEREST_NRS)
				source->roles[arch][nr] = CALL_REPEATS;
		}
}

static const struct repeating *repeating_find(unsigned arch, int nr)
{
	const struct syscall_row *row = syscall_row(arch, nr);

	for (size_t i = 0; row && i < REPEATING; i++)
		if (strcmp(repeating[i].name, row->name) == 0)
			return &repeating[i];
	return NULL;
}

/* How long the call may wait; UINT64_MAX when it has no limit, or none that can be read. */
static uint64_t limit_ns(struct ptrace_source *source, pid_t tid, const struct repeating *row,
			 const struct record *call)
{
	uint64_t value = call->args[row->limit_arg];
	int64_t wide[2];
	int32_t narrow[2];

	if (row->limit == NO_LIMIT)
		return UINT64_MAX;
	if (row->limit == MILLISECONDS)
		return (int32_t)value < 0 ? UINT64_MAX : (value & INT32_MAX) * 1000000;
	if (call->arch == ARCH_I386 && row->limit == TIMESPEC) {
		if (!value || task_read(source, tid, value, narrow, sizeof narrow) != sizeof narrow)
			return UINT64_MAX;
		wide[0] = narrow[0];
		wide[1] = narrow[1];
	} else if (!value || task_read(source, tid, value, wide, sizeof wide) != sizeof wide) {
		return UINT64_MAX;
	}
	bool fits = wide[0] >= 0 && wide[0] < INT32_MAX && wide[1] >= 0 && wide[1] < 1000000000;
	return fits ? (uint64_t)wide[0] * 1000000000 + (uint64_t)wide[1] : UINT64_MAX;
}

static bool set_result(pid_t tid, int64_t result)
{
	return request(PTRACE_POKEUSR, tid, offsetof(struct user_regs_struct, rax), (uintptr_t)result) == 0;
}

static bool is_its_own_answer(struct call *call, const struct process *process)
{
	if (call->wakings != process->wakings)
		call->repeats = 0;
	call->wakings = process->wakings;
	return ++call->repeats > REPEATS_MAX;
}

void call_repeat(struct ptrace_source *source, struct tracee *tracee)
{
	struct call *call = tracee->call;

	if (!call || call->restart != EINTR)
		return;
	const struct repeating *row = repeating_find(call->record->arch, call->record->nr);
	if (!row)
		return;
	if (is_its_own_answer(call, tracee->process)) {
		call_finish(source, tracee, -EINTR, call->stopped_ns);
		return;
	}
	if (call->stopped_ns - call->resumed_ns < limit_ns(source, tracee->tid, row, call->record)) {
		if (set_result(tracee->tid, -ERESTARTNOHAND))
			call->restart = ERESTARTNOHAND;
	} else if (set_result(tracee->tid, row->expired)) {
		call_finish(source, tracee, row->expired, call->stopped_ns);
	}
}

bool repeat_has_limit(unsigned arch, int nr)
{
	const struct repeating *row = repeating_find(arch, nr);

	return row && row->limit != NO_LIMIT;
}

void repeat_unseen(struct ptrace_source *source, struct tracee *tracee)
{
	struct user_regs_struct regs;
	struct ptrace_syscall_info info;
	struct record call = {.size = sizeof call, .kind = RECORD_CALL};

	if (tracee->call && tracee->call->restart == EINTR)
		return; /* it was seen */
	if (request(PTRACE_GETREGS, tracee->tid, 0, (uintptr_t)&regs) < 0 || (int64_t)regs.orig_rax < 0)
		return;
	int64_t ret = (int32_t)regs.rax; /* all there is to an errno */
	if ((ret != -EINTR && !call_is_restart(ret)) ||
	    request(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof info, (uintptr_t)&info) <= 0)
		return;
	call_identify(&call, info.arch, regs.orig_rax);
	if (ret == -EINTR && call_role(source, call.arch, call.nr) == CALL_REPEATS &&
	    !repeat_has_limit(call.arch, call.nr) && set_result(tracee->tid, -ERESTARTNOHAND))
		ret = -ERESTARTNOHAND;
	begun_interrupted(source, tracee, &call, &regs, ret);
}
