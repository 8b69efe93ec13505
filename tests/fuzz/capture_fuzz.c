/* SPDX-License-Identifier: MIT
 *
 * The capture interpreter on a program whose registers and memory are the input's, then the record it
 * made, decoded. The input:
 *
 *     arch, flags, data_limit/16: a byte each | nr: 2 | ret: 8 | six registers, 8 each | blocks
 *     block: phases, page: a byte each | repeats, length: 2 each | bytes
 *
 * Block number n is mapped at its page (counted in 4096 bytes; 255: so that it ends with the address
 * space) and is `repeats` times its bytes, at entry, at exit or both, as another thread may have changed
 * it meanwhile. All else is unmapped.
 */
#include "input.h"
#include "source/capture.h"
#include "walk.h"

#undef NDEBUG
#include <assert.h>

enum { BLOCKS = 16, PAGE = 4096, LAST_PAGE = 255 };

/* Bits of the flags. */
enum {
	RUN_ENTRY = 1 << 0,
	RUN_EXIT = 1 << 1,
	RUN_LATE = 1 << 2,        /* RECORD_NO_ENTRY */
	RUN_DEMULTIPLEX = 1 << 3,
	RUN_UNFINISHED = 1 << 4,
	HUGE_LIMIT = 1 << 5,      /* data_limit is as large as a script can make it */
};

struct block {
	uint64_t start, size; /* the last byte may be that of the address space */
	struct input bytes;
	unsigned phases;      /* bit 0: there at entry, bit 1: at exit; none: both */
};

struct fake {
	struct memory memory;
	struct block blocks[BLOCKS];
	unsigned count, phase;
};

static const struct block *block_at(const struct fake *fake, uint64_t address)
{
	for (unsigned i = 0; i < fake->count; i++) {
		const struct block *block = &fake->blocks[i];
		if (block->phases && !(block->phases & fake->phase))
			continue;
		if (address - block->start < block->size)
			return block;
	}
	return NULL;
}

static size_t fake_read(struct memory *memory, uint64_t address, void *buffer, size_t size)
{
	const struct fake *fake = (const struct fake *)memory;
	size_t done = 0;

	assert(size > 0);
	while (done < size) {
		const struct block *block = block_at(fake, address + done);
		if (!block || address + done < address) /* the kernel does not wrap around */
			break;
		uint64_t at = address + done - block->start, left = block->size - at;
		for (; left && done < size; left--, at++)
			((uint8_t *)buffer)[done++] = block->bytes.bytes[at % block->bytes.size];
	}
	return done;
}

static struct fake read_blocks(struct input *input)
{
	struct fake fake = {.memory = {fake_read}};

	while (input->size && fake.count < BLOCKS) {
		struct block block = {.phases = input_number(input, 1) & 3};
		uint64_t page = input_number(input, 1);
		uint64_t repeats = input_number(input, 2);
		block.bytes = input_block(input, input_number(input, 2));
		block.size = block.bytes.size * (repeats ? repeats : 1);
		if (block.size > RECORD_MAX)
			block.size = RECORD_MAX;
		block.start = page == LAST_PAGE ? -block.size : page * PAGE;
		if (block.size)
			fake.blocks[fake.count++] = block;
	}
	return fake;
}

/* What a source does with a call, from its entry to its exit. */
static void run(struct record *record, struct fake *fake, unsigned flags, uint32_t data_limit)
{
	fake->phase = 1;
	if (flags & RUN_DEMULTIPLEX)
		syscall_demultiplex(record, &fake->memory);
	const struct syscall_row *row = syscall_row(record->arch, record->nr);
	if (!row)
		return;
	if (flags & RUN_ENTRY)
		capture_run(row, record, CAPTURE_ENTRY, &fake->memory, data_limit);
	fake->phase = 2;
	record->flags |= (flags & RUN_LATE ? RECORD_NO_ENTRY : 0) |
			 (flags & RUN_UNFINISHED ? RECORD_UNFINISHED : 0);
	if (flags & RUN_EXIT)
		capture_run(row, record, CAPTURE_EXIT, &fake->memory, data_limit);
}

static void check(const struct record *record)
{
	unsigned pieces = 0;

	assert(record->size <= RECORD_MAX && record->size % 8 == 0);
	for (const struct piece *p = record_piece(record, NULL); p; p = record_piece(record, p)) {
		pieces++;
		assert(p->size <= RECORD_MAX && p->arg < RECORD_ARGS && !p->reserved);
	}
	assert(pieces == record->pieces);
}

/* The record in a room full of `filling`, so that bytes nobody wrote are seen. */
static const struct record *captured(struct input input, void *room, int filling)
{
	struct record *record = room;
	unsigned arch = input_number(&input, 1), flags = input_number(&input, 1);
	uint32_t data_limit = input_number(&input, 1) * 16;

	memset(room, filling, RECORD_MAX);
	record_begin(record, RECORD_CALL, 1, 1);
	record->arch = arch % ARCH_COUNT;
	record->nr = (int32_t)input_number(&input, 2);
	record->ret = (int64_t)input_number(&input, 8);
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		record->args[i] = input_number(&input, 8);
	struct fake fake = read_blocks(&input);
	run(record, &fake, flags, flags & HUGE_LIMIT ? RECORD_MAX / 2 : data_limit);
	check(record);
	return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static _Alignas(8) char rooms[2][RECORD_MAX];
	const struct record *record = captured((struct input){bytes, size}, rooms[0], 0x00);
	const struct record *again = captured((struct input){bytes, size}, rooms[1], 0xa5);
	struct record *copy = malloc(record->size);

	assert(copy && record->size == again->size && !memcmp(record, again, record->size));
	memcpy(copy, record, record->size);
	walk_record(copy);
	free(copy);
	return 0;
}
