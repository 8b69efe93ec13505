/* SPDX-License-Identifier: MIT
 *
 * The bpf source inside. Programs in the kernel see the calls (capture.bpf.c) and write them to a ring;
 * the ptrace source inside sees everything else: births, deaths, exec, signals.
 *
 *     tables.c   interest -> what the programs do for each call
 *     kernel.c   loads the programs, tells them of tasks
 *     ring.c     records out of the ring, one by one
 *     faults.c   page faults out of the ring -> records
 *     feed.c     a record out of the ring -> a record for the session, or call.c of the ptrace source
 *     source.c   the source: takes from both, in order
 *     lossy.c    another source, without ptrace: nobody waits for it, so it may lose
 *     lives.c    births, deaths, exec and signals for that one, out of the ring
 */
#ifndef BPF_BPF_H
#define BPF_BPF_H

#include "source/bpf/event.h"
#include "source/bpf/ring.h"
#include "source/faults/early.h"
#include "source/faults/runs.h"
#include "source/ptrace/ptrace.h"

struct capture_bpf;

/* The memory of a task as a record has it. */
struct event_memory {
	struct memory memory;
	struct ptrace_source *source; /* reads from the task itself what is not there */
	const struct event *event;
	bool is_held; /* the task cannot have changed its memory since */
	pid_t tid;
};

/* Page faults out of the ring. */
struct fault_feed {
	struct runs runs;
	struct early early;
	int *links; /* of the program with an event */
	size_t count;
};

struct bpf_source {
	struct source source;
	struct call_feed feed;
	struct ptrace_source *inner;
	struct capture_bpf *kernel;
	struct ring ring;
	struct fault_feed *faults; /* NULL: nobody asked for them, or it cannot be */
	struct event_memory memory;
	struct passing passing;
	struct tracee *last; /* whose record came last, or NULL; forgotten when stops are handled */
	int epoll_fd, timer_fd;
	bool is_ticking;
	uint64_t slept_at;   /* the ring's position when we slept last */
	bool has_given;      /* the record given out last is in the ring */
	bool may_look;       /* the first tasks were told of: their faults are watched from then on */
	unsigned turn, peek; /* records since the clock was looked at, and when it is again */
	uint64_t looked_ns;  /* when that was */
	uint64_t looked_cpu_ns; /* on the clock of our own time */
	uint64_t looked_at;  /* and the ring's position */
	uint32_t behind;     /* bytes the reader may be behind by; see kernel_pace */
	uint64_t lost, lost_faults; /* told so far */
	bool is_lossy;       /* no ptrace; `inner` are tables, and no tasks are held */
	bool is_all;         /* -a */
};

/* ---- tables.c ---- */

struct tables {
	struct call_info calls[ARCH_COUNT * INTEREST_NRS];
	struct call_plan *plans;
	struct call_variant *variants;
	uint32_t plan_count, variant_count;
};

/* 0 or -ENOMEM. */
int tables_make(struct tables *tables, const struct interest *interest);
void tables_free(struct tables *tables);

/* ---- kernel.c ---- */

/* Loads and attaches the programs. 0, or a negative errno and `why`. */
int kernel_open(struct bpf_source *source, const struct interest *interest, char *why, size_t room);
void kernel_close(struct bpf_source *source);
/* The ring's descriptor. */
int kernel_ring(const struct bpf_source *source);
/* Makes all tasks known so far the programs'. They are stopped, or before their first stop. */
int kernel_adopt(struct bpf_source *source, char *why, size_t room);
/* Where is_lossy: makes the processes ours, or with is_all every one, while they run, and tells of each task.
 * hidden: nothing is told of them until they execute a program. */
int kernel_adopt_running(struct bpf_source *source, const pid_t *pids, size_t count, bool hidden,
			 void (*visit)(struct bpf_source *source, pid_t pid, pid_t tid));
/* Nothing more comes into the ring. */
void kernel_detach(struct bpf_source *source);
/* How many tasks of ours there are. Exact, whatever was lost. */
uint32_t kernel_alive(const struct bpf_source *source);
/* The reader knows that no call of the task that was interrupted up to this number goes on. */
void kernel_settle(struct bpf_source *source, pid_t tid, uint32_t interrupted);
/* Calls that were lost. */
uint64_t kernel_lost(const struct bpf_source *source);
/* Page faults that were. */
uint64_t kernel_lost_faults(const struct bpf_source *source);
/* Other records that were lost; where is_lossy, else they are among the former. */
uint64_t kernel_lost_others(const struct bpf_source *source);
/* Calls whose memory could not all be read. */
uint64_t kernel_incomplete(const struct bpf_source *source);
/* How many bytes the reader may be behind. */
void kernel_pace(struct bpf_source *source, uint64_t bytes);
/* Before sleeping: the first record shall wake us; and after it. */
void kernel_sleep(struct bpf_source *source, bool asleep);

/* ---- source.c ---- */

/* Opens what the source sleeps on. 0 or a negative errno. */
int source_watch(struct bpf_source *source, int fd);
/* The next thing in the ring: *record is set, or something is in the outbox, or neither. False: it is
 * empty. `feed`: what is done with it, feed_one or the like. */
bool source_take(struct bpf_source *source, const struct record **record,
		 const struct record *(*feed)(struct bpf_source *, const struct record *));
/* Done with what source_take gave. */
void source_taken(struct bpf_source *source);
/* There is nothing: before we sleep. True when there is something after all. */
bool source_prepare_sleep(struct bpf_source *source);

/* Closes all but `inner`, and frees the source. */
void bpf_source_close(struct bpf_source *source);

/* ---- faults.c ---- */

/* Has the kernel tell of page faults, from now on, of the tasks that are ours. 0 or a negative errno. */
int faults_open(struct bpf_source *source);
void faults_close(struct bpf_source *source);
/* Takes faults out of the ring, up to `end`, until something else comes: the next record of them, valid until
 * the next call; NULL: there is no more. */
const struct record *faults_next(struct bpf_source *source, uint64_t end);
/* How many were lost in all, of those that the kernel had no room for and of those that we had none. */
uint64_t faults_lost(const struct bpf_source *source);
/* Nothing more comes. */
void faults_settle(struct bpf_source *source);

/* ---- lives.c ---- */

/* As feed_one, for a ring that has births and deaths as well. */
const struct record *lives_one(struct bpf_source *source, const struct record *record);
/* A task that was there before. */
void lives_adopted(struct bpf_source *source, pid_t pid, pid_t tid);

/* ---- feed.c ---- */

void feed_init(struct bpf_source *source);
/* NULL: that task is not ours, or was let go. */
struct tracee *feed_tracee(struct bpf_source *source, pid_t tid);
/* How much was lost since it was told last. False: nothing. */
bool feed_tell_lost(struct bpf_source *source);
/* What is next in the ring is either given out as it is (returned), or done with (NULL). */
const struct record *feed_one(struct bpf_source *source, const struct record *record);

#endif
