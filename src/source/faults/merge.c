/* SPDX-License-Identifier: MIT
 *
 * See merge.h.
 */
#include "source/faults/merge.h"

bool merge_open(struct merge *merge, struct watched *watched)
{
	*merge = (struct merge){.watched = watched};
	return told_open(&merge->told);
}

void merge_close(struct merge *merge)
{
	told_close(&merge->told);
}

/* What a task did before its RECORD_TASK was before the trace. */
void merge_note(struct merge *merge, const struct record *record)
{
	if (told_note(&merge->told, record))
		merge->may_be_told = true;
	else if (record->kind == RECORD_TASK)
		early_forget(&merge->early, record->tid);
}

/* ---- samples ---- */

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

static bool is_told(void *told, int32_t tid)
{
	return told_has(told, tid);
}

/* The next sample of a task that was told of, up to that time. */
static bool next_sample(struct merge *merge, uint64_t horizon_ns, struct sample *sample)
{
	struct perf_ring *ring;

	merge->may_be_told =
		merge->may_be_told && early_take(&merge->early, is_told, &merge->told, sample);
	if (merge->may_be_told)
		return true;
	while ((ring = oldest(merge->watched, horizon_ns))) {
		*sample = ring->front;
		merge->last_ns = sample->time_ns;
		perf_ring_pop(ring);
		if (told_has(&merge->told, sample->tid))
			return true;
		early_keep(&merge->early, sample);
	}
	return false;
}

/* ---- records ---- */

static bool take_lost(struct merge *merge)
{
	uint64_t lost = merge->dropped + merge->early.missed;
	struct record *out = &merge->runs.out;

	if (lost == merge->lost_told)
		return false;
	record_begin(out, RECORD_LOST, 0, 0);
	out->time_ns = merge->last_ns;
	out->args[0] = lost - merge->lost_told;
	out->args[1] = RECORD_FAULT;
	merge->lost_told = lost;
	return true;
}

bool merge_take(struct merge *merge, uint64_t horizon_ns)
{
	struct sample sample;

	while (next_sample(merge, horizon_ns, &sample))
		if (runs_add(&merge->runs, &sample))
			return true;
	if (runs_take(&merge->runs))
		return true;
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

	early_settle(&merge->early);
	merge->dropped = dropped > merge->dropped ? dropped : merge->dropped;
	return take_lost(merge);
}
