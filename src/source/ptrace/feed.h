/* SPDX-License-Identifier: MIT
 *
 * feed: how another source (source/bpf) uses this one, with calls of its own instead of stops.
 */
#ifndef PTRACE_FEED_H
#define PTRACE_FEED_H

#include "source/capture.h"
#include "source/source.h"

struct stop;
struct tracee;
struct ptrace_source;

/* What another source saw of calls, so that no task is stopped for them (source/bpf). It hands them to
 * call_enter and call_return. */
struct call_feed {
	/* Hands over what happened up to now: all that a stopped task did. */
	void (*drain)(struct call_feed *feed, struct ptrace_source *source);
};

/* A call that goes by: its task may run. */
struct passing {
	struct memory *memory; /* what was read of the task, and what still can be */
	bool refused;          /* a seccomp filter of the program's own sent SIGSYS */
	bool int80;            /* an i386 call of 64-bit code */
};

/* Opens it with calls from `feed`, which may be NULL; see source.h. Tasks that exist are to be told to the
 * feed before next is called. */
int ptrace_source_open_fed(const struct target *target, const struct interest *interest,
			   struct call_feed *feed, struct ptrace_source **result, char *why, size_t room);

/* The args of a RECORD_SIGNAL. */
void signal_describe(struct record *record, const siginfo_t *info);

/* ---- call.c ---- */

/* What the top call was told is read again: at its entry it was not there. */
void call_read_again(struct ptrace_source *source, struct tracee *tracee);
/* The task is about to end, and is in no call the feed knows of. A seccomp filter, or strict mode, may have
 * killed it before the kernel did anything about a call. */
void call_tell_refused(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop);

/* ---- stop.c ---- */

/* Is that stop by a signal the one that the feed told of? Then it is a STOP_PAUSE. */
void stop_find_pause(struct stop *stop, struct tracee *tracee);
/* Will the stopped task be in it when it goes on? */
bool stop_awaits_pause(const struct tracee *tracee);

#endif
