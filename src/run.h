/* SPDX-License-Identifier: MIT
 *
 * run: one trace among those that the program looks at: which one, and where it was made. Live
 * there is one; of several --replay files each is a run of its own.
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "identity.h"

struct results; /* what earlier runs left for later ones: script/results.h */

struct run {
	unsigned number, count;	  /* 1 of 1 */
	const char *file;	  /* that is replayed, or NULL */
	bool is_part;		  /* of the trace, from from_ns on, since its start */
	uint64_t from_ns;
	uint64_t wallclock_ns;	  /* start of the trace, since 1970; 0: now */
	char **variables;	  /* of a recording's environment: NAME or NAME=value, or NULL */
	struct identity identity; /* of the trace, not of who replays it */
	struct results *results;  /* or NULL */
};

#endif
