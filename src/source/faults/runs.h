/* SPDX-License-Identifier: MIT
 *
 * runs: programs touch memory mostly page after page, so faults of neighbouring pages by one task
 * in a row are one record, a run.
 */
#ifndef FAULTS_RUNS_H
#define FAULTS_RUNS_H

#include <stddef.h>

#include "record.h"
#include "source/faults/sample.h"

#define RUNS_OPEN 8 /* tasks that touch memory at a time */

struct runs {
	struct record open[RUNS_OPEN]; /* that may go on, of a task each, in the order in which they began */
	size_t open_count;
	struct record out; /* what is given out */
};

/* A sample; those of a task come in their order. True when a run that it does not continue is over by that,
 * and in runs->out. */
bool runs_add(struct runs *runs, const struct sample *sample);

/* Something else happened after all samples so far: the next run, in runs->out; false when there is none. */
bool runs_take(struct runs *runs);

#endif
