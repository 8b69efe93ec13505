/* SPDX-License-Identifier: MIT
 *
 * PTRACE_SEIZE, but not for ever. The kernel lets it wait while a thread of the process executes a
 * new program, and that thread waits for all others to be gone: for those, too, that are ours
 * already, stop before they end, and stay zombies until we take notice. We would wait for each
 * other for good.
 *
 * There is no request that would not wait, and no other thread can make it for us, since a task
 * belongs to the thread that seized it. So a signal ends the wait. The kernel begins the request
 * anew when the signal's handler returns (-ERESTARTNOINTR), so it does not return.
 *
 * The signal is let through only between the two lines that unblock and ignore it. Before the
 * request it prevents it, after it only its result is lost, and /proc knows that. What it jumps out
 * of is a bare system call, which holds no lock, and we have one thread. An alarm we were started
 * with goes on afterwards, late by PATIENCE_US at most; one that somebody sends us in between is
 * taken for ours.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"

#define PATIENCE_US 50000

static sigjmp_buf impatient;

static void lose_patience(int number)
{
	(void)number;
	siglongjmp(impatient, 1);
}

static bool is_ours(pid_t tid)
{
	struct proc_status status;

	return proc_status(tid, &status) && status.tracer == getpid();
}

int seize(pid_t tid)
{
	static const struct itimerval soon = {.it_value.tv_usec = PATIENCE_US}, never;
	const struct sigaction action = {.sa_handler = lose_patience};
	struct sigaction action_before;
	struct itimerval timer_before;
	sigset_t alarm, mask_before;
	volatile long error = -EAGAIN;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, &mask_before);
	sigaction(SIGALRM, &action, &action_before);
	if (sigsetjmp(impatient, 1) == 0) {
		setitimer(ITIMER_REAL, &soon, &timer_before);
		sigprocmask(SIG_UNBLOCK, &alarm, NULL);
		error = request(PTRACE_SEIZE, tid, 0, OPTIONS_FOLLOW);
	}
	/* Ignoring it also takes back one that is under way, which must neither jump nor kill any
	 * more. */
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	sigaction(SIGALRM, &action_before, NULL);
	setitimer(ITIMER_REAL, &timer_before, NULL);
	return error == -EAGAIN && is_ours(tid) ? 0 : (int)error;
}
