/* SPDX-License-Identifier: MIT
 *
 * See waits.h.
 */
#include <errno.h>
#include <string.h>

#include "source/latency/waits.h"

bool waits_open(struct waits *waits, struct ring *ring)
{
	*waits = (struct waits){.ring = ring};
	return told_open(&waits->told);
}

void waits_close(struct waits *waits)
{
	told_close(&waits->told);
}

/* The end of a task changes nothing: what it asked of a disk may be done later. */
void waits_note(struct waits *waits, const struct record *record)
{
	if (record->kind != RECORD_EXIT && told_note(&waits->told, record))
		waits->early_ready = waits->early_count > 0;
}

/* The kernel's blk_status_t, as it translates them itself. */
static int status_errno(int64_t status)
{
	static const uint8_t errnos[] = {
		[1] = EOPNOTSUPP, [2] = ETIMEDOUT, [3] = ENOSPC,  [4] = ENOLINK,
		[5] = EREMOTEIO,  [6] = EBADE,	   [7] = ENODATA, [8] = EILSEQ,
		[9] = ENOMEM,	  [10] = EIO,	   [12] = EAGAIN, [13] = EBUSY,
	};

	if (!status)
		return 0;
	return status > 0 && (size_t)status < sizeof errnos && errnos[status] ? errnos[status]
									      : EIO;
}

static bool give(struct waits *waits, const struct record *record)
{
	waits->out = *record;
	if (record->kind == RECORD_BLOCK)
		waits->out.ret = -status_errno(record->ret);
	return true;
}

/* ---- those of tasks that were not told of yet ---- */

static bool give_early(struct waits *waits, size_t i)
{
	give(waits, &waits->early[i]);
	memmove(&waits->early[i], &waits->early[i + 1],
		(--waits->early_count - i) * sizeof *waits->early);
	return true;
}

static bool take_early(struct waits *waits, bool is_last)
{
	if (waits->early_count == WAITS_EARLY_MAX || (is_last && waits->early_count))
		return give_early(waits, 0);
	for (size_t i = 0; waits->early_ready && i < waits->early_count; i++)
		if (told_has(&waits->told, waits->early[i].tid))
			return give_early(waits, i);
	waits->early_ready = false;
	return false;
}

/* ---- the ring ---- */

void waits_forget(struct waits *waits)
{
	while (ring_peek(waits->ring, ring_end(waits->ring)))
		ring_skip(waits->ring);
}

bool waits_take(struct waits *waits, uint64_t horizon_ns)
{
	const struct record *next;

	if (take_early(waits, horizon_ns == UINT64_MAX))
		return true;
	while ((next = ring_peek(waits->ring, ring_end(waits->ring)))) {
		if (next->time_ns + next->duration_ns > horizon_ns)
			return false;
		bool is_told = told_has(&waits->told, next->tid);
		if (is_told)
			give(waits, next);
		else
			waits->early[waits->early_count++] = *next;
		ring_skip(waits->ring);
		if (is_told || take_early(waits, horizon_ns == UINT64_MAX))
			return true;
	}
	ring_settle(waits->ring);
	return false;
}
