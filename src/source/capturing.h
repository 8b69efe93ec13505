/* SPDX-License-Identifier: MIT
 *
 * capturing: what the two halves of the interpreter share: capture.c runs programs and reads plain
 * memory, vectors.c what iovec arrays and messages point to.
 */
#ifndef CAPTURING_H
#define CAPTURING_H

#include <string.h>

#include "source/capture.h"

/* One run of a row's program. */
struct capture {
	const struct syscall_row *row;
	struct record *record;
	struct memory *memory;
	uint32_t data_limit;
	bool entry; /* what the kernel is told is read now */
	bool exit;  /* what the kernel wrote is read now */
	uint8_t at; /* flag of the pieces */
};

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t load(const void *bytes, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, bytes, size);
	return value;
}

/* The register `slot` as a pointer, and the register that has the step's length. */
uint64_t capture_pointer(const struct capture *capture, unsigned slot);
uint64_t capture_count(const struct capture *capture, const struct capture_step *step);

/* The piece of that time: `at` is PIECE_AT_ENTRY or 0. NULL: there is none. */
const struct piece *capture_find(const struct record *record, uint8_t arg, uint8_t part, uint32_t index,
				 uint8_t at);

/* What still fits in the record; a piece that is too large is cut rather than left out. */
size_t capture_room(const struct record *record);

/* Closes the open piece: of `wanted` bytes `got` were read, and there are `whole` in all. */
void capture_commit(struct capture *capture, size_t got, size_t wanted, uint64_t whole);

/* A piece of `whole` bytes at address, of which at most `limit` are kept. Returns the bytes, or NULL
 * when not all of these could be read or fit in the record. */
const void *capture_memory(struct capture *capture, uint8_t arg, uint8_t part, uint32_t index,
			   uint64_t address, uint64_t whole, uint64_t limit);

/* CAPTURE_IOVEC, CAPTURE_MESSAGE, CAPTURE_MESSAGES. */
void run_vector(struct capture *capture, const struct capture_step *step);
void run_message(struct capture *capture, const struct capture_step *step);
void run_messages(struct capture *capture, const struct capture_step *step);

#endif
