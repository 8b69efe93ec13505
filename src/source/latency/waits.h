/* SPDX-License-Identifier: MIT
 *
 * waits: what is in the ring, as records in the order in which they ended. The kernel may tell of a
 * task before the other source does; what it says of such a one waits for that.
 */
#ifndef LATENCY_WAITS_H
#define LATENCY_WAITS_H

#include "source/bpf/ring.h"
#include "source/told.h"

#define WAITS_EARLY_MAX 1024

struct waits {
	struct ring *ring;
	struct told told;
	struct record early[WAITS_EARLY_MAX];
	size_t early_count;
	bool early_ready; /* some may be told now */
	struct record out;
};

/* False without memory. */
bool waits_open(struct waits *waits, struct ring *ring);
void waits_close(struct waits *waits);

/* Every record of the other source: which tasks there are. */
void waits_note(struct waits *waits, const struct record *record);

/* What is in the ring now was before the trace. */
void waits_forget(struct waits *waits);

/* The next one that ended up to that time, in waits->out. At UINT64_MAX all are given, also those
 * of tasks that nobody told of. */
bool waits_take(struct waits *waits, uint64_t horizon_ns);

#endif
