/* SPDX-License-Identifier: MIT
 *
 * Building and walking records: see record.h for the layout.
 */
#include <string.h>

#include "record.h"

static const char *const record_kind_names[RECORD_KINDS] = {
	[RECORD_CALL] = "call",     [RECORD_ENTER] = "enter",   [RECORD_FORK] = "fork",
	[RECORD_EXEC] = "exec",     [RECORD_EXIT] = "exit",     [RECORD_SIGNAL] = "signal",
	[RECORD_STOP] = "stop",     [RECORD_TASK] = "task",     [RECORD_FD] = "fd",
	[RECORD_MAP] = "map",       [RECORD_FAULT] = "fault",   [RECORD_LOST] = "lost",
	[RECORD_NOTE] = "note",     [RECORD_USAGE] = "usage",   [RECORD_SCHED] = "sched",
	[RECORD_BLOCK] = "block",
};

const char *record_kind_name(unsigned kind)
{
	return kind < RECORD_KINDS ? record_kind_names[kind] : NULL;
}

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

void record_begin(struct record *record, enum record_kind kind, int32_t pid, int32_t tid)
{
	*record = (struct record){.size = sizeof *record, .kind = kind, .pid = pid, .tid = tid};
}

void *record_reserve(struct record *record, uint8_t arg, uint8_t part, uint32_t index, size_t room)
{
	if (record->size + sizeof(struct piece) + padded(room) > RECORD_MAX) {
		record->flags |= RECORD_TRUNCATED;
		return NULL;
	}
	struct piece *piece = (struct piece *)((char *)record + record->size);
	*piece = (struct piece){.arg = arg, .part = part, .index = index};
	return piece + 1;
}

void record_commit(struct record *record, size_t size, size_t whole, uint8_t flags)
{
	struct piece *piece = (struct piece *)((char *)record + record->size);

	piece->size = size;
	piece->count = whole > UINT32_MAX ? UINT32_MAX : whole;
	piece->flags = flags;
	memset((char *)(piece + 1) + size, 0, padded(size) - size);
	record->size += sizeof *piece + padded(size);
	record->pieces++;
}

bool record_add(struct record *record, uint8_t arg, uint8_t part, uint32_t index, const void *bytes,
		size_t size, uint8_t flags)
{
	void *room = record_reserve(record, arg, part, index, size);
	if (!room)
		return false;
	if (size)
		memcpy(room, bytes, size);
	record_commit(record, size, size, flags);
	return true;
}

const struct piece *record_piece(const struct record *record, const struct piece *piece)
{
	const char *end = (const char *)record + record->size;
	const char *next = piece ? (const char *)(piece + 1) + padded(piece->size)
				 : (const char *)(record + 1);

	if (next > end || (size_t)(end - next) < sizeof *piece)
		return NULL;
	piece = (const struct piece *)next;
	if ((size_t)(end - next) - sizeof *piece < padded(piece->size))
		return NULL;
	return piece;
}

const struct piece *record_find(const struct record *record, uint8_t arg, uint8_t part, uint32_t index)
{
	for (const struct piece *p = record_piece(record, NULL); p; p = record_piece(record, p))
		if (p->arg == arg && p->part == part && p->index == index)
			return p;
	return NULL;
}
