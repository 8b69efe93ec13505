/* SPDX-License-Identifier: MIT
 *
 * See reader.h; format.h has the layout.
 */
#include "tracefile/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "tracefile/buffer.h"
#include "tracefile/columns.h"
#include "tracefile/format.h"
#include "version.h"

enum { GROW = 256 << 10 };

struct reader {
	int fd;
	int ended; /* what reader_next says from now on, or 0 */
	char problem[256];
	bool has_head;
	bool has_header;
	bool is_finished; /* TRACE_FINISH was seen: nothing of the trace is behind it */
	bool has_tail;
	struct header header;
	uint64_t position; /* in the file: of the frame that is read, or will be */
	uint64_t frame;	   /* of the frame whose records are given */
	size_t used;	   /* bytes of it in `packed` */
	uint32_t sequence; /* of the next frame */
	uint64_t unknown;
	ZSTD_DCtx *zstd;
	uint8_t *packed, *content;
	size_t packed_room, content_room;
	struct columns_reader columns;
	_Alignas(8) char record[RECORD_MAX];
};

struct reader *reader_new(int fd)
{
	struct reader *reader = calloc(1, sizeof *reader);

	if (!reader || !(reader->zstd = ZSTD_createDCtx())) {
		free(reader);
		return NULL;
	}
	reader->fd = fd;
	return reader;
}

void reader_free(struct reader *reader)
{
	if (!reader)
		return;
	close(reader->fd);
	ZSTD_freeDCtx(reader->zstd);
	header_free(&reader->header);
	free(reader->packed);
	free(reader->content);
	free(reader);
}

/* --- problems ------------------------------------------------------------------------------------
 */

/* What is wrong with the file as a whole. */
static int refuse(struct reader *reader, int error, const char *what)
{
	reader->ended = -error;
	snprintf(reader->problem, sizeof reader->problem, "%s", what);
	return reader->ended;
}

/* What is wrong at the frame that is read. */
static int fail(struct reader *reader, int error, const char *what)
{
	reader->ended = -error;
	snprintf(reader->problem, sizeof reader->problem, "%s at byte %llu", what,
		 (unsigned long long)reader->position);
	return reader->ended;
}

static int damaged(struct reader *reader)
{
	if (reader->is_finished)
		return fail(reader, EBADMSG,
			    "damaged behind the end of the trace, of which nothing is missing,");
	return fail(reader, EBADMSG,
		    reader->has_header ? "damaged: what is behind it is not shown," : "damaged");
}

/* --- bytes ---------------------------------------------------------------------------------------
 */

/* Reads until `size` bytes of the frame are there. 1; 0: not now; -ENODATA: the file ends before;
 * or an error. Memory grows with what is there and not with what a length claims. */
static int fill(struct reader *reader, size_t size)
{
	while (reader->used < size) {
		size_t room = size - reader->used < GROW ? size : reader->used + GROW;
		struct pollfd readable = {.fd = reader->fd, .events = POLLIN};
		if (!buffer_grow(&reader->packed, &reader->packed_room, room))
			return -ENOMEM;
		if (poll(&readable, 1, 0) == 0)
			return 0;
		ssize_t n = read(reader->fd, reader->packed + reader->used, room - reader->used);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return 0;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		reader->used += n;
	}
	return 1;
}

static void consume(struct reader *reader, size_t size)
{
	reader->frame = reader->position;
	reader->position += size;
	reader->used = 0;
}

/* --- frames --------------------------------------------------------------------------------------
 */

static int read_head(struct reader *reader)
{
	struct file_head head;
	int got = fill(reader, sizeof head);

	if (reader->used >= sizeof head.magic &&
	    memcmp(reader->packed, FILE_MAGIC, sizeof head.magic) != 0)
		return refuse(reader, EBADMSG, "not a trace file");
	if (got == -ENODATA)
		return refuse(reader, EBADMSG,
			      reader->used ? "not a trace file, or only the beginning of one"
					   : "is empty, and so not a trace file");
	if (got <= 0)
		return got;
	memcpy(&head, reader->packed, sizeof head);
	if (head.check != file_head_check(&head))
		return damaged(reader);
	if (head.version != FORMAT_VERSION) {
		snprintf(reader->problem, sizeof reader->problem,
			 "made by compendium %.*s, in format %u; this is compendium %s, which "
			 "reads format %u",
			 (int)sizeof head.program, head.program, head.version, compendium_version,
			 (unsigned)FORMAT_VERSION);
		return reader->ended = -EPROTO;
	}
	reader->has_head = true;
	consume(reader, sizeof head);
	return 1;
}

