/* SPDX-License-Identifier: MIT
 *
 * Samples of page faults: rings as the kernel fills them, and as it never should; the runs that are
 * made of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/faults/merge.h"

#define PAGE  4096u
#define RINGS 2
#define SIZE  4096u /* of a ring's data: 85 samples */

/* perf_event_open(2), by hand: not the structs of ring.c. */
struct bytes {
	struct perf_event_header header;
	uint64_t words[8];
};

static struct {
	struct watched watched;
	struct perf_ring rings[RINGS];
	struct merge merge;
} fake;

static int open_rings(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	for (int i = 0; i < RINGS; i++) {
		struct perf_event_mmap_page *page = calloc(1, PAGE + SIZE);
		if (!page)
			return -1;
		page->data_offset = PAGE;
		fake.rings[i] = (struct perf_ring){.cpu = i, .fd = -1, .page = page, .size = SIZE};
	}
	fake.watched = (struct watched){.rings = fake.rings, .ring_count = RINGS};
	return merge_open(&fake.merge, &fake.watched) ? 0 : -1;
}

static int close_rings(void **state)
{
	(void)state;
	merge_close(&fake.merge);
	for (int i = 0; i < RINGS; i++)
		free(fake.rings[i].page);
	return 0;
}

/* As the kernel does: over the end to the beginning. */
static void put(int ring, const void *bytes, size_t size)
{
	struct perf_event_mmap_page *page = fake.rings[ring].page;

	for (size_t i = 0; i < size; i++)
		((char *)page)[PAGE + (page->data_head + i) % SIZE] = ((const char *)bytes)[i];
	page->data_head += size;
}

static void put_record(int ring, uint32_t type, uint16_t size, struct bytes bytes)
{
	bytes.header.type = type;
	bytes.header.size = size;
	put(ring, &bytes, size < sizeof bytes ? size : sizeof bytes);
}

static void put_fault(int ring, uint64_t time, int32_t tid, uint64_t address, bool is_major)
{
	put_record(ring, PERF_RECORD_SAMPLE, is_major ? 48 : 40,
		   (struct bytes){.header.misc = PERF_RECORD_MISC_USER,
				  .words = {0x1234, (uint64_t)tid << 32 | 7, time, address, ring}});
}

static void put_lost(int ring, uint64_t count)
{
	put_record(ring, PERF_RECORD_LOST, 24, (struct bytes){.words = {1, count}});
}

static void tell(uint32_t kind, int32_t tid)
{
	struct record record;

	record_begin(&record, kind, 7, kind == RECORD_FORK ? 1 : tid);
	record.args[0] = tid;
	merge_note(&fake.merge, &record);
}

/* The next record has that kind, time, address and pages (RECORD_LOST: how many). */
static void assert_next(uint64_t horizon, uint32_t kind, uint64_t time, uint64_t address,
			uint64_t pages)
{
	const struct record *record = &fake.merge.runs.out;

	assert_true(merge_take(&fake.merge, horizon));
	assert_int_equal(record->kind, kind);
	if (kind == RECORD_LOST) {
		assert_int_equal(record->args[0], pages);
		assert_int_equal(record->args[1], RECORD_FAULT);
		return;
	}
	assert_int_equal(record->time_ns, time);
	assert_int_equal(record->args[0], address);
	assert_int_equal(record->args[4], pages);
}

static void assert_none(uint64_t horizon)
{
	assert_false(merge_take(&fake.merge, horizon));
}

/* --- rings
 * ---------------------------------------------------------------------------------------- */

static void a_ring_gives_what_was_put(void **state)
{
	struct perf_ring *ring = &fake.rings[0];

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++) { /* many times round */
		put_fault(0, i, 5, i * PAGE + 8, i % 3 == 0);
		assert_true(perf_ring_front(ring));
		assert_int_equal(ring->front.time_ns, i);
		assert_int_equal(ring->front.tid, 5);
		assert_int_equal(ring->front.pid, 7);
		assert_int_equal(ring->front.address, i * PAGE + 8);
		assert_int_equal(ring->front.ip, 0x1234);
		assert_int_equal(ring->front.is_major, i % 3 == 0);
		assert_false(ring->front.in_kernel);
		perf_ring_pop(ring);
		assert_int_equal(ring->page->data_tail, ring->page->data_head);
	}
	assert_false(perf_ring_front(ring));
	assert_int_equal(ring->lost, 0);
}

static void a_ring_passes_over_what_it_does_not_know(void **state)
{
	struct perf_ring *ring = &fake.rings[0];

	(void)state;
	put_record(0, PERF_RECORD_COMM, 32, (struct bytes){0});
	put_record(0, PERF_RECORD_SAMPLE, 16, (struct bytes){0}); /* too short for a fault */
	put_record(0, PERF_RECORD_LOST, 16, (struct bytes){.words = {99}});
	put_record(0, 0xffffffff, 8, (struct bytes){0});
	put_fault(0, 1, 5, PAGE, false);
	assert_true(perf_ring_front(ring));
	assert_int_equal(ring->front.time_ns, 1);
	assert_int_equal(ring->lost, 0);
}

