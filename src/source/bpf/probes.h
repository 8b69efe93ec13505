/* SPDX-License-Identifier: MIT
 *
 * probes: the programs of latency.bpf.c in the kernel. They part with everything when our
 * descriptors close, however we end; nothing is pinned.
 */
#ifndef BPF_PROBES_H
#define BPF_PROBES_H

#include "source/bpf/ring.h"
#include "source/bpf/latency.h"
#include "source/source.h"

struct probes {
	struct latency_bpf *kernel;
	struct ring ring;
};

/* Loads and attaches what tells of these kinds of record (bits of RECORD_SCHED and RECORD_BLOCK).
 * `who`: WHO_, where WHO_FOLLOWED begins with the target's processes. 0, or a negative errno and
 * one line in `why`. */
int probes_open(struct probes *probes, unsigned who, const struct target *target, uint32_t kinds,
		char *why, size_t room);
void probes_close(struct probes *probes);

/* Nothing more comes into the ring. */
void probes_detach(struct probes *probes);
/* The ring's descriptor: an edge for each time it is a quarter full. */
int probes_fd(const struct probes *probes);
/* All was read: when there is much again, we want to be woken. */
void probes_caught_up(struct probes *probes);
/* How many wake-ups were left out, as we stopped the task before, or woke it to stop it. */
uint64_t probes_left_out(const struct probes *probes);
/* How many records of that kind did not fit, in all. */
uint64_t probes_lost(const struct probes *probes, enum record_kind kind);

#endif
