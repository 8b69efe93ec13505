/* SPDX-License-Identifier: MIT
 *
 * block: unsigned values that are written together, lowest bytes first: see FORMAT.md.
 */
#ifndef REPORT_BLOCK_H
#define REPORT_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tag;

struct block {
	uint64_t *items; /* owned */
	size_t count, room;
};

/* Makes room for one more. False: no memory, and nothing has changed. */
bool block_grow(struct block *block);

static inline bool block_add(struct block *block, uint64_t value)
{
	if (block->count == block->room && !block_grow(block))
		return false;
	block->items[block->count++] = value;
	return true;
}

/* How many bytes block_write writes. */
size_t block_size(const struct block *block);
/* Writes the values, coded, into the open tag. */
void block_write(const struct block *block, struct tag *tag);
void block_free(struct block *block);

/* Small magnitudes as small unsigned values, whatever the sign. */
static inline uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

#endif
