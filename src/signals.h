/* SPDX-License-Identifier: MIT
 *
 * signals: those that reach compendium itself. They are blocked and read from a descriptor, so
 * nothing ever interrupts the loop; no handler is installed, so the command can be given what it
 * would have had.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

/* What a signal means to a trace. */
enum signal_meaning {
	SIGNAL_NOTHING,   /* kept away from us when we write: SIGPIPE, and SIGXFSZ at a limit */
	SIGNAL_INTERRUPT, /* the program's; a second one, and when attached the first, ends the trace */
	SIGNAL_TERMINATE, /* the program's, and it has a little while left */
	SIGNAL_PASS,      /* the program's alone */
	SIGNAL_SUSPEND,   /* job control: when the program has stopped, we do too */
};

struct signals {
	sigset_t before;    /* the mask we were started with */
	bool ignores_child; /* SIGCHLD was ignored */
	int fd;             /* readable when signals_next has something */
};

/* Blocks what has a meaning, except signals that were ignored or blocked already: nohup's and a
 * background job's stay so. 0 or a negative errno. */
int signals_take(struct signals *signals);

/* The next signal that came, without waiting. False when there is none. */
bool signals_next(const struct signals *signals, struct signalfd_siginfo *info);
enum signal_meaning signal_meaning(int signal);

/* Stops this process as the signal would have; returns when it is continued. */
void signals_suspend(int signal);

/* Dies of the signal, without a core. Returns if that signal does not kill. */
void signals_die(int signal);

#endif
