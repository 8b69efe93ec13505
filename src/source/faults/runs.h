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
#include "source/told.h"

#define EARLY_MAX 1024
#define RUNS_OPEN 8 /* tasks that touch memory at a time */

struct runs {
	struct told told; /* by the other source */
	struct sample early[EARLY_MAX];
	size_t early_count;
	bool early_ready; /* some may be told now */
	uint64_t missed;  /* samples there was no room for */
	struct record open[RUNS_OPEN]; /* that may go on, of a task each, in the order in which they began */
	size_t open_count;
	struct record out; /* what is given out */
};

/* False without memory. */
bool runs_open(struct runs *runs);
void runs_close(struct runs *runs);

/* Every record of the other source: which tasks there are. */
void runs_note(struct runs *runs, const struct record *record);

/* A sample; those of a task come in their order. True when a run that it does not continue is over by that,
 * and in runs->out. */
bool runs_add(struct runs *runs, const struct sample *sample);

/* Something else happened after all samples so far: the next run, in runs->out; false when there is none. */
bool runs_take(struct runs *runs);

/* Nothing more comes: what waits still for its task to be told of is missed. */
void runs_settle(struct runs *runs);

#endif
