/* SPDX-License-Identifier: MIT
 *
 * See recorder.h; format.h has the layout.
 */
#include "tracefile/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "log.h"
#include "tracefile/buffer.h"
#include "tracefile/columns.h"
#include "tracefile/format.h"
#include "tracefile/header.h"
#include "tracefile/index.h"
#include "version.h"

static const uint64_t FRAME_NS = 1000000000;

enum { LEVEL = 3 }; /* of zstd */

struct recorder {
	const char *path;
	struct recording recording;
	int fd;
	int error;     /* errno of the first failure; nothing is written after it */
	uint64_t lost; /* records that are not in the file */
	uint32_t sequence;
	uint64_t position;    /* bytes written: whole frames */
	struct extent so_far; /* what was added */
	struct index index;
	uint32_t last_packed; /* bytes of the last frame, packed */
	uint64_t due_ns;      /* when the frame is to be written, UINT64_MAX: it is empty */
	ZSTD_CCtx *zstd;
	struct columns_writer columns;
	uint8_t *content, *packed; /* scratch for a frame */
	size_t content_room, packed_room;
};

void recorder_widen(struct interest *interest)
{
	memset(interest->calls, 0xff, sizeof interest->calls);
	memset(interest->begun, 0, sizeof interest->begun);
	for (unsigned kind = RECORD_FORK; kind < RECORD_KINDS; kind++)
		interest->kinds |= UINT32_C(1) << kind & ~RECORD_COSTLY;
}

/* --- the file ------------------------------------------------------------------------------------
 */

static void fail(struct recorder *recorder, int error)
{
	if (recorder->error)
		return;
	recorder->error = error;
	log_error("--record %s: %s; the trace goes on, the recording ends here", recorder->path,
		  strerror(error));
	/* Half a frame is of no use to anybody. What cannot be cut (a pipe, a device) stays. */
	if (recorder->fd >= 0 && ftruncate(recorder->fd, recorder->position))
		errno = error;
}

static void write_all(struct recorder *recorder, const void *bytes, size_t size)
{
	const char *p = bytes;
	const size_t whole = size;

	while (size && !recorder->error) {
		ssize_t n = write(recorder->fd, p, size);
		if (n >= 0) {
			p += n;
			size -= n;
		} else if (errno != EINTR) {
			fail(recorder, errno);
		}
	}
	if (!recorder->error)
		recorder->position += whole;
}

/* Where the content of a frame of that size goes, after its head; NULL: no memory. */
static uint8_t *begin_frame(struct recorder *recorder, enum content_kind kind, size_t size)
{
	struct content_head head = {kind, recorder->sequence};

	size += sizeof head;
	if (!buffer_grow(&recorder->content, &recorder->content_room, size) ||
	    !buffer_grow(&recorder->packed, &recorder->packed_room,
			 sizeof(struct frame_head) + ZSTD_compressBound(size)))
		return NULL;
	memcpy(recorder->content, &head, sizeof head);
	return recorder->content + sizeof head;
}

static void end_frame(struct recorder *recorder, size_t size)
{
	struct frame_head head = {.magic = FRAME_MAGIC, .so_far = recorder->so_far};
	struct index_entry entry = {recorder->position, recorder->so_far};
	size_t room = recorder->packed_room - sizeof head;
	size_t packed = ZSTD_compress2(recorder->zstd, recorder->packed + sizeof head, room,
				       recorder->content, sizeof(struct content_head) + size);

	if (ZSTD_isError(packed)) {
		fail(recorder, ENOMEM);
		return;
	}
	head.packed = recorder->last_packed = packed;
	head.check = frame_head_check(&head);
	memcpy(recorder->packed, &head, sizeof head);
	write_all(recorder, recorder->packed, sizeof head + packed);
	recorder->sequence++;
	if (!recorder->error && !index_add(&recorder->index, &entry))
		fail(recorder, ENOMEM);
}

static void write_index(struct recorder *recorder)
{
	struct frame_head tail = {.magic = TAIL_MAGIC, .so_far = recorder->so_far};
	size_t size = recorder->index.count * sizeof *recorder->index.entries;
	uint8_t *to = recorder->error ? NULL : begin_frame(recorder, CONTENT_INDEX, size);

	if (!to)
		return; /* readers do without */
	memcpy(to, recorder->index.entries, size);
	end_frame(recorder, size);
	tail.packed = recorder->last_packed;
	tail.check = frame_head_check(&tail);
	write_all(recorder, &tail, sizeof tail);
}

static void write_records(struct recorder *recorder)
{
	size_t size = columns_size(&recorder->columns);
	uint32_t records = recorder->columns.records;

	recorder->due_ns = UINT64_MAX;
	if (!records)
		return;
	uint8_t *to = begin_frame(recorder, CONTENT_RECORDS, size);
	if (to) {
		columns_write(&recorder->columns, to);
		end_frame(recorder, size);
	} else {
		columns_free(&recorder->columns);
		fail(recorder, ENOMEM);
	}
	if (recorder->error)
		recorder->lost += records;
}

