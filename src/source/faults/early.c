/* SPDX-License-Identifier: MIT
 *
 * See early.h.
 */
#include <string.h>

#include "source/faults/early.h"

void early_keep(struct early *early, const struct sample *sample)
{
	if (early->count < EARLY_MAX)
		early->samples[early->count++] = *sample;
	else
		early->missed++;
}

static void drop(struct early *early, size_t i)
{
	memmove(&early->samples[i], &early->samples[i + 1], (--early->count - i) * sizeof *early->samples);
}

bool early_take(struct early *early, bool (*is_known)(void *context, int32_t tid), void *context,
		struct sample *sample)
{
	for (size_t i = 0; i < early->count; i++) {
		if (!is_known(context, early->samples[i].tid))
			continue;
		*sample = early->samples[i];
		drop(early, i);
		return true;
	}
	return false;
}

void early_forget(struct early *early, int32_t tid)
{
	for (size_t i = early->count; i--;)
		if (early->samples[i].tid == tid)
			drop(early, i);
}

void early_settle(struct early *early)
{
	early->missed += early->count;
	early->count = 0;
}
