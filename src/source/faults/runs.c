/* SPDX-License-Identifier: MIT
 *
 * Samples become records: see runs.h. In a run, and between tasks, order by time is given up for at
 * most RUN_NS; never between the faults of one task.
 *
 * A task may have a fault before the other source told of it (the kernel stores its tid for it);
 * such samples wait for its RECORD_FORK. What a task did before its RECORD_TASK was before the trace.
 */
#include <string.h>

#include "source/faults/runs.h"

#define PAGE	  4096u
#define RUN_PAGES 1024
#define RUN_NS	  UINT64_C(10000000)

bool runs_open(struct runs *runs)
{
	*runs = (struct runs){0};
	return told_open(&runs->told);
}

void runs_close(struct runs *runs)
{
	told_close(&runs->told);
}

/* ---- those of tasks that were not told of yet ---- */

static void drop_early(struct runs *runs, size_t i)
{
	memmove(&runs->early[i], &runs->early[i + 1], (--runs->early_count - i) * sizeof *runs->early);
}

static void keep_early(struct runs *runs, const struct sample *sample)
{
	if (runs->early_count < EARLY_MAX)
		runs->early[runs->early_count++] = *sample;
	else
		runs->missed++;
}

static void forget_early(struct runs *runs, int32_t tid)
{
	for (size_t i = runs->early_count; i--;)
		if (runs->early[i].tid == tid)
			drop_early(runs, i);
}

void runs_note(struct runs *runs, const struct record *record)
{
	if (told_note(&runs->told, record))
		runs->early_ready = runs->early_count > 0;
	else if (record->kind == RECORD_TASK && runs->early_count)
		forget_early(runs, record->tid);
}

void runs_settle(struct runs *runs)
{
	runs->missed += runs->early_count;
	runs->early_count = 0;
}

/* ---- samples to records ---- */

static void begin_run(struct record *run, const struct sample *sample)
{
	record_begin(run, RECORD_FAULT, sample->pid, sample->tid);
	run->time_ns = sample->time_ns;
	run->args[0] = sample->address;
	run->args[1] = sample->ip;
	run->args[2] = sample->is_major;
	run->args[3] = sample->in_kernel;
	run->args[4] = 1;
}

static bool continues_run(const struct record *run, const struct sample *sample)
{
	return sample->address / PAGE == run->args[0] / PAGE + run->args[4] &&
	       sample->is_major == run->args[2] && sample->in_kernel == run->args[3] &&
	       run->args[4] < RUN_PAGES && sample->time_ns - run->time_ns < RUN_NS;
}

static void give_open(struct runs *runs, size_t i)
{
	runs->out = runs->open[i];
	memmove(&runs->open[i], &runs->open[i + 1], (--runs->open_count - i) * sizeof *runs->open);
}

/* The place of the task's open run, or how many there are. */
static size_t find_open(const struct runs *runs, int32_t tid)
{
	size_t i = 0;

	while (i < runs->open_count && runs->open[i].tid != tid)
		i++;
	return i;
}

bool runs_add(struct runs *runs, const struct sample *sample)
{
	if (!told_has(&runs->told, sample->tid)) {
		keep_early(runs, sample);
		return false;
	}
	size_t i = find_open(runs, sample->tid);
	struct record *run = &runs->open[i];
	if (i < runs->open_count && continues_run(run, sample)) {
		run->args[4]++;
		run->duration_ns = sample->time_ns - run->time_ns;
		return false;
	}
	bool is_over = i < runs->open_count || i == RUNS_OPEN;
	if (is_over)
		give_open(runs, i == RUNS_OPEN ? 0 : i);
	begin_run(&runs->open[runs->open_count++], sample);
	return is_over;
}

/* Those that waited for their task to be told of. */
static bool take_early(struct runs *runs)
{
	for (size_t i = 0; runs->early_ready && i < runs->early_count; i++) {
		if (!told_has(&runs->told, runs->early[i].tid))
			continue;
		begin_run(&runs->out, &runs->early[i]);
		drop_early(runs, i);
		return true;
	}
	runs->early_ready = false;
	return false;
}

bool runs_take(struct runs *runs)
{
	if (take_early(runs))
		return true;
	if (!runs->open_count)
		return false;
	give_open(runs, 0);
	return true;
}
