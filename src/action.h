/* SPDX-License-Identifier: MIT
 *
 * action: what scripts want done to a call that is about to run. The script host fills it while the
 * hooks of a RECORD_ENTER run, the session hands it to the source that holds the task.
 */
#ifndef ACTION_H
#define ACTION_H

#include <stdint.h>

#include "record.h"

enum {
	ACTION_CHANGES = 32,       /* arguments and places in memory that one action may change */
	ACTION_BYTES = 16u << 10,  /* what they take together */
};

/* Bits of action.what. */
enum {
	ACTION_SKIP = 1 << 0,   /* the kernel does not run the call; `result` is what it returns */
	ACTION_DELAY = 1 << 1,  /* it runs `delay_ns` later */
	ACTION_SIGNAL = 1 << 2, /* the task gets `signal` */
	ACTION_CHANGE = 1 << 3, /* the first `change_count` of `changes` are made before it runs */
};

struct change {
	enum {
		CHANGE_VALUE,   /* argument `arg` is `value` */
		CHANGE_POINTED, /* argument `arg` points to a copy of the bytes, until the call returns */
		CHANGE_MEMORY,  /* the bytes are at the address `value` from now on */
	} kind;
	uint8_t arg;            /* 0-5, of the call as its record has it */
	uint32_t size, offset;  /* of the bytes, in action.bytes */
	uint64_t value;
};

struct action {
	uint32_t what;
	int signal;
	int64_t result;         /* as the kernel returns it: -4095..-1 are errors */
	uint64_t delay_ns;
	unsigned change_count;
	uint32_t byte_count;
	struct change changes[ACTION_CHANGES];
	uint8_t bytes[ACTION_BYTES];
};

#endif
