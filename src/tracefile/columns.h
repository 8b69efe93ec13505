/* SPDX-License-Identifier: MIT
 *
 * columns: records as a trace file keeps them: field by field instead of record by record, and as
 * the difference to what the field was in the last record of the same call. Nothing is lost but
 * padding; zstd does the rest, and finds several times as much as in the records as they are.
 *
 * Layout: uint32_t records, uint32_t size of each column, then the columns. A number is a LEB128 of
 * its zigzag.
 */
#ifndef TRACEFILE_COLUMNS_H
#define TRACEFILE_COLUMNS_H

#include "record.h"

/* ORDER is the file's. */
enum column {
	COLUMN_KIND, /* a byte each: kind and arch */
	COLUMN_FLAGS,
	COLUMN_TIME, /* since the last record's */
	COLUMN_DURATION,
	COLUMN_TID, /* since the last record's; and pid - tid */
	COLUMN_NR,
	COLUMN_ARGS, /* RECORD_ARGS of them: since the last one's of the same call */
	COLUMN_RET = COLUMN_ARGS + RECORD_ARGS,
	COLUMN_PIECES, /* how many; for each: arg, part, flags, index, size, count - size */
	COLUMN_BYTES,  /* of pieces, without padding */
	COLUMNS
};

enum { CONTEXTS = 512 + 64 };

/* What fields were last. */
struct column_memory {
	uint64_t time_ns;
	int32_t tid;
	struct {
		uint64_t args[RECORD_ARGS], ret;
	} calls[CONTEXTS];
};

struct columns_writer {
	struct column_memory memory;
	struct column_bytes {
		uint8_t *bytes;
		size_t size, room;
	} columns[COLUMNS];
	size_t size; /* of all */
	uint32_t records;
};

/* Appends. False: no memory; nothing was appended. */
bool columns_add(struct columns_writer *writer, const struct record *record);
/* Bytes that columns_write writes. */
size_t columns_size(const struct columns_writer *writer);
/* Writes all that was added, and begins anew. */
void columns_write(struct columns_writer *writer, uint8_t *to);
void columns_free(struct columns_writer *writer);

struct columns_reader {
	struct column_memory memory;
	struct {
		const uint8_t *next, *end;
	} columns[COLUMNS];
	uint32_t left; /* records */
};

/* Begins to read what columns_write wrote; the bytes must stay. False: it is not that. */
bool columns_open(struct columns_reader *reader, const uint8_t *bytes, size_t size);
/* The next record into `record`, which has RECORD_MAX bytes. 1, 0 when there are no more, -EBADMSG
 * when the bytes cannot have been written by columns_write. What it gives is a record whose pieces
 * are within it. */
int columns_next(struct columns_reader *reader, struct record *record);

#endif
