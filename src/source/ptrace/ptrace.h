/* SPDX-License-Identifier: MIT
 *
 * The ptrace source inside: one struct that everything hangs from, and what its files do for each
 * other. A stop of a task takes this way, one stop at a time:
 *
 *     source.c   wait statuses are collected into a queue, so that no task starves another
 *     stop.c     a wait status and what ptrace says about it -> one enum of what happened
 *     follow.c   what it means for the tables: births, deaths, exec, signals
 *     call.c     system calls: entry, return, and what happens when one is interrupted
 *     outbox.c   the records that came of it leave one by one; the task is held until then
 *     source.c   the task is resumed
 *
 * launch.c and attach.c bring in the first tasks, snapshot.c tells what they already had.
 */
#ifndef PTRACE_PTRACE_H
#define PTRACE_PTRACE_H

#include <time.h>

#include "source/capture.h"
#include "source/source.h"
#include "source/ptrace/delay.h"
#include "source/ptrace/feed.h"
#include "source/ptrace/outbox.h"
#include "source/ptrace/request.h"
#include "source/ptrace/sharing.h"
#include "source/ptrace/tracee.h"

/* What the source itself must know of a call; all else is in the syscall table. */
enum call_role {
	CALL_PLAIN,
	CALL_FORK,
	CALL_VFORK,
	CALL_CLONE,
	CALL_CLONE3,
	CALL_EXECVE,
	CALL_EXECVEAT,
	CALL_EXIT_GROUP,
	CALL_RESTART,   /* restart_syscall: an interrupted call goes on */
	CALL_SIGRETURN, /* a signal handler returns */
	CALL_PRCTL,     /* may give the program a filter of its own */
	CALL_SECCOMP,
	CALL_AFFINITY,  /* reads or sets the CPUs a task may use */
	CALL_REPEATS,   /* fails with EINTR even without a handler, and nothing was done then */
};

/* What an interrupted call returns inside the kernel; programs never see these numbers. */
enum {
	ERESTARTSYS = 512,           /* goes on, unless a handler without SA_RESTART runs */
	ERESTARTNOINTR = 513,        /* goes on in any case */
	ERESTARTNOHAND = 514,        /* goes on, unless a handler runs */
	ERESTART_RESTARTBLOCK = 516, /* goes on as restart_syscall, unless a handler runs */
};

enum source_mode { MODE_RUN, MODE_DETACH, MODE_KEEP, MODE_KILL };

struct task_memory {
	struct memory memory;
	pid_t tid; /* whose memory it is; set before each use */
	bool no_vm_readv; /* the kernel has none, or forbids it to us altogether */
};

struct ptrace_source {
	struct source source;
	struct call_feed *feed;       /* NULL: tasks stop at their calls */
	const struct passing *passing;/* the call the feed hands over, else NULL */
	int resume;                   /* what a task goes on with: PTRACE_SYSCALL or, fed, PTRACE_CONT */
	const struct interest *interest;
	struct tracees tracees;
	struct outbox outbox;
	struct task_memory memory;
	struct tracee *first, **last; /* the queue of stops to handle */
	struct tracee *held;          /* its stop made the records in the outbox */
	unsigned newborns;            /* tracees that are */
	struct forker {
		pid_t pid, tid;
	} forker;                     /* the last task that died while it was making another */
	int signal_fd;
	enum source_mode mode;
	uint64_t progress_ns;         /* MODE_DETACH: when the last stop was seen */
	bool deserted;                /* the kernel says there are no tasks of ours */
	uint64_t empty_ns;            /* since when no task is known, 0 when some are */
	timer_t timer;                /* wakes us to look at these times */
	bool has_timer;
	pid_t command;                /* 0 when attached */
	int command_status;           /* -1 until it ended */
	uint64_t attached_ns;         /* when the first task was seized */
	struct snapshot *snapshot;    /* processes still to be told of, or NULL */
	struct sharing sharing;
	struct delays delays;
	struct stacks *stacks;        /* where some are wanted, else NULL */
	bool filtered;                /* the tasks have our filter: only calls it stops come by */
	bool took_privileges;         /* and NO_NEW_PRIVS with it */
	unsigned noted;               /* bits of enum record_note: those that are told once, and were */
	bool is_capable;              /* CAP_SYS_PTRACE: may trace all */
	dev_t noted_device;           /* the last program whose lack of privileges was told */
	ino_t noted_inode;
	uint8_t roles[ARCH_COUNT][INTEREST_NRS]; /* enum call_role */
};

static inline bool source_wants(const struct ptrace_source *source, enum record_kind kind)
{
	return source->interest->kinds >> kind & 1;
}

static inline enum call_role call_role(const struct ptrace_source *source, unsigned arch, int nr)
{
	return nr >= 0 && nr < INTEREST_NRS ? source->roles[arch][nr] : CALL_PLAIN;
}

/* ---- stop.c ---- */

enum stop_kind {
	STOP_NONE,    /* nothing to act on; moved_on */
	STOP_GONE,    /* it has ended; status says how */
	STOP_ENTRY,   /* before a system call; info.entry */
	STOP_RETURN,  /* after one; info.exit */
	STOP_SIGNAL,  /* before the delivery of `signal` */
	STOP_GROUP,   /* its process was stopped by `signal` */
	STOP_TRAP,    /* PTRACE_INTERRUPT, a new task's first stop, or the end of a group-stop */
	STOP_FORK,    /* it made the task `message` */
	STOP_EXEC,    /* it runs a new program; it was task `message` before */
	STOP_EXITING, /* about to end */
	STOP_PAUSE,   /* we stopped it, by a signal of the feed's */
	STOP_OTHER,   /* nothing we asked for: go on */
	STOP_KINDS
};

