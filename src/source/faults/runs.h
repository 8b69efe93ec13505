/* SPDX-License-Identifier: MIT
 *
 * runs: programs touch memory mostly page after page, so faults of neighbouring pages by one task
 * in a row are one record, a run.
 */
#ifndef FAULTS_RUNS_H
#define FAULTS_RUNS_H

#include "record.h"
#include "source/faults/watched.h"
#include "source/told.h"

#define EARLY_MAX 1024

struct runs {
	struct watched *watched;
	uint64_t horizon_ns;
	uint64_t last_ns;	  /* time of the last run */
	uint64_t dropped, missed; /* samples the rings had no room for, and we had none */
	uint64_t lost_told;	  /* how many of both the reader knows of */
	struct told told;	  /* by the other source */
	struct sample early[EARLY_MAX];
	size_t early_count;
	bool early_ready; /* some may be told now */
	union {
		struct record record; /* what is given out */
		char room[256];
	} out;
};

/* False without memory. */
bool runs_open(struct runs *runs, struct watched *watched);
void runs_close(struct runs *runs);

/* Every record of the other source: which tasks there are. */
void runs_note(struct runs *runs, const struct record *record);

/* The next run that begins up to that time, or what is missing before it, in runs->out. */
bool runs_take(struct runs *runs, uint64_t horizon_ns);

/* Nothing more comes: what is missing and was not told, in runs->out. Call it once. */
bool runs_settle(struct runs *runs);

#endif
