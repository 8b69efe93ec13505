/* SPDX-License-Identifier: MIT
 *
 * Samples become records: see runs.h. In a run, and between tasks, order by time is given up for at
 * most RUN_NS; never between the faults of one task, or across the horizon.
 *
 * A task may have a fault before the other source told of it (the kernel stores its tid for it);
 * such samples wait for its RECORD_FORK.
 */
#include <string.h>

#include "source/faults/runs.h"

#define PAGE	  4096u
#define RUN_PAGES 1024
#define RUN_NS	  UINT64_C(10000000)

bool runs_open(struct runs *runs, struct watched *watched)
{
	*runs = (struct runs){.watched = watched};
	return told_open(&runs->told);
}

void runs_close(struct runs *runs)
{
	told_close(&runs->told);
}

void runs_note(struct runs *runs, const struct record *record)
{
	if (told_note(&runs->told, record))
		runs->early_ready = runs->early_count > 0;
}

/* ---- samples to records ---- */

static void begin_run(struct runs *runs, const struct sample *sample)
{
	struct record *record = &runs->out.record;

	record_begin(record, RECORD_FAULT, sample->pid, sample->tid);
	record->time_ns = runs->last_ns = sample->time_ns;
	record->args[0] = sample->address;
	record->args[1] = sample->ip;
	record->args[2] = sample->is_major;
	record->args[3] = sample->in_kernel;
	record->args[4] = 1;
}

static bool continues_run(const struct record *run, const struct sample *sample)
{
	return sample->tid == run->tid &&
	       sample->address / PAGE == run->args[0] / PAGE + run->args[4] &&
	       sample->is_major == run->args[2] && sample->in_kernel == run->args[3] &&
	       run->args[4] < RUN_PAGES && sample->time_ns - run->time_ns < RUN_NS;
}

/* The ring whose first sample is the oldest of all; NULL when all are empty or at the horizon. */
static struct perf_ring *oldest(struct runs *runs)
{
	struct perf_ring *found = NULL;

	for (size_t i = 0; i < runs->watched->ring_count; i++) {
		struct perf_ring *ring = &runs->watched->rings[i];
		if (perf_ring_front(ring) && ring->front.time_ns <= runs->horizon_ns &&
		    (!found || ring->front.time_ns < found->front.time_ns))
			found = ring;
	}
	return found;
}

/* Has the run's task an older fault in another ring? It went from CPU to CPU. */
static bool is_overtaken(const struct runs *runs, const struct perf_ring *ring)
{
	for (size_t i = 0; i < runs->watched->ring_count; i++) {
		const struct perf_ring *other = &runs->watched->rings[i];
		if (other != ring && other->front_size && other->front.tid == ring->front.tid &&
		    other->front.time_ns < ring->front.time_ns)
			return true;
	}
	return false;
}

static void fill_run(struct runs *runs, struct perf_ring *ring)
{
	struct record *run = &runs->out.record;

	begin_run(runs, &ring->front);
	perf_ring_pop(ring);
	while (perf_ring_front(ring) && ring->front.time_ns <= runs->horizon_ns &&
	       continues_run(run, &ring->front) && !is_overtaken(runs, ring)) {
		run->args[4]++;
		run->duration_ns = ring->front.time_ns - run->time_ns;
		perf_ring_pop(ring);
	}
}

static void keep_early(struct runs *runs, const struct sample *sample)
{
	if (runs->early_count < EARLY_MAX)
		runs->early[runs->early_count++] = *sample;
	else
		runs->missed++;
}

/* Those that waited for their task to be told of. */
static bool take_early(struct runs *runs)
{
	for (size_t i = 0; runs->early_ready && i < runs->early_count; i++) {
		if (!told_has(&runs->told, runs->early[i].tid))
			continue;
		begin_run(runs, &runs->early[i]);
		memmove(&runs->early[i], &runs->early[i + 1],
			(--runs->early_count - i) * sizeof *runs->early);
		return true;
	}
	runs->early_ready = false;
	return false;
}

static bool take_lost(struct runs *runs)
{
	uint64_t lost = runs->dropped + runs->missed;

	if (lost == runs->lost_told)
		return false;
	record_begin(&runs->out.record, RECORD_LOST, 0, 0);
	runs->out.record.time_ns = runs->last_ns;
	runs->out.record.args[0] = lost - runs->lost_told;
	runs->out.record.args[1] = RECORD_FAULT;
	runs->lost_told = lost;
	return true;
}

bool runs_take(struct runs *runs, uint64_t horizon_ns)
{
	struct perf_ring *ring;

	runs->horizon_ns = horizon_ns;
	if (take_early(runs))
		return true;
	while ((ring = oldest(runs))) {
		if (told_has(&runs->told, ring->front.tid)) {
			fill_run(runs, ring);
			return true;
		}
		keep_early(runs, &ring->front);
		perf_ring_pop(ring);
	}
	for (size_t i = 0; i < runs->watched->ring_count; i++) {
		runs->dropped += runs->watched->rings[i].lost;
		runs->watched->rings[i].lost = 0;
	}
	return take_lost(runs);
}

/* What the kernel dropped last no ring could tell of any more. */
bool runs_settle(struct runs *runs)
{
	uint64_t dropped = watched_lost(runs->watched);

	runs->missed += runs->early_count;
	runs->dropped = dropped > runs->dropped ? dropped : runs->dropped;
	return take_lost(runs);
}
