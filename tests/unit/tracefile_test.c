/* SPDX-License-Identifier: MIT
 *
 * The trace file: what is written is read back as it was, and no file, however cut or damaged, does
 * more than end.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/replay/replay.h"
#include "tracefile/columns.h"
#include "tracefile/format.h"
#include "tracefile/index.h"
#include "tracefile/reader.h"
#include "tracefile/recorder.h"

enum { RECORDS = 60, DAMAGES = 100000, ROOM = 1 << 20 };

static _Alignas(8) char scratch[RECORD_MAX];

static uint64_t random_state = 88172645463325252;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

/* A record with everything in it; the extremes too. */
static struct record *make_record(unsigned i)
{
	static const uint64_t extremes[] = {
		0, 1, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, 0x7ffdeadbeef};
	struct record *record = (struct record *)scratch;
	char text[300];

	record_begin(record, RECORD_CALL + i % (RECORD_KINDS - 1), 100 + i % 3,
		     INT32_MAX - (int32_t)i);
	record->arch = i % ARCH_COUNT;
	record->flags = i % 32;
	record->time_ns = 1000000 + i * 1000 - (i % 7 == 6 ? 5000 : 0); /* not always in order */
	record->duration_ns = i % 5 ? i * 77 : UINT64_MAX;
	record->nr = i % 11 ? (int32_t)i : -1;
	for (int k = 0; k < RECORD_ARGS; k++)
		record->args[k] = extremes[(i + k) % (sizeof extremes / sizeof *extremes)];
	record->ret = (int64_t)extremes[i % (sizeof extremes / sizeof *extremes)];
	memset(text, 'a' + i % 26, sizeof text);
	for (unsigned k = 0; k < i % 4; k++)
		record_add(record, k, PIECE_SELF, i * k, text, (i * 13 + k) % sizeof text, k % 8);
	if (i % 9 == 8) { /* cut: the whole was larger */
		memset(record_reserve(record, 5, PIECE_DATA, 3, 8), 'x', 8);
		record_commit(record, 8, UINT32_MAX, PIECE_TRUNCATED);
	}
	return record;
}

/* ---- a file */

static char *const command[] = {"prog", "--flag", "a b", "", NULL};
static const struct target target = {.command = (char **)command};
static struct interest interest;
static struct run run = {.number = 1,
			 .count = 1,
			 .wallclock_ns = 1700000000000000000,
			 .identity = {"host", "boot", "run"}};

static const struct sight sight = {.flags = SIGHT_ATTACHED | SIGHT_NO_FAULTS,
				   .user = 1000,
				   .source = "a test",
				   .remark = ", as there is no other",
				   .why_no_faults = "because"};

static struct recorder *record_to(const char *path, unsigned from, unsigned to)
{
	struct recording recording = {
		.run = &run, .target = &target, .interest = &interest, .start_ns = 999};
	struct recorder *recorder = recorder_open(path, &recording);

	assert_non_null(recorder);
	recorder_start(recorder, &sight, 4711, 42);
	for (unsigned i = from; i < to; i++) {
		recorder_add(recorder, make_record(i));
		if (i % 20 == 19)
			recorder_flush(recorder, UINT64_MAX - 1);
	}
	return recorder;
}

/* A whole file of RECORDS records as bytes. */
static size_t make_file(uint8_t *bytes)
{
	char path[] = "/tmp/tracefile_test.XXXXXX";
	int fd = mkstemp(path);
	struct recorder *recorder = record_to(path, 0, RECORDS);

	recorder_tick(recorder, 5000000);
	recorder_finish(recorder, 9000000, 256, 15);
	recorder_close(recorder);
	ssize_t size = read(fd, bytes, ROOM);
	unlink(path);
	close(fd);
	assert_true(size > 0 && size < ROOM);
	return size;
}

static int file_of(const uint8_t *bytes, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("tracefile", 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, bytes, size, 0), size);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static struct reader *open_bytes(const uint8_t *bytes, size_t size)
{
	struct reader *reader = reader_new(dup(file_of(bytes, size)));

	assert_non_null(reader);
	return reader;
}

/* Where the last frame with that magic begins, before `end`. */
static size_t frame_before(const uint8_t *bytes, size_t end, const char *magic)
{
	do
		end--;
	while (memcmp(bytes + end, magic, 4) != 0);
	return end;
}

/* Where the index begins: all of the trace is before it. */
static size_t index_of(const uint8_t *bytes, size_t size)
{
	return frame_before(bytes, frame_before(bytes, size, "CEND"), "CFRM");
}

/* ---- what is read */

