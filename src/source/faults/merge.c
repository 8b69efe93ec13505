/* SPDX-License-Identifier: MIT
 *
 * See merge.h.
 */
#include "source/faults/merge.h"

bool merge_open(struct merge *merge, struct watched *watched)
{
	*merge = (struct merge){.watched = watched};
	return runs_open(&merge->runs);
}

void merge_close(struct merge *merge)
{
	runs_close(&merge->runs);
}

/* The ring whose first sample is the oldest of all; NULL when all are empty or at the horizon. */
static struct perf_ring *oldest(const struct watched *watched, uint64_t horizon_ns)
{
	struct perf_ring *found = NULL;

	for (size_t i = 0; i < watched->ring_count; i++) {
		struct perf_ring *ring = &watched->rings[i];
		if (perf_ring_front(ring) && ring->front.time_ns <= horizon_ns &&
		    (!found || ring->front.time_ns < found->front.time_ns))
			found = ring;
	}
	return found;
}

static bool give(struct merge *merge)
{
	merge->out = merge->runs.out;
	return true;
}

static bool take_lost(struct merge *merge)
{
	uint64_t lost = merge->dropped + merge->runs.missed;

	if (lost == merge->lost_told)
		return false;
	record_begin(&merge->out, RECORD_LOST, 0, 0);
	merge->out.time_ns = merge->last_ns;
	merge->out.args[0] = lost - merge->lost_told;
	merge->out.args[1] = RECORD_FAULT;
	merge->lost_told = lost;
	return true;
}

bool merge_take(struct merge *merge, uint64_t horizon_ns)
{
	struct perf_ring *ring;

	while ((ring = oldest(merge->watched, horizon_ns))) {
		bool is_over = runs_add(&merge->runs, &ring->front);
		merge->last_ns = ring->front.time_ns;
		perf_ring_pop(ring);
		if (is_over)
			return give(merge);
	}
	if (runs_take(&merge->runs))
		return give(merge);
	for (size_t i = 0; i < merge->watched->ring_count; i++) {
		merge->dropped += merge->watched->rings[i].lost;
		merge->watched->rings[i].lost = 0;
	}
	return take_lost(merge);
}

/* What the kernel dropped last no ring could tell of any more. */
bool merge_settle(struct merge *merge)
{
	uint64_t dropped = watched_lost(merge->watched);

	runs_settle(&merge->runs);
	merge->dropped = dropped > merge->dropped ? dropped : merge->dropped;
	return take_lost(merge);
}
