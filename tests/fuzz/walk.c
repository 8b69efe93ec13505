/* SPDX-License-Identifier: MIT
 *
 * The visitor; see walk.h.
 */
#include <string.h>

#include "decode/decode.h"
#include "syscalls/syscalls.h"

#include "walk.h"

#undef NDEBUG
#include <assert.h>

enum { DEPTH_MAX = 16 };

struct walker {
	struct visitor visitor;
	unsigned depth;
	struct {
		bool list;  /* else a struct */
		bool named; /* a struct's field that has its name and no value yet */
	} open[DEPTH_MAX];
	unsigned values; /* outside of all lists and structs */
};

static volatile uint64_t sum; /* so that reading is not optimized away */

static void complete(struct walker *walker)
{
	if (walker->depth == 0) {
		walker->values++;
		return;
	}
	assert(walker->open[walker->depth - 1].list || walker->open[walker->depth - 1].named);
	walker->open[walker->depth - 1].named = false;
}

static void integer(struct visitor *visitor, int64_t value)
{
	sum += value;
	complete((struct walker *)visitor);
}

static void bytes(struct visitor *visitor, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += ((const uint8_t *)bytes)[i];
	complete((struct walker *)visitor);
}

static void nothing(struct visitor *visitor)
{
	complete((struct walker *)visitor);
}

static void open_one(struct walker *walker, bool list)
{
	assert(walker->depth < DEPTH_MAX);
	walker->open[walker->depth].list = list;
	walker->open[walker->depth++].named = false;
}

static void open_list(struct visitor *visitor, size_t size_hint)
{
	assert(size_hint <= RECORD_MAX);
	open_one((struct walker *)visitor, true);
}

static void open_struct(struct visitor *visitor, size_t size_hint)
{
	assert(size_hint <= RECORD_MAX);
	open_one((struct walker *)visitor, false);
}

static void field(struct visitor *visitor, const char *name)
{
	struct walker *walker = (struct walker *)visitor;

	assert(name && *name && walker->depth);
	assert(!walker->open[walker->depth - 1].list && !walker->open[walker->depth - 1].named);
	walker->open[walker->depth - 1].named = true;
}

static void close_one(struct visitor *visitor)
{
	struct walker *walker = (struct walker *)visitor;

	assert(walker->depth && !walker->open[walker->depth - 1].named);
	walker->depth--;
	complete(walker);
}

static struct walker walker_new(void)
{
	return (struct walker){
		.visitor = {integer, bytes, nothing, open_list, open_struct, field, close_one},
	};
}

static void walk_piece(const struct record *record, const struct piece *piece)
{
	struct walker walker = walker_new();

	bytes(&walker.visitor, piece_bytes(piece), piece->size);
	decode_sockaddr(piece_bytes(piece), piece->size, &walker.visitor);
	decode_rights(piece_bytes(piece), piece->size, record->arch, &walker.visitor);
	assert(walker.values == 3 && walker.depth == 0);
	const struct piece *found = record_find(record, piece->arg, piece->part, piece->index);
	assert(found && found <= piece);
}

void walk_record(const struct record *record)
{
	unsigned left = 64; /* record_find begins at the front each time */

	for (const struct piece *p = record_piece(record, NULL); p; p = record_piece(record, p))
		if (left && left--)
			walk_piece(record, p);
	const struct syscall_row *row = syscall_row(record->arch, record->nr);
	for (unsigned i = 0; row && i <= row->arg_count; i++) { /* and one too many */
		struct walker walker = walker_new();
		decode_arg(record, row, i, &walker.visitor);
		assert(walker.values == 1 && walker.depth == 0);
	}
}