/* Pieces are compared as well: the bytes are the same, padding included. */
static void check_same(const struct record *got, const struct record *expected)
{
	assert_int_equal(got->size, expected->size);
	assert_memory_equal(got, expected, expected->size);
}

struct outcome {
	unsigned records; /* the program's */
	unsigned ticks, starts, finishes;
	int end;
};

/* Reads to the end; every record is what was written, in order. */
static struct outcome read_all(struct reader *reader)
{
	struct outcome outcome = {0};
	const struct record *record;

	while ((outcome.end = reader_next(reader, &record)) > 0) {
		outcome.starts += record->kind == TRACE_START;
		outcome.ticks += record->kind == TRACE_TICK;
		outcome.finishes += record->kind == TRACE_FINISH;
		if (record->kind < RECORD_KINDS)
			check_same(record, make_record(outcome.records++));
	}
	return outcome;
}

static void all_comes_back_as_it_was(void **state)
{
	static uint8_t bytes[ROOM];
	struct reader *reader = open_bytes(bytes, make_file(bytes));
	struct outcome outcome = read_all(reader);
	const struct header *header = reader_header(reader);

	(void)state;
	assert_int_equal(outcome.end, -ENODATA);
	assert_null(reader_problem(reader));
	assert_int_equal(outcome.records, RECORDS);
	assert_int_equal(outcome.ticks, 1);
	assert_int_equal(outcome.starts, 1);
	assert_int_equal(outcome.finishes, 1);
	assert_int_equal(header->command_count, 4);
	for (int i = 0; i < 4; i++)
		assert_string_equal(header->command[i], command[i]);
	assert_null(header->command[4]);
	assert_memory_equal(&header->sight, &sight, sizeof sight);
	assert_string_equal(header->identity.host, "host");
	assert_string_equal(header->identity.run, "run");
	assert_int_equal(header->start_ns, 999);
	assert_int_equal(header->wallclock_ns, 1700000000000000000);
	assert_memory_equal(&header->interest, &interest, INTEREST_KEPT);
	reader_free(reader);
}

static void the_session_s_own_records_say_how_it_went(void **state)
{
	static uint8_t bytes[ROOM];
	struct reader *reader = open_bytes(bytes, make_file(bytes));
	const struct record *record;

	(void)state;
	assert_int_equal(reader_next(reader, &record), 1);
	assert_int_equal(record->kind, TRACE_START);
	assert_int_equal(record->time_ns, 999);
	assert_int_equal(record->pid, 4711);
	assert_int_equal(record->args[0], 42);
	while (reader_next(reader, &record) > 0 && record->kind != TRACE_TICK)
		;
	assert_int_equal(record->time_ns, 5000000);
	assert_int_equal(reader_next(reader, &record), 1);
	assert_int_equal(record->kind, TRACE_FINISH);
	assert_int_equal(record->time_ns, 9000000);
	assert_int_equal(record->args[0], 256);
	assert_int_equal(record->args[1], 15);
	reader_free(reader);
}

/* The largest record there can be is larger than a frame is meant to be. */
static void the_largest_record_fits(void **state)
{
	struct columns_writer writer = {0};
	struct columns_reader reader;
	static _Alignas(8) char copy[RECORD_MAX];
	struct record *record = (struct record *)scratch;

	(void)state;
	record_begin(record, RECORD_CALL, 1, 1);
	memset(record_reserve(record, 0, PIECE_DATA, 0, 100), 1, 100);
	record_commit(record, 100, 100, 0);
	size_t room = RECORD_MAX - record->size - sizeof(struct piece);
	memset(record_reserve(record, 1, PIECE_DATA, 0, room), 2, room);
	record_commit(record, room, room, 0);
	assert_int_equal(record->size, RECORD_MAX);
	assert_true(columns_add(&writer, record));
	size_t size = columns_size(&writer);
	uint8_t *bytes = malloc(size);
	columns_write(&writer, bytes);
	assert_true(columns_open(&reader, bytes, size));
	assert_int_equal(columns_next(&reader, (struct record *)copy), 1);
	check_same((struct record *)copy, record);
	assert_int_equal(columns_next(&reader, (struct record *)copy), 0);
	columns_free(&writer);
	free(bytes);
}

/* ---- files that are not whole */

