/* SPDX-License-Identifier: MIT
 *
 * The command line: every row and every way to write it, what is refused and what is said then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "captured.h"
#include "options.h"

enum { MISUSE = 126, WORDS = 40 };

static struct options options;
static struct capture out, err;

/* Parses a command line written with blanks between its words; "~" stands for a blank in a word.
 * The words live until the next call, as the options point to them. */
static int parse(const char *line)
{
	static char text[4096], *argv[WORDS];
	int argc = 0;

	options_free(&options);
	snprintf(text, sizeof text, "compendium %s", line);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		for (char *p = word; (p = strchr(p, '~'));)
			*p = ' ';
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	captured_begin(&out, STDOUT_FILENO);
	captured_begin(&err, STDERR_FILENO);
	int done = options_parse(&options, argc, argv);
	captured_end(&err);
	captured_end(&out);
	return done;
}

static void refuses(const char *line, const char *because)
{
	assert_int_equal(parse(line), MISUSE);
	if (!strstr(err.text, because))
		fail_msg("'%s' said: %s", line, err.text);
	assert_string_equal(out.text, "");
}

static void takes_a_command(void **state)
{
	(void)state;
	assert_int_equal(parse("ls -l --color"), 0);
	assert_string_equal(options.target.command[0], "ls");
	assert_string_equal(options.target.command[1], "-l");
	assert_string_equal(options.target.command[2], "--color");
	assert_null(options.target.command[3]);
	assert_string_equal(err.text, "");
}

static void starts_with_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("true"), 0);
	assert_string_equal(options.color, "auto");
	assert_string_equal(options.backend, "auto");
	assert_false(options.verbose || options.quiet || options.strict || options.json);
	assert_null(options.output);
	assert_null(options.target.user);
	assert_null(options.target.environment);
	assert_int_equal(options.script_count, 0);
	assert_int_equal(options.target.pid_count, 0);
	assert_int_equal(options.max_report_events, 0);
}

static void ends_options_at_two_dashes(void **state)
{
	(void)state;
	assert_int_equal(parse("-v -- -v"), 0);
	assert_true(options.verbose);
	assert_string_equal(options.target.command[0], "-v");
	assert_int_equal(parse("-- --"), 0);
	assert_string_equal(options.target.command[0], "--");
	assert_int_equal(parse("-"), 0);
	assert_string_equal(options.target.command[0], "-");
}

static void takes_arguments_in_each_form(void **state)
{
	static const char *const lines[] = {"-o f~1 x",	      "-of~1 x",  "--output f~1 x",
					    "--output=f~1 x", "-vof~1 x", "-vo f~1 x"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(parse(lines[i]), 0);
		assert_string_equal(options.output, "f 1");
		assert_string_equal(options.target.command[0], "x");
	}
	assert_int_equal(parse("-o -v x"), 0);
	assert_string_equal(options.output, "-v");
	assert_int_equal(parse("--output= x"), 0);
	assert_string_equal(options.output, "");
}

static void bundles_switches(void **state)
{
	(void)state;
	assert_int_equal(parse("-vo- --json --strict --color=never --backend ptrace -u nobody x"),
			 0);
	assert_true(options.verbose && options.json && options.strict);
	assert_string_equal(options.output, "-");
	assert_string_equal(options.color, "never");
	assert_string_equal(options.backend, "ptrace");
	assert_string_equal(options.target.user, "nobody");
}

static void one_switch_may_stand_for_two(void **state)
{
	(void)state;
	assert_int_equal(parse("--ebpf x"), 0);
	assert_true(options.sched && options.block_io && !options.faults);
	assert_int_equal(options_kinds(&options), 1 << RECORD_SCHED | 1 << RECORD_BLOCK);
	assert_int_equal(parse("--sched x"), 0);
	assert_true(options.sched && !options.block_io);
	assert_int_equal(parse("--block-io x"), 0);
	assert_true(!options.sched && options.block_io);
	assert_int_equal(parse("--faults x"), 0);
	assert_int_equal(options_kinds(&options), 1 << RECORD_FAULT);
	assert_int_equal(parse("--faults --record f x"), 0);
	assert_int_equal(options_kinds(&options), 1 << RECORD_FAULT | 1 << RECORD_USAGE);
}

