/* SPDX-License-Identifier: MIT
 *
 * Samples of memory: the kernel's text as numbers, and the source that asks for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/source.h"
#include "source/usage/rollup.h"

static void the_kernels_text_is_read(void **state)
{
	static const char text[] =
		"555555554000-7ffffffff000 ---p 00000000 00:00 0  [rollup]\n"
		"Rss:                2048 kB\nPss:                1024 kB\nPss_Dirty: 7 kB\n"
		"Anonymous:           300 kB\nAnonHugePages:      2048 kB\nFilePmdMapped:         "
		"4 kB\n"
		"Shared_Hugetlb:        8 kB\nSwap:                 12 kB\nSwapPss:              "
		"10 kB\n";
	uint64_t values[ROLLUP_VALUES];

	(void)state;
	assert_true(rollup_parse(text, values));
	assert_int_equal(values[ROLLUP_RSS], 2048 << 10);
	assert_int_equal(values[ROLLUP_PSS], 1024 << 10);
	assert_int_equal(values[ROLLUP_ANONYMOUS], 300 << 10);
	assert_int_equal(values[ROLLUP_SWAP], 12 << 10);
	assert_int_equal(values[ROLLUP_HUGE], 2060 << 10);
}

static void other_texts_are_none(void **state)
{
	static const char *const texts[] = {"",		  "\n",	       "x", "Pss: 4 kB\n",
					    " Rss: 4 kB", "no newline"};
	uint64_t values[ROLLUP_VALUES];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_false(rollup_parse(texts[i], values));
	assert_true(rollup_parse("Rss:", values));
	assert_int_equal(values[ROLLUP_RSS], 0);
}

static void our_own_memory_is_read(void **state)
{
	uint64_t before[ROLLUP_VALUES], after[ROLLUP_VALUES];
	size_t size = 8 << 20;

	(void)state;
	assert_true(rollup_read(getpid(), before));
	char *memory = malloc(size);
	assert_non_null(memory);
	memset(memory, 1, size);
	assert_true(rollup_read(getpid(), after));
	assert_true(after[ROLLUP_RSS] >= before[ROLLUP_RSS] + size);
	assert_true(after[ROLLUP_ANONYMOUS] >= before[ROLLUP_ANONYMOUS] + size);
	assert_true(after[ROLLUP_PSS] <= after[ROLLUP_RSS]);
	free(memory);
	assert_false(rollup_read(-1, after));
}

/* --- the source, in front of one that tells what a test wants
 * ------------------------------------- */

static struct {
	struct source source;
	struct record records[8];
	size_t count, next;
	int fd;
	bool is_closed;
} base;

static int base_fd(struct source *source)
{
	(void)source;
	return base.fd;
}

static int base_next(struct source *source, const struct record **record)
{
	(void)source;
	if (base.next == base.count)
		return 0;
	*record = &base.records[base.next++];
	return 1;
}

static void base_close(struct source *source)
{
	(void)source;
	base.is_closed = true;
}

static const struct source_ops base_ops = {
	.name = "base", .fd = base_fd, .next = base_next, .close = base_close};

static void tell(enum record_kind kind, int32_t pid, uint64_t first, uint64_t second)
{
	struct record *record = &base.records[base.count++];

	record_begin(record, kind, pid, pid);
	record->args[0] = first;
	record->args[1] = second;
}

static int open_base(void **state)
{
	(void)state;
	memset(&base, 0, sizeof base);
	base.source.ops = &base_ops;
	base.fd = eventfd(0, EFD_CLOEXEC);
	return base.fd < 0 ? -1 : 0;
}

static int close_base(void **state)
{
	(void)state;
	return close(base.fd);
}

/* Waits for the next record, of a sample's source with a period. */
static const struct record *wait_for(struct source *source)
{
	const struct record *record = NULL;

	for (int i = 0; i < 10000 && source->ops->next(source, &record) == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return record;
}

static void those_that_live_are_sampled(void **state)
{
	struct source *source = &base.source;
	const struct record *record;

	(void)state;
	tell(RECORD_TASK, getpid(), 0, 0);
	tell(RECORD_FORK, getpid(), getppid(), getppid());
	assert_int_equal(usage_source_open(&source, 20000000), 0);
	assert_string_equal(source->ops->name, "base");
	assert_int_equal(wait_for(source)->kind, RECORD_TASK);
	assert_int_equal(wait_for(source)->kind, RECORD_FORK);
	unsigned own = 0, parents = 0;
	for (int i = 0; i < 6; i++) {
		record = wait_for(source);
		assert_int_equal(record->kind, RECORD_USAGE);
		assert_int_equal(record->pid, record->tid);
		assert_true(record->time_ns > 0 && record->args[0] > 0 &&
			    record->args[0] >= record->args[1]);
		own += record->pid == getpid();
		parents += record->pid == getppid();
	}
	assert_int_equal(own, 3);
	assert_int_equal(parents, 3);
	tell(RECORD_EXIT, getpid(), 1, 0);
	while (wait_for(source)->kind != RECORD_EXIT)
		;
	for (int i = 0; i < 4; i++)
		assert_int_equal(wait_for(source)->pid, getppid());
	source->ops->close(source);
	assert_true(base.is_closed);
}

static void who_cannot_be_looked_at_is_left_out(void **state)
{
	struct source *source = &base.source;

	(void)state;
	tell(RECORD_TASK, 1 << 30, 0, 0);
	tell(RECORD_TASK, getpid(), 0, 0);
	assert_int_equal(usage_source_open(&source, 1000000), 0);
	wait_for(source);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wait_for(source)->pid, getpid());
	source->ops->close(source);
}

/* A source that always has something is not kept from telling it, nor keeps the samples back. */
static void both_have_their_turn(void **state)
{
	struct source *source = &base.source;
	const struct record *record;
	unsigned samples = 0;
	bool was_sample = false;

	(void)state;
	tell(RECORD_TASK, getpid(), 0, 0);
	tell(RECORD_TASK, getppid(), 0, 0);
	assert_int_equal(usage_source_open(&source, 1000), 0);
	for (int i = 0; i < 20000000 && samples < 6; i++) {
		base.next = base.next == base.count ? 0 : base.next;
		assert_int_equal(source->ops->next(source, &record), 1);
		assert_false(was_sample && record->kind == RECORD_USAGE);
		was_sample = record->kind == RECORD_USAGE;
		samples += was_sample;
	}
	assert_int_equal(samples, 6);
	source->ops->close(source);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_base, close_base)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_text_is_read), cmocka_unit_test(other_texts_are_none),
		cmocka_unit_test(our_own_memory_is_read),   TEST(those_that_live_are_sampled),
		TEST(who_cannot_be_looked_at_is_left_out),  TEST(both_have_their_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
