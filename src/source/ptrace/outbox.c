/* SPDX-License-Identifier: MIT
 *
 * Where records wait until the session takes them; see outbox.h. Without memory for a record it is
 * counted, and a RECORD_LOST says how many as soon as there is some again.
 */
#include <stdlib.h>

#include "source/ptrace/outbox.h"

/* Where a record goes that there is no memory for. Only ever written. */
static struct {
	struct record record;
	char room[RECORD_MAX];
} nowhere;

static bool outbox_reserve(struct outbox *outbox, size_t wanted)
{
	size_t room = outbox->room ? outbox->room : 2 * RECORD_MAX;

	while (room < wanted)
		room *= 2;
	if (room == outbox->room)
		return true;
	char *bytes = realloc(outbox->bytes, room);
	if (!bytes)
		return false;
	outbox->bytes = bytes;
	outbox->room = room;
	return true;
}

static struct record *outbox_end(struct outbox *outbox)
{
	return (struct record *)(outbox->bytes + outbox->size);
}

struct record *outbox_begin(struct outbox *outbox, enum record_kind kind, int32_t pid, int32_t tid)
{
	bool has_room = outbox_reserve(outbox, outbox->size + 2 * RECORD_MAX);
	struct record *record = has_room ? outbox_end(outbox) : &nowhere.record;

	if (has_room && outbox->lost) {
		record_begin(record, RECORD_LOST, 0, 0);
		record->args[0] = outbox->lost;
		outbox->lost = 0;
		outbox->size += record->size;
		record = outbox_end(outbox);
	}
	outbox->failed = !has_room;
	record_begin(record, kind, pid, tid);
	return record;
}

void outbox_send(struct outbox *outbox)
{
	if (outbox->failed)
		outbox->lost++;
	else
		outbox->size += outbox_end(outbox)->size;
}

const struct record *outbox_take(struct outbox *outbox)
{
	if (outbox->taken == outbox->size) {
		outbox->taken = outbox->size = 0;
		return NULL;
	}
	const struct record *record = (const struct record *)(outbox->bytes + outbox->taken);
	outbox->taken += record->size;
	return record;
}

void outbox_free(struct outbox *outbox)
{
	free(outbox->bytes);
	*outbox = (struct outbox){0};
}
