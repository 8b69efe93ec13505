/* SPDX-License-Identifier: MIT
 *
 * header: what a trace file says before its first record: what was traced, where, when, and what
 * was not seen.
 *
 * As bytes: struct header_field, its bytes, without padding, and so on. Fields whose tag is not
 * known are passed over; a list is a field for each of its strings.
 */
#ifndef TRACEFILE_HEADER_H
#define TRACEFILE_HEADER_H

#include "interest.h"
#include "run.h"
#include "sight.h"
#include "source/source.h"

struct recording;

enum header_tag {
	HEADER_HOST = 1,
	HEADER_BOOT,
	HEADER_RUN, /* struct identity */
	HEADER_KERNEL,
	HEADER_MACHINE,	 /* uname(2): release, machine */
	HEADER_SOURCE,	 /* struct sight: source */
	HEADER_ARGUMENT, /* of the command, each */
	HEADER_PID,	 /* int32_t: attached to, each */
	HEADER_VARIABLE, /* of the environment, each: NAME, or NAME=value */
	HEADER_TIMES,	 /* uint64_t: start in CLOCK_MONOTONIC, in CLOCK_REALTIME */
	HEADER_INTEREST, /* struct interest: what was asked for, and could be had */
	HEADER_SIGHT,	 /* struct sight: flags, user */
	HEADER_REMARK,
	HEADER_NO_FAULTS, /* struct sight: remark, why_no_faults */
	HEADER_NO_LATENCY, /* struct sight: why_no_latency */
};

struct header_field {
	uint32_t tag, size;
};

struct header {
	struct identity identity;
	char kernel[65], machine[65];
	struct sight sight;
	uint64_t start_ns, wallclock_ns;
	struct interest interest;
	char **command; /* NULL-terminated; NULL: attached */
	size_t command_count;
	char **variables; /* NULL-terminated; NULL: none */
	size_t variable_count;
	int32_t *pids;
	size_t pid_count;
};

/* A buffer that grows. */
struct header_bytes {
	uint8_t *bytes;
	size_t size, room;
};

/* False: no memory. */
bool header_write(struct header_bytes *to, const struct recording *recording,
		  const struct sight *sight);

/* Reads what header_write wrote. 0, -EBADMSG or -ENOMEM. */
int header_read(struct header *header, const uint8_t *bytes, size_t size);
void header_free(struct header *header);

#endif
