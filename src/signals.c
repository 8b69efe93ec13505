/* SPDX-License-Identifier: MIT
 *
 * Signals to compendium itself: see signals.h. What follows from them is decided in session.c.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "signals.h"

static const struct signal_rule {
	int signal;
	enum signal_meaning meaning;
} signal_rules[] = {
	{SIGINT, SIGNAL_INTERRUPT},  {SIGQUIT, SIGNAL_INTERRUPT}, {SIGTERM, SIGNAL_TERMINATE},
	{SIGHUP, SIGNAL_TERMINATE},  {SIGUSR1, SIGNAL_PASS},      {SIGUSR2, SIGNAL_PASS},
	{SIGTSTP, SIGNAL_SUSPEND},   {SIGTTIN, SIGNAL_SUSPEND},   {SIGTTOU, SIGNAL_SUSPEND},
	{SIGPIPE, SIGNAL_NOTHING},   {SIGXFSZ, SIGNAL_NOTHING},
};

enum { RULES = sizeof signal_rules / sizeof *signal_rules };

enum signal_meaning signal_meaning(int signal)
{
	for (size_t i = 0; i < RULES; i++)
		if (signal_rules[i].signal == signal)
			return signal_rules[i].meaning;
	return SIGNAL_NOTHING;
}

static bool is_ignored(int signal)
{
	struct sigaction action;

	return !sigaction(signal, NULL, &action) && action.sa_handler == SIG_IGN;
}

int signals_take(struct signals *signals)
{
	sigset_t blocked, read;

	sigemptyset(&blocked);
	sigemptyset(&read);
	sigprocmask(SIG_SETMASK, NULL, &signals->before);
	for (size_t i = 0; i < RULES; i++) {
		int signal = signal_rules[i].signal;
		if (is_ignored(signal) || sigismember(&signals->before, signal))
			continue;
		sigaddset(&blocked, signal);
		if (signal_rules[i].meaning != SIGNAL_NOTHING)
			sigaddset(&read, signal);
	}
	/* Ignored, the kernel would reap the command before its end was seen. */
	signals->ignores_child = is_ignored(SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signals->fd = signalfd(-1, &read, SFD_NONBLOCK | SFD_CLOEXEC);
	return signals->fd < 0 ? -errno : 0;
}

bool signals_next(const struct signals *signals, struct signalfd_siginfo *info)
{
	return read(signals->fd, info, sizeof *info) == sizeof *info;
}

/* Lets one blocked signal through to its default action. */
static void take_default(int sig)
{
	sigset_t set, before;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void signals_suspend(int signal)
{
	take_default(signal);
}

void signals_die(int signal)
{
	/* A limit alone would not do: a core_pattern with a pipe does not heed it. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	prctl(PR_SET_DUMPABLE, 0);
	take_default(signal);
}