static void keeps_scripts_in_order(void **state)
{
	static const struct script_option expected[] = {{'s', "a.lua:x=1"},
							{'e', "print(1)"},
							{'=', "k=v=w"},
							{'f', "a and b"},
							{'s', "b"}};

	(void)state;
	assert_int_equal(parse("-s a.lua:x=1 -eprint(1) --set k=v=w --filter=a~and~b --script b x"),
			 0);
	assert_int_equal(options.script_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(options.scripts[i].kind, expected[i].kind);
		assert_string_equal(options.scripts[i].text, expected[i].text);
	}
}

static void takes_pids(void **state)
{
	static const pid_t expected[] = {3, 4, 5, 2147483647};

	(void)state;
	assert_int_equal(parse("-p 3,4 --pid=5~3 -p 2147483647,4,"), 0);
	assert_int_equal(options.target.pid_count, 4);
	assert_memory_equal(options.target.pids, expected, sizeof expected);
	assert_null(options.target.command);
}

static void refuses_bad_pids(void **state)
{
	static const char *const bad[] = {
		"0",   "-1",  "x", "1x", "3,x", "+3", "2147483648", "0x10", "99999999999999999999",
		"3;4", "\xff"};
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(line, sizeof line, "--pid=%s", bad[i]);
		refuses(line, "not a process id");
	}
	refuses("-p ,", "no process id");
	refuses("--pid=", "no process id");
	snprintf(line, sizeof line, "-p %d", getpid());
	refuses(line, "compendium itself");
}

static void takes_environment(void **state)
{
	(void)state;
	assert_int_equal(parse("-E A=1 -EB --env=C= x"), 0);
	assert_string_equal(options.target.environment[0], "A=1");
	assert_string_equal(options.target.environment[1], "B");
	assert_string_equal(options.target.environment[2], "C=");
	assert_null(options.target.environment[3]);
	refuses("-E =x y", "NAME=VALUE");
	refuses("--env= y", "NAME=VALUE");
}

static void refuses_unknown_options(void **state)
{
	(void)state;
	refuses("--verbos x", "did you mean --verbose?");
	refuses("--ouptut=f x", "did you mean --output?");
	refuses("--colour never x", "did you mean --color?");
	refuses("--list", "did you mean --list-scripts?");
	refuses("--zzzzzzzzzz x", "unknown option '--zzzzzzzzzz' (");
	refuses("--=x y", "unknown option");
	refuses("-Z x", "unknown option '-Z'");
	refuses("-vZ x", "unknown option '-vZ'");
	refuses("-\x1b[31m x", "\\x1b[31m");
	assert_null(strchr(err.text, '\x1b'));
}

static void survives_long_words(void **state)
{
	static char line[4000];

	(void)state;
	memset(line, 'a', sizeof line - 1);
	memcpy(line, "--", 2);
	refuses(line, "unknown option");
	memcpy(line, "--pid=1", 7);
	refuses(line, "not a process id");
	memcpy(line, "-qvqqqZ", 7);
	refuses(line, "unknown option");
}

static void refuses_missing_arguments(void **state)
{
	(void)state;
	refuses("-o", "-o needs an argument: -o FILE");
	refuses("--output", "--output needs an argument: --output FILE");
	refuses("-v -p", "-p needs an argument");
	refuses("--quiet=1 x", "--quiet takes no argument");
	refuses("--set x y", "must be NAME=VALUE");
	refuses("--set =x y", "must be NAME=VALUE");
}

static void refuses_words_that_are_no_choice(void **state)
{
	static const char *const bad[] = {"", "alway", "auto~always", "~", "AUTO", "autoalways"};
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(line, sizeof line, "--color=%s x", bad[i]);
		refuses(line, "must be one of: auto always never");
	}
}

static void takes_files_to_replay(void **state)
{
	(void)state;
	assert_int_equal(parse("--replay a.cpd --replay=- -q"), 0);
	assert_string_equal(options.replay[0], "a.cpd");
	assert_string_equal(options.replay[1], "-");
	assert_null(options.replay[2]);
	assert_null(options.target.command);
	assert_int_equal(parse("--record b.cpd ls"), 0);
	assert_string_equal(options.record, "b.cpd");
	assert_null(options.replay);
}

