/* SPDX-License-Identifier: MIT
 *
 * ring: what the kernel tells of page faults on one CPU, as a queue of samples
 * (perf_event_open(2)). The ring belongs to an event of our own that counts nothing, so that it
 * lives as long as we do: one that belonged to a traced task would report its end to poll for ever
 * (POLLHUP) while other tasks go on.
 */
#ifndef FAULTS_RING_H
#define FAULTS_RING_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/faults/sample.h"

struct perf_ring {
	int cpu, fd;
	struct perf_event_mmap_page *page;
	size_t size; /* of the data behind the page, a power of two */
	uint64_t head, tail;
	struct sample front;
	size_t front_size; /* 0: there is none */
	uint64_t lost;	   /* that the ring told of, since somebody looked */
};

/* What sample_type a fault's event must have for perf_ring_front to read it. */
enum {
	SAMPLE_MINOR = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR,
	/* One field more: by its size a sample of it is told from the others in the same ring. */
	SAMPLE_MAJOR = SAMPLE_MINOR | PERF_SAMPLE_CPU,
};

/* perf_event_open, with a descriptor that exec closes. Negative errno. */
int perf_open(struct perf_event_attr *attr, pid_t tid, int cpu);

/* Makes the ring of a CPU, of a power of two of pages. 0 or a negative errno; -ENODEV: there is no
 * such CPU now; -ENOMEM: there is no memory, or no right to lock so much. */
int perf_ring_open(struct perf_ring *ring, int cpu, size_t size);
void perf_ring_close(struct perf_ring *ring);

/* The oldest sample, in ring->front; false when there is none now. */
bool perf_ring_front(struct perf_ring *ring);
/* Done with it: its place is the kernel's again. */
void perf_ring_pop(struct perf_ring *ring);

#endif