static void each_place_where_a_file_may_end(void **state)
{
	static uint8_t bytes[ROOM];
	size_t size = make_file(bytes), trace = index_of(bytes, size);
	unsigned most = 0;

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		struct reader *reader = open_bytes(bytes, cut);
		struct outcome outcome = read_all(reader);
		if (cut >= trace) { /* nothing but the index is missing */
			assert_int_equal(outcome.end, -ENODATA);
			assert_int_equal(outcome.records, RECORDS);
			assert_null(reader_problem(reader));
			reader_free(reader);
			continue;
		}
		assert_int_equal(outcome.end, -EBADMSG);
		assert_non_null(strstr(reader_problem(reader), cut < sizeof(struct file_head)
								       ? "not a trace file"
								       : "at byte "));
		assert_true(outcome.records >= most); /* what came before the cut is there */
		most = outcome.records;
		reader_free(reader);
	}
	assert_in_range(most, RECORDS - 20, RECORDS);
}

static void damages_at_random(void **state)
{
	static uint8_t bytes[ROOM], broken[ROOM];
	size_t size = make_file(bytes);
	unsigned noticed = 0;

	(void)state;
	for (unsigned i = 0; i < DAMAGES; i++) {
		memcpy(broken, bytes, size);
		for (unsigned n = random_number() % 4 + 1; n; n--) {
			size_t at = random_number() % size;
			size_t length = random_number() % 8 + 1;
			uint8_t mask = random_number() | 1;
			for (size_t k = at; k < at + length && k < size; k++)
				broken[k] = random_number() % 2 ? broken[k] ^ mask : mask;
		}
		struct reader *reader = open_bytes(broken, size);
		struct outcome outcome = read_all(reader);
		assert_true(outcome.end < 0);
		assert_true(outcome.end == -ENODATA ? outcome.records == RECORDS
						    : reader_problem(reader) != NULL);
		noticed += outcome.end != -ENODATA;
		reader_free(reader);
	}
	assert_true(noticed > DAMAGES / 100 * 99);
}

/* What is before the damage is given, and the message says where that is. */
static void damage_is_told_with_its_place(void **state)
{
	static uint8_t bytes[ROOM];
	size_t size = make_file(bytes);
	size_t last = frame_before(bytes, index_of(bytes, size), "CFRM");
	char place[40];

	(void)state;
	bytes[last + sizeof(struct frame_head) + 20] ^= 1;
	struct reader *reader = open_bytes(bytes, size);
	struct outcome outcome = read_all(reader);
	assert_int_equal(outcome.end, -EBADMSG);
	assert_int_equal(outcome.records, RECORDS);
	snprintf(place, sizeof place, "at byte %zu", last);
	assert_non_null(strstr(reader_problem(reader), place));
	assert_non_null(strstr(reader_problem(reader), "damaged"));
	reader_free(reader);
}

/* ---- the index */

static struct index index_from(const uint8_t *bytes, size_t size)
{
	struct index index;
	int fd = file_of(bytes, size);

	lseek(fd, 7, SEEK_SET);
	assert_int_equal(index_read(&index, fd), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
	return index;
}

static void an_index_says_what_there_is(void **state)
{
	static uint8_t bytes[ROOM];
	size_t size = make_file(bytes);
	struct index index = index_from(bytes, size);
	struct extent before = {0};
	unsigned tasks = 0;

	(void)state;
	assert_true(index.is_whole);
	assert_int_equal(index.count, 5); /* header, RECORDS in three frames, the end */
	for (size_t i = 0; i < index.count; i++) {
		struct extent here = index.entries[i].so_far;
		assert_memory_equal(bytes + index.entries[i].position, "CFRM", 4);
		assert_true(here.records >= before.records && here.end_ns >= before.end_ns);
		before = here;
	}
	assert_int_equal(before.records, RECORDS);
	for (unsigned i = 0; i < RECORDS; i++) {
		unsigned kind = make_record(i)->kind;
		tasks += kind == RECORD_TASK || kind == RECORD_FORK;
	}
	assert_int_equal(before.tasks, tasks);
	index_free(&index);
}

/* Its entries are those of the file's own, as far as there is a file. */
static void an_index_that_is_not_there_is_made_of_the_frames(void **state)
{
	static uint8_t bytes[ROOM], broken[ROOM];
	size_t size = make_file(bytes);
	struct index whole = index_from(bytes, size);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		struct index index = index_from(bytes, cut);
		size_t count = 0;
		while (count < whole.count &&
		       (count + 1 < whole.count ? whole.entries[count + 1].position
						: index_of(bytes, size)) <= cut)
			count++;
		assert_false(index.is_whole);
		assert_in_range(index.count, count, count + 1); /* the index's own frame */
		if (count)
			assert_memory_equal(index.entries, whole.entries,
					    count * sizeof *whole.entries);
		index_free(&index);
	}
	for (size_t at = index_of(bytes, size); at < size; at++) {
		memcpy(broken, bytes, size);
		broken[at] ^= 0x55;
		struct index index = index_from(broken, size);
		assert_true(index.count >= whole.count);
		assert_memory_equal(index.entries, whole.entries,
				    whole.count * sizeof *whole.entries);
		index_free(&index);
		struct reader *reader = open_bytes(broken, size);
		assert_int_equal(read_all(reader).records, RECORDS); /* it is no loss */
		assert_non_null(strstr(reader_problem(reader), "nothing is missing"));
		reader_free(reader);
	}
	index_free(&whole);
}

