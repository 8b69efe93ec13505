/* SPDX-License-Identifier: MIT
 *
 * tracee: the tasks we trace, by tid, the processes they belong to, and the system calls they are
 * in. Everything here is plain bookkeeping; what makes it change is in follow.c and call.c.
 *
 * A task's calls form a stack. The top is the call the task is in, or one that was interrupted and
 * may go on (call.c); below it are calls whose interruption ran a signal handler that now makes
 * calls of its own.
 */
#ifndef PTRACE_TRACEE_H
#define PTRACE_TRACEE_H

#include <sys/types.h>

#include "record.h"

/* A system call that was entered and has not ended. Pooled: they are reused, never freed one by one. */
struct call {
	struct call *below;     /* what this one nests in; in the pool: the next free one */
	struct record *record;  /* kind, arch, nr, args, time, and what was captured at entry */
	size_t room;            /* bytes at record */
	uint64_t ip, sp;        /* after the call instruction: they tell a restart from another call */
	uint64_t resumed_ns;    /* when the kernel was let go on with it */
	uint64_t stopped_ns;    /* when it was interrupted */
	int32_t nr;             /* as in the register; the record's is that of the direct call */
	int16_t restart;        /* 0: running. Else why it was interrupted: ERESTART..., or EINTR */
	uint8_t role;           /* enum call_role */
	uint8_t repeats;        /* how often it was made to go on since anything was seen to wake it */
	uint32_t wakings;       /* the process's, at the last of them */
	bool wanted;            /* the interest has it */
	bool untraced;          /* we took CLONE_UNTRACED away and give it back */
	bool told;              /* the task it made was told of */
	struct tampering *tampering; /* what a script did to it, or NULL; act.c */
	bool unread;            /* the feed could not read its memory at its entry, and will later */
};

struct process {
	pid_t pid;
	struct process *next;   /* in the table's bucket */
	unsigned tasks;         /* alive or not yet reaped */
	unsigned exiting;       /* of them, past PTRACE_EVENT_EXIT */
	unsigned parked;        /* of them, waiting to be let go */
	uint32_t wakings;       /* stops of its tasks that may be why a call of another was woken */
	bool stopped;           /* a group-stop was told */
	bool every_call;        /* all its calls stop, although our filter is there */
	bool told;              /* what it had before the trace was told */
	uint64_t peak_rss;      /* bytes, 0 while not known */
};

struct tracee {
	pid_t tid;
	struct process *process;  /* NULL while newborn */
	struct tracee *next;      /* in the table's bucket */
	struct tracee *behind;    /* in the queue of stops */
	struct call *call;        /* top of the stack, or NULL */
	uint64_t stopped_ns;      /* when the stop in `status` was seen */
	uint32_t interrupted;     /* the feed's number of the last call that was interrupted, or 0 */
	uint64_t due_ns;          /* until when a script holds it back, or 0 */
	int status;               /* wait status, while queued or newborn */
	int deliver;              /* the signal to resume with */
	int resume;               /* the ptrace request to resume with; 0: leave it as it is */
	uint8_t paused_by;        /* the signal that the feed stops it with, until that stop is seen; or 0 */
	bool queued;              /* in the queue of stops */
	bool returning;           /* stopped on its way back to the program: may be let go from here */
	bool newborn;             /* stopped, but its parent has not told of it yet: held */
	bool attached;            /* existed before the trace, its first stop is still to come */
	bool exiting;             /* past PTRACE_EVENT_EXIT */
	bool strict;              /* in seccomp's strict mode, which we have to enforce */
	bool was_missing;         /* the feed's last call was none that this kernel has: ENOSYS */
	bool by_stops;            /* its call is followed by stops, though there is a feed */
	bool parked;              /* stopped until all of its process can be let go */
	uint8_t untraced, arch;   /* role and arch of the call that made it, if we took its
				     CLONE_UNTRACED away; else 0 */
};

#define TRACEE_BUCKETS 1024 /* a power of two; a few tasks per bucket at the largest sizes */

struct tracees {
	struct tracee *buckets[TRACEE_BUCKETS];
	struct process *processes[TRACEE_BUCKETS];
	struct call *pool;
	unsigned count;
};

struct tracee *tracee_find(const struct tracees *tracees, pid_t tid);
/* A new one, without a process. NULL without memory. */
struct tracee *tracee_add(struct tracees *tracees, pid_t tid);
/* Takes it out and frees it, with its calls and, after its last task, its process. */
void tracee_remove(struct tracees *tracees, struct tracee *tracee);
/* The one after `tracee` in no particular order (NULL: the first), NULL at the end. */
struct tracee *tracee_next(const struct tracees *tracees, const struct tracee *tracee);

struct process *process_find(const struct tracees *tracees, pid_t pid);
/* Makes the task one of process pid, which is created with its first task. False without memory. */
bool tracee_join(struct tracees *tracees, struct tracee *tracee, pid_t pid);
/* The thread group's id; its own id while that is not known. */
pid_t tracee_pid(const struct tracee *tracee);

/* Pushes a call with a copy of `record`, or NULL without memory. */
struct call *call_push(struct tracees *tracees, struct tracee *tracee, const struct record *record);
/* Gives it a copy of another record. False without memory: it has the old one. */
bool call_keep(struct call *call, const struct record *record);
void call_pop(struct tracees *tracees, struct tracee *tracee);

void tracees_free(struct tracees *tracees);

#endif
