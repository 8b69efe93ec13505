/* SPDX-License-Identifier: MIT
 *
 * frame: where a task was, as the bytes of a PIECE_STACK: one frame after the other, the innermost
 * first. As all of a record they are plain, go to disk as they are, and may be hostile when read.
 *
 *     struct frame_head | module | name | file | struct frame_head | ...
 */
#ifndef FRAME_H
#define FRAME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAMES_MAX = 64,	  /* of one stack; what called those is left out */
	FRAMES_BYTES = 24u << 10, /* of one stack, with all its names */
	FRAME_TEXT_MAX = 4096,	  /* bytes of a name; longer ones are cut */
};

struct frame_head {
	uint64_t address;	     /* of the instruction that comes next there */
	uint64_t offset;	     /* from the beginning of the module */
	uint32_t line;		     /* 0: not known */
	uint16_t module, name, file; /* sizes of what follows; 0: not known */
	uint16_t reserved[3];	     /* 0 */
};

static_assert(sizeof(struct frame_head) == 32, "on disk");

struct frame {
	uint64_t address, offset;
	uint32_t line;
	const char *module, *name, *file; /* without NUL */
	size_t module_size, name_size, file_size;
};

/* Appends it to `room` bytes of which *size are used. False: it does not fit. */
bool frame_add(void *bytes, size_t *size, size_t room, const struct frame *frame);

/* The frame at *at, which moves on; its texts point into bytes. False at the end, or where the
 * bytes are no frames. */
bool frame_next(const void *bytes, size_t size, size_t *at, struct frame *frame);

#endif