/* However long a trace is, and the last entry is what there is in all. */
static void an_index_is_bounded(void **state)
{
	struct index index = {0};

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++) {
		assert_true(index_add(&index, &(struct index_entry){i, {i, i, i}}));
		assert_true(index.count <= INDEX_ENTRIES);
		assert_int_equal(index.entries[index.count - 1].position, i);
	}
	assert_true(index.count > INDEX_ENTRIES / 2);
	for (size_t i = 1; i + 1 < index.count; i++) /* evenly */
		assert_int_equal(index.entries[i].position - index.entries[i - 1].position,
				 index.entries[0].position);
	index_free(&index);
}

static void a_pipe_has_no_index(void **state)
{
	struct index index;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(index_read(&index, fds[0]), -ESPIPE);
	close(fds[0]);
	close(fds[1]);
}

static void two_files_in_one_are_told(void **state)
{
	static uint8_t bytes[ROOM];
	size_t size = make_file(bytes);

	(void)state;
	memcpy(bytes + size, bytes, size);
	struct reader *reader = open_bytes(bytes, 2 * size);
	assert_int_equal(read_all(reader).records, RECORDS);
	assert_non_null(strstr(reader_problem(reader), "another recording"));
	reader_free(reader);
	reader = open_bytes(bytes, size + 100); /* whatever it is */
	assert_int_equal(read_all(reader).records, RECORDS);
	assert_non_null(reader_problem(reader));
	reader_free(reader);
}

static void a_newer_format_is_refused_with_both_versions(void **state)
{
	static uint8_t bytes[ROOM];
	size_t size = make_file(bytes);
	struct file_head head;

	(void)state;
	memcpy(&head, bytes, sizeof head);
	head.version = FORMAT_VERSION + 1;
	strcpy(head.program, "9.8.7");
	head.check = file_head_check(&head);
	memcpy(bytes, &head, sizeof head);
	struct reader *reader = open_bytes(bytes, size);
	assert_int_equal(read_all(reader).end, -EPROTO);
	assert_non_null(
		strstr(reader_problem(reader),
		       "9.8.7, in format 2; this is compendium 0.1.0, which reads format 1"));
	assert_null(reader_header(reader));
	reader_free(reader);
}

static void unknown_kinds_of_records_are_skipped_and_counted(void **state)
{
	char path[] = "/tmp/tracefile_test.XXXXXX";
	int fd = mkstemp(path);
	struct recorder *recorder = record_to(path, 0, 10);
	struct record *record = make_record(3);

	(void)state;
	record->kind = RECORD_KINDS;
	recorder_add(recorder, record);
	record->kind = 0xff;
	recorder_add(recorder, record);
	for (unsigned i = 10; i < 15; i++)
		recorder_add(recorder, make_record(i));
	recorder_finish(recorder, 1, 0, 0);
	recorder_close(recorder);
	struct reader *reader = reader_new(fd);
	struct outcome outcome = read_all(reader);
	assert_int_equal(outcome.end, -ENODATA);
	assert_int_equal(outcome.records, 15);
	assert_int_equal(reader_unknown(reader), 2);
	reader_free(reader);
	unlink(path);
}

static void what_is_no_trace_file_says_so(void **state)
{
	static const char text[] =
		"#!/bin/sh\necho this is no trace file, but long enough to be one\n";
	struct reader *reader = open_bytes((const uint8_t *)text, sizeof text);

	(void)state;
	assert_int_equal(read_all(reader).end, -EBADMSG);
	assert_non_null(strstr(reader_problem(reader), "not a trace file"));
	reader_free(reader);
}

/* ---- pipes and disks */

static void a_pipe_is_read_as_it_comes(void **state)
{
	static uint8_t bytes[ROOM];
	size_t size = make_file(bytes), sent = 0;
	int fds[2];
	unsigned records = 0;
	const struct record *record;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	struct reader *reader = reader_new(fds[0]);
	for (int got; (got = reader_next(reader, &record)) >= 0;) {
		records += got && record->kind < RECORD_KINDS;
		if (got == 0 && sent < size)
			sent += write(fds[1], bytes + sent, 1);
		else if (got == 0)
			close(fds[1]);
	}
	assert_int_equal(records, RECORDS);
	assert_null(reader_problem(reader));
	reader_free(reader);
}

