/* SPDX-License-Identifier: MIT
 *
 * See block.h.
 */
#include "report/block.h"

#include <stdlib.h>

#include "report/tag.h"

enum { FIRST_ROOM = 64, CHUNK = 4096, WIDEST = 4 };

static const uint64_t ESCAPE = UINT32_MAX;

bool block_grow(struct block *block)
{
	size_t room = block->room ? block->room * 2 : FIRST_ROOM;
	uint64_t *items = reallocarray(block->items, room, sizeof *items);

	if (!items)
		return false;
	block->items = items;
	block->room = room;
	return true;
}

void block_free(struct block *block)
{
	free(block->items);
	*block = (struct block){0};
}

/* Bytes of a value without escapes. */
static unsigned width_of(const struct block *block)
{
	uint64_t all = 0;

	for (size_t i = 0; i < block->count; i++)
		all |= block->items[i];
	return !all ? 0 : all <= UINT8_MAX ? 1 : all <= UINT16_MAX ? 2 : WIDEST;
}

static size_t escapes_of(const struct block *block, unsigned width)
{
	size_t escapes = 0;

	for (size_t i = 0; width == WIDEST && i < block->count; i++)
		escapes += block->items[i] >= ESCAPE;
	return escapes;
}

size_t block_size(const struct block *block)
{
	unsigned width = width_of(block);

	return 1 + width * block->count + sizeof(uint64_t) * escapes_of(block, width);
}

/* Byte number `plane` of each value. */
static void write_plane(const struct block *block, unsigned plane, struct tag *tag)
{
	uint8_t bytes[CHUNK];
	size_t used = 0;

	for (size_t i = 0; i < block->count; i++) {
		uint64_t value = block->items[i] < ESCAPE ? block->items[i] : ESCAPE;
		bytes[used++] = value >> 8 * plane;
		if (used == CHUNK) {
			tag_write(tag, bytes, used);
			used = 0;
		}
	}
	tag_write(tag, bytes, used);
}

void block_write(const struct block *block, struct tag *tag)
{
	unsigned width = width_of(block);

	tag_write(tag, &(uint8_t){width}, 1);
	for (unsigned plane = 0; plane < width; plane++)
		write_plane(block, plane, tag);
	for (size_t i = 0; width == WIDEST && i < block->count; i++)
		if (block->items[i] >= ESCAPE)
			tag_write_u64(tag, block->items[i]);
}
