/* SPDX-License-Identifier: MIT
 *
 * sight: what those who saw a trace could and could not see. It is told when the trace begins,
 * stands in a recording, and is told again in the same words when that is replayed.
 */
#ifndef SIGHT_H
#define SIGHT_H

#include <stdint.h>

#include "interest.h"

enum {
	SIGHT_ATTACHED = 1 << 0, /* the trace began in the middle */
	SIGHT_NO_RING = 1 << 1,	 /* what goes through io_uring's memory is not seen */
	SIGHT_NO_FAULTS =
		1 << 2, /* page faults were wanted and could not be had: `why_no_faults` */
	SIGHT_NO_KERNEL_FAULTS = 1 << 3, /* those in the kernel could not */
	SIGHT_NO_LATENCY = 1 << 4, /* the same of waits for CPUs or disks: `why_no_latency` */
};

struct sight {
	uint32_t flags;
	uint32_t user;		 /* whose rights they had: effective user id */
	char source[32];	 /* name of the source */
	char remark[512];	 /* that follows it: why it is not the best one; or "" */
	char why_no_faults[512]; /* one line, or "" */
	char why_no_latency[512];
};

/* Says it, to those who ask with -v; what was wanted and could not be had, to everyone. */
void sight_tell(const struct sight *sight, const struct interest *interest);

#endif