/* Recordings of before there were stacks have an interest that ends earlier. */
static void an_older_interest_is_read(void **state)
{
	const size_t whole = INTEREST_KEPT, older = offsetof(struct interest, stacks);
	struct header_field field = {HEADER_INTEREST, (uint32_t)older};
	uint8_t bytes[sizeof field + INTEREST_KEPT];
	struct interest asked;
	struct header header = {0};

	(void)state;
	memset(&asked, 0x5a, sizeof asked);
	memcpy(bytes, &field, sizeof field);
	memcpy(bytes + sizeof field, &asked, whole);
	assert_int_equal(header_read(&header, bytes, sizeof field + older), 0);
	assert_memory_equal(&header.interest, &asked, older);
	assert_false(interest_any(header.interest.stacks));
	header = (struct header){0};
	field.size = (uint32_t)whole;
	memcpy(bytes, &field, sizeof field);
	assert_int_equal(header_read(&header, bytes, sizeof bytes), 0);
	assert_memory_equal(&header.interest, &asked, whole);
	field.size = (uint32_t)older - 8;
	memcpy(bytes, &field, sizeof field);
	assert_int_equal(header_read(&header, bytes, sizeof field + older - 8), -EBADMSG);
}

static void a_full_disk_does_not_end_anything(void **state)
{
	struct recorder *recorder = record_to("/dev/full", 0, 50);

	(void)state;
	recorder_tick(recorder, 1);
	recorder_finish(recorder, 2, 0, 0);
	recorder_close(recorder);
}

static void a_file_that_cannot_be_made_is_told_at_once(void **state)
{
	struct recording recording = {.run = &run, .target = &target, .interest = &interest};

	(void)state;
	assert_null(recorder_open("/no/such/folder/x.cpd", &recording));
	struct source *source;
	assert_int_equal(replay_source_open("/no/such/file", &source), -ENOENT);
}

static void a_recording_is_for_its_owner(void **state)
{
	char path[] = "/tmp/tracefile_test.XXXXXX";
	int fd = mkstemp(path);
	struct stat status;

	(void)state;
	close(fd);
	unlink(path);
	mode_t before = umask(0);
	struct recorder *recorder = record_to(path, 0, 1);
	umask(before);
	recorder_finish(recorder, 2, 0, 0);
	recorder_close(recorder);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	unlink(path);
}

/* Memory does not grow with the file: a million records are read with the buffers of one frame. */
static void memory_is_bounded(void **state)
{
	char path[] = "/tmp/tracefile_test.XXXXXX";
	int fd = mkstemp(path);
	struct recorder *recorder = record_to(path, 0, 1);
	const struct record *record;
	struct rusage before, after;

	(void)state;
	make_record(1);
	for (unsigned i = 0; i < 100000; i++)
		recorder_add(recorder, (struct record *)scratch);
	getrusage(RUSAGE_SELF, &before);
	for (unsigned i = 0; i < 900000; i++)
		recorder_add(recorder, (struct record *)scratch);
	recorder_finish(recorder, 1, 0, 0);
	recorder_close(recorder);
	struct reader *reader = reader_new(fd);
	while (reader_next(reader, &record) > 0)
		;
	assert_null(reader_problem(reader));
	reader_free(reader);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 16 << 10); /* KiB */
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_comes_back_as_it_was),
		cmocka_unit_test(the_session_s_own_records_say_how_it_went),
		cmocka_unit_test(the_largest_record_fits),
		cmocka_unit_test(each_place_where_a_file_may_end),
		cmocka_unit_test(damages_at_random),
		cmocka_unit_test(damage_is_told_with_its_place),
		cmocka_unit_test(an_index_says_what_there_is),
		cmocka_unit_test(an_index_that_is_not_there_is_made_of_the_frames),
		cmocka_unit_test(an_index_is_bounded),
		cmocka_unit_test(a_pipe_has_no_index),
		cmocka_unit_test(two_files_in_one_are_told),
		cmocka_unit_test(a_newer_format_is_refused_with_both_versions),
		cmocka_unit_test(unknown_kinds_of_records_are_skipped_and_counted),
		cmocka_unit_test(what_is_no_trace_file_says_so),
		cmocka_unit_test(a_pipe_is_read_as_it_comes),
		cmocka_unit_test(an_older_interest_is_read),
		cmocka_unit_test(a_full_disk_does_not_end_anything),
		cmocka_unit_test(a_file_that_cannot_be_made_is_told_at_once),
		cmocka_unit_test(a_recording_is_for_its_owner),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests_name("tracefile", tests, NULL, NULL);
}