struct stop {
	enum stop_kind kind;
	int status;
	int signal;
	uint64_t time_ns;
	unsigned long message;
	bool by_filter; /* of entry: a filter stopped the call */
	bool moved_on; /* the task was killed since: it is not to be resumed, another status comes */
	struct ptrace_syscall_info info; /* of entry and return */
};

void stop_read(struct stop *stop, pid_t tid, int status, uint64_t time_ns);
/* What PTRACE_GETEVENTMSG says of that stop. False when the task is no longer in it. */
bool stop_message(pid_t tid, int status, unsigned long *message);
uint64_t clock_ns(void);

/* ---- call.c, roles.c ---- */

void call_enter(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop);
void call_return(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop);
/* Finds out, at the first stop of a task we attached to, which call it is inside or comes from. */
void call_adopt(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop);
/* The top call has its result: makes its record and takes it off the stack. */
void call_finish(struct ptrace_source *source, struct tracee *tracee, int64_t ret, uint64_t time_ns);
/* Makes the record of a call that gets no result, if there is to be one. */
void call_tell_unfinished(struct ptrace_source *source, struct tracee *tracee, struct call *call,
			  uint64_t time_ns);
/* The task ends or is let go: its calls get no result. */
void calls_abandon(struct ptrace_source *source, struct tracee *tracee);
/* Fills source->roles. */
void call_roles(struct ptrace_source *source);
/* The record's arch and nr from ptrace's. */
void call_identify(struct record *record, uint32_t audit_arch, uint64_t nr);

/* ---- repeat.c ---- */

/* At a stop on the way back to the program: a call of the role CALL_REPEATS that was only woken, by
 * us or by a signal that has no handler, is made to go on instead of failing with EINTR. */
void call_repeat(struct ptrace_source *source, struct tracee *tracee);
/* The same for a call our filter let pass, so that nothing is known of it. */
void repeat_unseen(struct ptrace_source *source, struct tracee *tracee);
/* Gives that role to the calls that have it. */
void repeat_roles(struct ptrace_source *source);
/* Of a call with that role: is there a time after which it ends? */
bool repeat_has_limit(unsigned arch, int nr);

/* ---- follow.c ---- */

/* What a stop means: fills the outbox and sets the task's resume and deliver. */
void follow(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop);
/* Starts a record of the task. */
struct record *record_of(struct ptrace_source *source, enum record_kind kind,
			 const struct tracee *tracee, uint64_t time_ns);
/* The program is about to get a filter of its own, whose verdict may come before that of ours: from now on
 * every call of the process stops. */
void follow_filter(struct ptrace_source *source, struct tracee *tracee,
		   const struct ptrace_syscall_info *info);
/* Newborn tasks whose parent can no longer tell of them. */
void follow_orphans(struct ptrace_source *source);

/* ---- strict.c ---- */

/* The kernel has no strict mode for a task with a filter: at the entry of the call that asks for it, makes
 * it succeed. */
void strict_begin(struct tracee *tracee, const struct ptrace_syscall_info *info);
/* At the entry of a call of a task in that mode: kills it unless it may go on. */
void strict_check(const struct tracee *tracee, const struct ptrace_syscall_info *info);

/* ---- memory.c ---- */

void task_memory_init(struct task_memory *memory);
/* Copies up to size bytes from a stopped task; returns how many could be read from the start on. */
size_t task_read(struct ptrace_source *source, pid_t tid, uint64_t address, void *bytes, size_t size);
/* Also where the task itself may only read, unless the memory is shared with others. */
bool task_write(pid_t tid, uint64_t address, uint64_t word);

/* ---- detach.c ---- */

void detach_begin(struct ptrace_source *source);
/* The task was to be resumed. False: it is, with tracee->resume. True: it waits to be let go, or was,
 * and then is no more. */
bool detach_stopped(struct ptrace_source *source, struct tracee *tracee);
/* Lets the tasks of the process go if none is left to wait for; the process may be no more then. */
void detach_check(struct ptrace_source *source, const struct process *process);
/* Nothing happens. True when waiting on is of no use. */
bool detach_is_over(struct ptrace_source *source);

/* ---- source.c ---- */

extern const struct source_ops ptrace_ops;

/* A wait status arrived. */
void source_arrive(struct ptrace_source *source, pid_t tid, int status);
/* Queues every stop there is; never blocks. */
void source_collect(struct ptrace_source *source);
/* Handles the stop in tracee->status. */
void source_handle(struct ptrace_source *source, struct tracee *tracee);
/* Makes fd readable time and again, under a second apart. */
void source_wake_every(struct ptrace_source *source, uint64_t interval_ns);
/* Runs the trace without a reader until it is over or that time has passed. */
void source_drain(struct ptrace_source *source, uint64_t patience_ns);
/* Handles the stops there are though the outbox is not empty, up to one that must be told of first. */
void source_look(struct ptrace_source *source);
/* Resumes the held task, as its stop's handler decided. */
void source_release(struct ptrace_source *source);

/* ---- seize.c ---- */

/* PTRACE_SEIZE. -EAGAIN: the process is in an exec that may wait for tasks of ours; see to their stops
 * and try again. */
int seize(pid_t tid);

/* ---- launch.c, attach.c, snapshot.c ---- */

int launch(struct ptrace_source *source, const struct target *target, char *why, size_t room);
int attach(struct ptrace_source *source, const struct target *target, char *why, size_t room);

#define OPTIONS_FOLLOW \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT)

#endif