/* --- opening -------------------------------------------------------------------------------------
 */

static bool open_file(struct recorder *recorder)
{
	struct file_head head = {.version = FORMAT_VERSION};

	/* Only for its owner: what programs do is full of secrets. */
	recorder->fd =
		open(recorder->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (recorder->fd < 0) {
		log_error("--record %s: %s", recorder->path, strerror(errno));
		return false;
	}
	memcpy(head.magic, FILE_MAGIC, sizeof head.magic);
	strncpy(head.program, compendium_version, sizeof head.program - 1);
	head.check = file_head_check(&head);
	write_all(recorder, &head, sizeof head);
	return true;
}

struct recorder *recorder_open(const char *path, const struct recording *recording)
{
	struct recorder *recorder = calloc(1, sizeof *recorder);

	if (!recorder)
		return NULL;
	*recorder = (struct recorder){.path = path,
				      .recording = *recording,
				      .fd = -1,
				      .due_ns = UINT64_MAX,
				      .zstd = ZSTD_createCCtx()};
	if (!recorder->zstd) {
		log_error("--record %s: %s", path, strerror(ENOMEM));
	} else if (open_file(recorder)) {
		ZSTD_CCtx_setParameter(recorder->zstd, ZSTD_c_compressionLevel, LEVEL);
		ZSTD_CCtx_setParameter(recorder->zstd, ZSTD_c_checksumFlag, 1);
		return recorder;
	}
	recorder_close(recorder);
	return NULL;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	if (recorder->fd >= 0)
		close(recorder->fd);
	ZSTD_freeCCtx(recorder->zstd);
	columns_free(&recorder->columns);
	index_free(&recorder->index);
	free(recorder->content);
	free(recorder->packed);
	free(recorder);
}

/* What the record adds to the extent. */
static void extend(struct extent *extent, const struct record *record)
{
	uint64_t end_ns = record->time_ns + record->duration_ns;

	if (end_ns > extent->end_ns)
		extent->end_ns = end_ns;
	extent->records += record->kind < RECORD_KINDS;
	extent->tasks += record->kind == RECORD_TASK || record->kind == RECORD_FORK;
}

/* --- recording -----------------------------------------------------------------------------------
 */

void recorder_add(struct recorder *recorder, const struct record *record)
{
	if (recorder->error || !columns_add(&recorder->columns, record)) {
		recorder->lost++;
		return;
	}
	extend(&recorder->so_far, record);
	/* By the records' own clock: asking for the time would cost as much as the rest. */
	if (recorder->due_ns == UINT64_MAX)
		recorder->due_ns = record->time_ns + FRAME_NS;
	if (recorder->columns.size >= FRAME_RECORDS_SIZE)
		write_records(recorder);
}

static void add_own(struct recorder *recorder, enum trace_kind kind, uint64_t time_ns, int32_t pid,
		    uint64_t first, uint64_t second)
{
	struct record record;

	record_begin(&record, (enum record_kind)kind, pid, pid);
	record.time_ns = time_ns;
	record.args[0] = first;
	record.args[1] = second;
	recorder_add(recorder, &record);
}

void recorder_start(struct recorder *recorder, const struct sight *sight, int32_t pid,
		    uint64_t timers)
{
	struct header_bytes bytes = {0};
	uint8_t *to = NULL;

	if (header_write(&bytes, &recorder->recording, sight))
		to = begin_frame(recorder, CONTENT_HEADER, bytes.size);
	if (to) {
		memcpy(to, bytes.bytes, bytes.size);
		end_frame(recorder, bytes.size);
	} else {
		fail(recorder, ENOMEM);
	}
	free(bytes.bytes);
	add_own(recorder, TRACE_START, recorder->recording.start_ns, pid, timers, 0);
}

void recorder_tick(struct recorder *recorder, uint64_t now_ns)
{
	add_own(recorder, TRACE_TICK, now_ns, 0, 0, 0);
}

void recorder_stop(struct recorder *recorder, uint64_t now_ns)
{
	add_own(recorder, TRACE_STOP, now_ns, 0, 0, 0);
}

uint64_t recorder_deadline(const struct recorder *recorder)
{
	return recorder->due_ns;
}

void recorder_flush(struct recorder *recorder, uint64_t now_ns)
{
	if (recorder->due_ns <= now_ns)
		write_records(recorder);
}

void recorder_finish(struct recorder *recorder, uint64_t now_ns, int status, int signal)
{
	add_own(recorder, TRACE_FINISH, now_ns, 0, (uint64_t)(int64_t)status, signal);
	write_records(recorder);
	write_index(recorder);
	/* A full disk behind NFS is reported at close only. */
	if (close(recorder->fd) && errno != EINTR)
		fail(recorder, errno);
	recorder->fd = -1;
	if (recorder->lost)
		log_error("--record %s: %llu records are not in it", recorder->path,
			  (unsigned long long)recorder->lost);
}
