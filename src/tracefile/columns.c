/* SPDX-License-Identifier: MIT
 *
 * See columns.h.
 */
#include "tracefile/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 10 }; /* bytes */

static unsigned context_of(unsigned kind, int32_t nr)
{
	return kind == RECORD_CALL || kind == RECORD_ENTER ? (unsigned)nr & 511 : 512 + (kind & 63);
}

static uint64_t zigzag(int64_t number)
{
	return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t number)
{
	return (int64_t)(number >> 1 ^ -(number & 1));
}

/* --- writing -------------------------------------------------------------------------------------
 */

static bool reserve(struct column_bytes *column, size_t size)
{
	if (column->room - column->size >= size)
		return true;
	size_t room = (column->size + size) * 2;
	uint8_t *bytes = realloc(column->bytes, room);
	if (!bytes)
		return false;
	column->bytes = bytes;
	column->room = room;
	return true;
}

/* There is room for it. */
static void put(struct columns_writer *writer, enum column column, uint64_t number)
{
	struct column_bytes *c = &writer->columns[column];
	uint8_t *p = c->bytes + c->size;

	for (; number >= 0x80; number >>= 7)
		*p++ = number | 0x80;
	*p++ = number;
	writer->size += p - (c->bytes + c->size);
	c->size = p - c->bytes;
}

static bool reserve_all(struct columns_writer *writer, const struct record *record)
{
	for (int i = 0; i < COLUMN_PIECES; i++)
		if (!reserve(&writer->columns[i], 2 * NUMBER_MAX))
			return false;
	return reserve(&writer->columns[COLUMN_PIECES],
		       NUMBER_MAX + record->pieces * 6 * NUMBER_MAX) &&
	       reserve(&writer->columns[COLUMN_BYTES], record->size);
}

static void add_piece(struct columns_writer *writer, const struct piece *piece)
{
	struct column_bytes *bytes = &writer->columns[COLUMN_BYTES];

	put(writer, COLUMN_PIECES, piece->arg);
	put(writer, COLUMN_PIECES, piece->part);
	put(writer, COLUMN_PIECES, piece->flags);
	put(writer, COLUMN_PIECES, piece->index);
	put(writer, COLUMN_PIECES, piece->size);
	put(writer, COLUMN_PIECES, zigzag((int64_t)piece->count - piece->size));
	memcpy(bytes->bytes + bytes->size, piece_bytes(piece), piece->size);
	bytes->size += piece->size;
	writer->size += piece->size;
}

bool columns_add(struct columns_writer *writer, const struct record *record)
{
	struct column_memory *memory = &writer->memory;
	unsigned context = context_of(record->kind, record->nr);
	uint64_t *args = memory->calls[context].args;

	if (!reserve_all(writer, record))
		return false;
	put(writer, COLUMN_KIND, record->kind | (unsigned)record->arch << 8);
	put(writer, COLUMN_FLAGS, record->flags);
	put(writer, COLUMN_TIME, zigzag((int64_t)(record->time_ns - memory->time_ns)));
	put(writer, COLUMN_DURATION, record->duration_ns);
	put(writer, COLUMN_TID, zigzag((int64_t)record->tid - memory->tid));
	put(writer, COLUMN_TID, zigzag((int64_t)record->pid - record->tid));
	put(writer, COLUMN_NR, zigzag(record->nr));
	for (int i = 0; i < RECORD_ARGS; i++) {
		put(writer, COLUMN_ARGS + i, zigzag((int64_t)(record->args[i] - args[i])));
		args[i] = record->args[i];
	}
	put(writer, COLUMN_RET,
	    zigzag((int64_t)((uint64_t)record->ret - memory->calls[context].ret)));
	memory->calls[context].ret = record->ret;
	memory->time_ns = record->time_ns;
	memory->tid = record->tid;
	put(writer, COLUMN_PIECES, record->pieces);
	for (const struct piece *p = record_piece(record, NULL); p; p = record_piece(record, p))
		add_piece(writer, p);
	writer->records++;
	return true;
}

size_t columns_size(const struct columns_writer *writer)
{
	return (1 + COLUMNS) * sizeof(uint32_t) + writer->size;
}

void columns_write(struct columns_writer *writer, uint8_t *to)
{
	uint32_t head[1 + COLUMNS] = {writer->records};

	for (int i = 0; i < COLUMNS; i++)
		head[1 + i] = writer->columns[i].size;
	memcpy(to, head, sizeof head);
	to += sizeof head;
	for (int i = 0; i < COLUMNS; i++) {
		if (writer->columns[i].size)
			memcpy(to, writer->columns[i].bytes, writer->columns[i].size);
		to += writer->columns[i].size;
		writer->columns[i].size = 0;
	}
	writer->size = 0;
	writer->records = 0;
	memset(&writer->memory, 0, sizeof writer->memory);
}

