/* SPDX-License-Identifier: MIT
 *
 * Messages: what may reach a terminal and what is escaped.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>

#include <cmocka.h>

#include "captured.h"
#include "log.h"

static struct capture err;

static const char *logged(const char *text)
{
	captured_begin(&err, STDERR_FILENO);
	log_error("%s", text);
	return captured_end(&err);
}

static void shows_plain_text(void **state)
{
	(void)state;
	assert_string_equal(logged("cannot open 'caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80'"),
			    "compendium: cannot open 'caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80'\n");
	assert_string_equal(logged(""), "compendium: \n");
}

static void escapes_what_could_harm(void **state)
{
	static const char *const harmful[][2] = {
		{"\x1b[2J\x7f", "\\x1b[2J\\x7f"},
		{"a\nb\rc", "a\\nb\\x0dc"},
		{"\xc2\x9b" "31m", "\\xc2\\x9b31m"},            /* CSI as C1 control */
		{"\xe2\x80\xae", "\\xe2\\x80\\xae"},            /* right-to-left override */
		{"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},            /* isolate */
		{"\xff\xfe", "\\xff\\xfe"},                     /* never UTF-8 */
		{"\xc0\xaf", "\\xc0\\xaf"},                     /* overlong */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},            /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},   /* past the last */
		{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
		{"\xfa\x87\x87\x87", "\\xfa\\x87\\x87\\x87"},   /* more than four begin so */
		{"x\xe2\x82", "x\\xe2\\x82"},                   /* cut off */
	};
	char expected[200];

	(void)state;
	for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++) {
		snprintf(expected, sizeof expected, "compendium: %s\n", harmful[i][1]);
		assert_string_equal(logged(harmful[i][0]), expected);
	}
}

static void indents_further_lines(void **state)
{
	(void)state;
	captured_begin(&err, STDERR_FILENO);
	log_lines(LOG_ERROR, "one\n\ttwo\ncompendium: three\x1b");
	assert_string_equal(captured_end(&err), "compendium: one\n  \ttwo\n  compendium: three\\x1b\n");
}

static void cuts_what_is_too_long(void **state)
{
	static char text[100000];

	(void)state;
	memset(text, '\x1b', sizeof text - 1);
	const char *line = logged(text);
	assert_in_range(strlen(line), 8000, 40000);
	assert_string_equal(line + strlen(line) - 4, "...\n");
	captured_begin(&err, STDERR_FILENO);
	log_lines(LOG_ERROR, text);
	assert_in_range(strlen(captured_end(&err)), 8000, 40000);
}

static void keeps_levels_and_errno(void **state)
{
	(void)state;
	captured_begin(&err, STDERR_FILENO);
	log_info("hidden");
	log_lines(LOG_INFO, "hidden");
	log_set_level(LOG_INFO);
	errno = ENOENT;
	log_info("shown");
	assert_int_equal(errno, ENOENT);
	log_set_level(LOG_ERROR);
	log_warning("hidden");
	log_set_level(LOG_WARNING);
	assert_string_equal(captured_end(&err), "compendium: shown\n");
}

static void survives_a_full_or_closed_stderr(void **state)
{
	(void)state;
	int kept = dup(STDERR_FILENO), full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	dup2(full, STDERR_FILENO);
	log_error("lost");
	close(STDERR_FILENO);
	log_error("lost");
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(full);
	assert_string_equal(logged("back"), "compendium: back\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_plain_text),
		cmocka_unit_test(escapes_what_could_harm),
		cmocka_unit_test(indents_further_lines),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(keeps_levels_and_errno),
		cmocka_unit_test(survives_a_full_or_closed_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
