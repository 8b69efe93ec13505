/* SPDX-License-Identifier: MIT
 *
 * The trace file, as bytes. Numbers are little-endian.
 *
 *     struct file_head
 *     frame, frame ...:  struct frame_head | zstd frame with content checksum
 *     the tail:          struct frame_head with TAIL_MAGIC, and nothing behind it
 *
 * What is in a zstd frame begins with struct content_head. The first frame is the CONTENT_HEADER
 * (header.h), the last one CONTENT_INDEX (index.h), the others are CONTENT_RECORDS (columns.h);
 * those of kinds it does not know a reader skips. Each frame can be read alone, and they are
 * written as the trace goes on, so of a trace that was cut off all but the last frame is there. The
 * last record of a whole file is TRACE_FINISH; what is behind it only says again what is known.
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
	TAIL_MAGIC = 0x444e4543,	/* "CEND" */
	FRAME_RECORDS_SIZE = 256 << 10, /* of columns, after which a frame is written */
	CONTENT_MAX = 8 << 20, /* of a frame, unpacked: a header with the longest command line there
				  can be */
	PACKED_MAX = CONTENT_MAX + (CONTENT_MAX >> 8) + 64, /* ZSTD_COMPRESSBOUND of it */
};

static const char FILE_MAGIC[8] = {'\x89', 'C', 'P', 'D', '\r', '\n', '\x1a', '\n'};

struct file_head {
	char magic[8];
	uint32_t version; /* FORMAT_VERSION of who wrote it */
	char program[16]; /* its version, as text */
	uint32_t check;	  /* of what is before it: file_head_check */
};

/* How far a trace has come. */
struct extent {
	uint64_t end_ns;  /* CLOCK_MONOTONIC: the latest end of a record; 0: there was none */
	uint64_t records; /* the program's, not the trace file's own */
	uint64_t tasks;	  /* that were there at the start or came into being */
};

struct frame_head {
	uint32_t magic;
	uint32_t packed; /* bytes of the zstd frame that follows; in the tail: of the one before */
	struct extent so_far; /* with what is in this frame */
	uint32_t reserved;    /* 0 */
	uint32_t check;	      /* of what is before it: frame_head_check */
};

enum content_kind { CONTENT_HEADER = 1, CONTENT_RECORDS = 2, CONTENT_INDEX = 3 };

struct content_head {
	uint32_t kind;
	uint32_t sequence; /* number of the frame in the file, from 0 */
};

/* CONTENT_INDEX is an array of them. */
struct index_entry {
	uint64_t position;    /* in the file, of a frame */
	struct extent so_far; /* as in its head */
};

static_assert(sizeof(struct file_head) == 32, "on disk");
static_assert(sizeof(struct frame_head) == 40, "on disk");
static_assert(sizeof(struct index_entry) == 32, "on disk");
static_assert(sizeof(struct content_head) == 8, "on disk");

/* Records of the trace file's own, among the others: what moved the session. */
enum trace_kind {
	TRACE_START = 0xf0, /* host_start was called. time: start of the trace; pid: the command's;
			       args: host_timers */
	TRACE_TICK,	    /* timers ran. time: of then */
	TRACE_STOP, /* a script ended the trace (os.exit, --strict): what follows is how that went.
		       time: of then */
	TRACE_FINISH, /* the trace is over. time: of then; args: wait status of the command or -1,
			 the signal that ended the trace or 0 */
	TRACE_KINDS_END
};

uint32_t file_head_check(const struct file_head *head);
uint32_t frame_head_check(const struct frame_head *head);

#endif