static void a_ring_gives_up_what_makes_no_sense(void **state)
{
	static const uint16_t sizes[] = {0, 1, 7, 4096,
					 0xffff}; /* of a record of which 40 bytes are there */
	struct perf_ring *ring = &fake.rings[0];

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct bytes bytes = {.header = {.type = PERF_RECORD_SAMPLE, .size = sizes[i]}};
		put(0, &bytes, 40);
		assert_false(perf_ring_front(ring));
		assert_int_equal(ring->lost, i + 1);
		put_fault(0, i, 5, PAGE, false);
		assert_true(perf_ring_front(ring));
		perf_ring_pop(ring);
	}
}

static void a_ring_whose_head_ran_away_is_given_up(void **state)
{
	struct perf_ring *ring = &fake.rings[0];

	(void)state;
	put_fault(0, 1, 5, PAGE, false);
	ring->page->data_head += (uint64_t)1 << 40;
	assert_false(perf_ring_front(ring));
	assert_int_equal(ring->lost, 1);
	assert_int_equal(ring->page->data_tail, ring->page->data_head);
}

static void any_bytes_come_to_an_end(void **state)
{
	uint32_t random = 12345;

	(void)state;
	tell(RECORD_TASK, 5);
	for (int round = 0; round < 2000; round++) {
		for (int ring = 0; ring < RINGS; ring++) {
			uint32_t words[SIZE / 4];
			for (size_t i = 0; i < SIZE / 4; i++) {
				random = random * 1664525 + 1013904223;
				words[i] =
					i % 2 ? random & 0x3fffff
					      : random >> 28; /* small types and sizes are likely */
			}
			put(ring, words, SIZE);
		}
		unsigned records = 0;
		while (merge_take(&fake.merge, UINT64_MAX))
			assert_true(++records < 1000);
		assert_int_equal(fake.rings[0].page->data_tail, fake.rings[0].page->data_head);
	}
}

/* --- runs
 * ----------------------------------------------------------------------------------------- */

static void neighbours_in_a_row_are_one(void **state)
{
	(void)state;
	tell(RECORD_TASK, 5);
	put_fault(0, 10, 5, 8 * PAGE + 1, false);
	put_fault(0, 11, 5, 9 * PAGE + 9, false);
	put_fault(0, 12, 5, 10 * PAGE, false);
	put_fault(0, 13, 5, 12 * PAGE, false); /* a gap */
	put_fault(0, 14, 5, 13 * PAGE, true);  /* from disk */
	put_fault(0, 15, 5, 12 * PAGE, false); /* backwards */
	assert_next(100, RECORD_FAULT, 10, 8 * PAGE + 1, 3);
	assert_int_equal(fake.merge.runs.out.duration_ns, 2);
	assert_next(100, RECORD_FAULT, 13, 12 * PAGE, 1);
	assert_next(100, RECORD_FAULT, 14, 13 * PAGE, 1);
	assert_int_equal(fake.merge.runs.out.args[2], 1);
	assert_next(100, RECORD_FAULT, 15, 12 * PAGE, 1);
	assert_none(100);
}

static void runs_go_up_to_the_horizon(void **state)
{
	(void)state;
	tell(RECORD_TASK, 5);
	for (uint64_t i = 0; i < 6; i++)
		put_fault(0, 10 + i, 5, i * PAGE, false);
	assert_none(9);
	assert_next(12, RECORD_FAULT, 10, 0, 3);
	assert_none(12);
	assert_next(20, RECORD_FAULT, 13, 3 * PAGE, 3);
}

static void faults_of_a_task_keep_their_order_from_cpu_to_cpu(void **state)
{
	(void)state;
	tell(RECORD_TASK, 5);
	put_fault(0, 10, 5, 1 * PAGE, false);
	put_fault(1, 11, 5, 2 * PAGE, false);
	put_fault(0, 12, 5, 3 * PAGE, false);
	put_fault(1, 13, 5, 9 * PAGE, false);
	put_fault(0, 14, 5, 4 * PAGE, false); /* no part of a run that 9 came into */
	assert_next(100, RECORD_FAULT, 10, 1 * PAGE, 3);
	assert_next(100, RECORD_FAULT, 13, 9 * PAGE, 1);
	assert_next(100, RECORD_FAULT, 14, 4 * PAGE, 1);
	assert_none(100);
}

