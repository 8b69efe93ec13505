/* SPDX-License-Identifier: MIT
 *
 * early: samples of tasks of which nobody told yet. The kernel stores a new task's number in its memory, so
 * it may have a fault before the source that follows tasks tells of it.
 */
#ifndef FAULTS_EARLY_H
#define FAULTS_EARLY_H

#include <stddef.h>

#include "source/faults/sample.h"

#define EARLY_MAX 1024

struct early {
	struct sample samples[EARLY_MAX];
	size_t count;
	uint64_t missed; /* that there was no room for */
};

void early_keep(struct early *early, const struct sample *sample);

/* The first one whose task is_known says yes to, in *sample; false when there is none. */
bool early_take(struct early *early, bool (*is_known)(void *context, int32_t tid), void *context,
		struct sample *sample);

/* What that task did is of no interest. */
void early_forget(struct early *early, int32_t tid);

/* Nobody will tell of their tasks any more: they are missed. */
void early_settle(struct early *early);

#endif