/* The bytes of the frame that was read -> its content. Its size, or 0 when that cannot be had. */
static size_t unpack(struct reader *reader, size_t packed)
{
	const uint8_t *bytes = reader->packed + sizeof(struct frame_head);
	unsigned long long size = ZSTD_getFrameContentSize(bytes, packed);

	if (size > CONTENT_MAX || size < sizeof(struct content_head) ||
	    !buffer_grow(&reader->content, &reader->content_room, size))
		return 0;
	size_t got = ZSTD_decompressDCtx(reader->zstd, reader->content, size, bytes, packed);
	return got == size ? got : 0;
}

/* What the content means. 1 or an error. */
static int take_content(struct reader *reader, size_t size)
{
	struct content_head head;
	const uint8_t *body = reader->content + sizeof head;

	memcpy(&head, reader->content, sizeof head);
	if (head.sequence != reader->sequence++ ||
	    (head.kind == CONTENT_HEADER) == reader->has_header)
		return damaged(reader);
	switch (head.kind) {
	case CONTENT_HEADER:
		if (header_read(&reader->header, body, size - sizeof head))
			return damaged(reader);
		reader->has_header = true;
		return 1;
	case CONTENT_RECORDS:
		return columns_open(&reader->columns, body, size - sizeof head) ? 1
										: damaged(reader);
	case CONTENT_INDEX:
		return 1;
	default:
		reader->unknown++;
		return 1;
	}
}

static int end_of_file(struct reader *reader)
{
	if (reader->is_finished) /* cut within the index, it lacks nothing */
		return reader->ended = -ENODATA;
	if (reader->used)
		return fail(reader, EBADMSG, "ends within the frame");
	return fail(reader, EBADMSG,
		    reader->has_header ? "has no end (was the trace cut off?): it stops"
				       : "holds no trace: it stops");
}

static int take_tail(struct reader *reader)
{
	if (!reader->is_finished)
		return damaged(reader);
	reader->has_tail = true;
	consume(reader, sizeof(struct frame_head));
	return 1;
}

/* 1: a frame was read; as reader_next else. */
static int read_frame(struct reader *reader)
{
	struct frame_head head;
	int got = reader->has_head ? fill(reader, sizeof head) : read_head(reader);

	if (got <= 0 || !reader->used)
		return got == -ENODATA ? end_of_file(reader) : got;
	memcpy(&head, reader->packed, sizeof head);
	if (reader->is_finished && memcmp(&head, FILE_MAGIC, sizeof FILE_MAGIC) == 0)
		return fail(reader, EBADMSG,
			    "followed by another recording, which is not shown (--replay takes one "
			    "a file),");
	if (reader->has_tail || head.check != frame_head_check(&head) || head.packed > PACKED_MAX)
		return damaged(reader);
	if (head.magic == TAIL_MAGIC)
		return take_tail(reader);
	if (head.magic != FRAME_MAGIC)
		return damaged(reader);
	got = fill(reader, sizeof head + head.packed);
	if (got <= 0)
		return got == -ENODATA ? end_of_file(reader) : got;
	size_t size = unpack(reader, head.packed);
	got = size ? take_content(reader, size) : damaged(reader);
	if (got > 0)
		consume(reader, sizeof head + head.packed);
	return got;
}

/* --- records -------------------------------------------------------------------------------------
 */

static bool is_known(const struct record *record)
{
	return (record->kind > RECORD_NONE && record->kind < RECORD_KINDS) ||
	       (record->kind >= TRACE_START && record->kind < TRACE_KINDS_END);
}

int reader_next(struct reader *reader, const struct record **result)
{
	struct record *record = (struct record *)reader->record;

	while (!reader->ended) {
		int got = columns_next(&reader->columns, record);
		if (got > 0 && is_known(record)) {
			reader->is_finished |= record->kind == TRACE_FINISH;
			*result = record;
			return 1;
		}
		reader->unknown += got > 0;
		if (got < 0)
			reader->position = reader->frame;
		if (got == 0 && (got = read_frame(reader)) == 0)
			return 0;
		if (got < 0 && !reader->ended)
			return got == -EBADMSG ? damaged(reader)
					       : fail(reader, -got, strerror(-got));
	}
	return reader->ended;
}

const struct header *reader_header(const struct reader *reader)
{
	return reader->has_header ? &reader->header : NULL;
}

const char *reader_problem(const struct reader *reader)
{
	return *reader->problem ? reader->problem : NULL;
}

uint64_t reader_position(const struct reader *reader)
{
	return reader->position;
}

uint64_t reader_unknown(const struct reader *reader)
{
	return reader->unknown;
}

int reader_fd(const struct reader *reader)
{
	return reader->fd;
}
