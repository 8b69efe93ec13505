/* SPDX-License-Identifier: MIT
 *
 * Waits out of the ring: in their place by time, and not before their task was told of. The ring is
 * filled here as the kernel does it (Documentation/bpf/ringbuf.rst).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/latency/waits.h"

#define SIZE (1u << 18)

static struct {
	struct ring ring;
	struct waits waits;
	uint64_t consumer, producer;
	char *bytes;
} fake;

static int open_fake(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	fake.bytes = calloc(1, SIZE);
	fake.ring = (struct ring){.consumer = &fake.consumer,
				  .producer = &fake.producer,
				  .bytes = fake.bytes,
				  .size = SIZE};
	return fake.bytes && waits_open(&fake.waits, &fake.ring) ? 0 : -1;
}

static int close_fake(void **state)
{
	(void)state;
	waits_close(&fake.waits);
	free(fake.bytes);
	return 0;
}

/* Returns the head, whose bits say whether it is written yet, or was given up. */
static uint32_t *put(enum record_kind kind, int32_t tid, uint64_t time_ns, uint64_t duration_ns)
{
	uint32_t *head = (uint32_t *)(fake.bytes + fake.producer);
	struct record *record = (struct record *)((char *)head + BPF_RINGBUF_HDR_SZ);

	assert_true(fake.producer + BPF_RINGBUF_HDR_SZ + sizeof *record <= SIZE);
	*head = sizeof *record;
	record_begin(record, kind, tid, tid);
	record->time_ns = time_ns;
	record->duration_ns = duration_ns;
	fake.producer += BPF_RINGBUF_HDR_SZ + sizeof *record;
	return head;
}

static void note(enum record_kind kind, int32_t tid)
{
	struct record record;

	record_begin(&record, kind, kind == RECORD_FORK ? 1 : tid, kind == RECORD_FORK ? 1 : tid);
	record.args[0] = kind == RECORD_FORK ? (uint64_t)tid : 1;
	waits_note(&fake.waits, &record);
}

static void assert_next(uint64_t horizon_ns, int32_t tid, uint64_t time_ns)
{
	assert_true(waits_take(&fake.waits, horizon_ns));
	assert_int_equal(fake.waits.out.tid, tid);
	assert_int_equal(fake.waits.out.time_ns, time_ns);
}

static void assert_none(uint64_t horizon_ns)
{
	assert_false(waits_take(&fake.waits, horizon_ns));
}

static void those_that_ended_by_then_are_given(void **state)
{
	(void)state;
	note(RECORD_TASK, 10);
	put(RECORD_SCHED, 10, 100, 50);
	put(RECORD_SCHED, 10, 160, 50);
	assert_none(149);
	assert_next(150, 10, 100);
	assert_int_equal(fake.waits.out.kind, RECORD_SCHED);
	assert_int_equal(fake.waits.out.duration_ns, 50);
	assert_none(209);
	assert_next(210, 10, 160);
	assert_none(UINT64_MAX);
	assert_int_equal(fake.consumer, fake.producer); /* its room is the kernel's again */
}

static void who_is_not_told_of_yet_waits(void **state)
{
	(void)state;
	note(RECORD_TASK, 10);
	put(RECORD_SCHED, 11, 100, 5);
	put(RECORD_SCHED, 10, 110, 5);
	put(RECORD_SCHED, 11, 120, 5);
	assert_next(200, 10, 110);
	assert_none(200);
	note(RECORD_FORK, 11);
	put(RECORD_SCHED, 11, 130, 5);
	assert_next(200, 11, 100);
	assert_next(200, 11, 120);
	assert_next(200, 11, 130);
	assert_none(200);
}

static void what_a_disk_does_for_the_dead_is_told(void **state)
{
	(void)state;
	note(RECORD_TASK, 10);
	note(RECORD_EXIT, 10);
	put(RECORD_BLOCK, 10, 100, 5);
	assert_next(200, 10, 100);
}

static void at_the_end_all_are_given(void **state)
{
	(void)state;
	put(RECORD_SCHED, 7, 100, 5);
	put(RECORD_SCHED, 8, 110, 5);
	assert_none(200);
	put(RECORD_SCHED, 9, 120, 5);
	assert_next(UINT64_MAX, 7, 100);
	assert_next(UINT64_MAX, 8, 110);
	assert_next(UINT64_MAX, 9, 120);
	assert_none(UINT64_MAX);
}

static void only_so_many_wait_and_none_is_lost(void **state)
{
	enum { MANY = WAITS_EARLY_MAX + 500 };
	unsigned given = 0;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		put(RECORD_SCHED, 50, 100 + i, 0);
	while (waits_take(&fake.waits, 100 + MANY))
		assert_int_equal(fake.waits.out.time_ns, 100 + given++);
	assert_in_range(given, 500, 501);
	while (waits_take(&fake.waits, UINT64_MAX))
		assert_int_equal(fake.waits.out.time_ns, 100 + given++);
	assert_int_equal(given, MANY);
}

static void what_is_being_written_holds_up_the_rest(void **state)
{
	(void)state;
	note(RECORD_TASK, 10);
	*put(RECORD_SCHED, 10, 100, 5) |= BPF_RINGBUF_DISCARD_BIT;
	uint32_t *head = put(RECORD_SCHED, 10, 110, 5);
	*head |= BPF_RINGBUF_BUSY_BIT;
	put(RECORD_SCHED, 10, 120, 5);
	assert_none(UINT64_MAX);
	*head &= ~(uint32_t)BPF_RINGBUF_BUSY_BIT;
	assert_next(UINT64_MAX, 10, 110);
	assert_next(UINT64_MAX, 10, 120);
	assert_none(UINT64_MAX);
}

static void what_a_disk_said_is_an_error(void **state)
{
	static const struct {
		int64_t status;
		int error;
	} cases[] = {{0, 0},	 {10, EIO},	 {3, ENOSPC}, {1, EOPNOTSUPP}, {11, EIO},
		     {255, EIO}, {1 << 20, EIO}, {-1, EIO},   {7, ENODATA}};

	(void)state;
	note(RECORD_TASK, 10);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t *head = put(RECORD_BLOCK, 10, 100, 0);
		((struct record *)((char *)head + BPF_RINGBUF_HDR_SZ))->ret = cases[i].status;
		assert_next(100, 10, 100);
		assert_int_equal(fake.waits.out.ret, -cases[i].error);
	}
}

static void what_was_before_is_forgotten(void **state)
{
	(void)state;
	note(RECORD_TASK, 10);
	put(RECORD_SCHED, 10, 100, 5);
	waits_forget(&fake.waits);
	put(RECORD_SCHED, 10, 110, 5);
	assert_next(UINT64_MAX, 10, 110);
	assert_none(UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_that_ended_by_then_are_given),
		TEST(who_is_not_told_of_yet_waits),
		TEST(what_a_disk_does_for_the_dead_is_told),
		TEST(at_the_end_all_are_given),
		TEST(only_so_many_wait_and_none_is_lost),
		TEST(what_is_being_written_holds_up_the_rest),
		TEST(what_a_disk_said_is_an_error),
		TEST(what_was_before_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
