/* SPDX-License-Identifier: MIT
 *
 * Moments of a trace, as --from and --to have them, and which part of it they mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "moment.h"
#include "window.h"

static const uint64_t SECOND = 1000000000;

static void texts_are_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
		bool is_before_end;
	} rows[] = {
		{"2", 2000000000, false},
		{"2.5s", 2500000000, false},
		{"+0.003", 3000000, false},
		{"300ms", 300000000, false},
		{"1.5us", 1500, false},
		{"7µs", 7000, false},
		{"12ns", 12, false},
		{"2min", 120000000000, false},
		{"1h", 3600000000000, false},
		{"-5s", 5000000000, true},
		{"-0", 0, true},
		{".5", 500000000, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct moment moment = {0};
		assert_true(moment_parse(&moment, rows[i].text));
		assert_true(moment.is_given);
		assert_int_equal(moment.is_before_end, rows[i].is_before_end);
		assert_int_equal(moment.ns, rows[i].ns);
	}
}

static void other_texts_are_not(void **state)
{
	static const char *const texts[] = {"",	   "-",	    "s",   "2 s", "2x",
					    "1e3", "0x2",   "inf", "nan", "--2",
					    "+-2", "1.2.3", "2s ", ".",	  "99999999999999999999h"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct moment moment = {0};
		assert_false(moment_parse(&moment, texts[i]));
		assert_false(moment.is_given);
	}
}

/* Of a trace from 100 s to 110 s of the machine's clock. */
static bool part(const char *from, const char *to, bool is_whole_known, struct window *window)
{
	const struct extent whole = {.end_ns = 110 * SECOND};
	struct options options = {0};

	assert_true(!from || moment_parse(&options.from, from));
	assert_true(!to || moment_parse(&options.to, to));
	return window_open(window, &options, 100 * SECOND, is_whole_known ? &whole : NULL, "x");
}

static void a_part_is_between_two_of_them(void **state)
{
	static const struct {
		const char *from, *to;
		uint64_t from_s, to_s; /* UINT64_MAX: no end */
	} rows[] = {
		{"2", "5", 102, 105},	{"-3", NULL, 107, UINT64_MAX}, {NULL, "-3", 100, 107},
		{"-9", "-3", 101, 107}, {"-60", "1", 100, 101},	       {NULL, "60", 100, 160},
		{"5", "5", 105, 105},
	};
	struct window window;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t to_s = rows[i].to_s;
		assert_true(part(rows[i].from, rows[i].to, true, &window));
		assert_true(window.is_given);
		assert_int_equal(window.from_ns, rows[i].from_s * SECOND);
		assert_int_equal(window.to_ns, to_s == UINT64_MAX ? to_s : to_s * SECOND);
	}
	assert_true(part(NULL, NULL, true, &window));
	assert_false(window.is_given);
	assert_true(part("2", "5", false, &window)); /* of a pipe */
}

static void a_part_that_is_nothing_is_refused(void **state)
{
	struct window window;

	(void)state;
	assert_false(part("5", "2", true, &window));
	assert_false(part("11", NULL, true, &window));
	assert_false(part("-3", NULL, false, &window)); /* of a pipe */
	assert_false(part(NULL, "-3", false, &window));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_times),
		cmocka_unit_test(other_texts_are_not),
		cmocka_unit_test(a_part_is_between_two_of_them),
		cmocka_unit_test(a_part_that_is_nothing_is_refused),
	};

	return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
