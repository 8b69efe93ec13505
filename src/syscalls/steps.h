/* SPDX-License-Identifier: MIT
 *
 * steps: the capture program of a call. Generated from the table; run by source/capture.c, and by
 * every other interpreter of the same programs.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stdint.h>

/* What a step reads. */
enum capture_op {
	CAPTURE_STRING,   /* up to the NUL */
	CAPTURE_STRINGS,  /* a NULL-terminated array of strings */
	CAPTURE_BYTES,    /* as many bytes as the length says */
	CAPTURE_PAYLOAD,  /* the same, cut at the data limit, and nothing when that is 0 */
	CAPTURE_IOVEC,    /* entry: the array, and its payload when the kernel reads it */
	CAPTURE_MESSAGE,  /* struct msghdr and what it points to */
	CAPTURE_MESSAGES, /* an array of struct mmsghdr and what they point to */
};

/* Where the number of elements comes from. */
enum capture_length {
	LENGTH_FIXED,   /* one element of `unit` bytes */
	LENGTH_COUNT,   /* the register length_slot */
	LENGTH_BITS,    /* the register length_slot counts bits, stored in longs: fd_set */
	LENGTH_RESULT,  /* the call's result, at most the register length_slot */
	LENGTH_IF_RESULT, /* one element of `unit` bytes when the result is not 0, else none */
	LENGTH_POINTED, /* the socklen_t that register length_slot points to, at most what it was at entry */
};

enum {
	CAPTURE_AT_ENTRY = 1 << 0,
	CAPTURE_AT_EXIT = 1 << 1,
	CAPTURE_KERNEL_WRITES = 1 << 2, /* vectors: the kernel fills the payload, so it is read at exit */
};

/* One step: "read that memory then". Steps run in order; one that needs a length in memory comes
 * after the step that captures this length. */
struct capture_step {
	uint8_t op;          /* enum capture_op */
	uint8_t flags;       /* CAPTURE_AT_ENTRY ... */
	uint8_t arg;         /* number of the argument: becomes the piece's */
	uint8_t slot;        /* the register that points to the memory */
	uint8_t length;      /* enum capture_length */
	uint8_t length_slot; /* the register it is about */
	uint8_t length_arg;  /* number of that argument */
	uint8_t length_bytes; /* how wide that argument is: 4 or 8 */
	uint32_t unit;       /* bytes of an element */
	uint32_t max;        /* bytes at most: the size of what we know of a struct; 0: CAPTURE_LIMIT */
};

#endif
