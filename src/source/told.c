/* SPDX-License-Identifier: MIT
 *
 * See told.h.
 */
#include <stdlib.h>

#include "source/told.h"

#define TIDS (4u << 20) /* PID_MAX_LIMIT */

bool told_open(struct told *told)
{
	told->bits = calloc(TIDS / 8, 1);
	return told->bits != NULL;
}

void told_close(struct told *told)
{
	free(told->bits);
	told->bits = NULL;
}

bool told_has(const struct told *told, int32_t tid)
{
	return tid >= 0 && (uint32_t)tid < TIDS && (told->bits[tid / 8] >> tid % 8 & 1);
}

static void set(struct told *told, uint64_t tid, bool is)
{
	if (tid >= TIDS)
		return;
	if (is)
		told->bits[tid / 8] |= (uint8_t)(1 << tid % 8);
	else
		told->bits[tid / 8] &= (uint8_t) ~(1 << tid % 8);
}

bool told_note(struct told *told, const struct record *record)
{
	switch (record->kind) {
	case RECORD_FORK:
		set(told, record->args[0], true);
		return true;
	case RECORD_TASK:
	case RECORD_EXEC:
		set(told, (uint64_t)record->tid, true);
		break;
	case RECORD_EXIT:
		set(told, (uint64_t)record->tid, false);
		break;
	}
	return false;
}
