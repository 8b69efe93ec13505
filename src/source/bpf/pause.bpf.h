/* SPDX-License-Identifier: MIT
 *
 * Stopping a task that comes back from a call, or that is about to make one, before it runs its program
 * again: it gets a signal, at which it stops for its tracer. The reader takes the signal away.
 *
 * It is a signal that does nothing when nobody handles it, so that it is harmless also when the tracer is
 * killed before it sees it. Signals that are handled come next, as all programs live with one too many of
 * these. When the task blocks them all, SIGSTOP is left: the kernel forgets a SIGCONT that waits when it is
 * sent, and a SIGSTOP that comes to the task while ours waits, so it is the last resort.
 */
#ifndef PAUSE_BPF_H
#define PAUSE_BPF_H

static const int quiet_signals[] = {SIGWINCH, SIGURG, SIGCHLD};

static __always_inline u64 signal_bit(int signal)
{
	return 1ull << (signal - 1);
}

static __always_inline bool is_handled(struct task_struct *task, int signal)
{
	return (u64)BPF_CORE_READ(task, sighand, action[signal - 1].sa.sa_handler) > 1; /* SIG_DFL, SIG_IGN */
}

static __always_inline bool awaits_sigcont(struct task_struct *task)
{
	u64 waiting = task->pending.signal.sig[0] | BPF_CORE_READ(task, signal, shared_pending.signal.sig[0]);

	return waiting & signal_bit(SIGCONT);
}

/* The signal that stops the task best, or 0: not now. */
static __noinline int pause_signal(struct task_struct *task)
{
	u64 blocked = task->blocked.sig[0];
	int second = 0;

	if (is_lossy || !task->ptrace || BPF_CORE_READ(task, parent, tgid) != tracer)
		return 0;
#pragma unroll
	for (int i = 0; i < 3; i++) {
		if (blocked & signal_bit(quiet_signals[i]))
			continue;
		if (!is_handled(task, quiet_signals[i]))
			return quiet_signals[i];
		if (!second)
			second = quiet_signals[i];
	}
	if (second)
		return second;
	return awaits_sigcont(task) ? 0 : SIGSTOP;
}

#endif
