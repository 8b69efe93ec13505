// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

static const struct frame inner = {.address = 0x1234,
				   .offset = 0x34,
				   .line = 7,
				   .module = "/lib/a.so",
				   .module_size = 9,
				   .name = "f",
				   .name_size = 1,
				   .file = "a.c",
				   .file_size = 3};
static const struct frame outer = {.address = 0x99};

static void frames_come_back_as_they_were_put(void **state)
{
	char bytes[256];
	size_t size = 0, at = 0;
	struct frame frame;

	(void)state;
	assert_true(frame_add(bytes, &size, sizeof bytes, &inner));
	assert_true(frame_add(bytes, &size, sizeof bytes, &outer));
	assert_true(frame_next(bytes, size, &at, &frame));
	assert_int_equal(frame.address, 0x1234);
	assert_int_equal(frame.offset, 0x34);
	assert_int_equal(frame.line, 7);
	assert_int_equal(frame.module_size, 9);
	assert_memory_equal(frame.module, "/lib/a.so", 9);
	assert_memory_equal(frame.name, "f", 1);
	assert_memory_equal(frame.file, "a.c", 3);
	assert_true(frame_next(bytes, size, &at, &frame));
	assert_int_equal(frame.address, 0x99);
	assert_int_equal(frame.module_size + frame.name_size + frame.file_size, 0);
	assert_false(frame_next(bytes, size, &at, &frame));
}

static void what_does_not_fit_is_left_out(void **state)
{
	char bytes[sizeof(struct frame_head) + 12], long_name[2 * FRAME_TEXT_MAX];
	size_t size = 0;
	struct frame frame = inner;

	(void)state;
	assert_false(frame_add(bytes, &size, sizeof bytes, &inner));
	assert_int_equal(size, 0);
	assert_true(frame_add(bytes, &size, sizeof bytes, &outer));
	char *room = malloc(FRAMES_BYTES);
	memset(long_name, 'x', sizeof long_name);
	frame.name = long_name;
	frame.name_size = sizeof long_name;
	size = 0;
	size_t at = 0;
	assert_true(frame_add(room, &size, FRAMES_BYTES, &frame));
	assert_true(frame_next(room, size, &at, &frame));
	assert_int_equal(frame.name_size, FRAME_TEXT_MAX);
	free(room);
}

/* xorshift64 */
static unsigned any(void)
{
	static uint64_t number = 88172645463325252;

	number ^= number << 13;
	number ^= number >> 7;
	number ^= number << 17;
	return (unsigned)(number >> 32);
}

/* The bytes of a recording may be any. */
static void any_bytes_are_read_within_their_bounds(void **state)
{
	(void)state;
	for (int run = 0; run < 20000; run++) {
		size_t size = any() % 200, at = 0;
		char *bytes = malloc(size ? size : 1);
		struct frame frame;
		for (size_t i = 0; i < size; i++)
			bytes[i] = (char)(any() % 4 ? any() % 8 : any());
		while (frame_next(bytes, size, &at, &frame)) {
			assert_true(at <= size);
			assert_true(frame.file + frame.file_size <= bytes + size);
			assert_true(frame.module >= bytes);
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_back_as_they_were_put),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(any_bytes_are_read_within_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
