/* SPDX-License-Identifier: MIT
 *
 * merge: the samples of all rings in the order of their times, as runs.
 */
#ifndef FAULTS_MERGE_H
#define FAULTS_MERGE_H

#include "source/faults/early.h"
#include "source/faults/runs.h"
#include "source/faults/watched.h"
#include "source/told.h"

struct merge {
	struct watched *watched;
	struct told told;   /* by the other source */
	struct early early;
	bool may_be_told;   /* some of these: a task was told of */
	struct runs runs;   /* runs.out is what is given out, also when it is a loss */
	uint64_t last_ns;   /* time of the last sample */
	uint64_t dropped;   /* samples the rings had no room for */
	uint64_t lost_told; /* how many of these, and of the early ones, the reader knows of */
};

/* False without memory. */
bool merge_open(struct merge *merge, struct watched *watched);
void merge_close(struct merge *merge);

/* Every record of the other source: which tasks there are. */
void merge_note(struct merge *merge, const struct record *record);

/* The next run of samples up to that time, or what is missing before it, in merge->runs.out. */
bool merge_take(struct merge *merge, uint64_t horizon_ns);

/* Nothing more comes: what is missing and was not told, in merge->runs.out. Call it once. */
bool merge_settle(struct merge *merge);

#endif