static void tasks_are_not_mixed(void **state)
{
	(void)state;
	tell(RECORD_TASK, 5);
	tell(RECORD_TASK, 6);
	put_fault(0, 10, 5, 1 * PAGE, false);
	put_fault(0, 11, 6, 2 * PAGE, false);
	put_fault(1, 12, 6, 3 * PAGE, false);
	put_fault(0, 13, 5, 2 * PAGE, false);
	put_fault(0, 14, 5, 9 * PAGE, false);
	assert_next(100, RECORD_FAULT, 10, 1 * PAGE, 2);
	assert_next(100, RECORD_FAULT, 11, 2 * PAGE, 2);
	assert_next(100, RECORD_FAULT, 14, 9 * PAGE, 1);
	assert_none(100);
}

static void of_more_tasks_than_there_is_room_for_the_oldest_run_is_over(void **state)
{
	(void)state;
	for (int tid = 0; tid <= RUNS_OPEN; tid++)
		tell(RECORD_TASK, 10 + tid);
	for (uint64_t page = 1; page <= 2; page++)
		for (int tid = 0; tid <= RUNS_OPEN; tid++)
			put_fault(0, 50 * page + tid, 10 + tid, page * PAGE, false);
	for (uint64_t page = 1; page <= 2; page++)
		for (int tid = 0; tid <= RUNS_OPEN; tid++)
			assert_next(1000, RECORD_FAULT, 50 * page + tid, page * PAGE, 1);
	assert_none(1000);
}

static void a_task_that_is_not_told_of_waits(void **state)
{
	(void)state;
	put_fault(0, 10, 6, 1 * PAGE, false);
	assert_none(100);
	tell(RECORD_FORK, 6);
	assert_next(100, RECORD_FAULT, 10, 1 * PAGE, 1);
	tell(RECORD_EXIT, 6);
	put_fault(0, 11, 6, 1 * PAGE, false);
	assert_none(100);
}

static void what_was_before_a_task_was_there_is_no_part_of_the_trace(void **state)
{
	(void)state;
	put_fault(0, 10, 6, 1 * PAGE, false);
	put_fault(0, 11, 7, 2 * PAGE, false);
	put_fault(0, 12, 6, 3 * PAGE, false);
	assert_none(100);
	tell(RECORD_TASK, 6);
	tell(RECORD_FORK, 7);
	put_fault(0, 13, 6, 4 * PAGE, false);
	assert_next(100, RECORD_FAULT, 11, 2 * PAGE, 1);
	assert_next(100, RECORD_FAULT, 13, 4 * PAGE, 1);
	assert_none(100);
	assert_false(merge_settle(&fake.merge));
}

static void what_waits_for_ever_is_bounded_and_lost(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < EARLY_MAX + 10; i++) {
		put_fault(0, i + 1, 6, i * PAGE, false);
		bool told = merge_take(&fake.merge, UINT64_MAX);
		assert_int_equal(told, i >= EARLY_MAX);
	}
	assert_true(merge_settle(&fake.merge));
	assert_int_equal(fake.merge.runs.out.kind, RECORD_LOST);
	assert_int_equal(fake.merge.runs.out.args[0], EARLY_MAX);
	assert_int_equal(fake.merge.lost_told, EARLY_MAX + 10);
}

static void what_was_lost_is_told_where_it_is_missing(void **state)
{
	(void)state;
	tell(RECORD_TASK, 5);
	put_fault(0, 10, 5, 1 * PAGE, false);
	put_lost(0, 1000);
	put_lost(1, 24);
	put_fault(1, 20, 5, 9 * PAGE, false);
	assert_next(100, RECORD_FAULT, 10, 1 * PAGE, 1);
	assert_next(100, RECORD_FAULT, 20, 9 * PAGE, 1);
	assert_next(100, RECORD_LOST, 0, 0, 1024);
	assert_none(100);
	assert_false(merge_settle(&fake.merge));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rings, close_rings)
	static const struct CMUnitTest tests[] = {
		TEST(a_ring_gives_what_was_put),
		TEST(a_ring_passes_over_what_it_does_not_know),
		TEST(a_ring_gives_up_what_makes_no_sense),
		TEST(a_ring_whose_head_ran_away_is_given_up),
		TEST(any_bytes_come_to_an_end),
		TEST(neighbours_in_a_row_are_one),
		TEST(runs_go_up_to_the_horizon),
		TEST(faults_of_a_task_keep_their_order_from_cpu_to_cpu),
		TEST(tasks_are_not_mixed),
		TEST(of_more_tasks_than_there_is_room_for_the_oldest_run_is_over),
		TEST(a_task_that_is_not_told_of_waits),
		TEST(what_was_before_a_task_was_there_is_no_part_of_the_trace),
		TEST(what_waits_for_ever_is_bounded_and_lost),
		TEST(what_was_lost_is_told_where_it_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
