/* SPDX-License-Identifier: MIT
 *
 * told: which tasks a source told of. The kernel tells of a task as soon as it is there, which may
 * be before the source that follows tasks does.
 */
#ifndef TOLD_H
#define TOLD_H

#include "record.h"

struct told {
	uint8_t *bits; /* one for each tid there can be */
};

/* False without memory. */
bool told_open(struct told *told);
void told_close(struct told *told);

/* Every record of the other source. True when it told of a task that is new. */
bool told_note(struct told *told, const struct record *record);

bool told_has(const struct told *told, int32_t tid);

#endif
