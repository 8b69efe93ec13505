/* SPDX-License-Identifier: MIT
 *
 * Samples become records: see runs.h. In a run, and between tasks, order by time is given up for at
 * most RUN_NS; never between the faults of one task.
 */
#include <string.h>

#include "source/faults/runs.h"

#define PAGE	  4096u
#define RUN_PAGES 1024
#define RUN_NS	  UINT64_C(10000000)

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

static void give(struct runs *runs, size_t i)
{
	runs->out = runs->open[i];
	memmove(&runs->open[i], &runs->open[i + 1], (--runs->open_count - i) * sizeof *runs->open);
}

bool runs_add(struct runs *runs, const struct sample *sample)
{
	size_t i = 0;

	while (i < runs->open_count && runs->open[i].tid != sample->tid)
		i++;
	bool has_one = i < runs->open_count, is_over = has_one || i == RUNS_OPEN;
	struct record *run = &runs->open[i];
	if (has_one && continues_run(run, sample)) {
		run->args[4]++;
		run->duration_ns = sample->time_ns - run->time_ns;
		return false;
	}
	if (is_over)
		give(runs, has_one ? i : 0);
	begin_run(&runs->open[runs->open_count++], sample);
	return is_over;
}

bool runs_take(struct runs *runs)
{
	if (!runs->open_count)
		return false;
	give(runs, 0);
	return true;
}
