/* SPDX-License-Identifier: MIT
 *
 * interest: what the scripts hook, computed once by the script host before the trace starts and
 * handed to the source. What is not in it is neither read, decoded nor copied.
 */
#ifndef INTEREST_H
#define INTEREST_H

#include <stddef.h>

#include "record.h"

#define INTEREST_NRS 1024 /* system call numbers an architecture can have; x32 without its bit 30. The
			     last one, which is no call's, stands for all numbers from there on */

struct interest {
	uint64_t calls[ARCH_COUNT][INTEREST_NRS / 64];  /* hooked when completed */
	uint64_t enters[ARCH_COUNT][INTEREST_NRS / 64]; /* hooked before the kernel runs them */
	uint32_t kinds;      /* bit per enum record_kind that somebody wants; RECORD_FORK, _EXEC, _EXIT,
				_TASK and _LOST are always sent */
	uint32_t data_limit; /* bytes kept of each read or written buffer; 0: buffers are not captured */
	uint64_t stacks[ARCH_COUNT][INTEREST_NRS / 64]; /* of those that are hooked: with the user's stack.
							   Last in a trace file: older ones end before it */
	uint64_t begun[ARCH_COUNT][INTEREST_NRS / 64];  /* of those that are hooked when completed: nobody
							   looks at the event, so that a source may tell
							   of them when they begin, if that costs less */
};

#define INTEREST_KEPT offsetof(struct interest, begun) /* bytes of it that are in a trace file */

static inline bool interest_has(const uint64_t (*set)[INTEREST_NRS / 64], unsigned arch, unsigned nr)
{
	if (nr >= INTEREST_NRS)
		nr = INTEREST_NRS - 1;
	return arch < ARCH_COUNT && (set[arch][nr / 64] >> (nr % 64) & 1);
}

static inline bool interest_any(const uint64_t (*set)[INTEREST_NRS / 64])
{
	for (unsigned i = 0; i < ARCH_COUNT * INTEREST_NRS / 64; i++)
		if (set[i / (INTEREST_NRS / 64)][i % (INTEREST_NRS / 64)])
			return true;
	return false;
}

static inline void interest_add(uint64_t (*set)[INTEREST_NRS / 64], unsigned arch, unsigned nr)
{
	if (arch < ARCH_COUNT && nr < INTEREST_NRS)
		set[arch][nr / 64] |= UINT64_C(1) << (nr % 64);
}

#endif
