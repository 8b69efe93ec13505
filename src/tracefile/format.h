/* SPDX-License-Identifier: MIT
 *
 * The trace file, as bytes. Numbers are little-endian.
 *
 *     struct file_head
 *     frame, frame ...:  struct frame_head | zstd frame with content checksum
 *
 * What is in a zstd frame begins with struct content_head. The first frame is the CONTENT_HEADER
 * (header.h), all others that this version writes are CONTENT_RECORDS (columns.h); those of kinds
 * it does not know it skips. Each frame can be read alone, and they are written as the trace goes
 * on, so of a trace that was cut off all but the last frame is there. The last record of a whole
 * file is TRACE_FINISH.
 *
 * A change that older readers would misread raises FORMAT_VERSION; new kinds of frame, record and
 * header field do not.
 */
#ifndef TRACEFILE_FORMAT_H
#define TRACEFILE_FORMAT_H

#include <assert.h>
#include <stdint.h>

#include "record.h"

enum {
	FORMAT_VERSION = 1,
	FRAME_MAGIC = 0x4d524643,	/* "CFRM" */
	FRAME_RECORDS_SIZE = 256 << 10, /* of columns, after which a frame is written */
	CONTENT_MAX = 8 << 20, /* of a frame, unpacked: a header with the longest command line there
				  can be */
};

static const char FILE_MAGIC[8] = {'\x89', 'C', 'P', 'D', '\r', '\n', '\x1a', '\n'};

struct file_head {
	char magic[8];
	uint32_t version; /* FORMAT_VERSION of who wrote it */
	char program[16]; /* its version, as text */
	uint32_t check;	  /* of what is before it: file_head_check */
};

struct frame_head {
	uint32_t magic;
	uint32_t packed; /* bytes of the zstd frame that follows */
};

enum content_kind { CONTENT_HEADER = 1, CONTENT_RECORDS = 2 };

struct content_head {
	uint32_t kind;
	uint32_t sequence; /* number of the frame in the file, from 0 */
};

static_assert(sizeof(struct file_head) == 32, "on disk");
static_assert(sizeof(struct frame_head) == 8, "on disk");
static_assert(sizeof(struct content_head) == 8, "on disk");

/* Records of the trace file's own, among the others: what moved the session. */
enum trace_kind {
	TRACE_START = 0xf0, /* host_start was called. time: start of the trace; pid: the command's;
			       args: host_timers */
	TRACE_TICK,	    /* timers ran. time: of then */
	TRACE_FINISH, /* the trace is over. time: of then; args: wait status of the command or -1,
			 the signal that ended the trace or 0 */
	TRACE_KINDS_END
};

uint32_t file_head_check(const struct file_head *head);

#endif
