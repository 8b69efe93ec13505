/* SPDX-License-Identifier: MIT
 *
 * source: where records come from. ptrace is one, replay and bpf are others; who reads them cannot
 * tell which. A source has one reader, the session, which calls next until it has nothing to
 * give, sleeps on fd, and so on until the end.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "action.h"
#include "interest.h"

/* What to trace: a command or running processes. Owned by the options, read by source_open. */
struct target {
	char **command;      /* argv of the program to start, NULL-terminated; NULL: attach */
	char **environment;  /* -E: NAME=VALUE to set or NAME to unset, NULL-terminated; may be NULL */
	const char *user;    /* -u: run the command as this user; NULL: as we are */
	const pid_t *pids;   /* -p: processes to attach to */
	size_t pid_count;
	bool all;            /* -a: everything that runs, but ourselves */

	/* What the command must find as it would have been without us. The session only blocks signals;
	 * it never ignores or catches one, but sets SIGCHLD to SIG_DFL. */
	sigset_t signal_mask; /* the mask the command starts with */
	bool no_seccomp;      /* the command is not to be given a filter */
	bool ignores_child;   /* SIGCHLD was ignored: so the command starts with it */
};

enum source_stop {
	SOURCE_DETACH, /* let every task go on as if we had never been there, then end */
	SOURCE_KILL,   /* SIGKILL to every task we started, then end when they are gone */
};

struct source {
	const struct source_ops *ops;
	uint32_t kinds; /* bits of RECORD_COSTLY that it tells of by itself */
};

struct source_ops {
	const char *name;

	/* A descriptor that becomes readable when next may have something; the session polls it. */
	int (*fd)(struct source *source);

	/* The next record. 1: *record is it, valid until the next call of next, and its task is held
	 * until then. 0: nothing now, poll. -ENODATA: the trace is over. Never blocks. */
	int (*next)(struct source *source, const struct record **record);

	/* Does to the call of the RECORD_ENTER that next gave last what scripts want. Negative errno when
	 * that cannot be done (-EFAULT: no such memory), and then nothing of it was. NULL: this source
	 * has no RECORD_ENTER. */
	int (*act)(struct source *source, const struct action *action);

	/* Ends the trace; next goes on to be called until it says -ENODATA. */
	void (*stop)(struct source *source, enum source_stop how);

	/* Sends a signal that was meant for the program to the command (to its process only). */
	void (*forward)(struct source *source, int signal);

	/* Wait status of the command once it ended, -1 before that and when attached. */
	int (*status)(struct source *source);

	/* Frees all. Tasks still held are let go (or die, when we started them: EXITKILL). */
	void (*close)(struct source *source);
};

/* Starts or attaches. On success 0 and *result is set. Else a negative errno, and `why` (of size
 * `room`) holds one line for the user: what failed, for whom, the cause and the remedy. For a
 * command that cannot be run: -ENOENT (not found) or -EACCES, -ENOEXEC ... (not executable). */
int ptrace_source_open(const struct target *target, const struct interest *interest,
		       struct source **result, char *why, size_t room);

/* The same with calls seen by bpf. `is_impossible`: it failed before anything was started, so that
 * another source may be taken. */
int bpf_source_open(const struct target *target, const struct interest *interest, struct source **result,
		    bool *is_impossible, char *why, size_t room);

/* Without ptrace: no task is ever stopped, and records may be lost (RECORD_LOST). */
int bpf_only_source_open(const struct target *target, const struct interest *interest, struct source **result,
			 char *why, size_t room);

/* Takes the source by its name ("auto", "ptrace", "bpf", "bpf-only"). On success `why` is empty, or says
 * why it is not the best one. */
int source_open(const char *backend, const struct target *target, const struct interest *interest,
		struct source **result, char *why, size_t room);

/* Puts the source of page faults in front of *source, before anything was read from that: from then on
 * *source tells RECORD_FAULT too, and owns the other. *without_kernel: those in the kernel are not seen,
 * for want of rights. Else a negative errno, `why` as above, and *source is as it was. */
int faults_source_open(struct source **source, bool *without_kernel, char *why, size_t room);

/* Puts programs into the kernel that tell of waits for a CPU (RECORD_SCHED) and for block devices
 * (RECORD_BLOCK), of those kinds that are in the bits `kinds`. Called before source_open with the same target
 * and backend, so that nothing is missed. 0, or a negative errno and `why` as above. */
struct latency;
int latency_open(const struct target *target, const char *backend, uint32_t kinds, struct latency **result,
		 char *why, size_t room);
/* Puts it in front of the opened *source, which it owns from then on. 0 or a negative errno, and then
 * it is still the caller's to close. */
int latency_join(struct latency *latency, struct source **source);
/* Of one that was not joined. */
void latency_close(struct latency *latency);

/* As faults_source_open, for samples of memory: *source tells a RECORD_USAGE of each process too, every
 * period_ns or less often, so that they take half a percent of a CPU at most. 0 or a negative errno. */
int usage_source_open(struct source **source, uint64_t period_ns);

#endif
