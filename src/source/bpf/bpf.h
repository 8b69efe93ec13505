/* SPDX-License-Identifier: MIT
 *
 * The bpf source inside. Programs in the kernel see the calls (capture.bpf.c) and write them to a ring;
 * the ptrace source inside sees everything else: births, deaths, exec, signals.
 *
 *     tables.c   interest -> what the programs do for each call
 *     kernel.c   loads the programs, tells them of tasks
 *     ring.c     records out of the ring, one by one
 *     feed.c     a record out of the ring -> a record for the session, or call.c of the ptrace source
 *     source.c   the source: takes from both, in order
 */
#ifndef BPF_BPF_H
#define BPF_BPF_H

#include "source/bpf/event.h"
#include "source/bpf/ring.h"
#include "source/ptrace/ptrace.h"

struct capture_bpf;

/* The memory of a task as a record has it. */
struct event_memory {
	struct memory memory;
	struct ptrace_source *source; /* reads from the task itself what is not there */
	const struct event *event;
	pid_t tid;
};

struct bpf_source {
	struct source source;
	struct call_feed feed;
	struct ptrace_source *inner;
	struct capture_bpf *kernel;
	struct ring ring;
	struct event_memory memory;
	struct passing passing;
	struct tracee *last; /* whose record came last, or NULL; forgotten when stops are handled */
	int epoll_fd, timer_fd;
	bool is_ticking;
	bool has_given;      /* the record given out last is in the ring */
	unsigned turn;       /* records of the ring until stops are looked for */
	uint64_t lost;       /* told so far */
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
/* Makes all tasks known so far the programs'. They are stopped, or before their first stop. */
int kernel_adopt(struct bpf_source *source, char *why, size_t room);
/* The reader knows that no call of the task that was interrupted up to this number goes on. */
void kernel_settle(struct bpf_source *source, pid_t tid, uint32_t interrupted);
uint64_t kernel_lost(const struct bpf_source *source);
/* Before sleeping: the first record shall wake us; and after it. */
void kernel_sleep(struct bpf_source *source, bool asleep);

/* ---- feed.c ---- */

void feed_init(struct bpf_source *source);
/* What is next in the ring is either given out as it is (returned), or done with (NULL). */
const struct record *feed_one(struct bpf_source *source, const struct record *record);

#endif