void columns_free(struct columns_writer *writer)
{
	for (int i = 0; i < COLUMNS; i++)
		free(writer->columns[i].bytes);
	memset(writer, 0, sizeof *writer);
}

/* --- reading -------------------------------------------------------------------------------------
 */

bool columns_open(struct columns_reader *reader, const uint8_t *bytes, size_t size)
{
	uint32_t head[1 + COLUMNS];
	const uint8_t *end = bytes + size;

	memset(&reader->memory, 0, sizeof reader->memory);
	reader->left = 0;
	if (size < sizeof head)
		return false;
	memcpy(head, bytes, sizeof head);
	bytes += sizeof head;
	for (int i = 0; i < COLUMNS; i++) {
		if (head[1 + i] > (size_t)(end - bytes))
			return false;
		reader->columns[i].next = bytes;
		reader->columns[i].end = bytes += head[1 + i];
	}
	reader->left = head[0];
	return bytes == end;
}

/* The next number of a column, below or equal to `most`. Past the end of a column, and instead of
 * what cannot be, it is 0 and *ok false. */
static inline uint64_t get(struct columns_reader *reader, enum column column, uint64_t most,
			   bool *ok)
{
	const uint8_t *p = reader->columns[column].next, *end = reader->columns[column].end;
	uint64_t number = 0;

	for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
		number |= (uint64_t)(*p & 0x7f) << shift;
		if (*p++ & 0x80)
			continue;
		reader->columns[column].next = p;
		*ok &= number <= most;
		return number <= most ? number : 0;
	}
	*ok = false;
	return 0;
}

static int64_t get_signed(struct columns_reader *reader, enum column column, bool *ok)
{
	return unzigzag(get(reader, column, UINT64_MAX, ok));
}

/* One piece at the end of the record. */
static bool read_piece(struct columns_reader *reader, struct record *record)
{
	bool ok = true;
	uint8_t arg = get(reader, COLUMN_PIECES, UINT8_MAX, &ok);
	uint8_t part = get(reader, COLUMN_PIECES, UINT8_MAX, &ok);
	uint8_t flags = get(reader, COLUMN_PIECES, UINT8_MAX, &ok);
	uint32_t index = get(reader, COLUMN_PIECES, UINT32_MAX, &ok);
	uint32_t size = get(reader, COLUMN_PIECES, RECORD_MAX, &ok);
	int64_t more = get_signed(reader, COLUMN_PIECES, &ok);
	const uint8_t *bytes = reader->columns[COLUMN_BYTES].next;

	if (!ok || size > (size_t)(reader->columns[COLUMN_BYTES].end - bytes))
		return false;
	void *room = record_reserve(record, arg, part, index, size);
	if (!room)
		return false;
	memcpy(room, bytes, size);
	record_commit(record, size, size + (uint64_t)more, flags);
	reader->columns[COLUMN_BYTES].next += size;
	return true;
}

int columns_next(struct columns_reader *reader, struct record *record)
{
	struct column_memory *memory = &reader->memory;
	bool ok = true;

	if (!reader->left)
		return 0;
	reader->left--;
	unsigned kind = get(reader, COLUMN_KIND, UINT16_MAX, &ok);
	record_begin(record, kind & 0xff, 0, 0);
	record->arch = kind >> 8;
	record->flags = get(reader, COLUMN_FLAGS, UINT16_MAX, &ok);
	record->time_ns = memory->time_ns += (uint64_t)get_signed(reader, COLUMN_TIME, &ok);
	record->duration_ns = get(reader, COLUMN_DURATION, UINT64_MAX, &ok);
	record->tid = memory->tid =
		(int32_t)((uint64_t)memory->tid + (uint64_t)get_signed(reader, COLUMN_TID, &ok));
	record->pid =
		(int32_t)((uint64_t)record->tid + (uint64_t)get_signed(reader, COLUMN_TID, &ok));
	record->nr = (int32_t)get_signed(reader, COLUMN_NR, &ok);
	unsigned context = context_of(record->kind, record->nr);
	uint64_t *args = memory->calls[context].args;
	for (int i = 0; i < RECORD_ARGS; i++)
		record->args[i] = args[i] += (uint64_t)get_signed(reader, COLUMN_ARGS + i, &ok);
	record->ret = (int64_t)(memory->calls[context].ret +=
				(uint64_t)get_signed(reader, COLUMN_RET, &ok));
	for (uint64_t n = get(reader, COLUMN_PIECES, RECORD_MAX, &ok); ok && n; n--)
		ok = read_piece(reader, record);
	return ok ? 1 : -EBADMSG;
}