static void refuses_contradictions(void **state)
{
	(void)state;
	refuses("", "nothing to trace");
	assert_non_null(strstr(err.text, "usage: compendium [options] [--] COMMAND [ARG...]"));
	refuses("--", "nothing to trace");
	refuses("-p 1 ls", "-p attaches");
	refuses("-a ls", "-a is everything that runs");
	refuses("-a -p 1", "-a is everything that runs");
	refuses("-a --replay f", "-a is everything that runs");
	refuses("-a -u root", "not for -p or -a");
	assert_int_equal(parse("-a"), 0);
	assert_true(options.target.all);
	refuses("-p 1 -u root", "not for -p");
	refuses("-p 1 -E A=1", "not for -p");
	refuses("-q -v ls", "contradict");
	refuses("--replay f ls", "--replay reads a trace that was made");
	refuses("--replay f -p 1", "--replay reads a trace that was made");
	refuses("--replay f --record g", "cannot be used with --replay");
	refuses("--replay f -E A=1", "not for --replay");
}

/* The next word is the file only when it looks like one. */
static void takes_a_report_with_or_without_a_file(void **state)
{
	(void)state;
	assert_int_equal(parse("--report ls x.html"), 0);
	assert_string_equal(options.report, "report.html");
	assert_string_equal(options.target.command[0], "ls");
	assert_int_equal(parse("--report out.html ls"), 0);
	assert_string_equal(options.report, "out.html");
	assert_string_equal(options.target.command[0], "ls");
	assert_int_equal(parse("--report=- --max-report-events 500 ls"), 0);
	assert_string_equal(options.report, "-");
	assert_int_equal(options.max_report_events, 500);
	assert_int_equal(parse("--replay f --report"), 0);
	assert_string_equal(options.report, "report.html");
	refuses("--max-report-events 5 ls", "--max-report-events is for --report");
	refuses("--report --max-report-events 0 ls", "not a number above 0");
	refuses("--report --max-report-events 5x ls", "not a number above 0");
	refuses("--report --max-report-events 99999999999999999999 ls", "not a number above 0");
	refuses("--replay f --replay g --report", "--report is of one trace");
}

static void prints_help_and_version(void **state)
{
	static const char *const present[] = {"--output FILE", "-p, --pid", "--list-scripts", "--faults",
					      "-h, --help", "--report [FILE]"};

	(void)state;
	assert_int_equal(parse("--help"), 1);
	assert_string_equal(err.text, "");
	for (size_t i = 0; i < sizeof present / sizeof *present; i++)
		assert_non_null(strstr(out.text, present[i]));
	assert_int_equal(parse("-V"), 1);
	assert_true(!strncmp(out.text, "compendium ", 11) && strstr(out.text, compendium_version));
	assert_int_equal(parse("--list-scripts"), 0);
	assert_true(options.list_scripts);
}

static void takes_an_empty_argv(void **state)
{
	char *argv[] = {NULL};

	(void)state;
	options_free(&options);
	captured_begin(&err, STDERR_FILENO);
	assert_int_equal(options_parse(&options, 0, argv), MISUSE);
	captured_end(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_command),
		cmocka_unit_test(starts_with_defaults),
		cmocka_unit_test(ends_options_at_two_dashes),
		cmocka_unit_test(takes_arguments_in_each_form),
		cmocka_unit_test(bundles_switches),
		cmocka_unit_test(one_switch_may_stand_for_two),
		cmocka_unit_test(keeps_scripts_in_order),
		cmocka_unit_test(takes_pids),
		cmocka_unit_test(refuses_bad_pids),
		cmocka_unit_test(takes_environment),
		cmocka_unit_test(refuses_unknown_options),
		cmocka_unit_test(survives_long_words),
		cmocka_unit_test(refuses_missing_arguments),
		cmocka_unit_test(refuses_words_that_are_no_choice),
		cmocka_unit_test(takes_files_to_replay),
		cmocka_unit_test(refuses_contradictions),
		cmocka_unit_test(takes_a_report_with_or_without_a_file),
		cmocka_unit_test(prints_help_and_version),
		cmocka_unit_test(takes_an_empty_argv),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	options_free(&options);
	return failed;
}
