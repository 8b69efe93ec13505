/* SPDX-License-Identifier: MIT
 *
 * The script host as the session sees it: interest, hooks that work, fail, loop or end the trace,
 * timers, start and finish. What the library makes of records is tested in tests/lua.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "captured.h"
#include "hosted.h"

static struct capture errors;

static struct host *start(const char *code)
{
	struct host *host = hosted_new(code);

	assert_non_null(host);
	host_start(host, HOSTED_START, 100);
	return host;
}

static bool finish(struct host *host)
{
	return host_finish(host, HOSTED_START + 50, 0, 0);
}

/* What is said on stderr while a host refuses the code. */
static const char *refusal(const char *code)
{
	captured_begin(&errors, STDERR_FILENO);
	struct host *host = hosted_new(code);
	const char *text = captured_end(&errors);

	assert_null(host);
	return text;
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text++;
	}
	return n;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' has no '%s'", text, part);
}

/* --- interest ------------------------------------------------------------------------------------ */

static void interest_is_what_is_hooked(void **state)
{
	(void)state;
	struct host *host = start("on('syscall:getpid', print) on('enter:gettid', print)");
	const struct interest *interest = host_interest(host);

	assert_true(interest_has(interest->calls, ARCH_X86_64, syscall_number(ARCH_X86_64, "getpid")));
	assert_true(interest_has(interest->calls, ARCH_I386, syscall_number(ARCH_I386, "getpid")));
	assert_false(interest_has(interest->calls, ARCH_X86_64, syscall_number(ARCH_X86_64, "openat")));
	assert_false(interest_has(interest->enters, ARCH_X86_64, syscall_number(ARCH_X86_64, "getpid")));
	assert_true(interest_has(interest->enters, ARCH_X86_64, syscall_number(ARCH_X86_64, "gettid")));
	assert_int_equal(interest->data_limit, 0);
	assert_false(interest->kinds >> RECORD_SIGNAL & 1);
	host_free(host);
}

static void all_calls_include_nameless_ones(void **state)
{
	(void)state;
	struct host *host = start("on('syscall', function() r.n = (r.n or 0) + 1 end)");
	struct record *record = (struct record *)hosted_call("getpid", 1);

	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (unsigned nr = 0; nr < INTEREST_NRS; nr++)
			assert_true(interest_has(host_interest(host)->calls, arch, nr));
	record->nr = INTEREST_NRS - 1;
	host_dispatch(host, record);
	record->nr = INT32_MAX;
	host_dispatch(host, record);
	record->arch = ARCH_COUNT; /* from a file that lies */
	host_dispatch(host, record);
	record->kind = 200;
	host_dispatch(host, record);
	assert_int_equal(hosted_result(host, "n"), 2);
	host_free(host);
}

static void wanted_data_is_part_of_it(void **state)
{
	(void)state;
	struct host *host = start("want('data', '4k') want('data', 100)");

	assert_int_equal(host_interest(host)->data_limit, 4096);
	host_free(host);
	host = start("want('data', '1G')");
	assert_in_range(host_interest(host)->data_limit, 4096, RECORD_MAX);
	host_free(host);
}

/* --- loading ------------------------------------------------------------------------------------- */

static void bad_scripts_are_refused_in_one_line(void **state)
{
	static const char *const codes[][2] = {
		{"on('open'", "-e:1: ')' expected near <eof>"},
		{"on('opne', print)", "-e:1: there is no event 'opne'; did you mean 'open'?"},
		{"\n\nprnt()", "-e:3: there is no global 'prnt'; did you mean 'print'?"},
		{"use 'nowhere'", "-e:1: use \"nowhere\": not found"},
		{"local x = nil; x()", "-e:1: attempt to call a nil value (local 'x')"},
		{"error({})", "(error object is a table value)"},
		{"error()", "(error object is a nil value)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		const char *said = refusal(codes[i][0]);
		assert_contains(said, codes[i][1]);
		if (i < 5)
			assert_int_equal(count(said, "\n"), 1);
	}
	assert_string_equal(refusal("os.exit(1)"), "");
}

static void scripts_are_listed(void **state)
{
	static struct capture out;
	struct options options = {.list_scripts = true, .color = "never", .backend = "auto"};

	(void)state;
	captured_begin(&out, STDOUT_FILENO);
	struct host *host = host_new(&options);
	const char *list = captured_end(&out);
	assert_non_null(host);
	assert_contains(list, "default ");
	assert_contains(list, "only-network ");
	host_free(host);
}

/* --- hooks --------------------------------------------------------------------------------------- */

static void hooks_run_for_their_records(void **state)
{
	(void)state;
	struct host *host = start("on('syscall:getpid', function(e) r.ret = e.ret r.time = e.time end)");

	host_dispatch(host, hosted_call("gettid", 1));
	assert_int_equal(hosted_result(host, "ret"), -1);
	host_dispatch(host, hosted_call("getpid", 42));
	assert_int_equal(hosted_result(host, "ret"), 42);
	assert_int_equal(hosted_result(host, "time"), 5);
	assert_true(finish(host));
	host_free(host);
}

static void a_failing_hook_is_told_once_and_counted(void **state)
{
	(void)state;
	struct host *host = start("on('syscall:getpid', function(e) r.n = (r.n or 0) + 1 error('oops') end) "
				  "on('finish', function() r.errors = require('compendium.core').errors() end)");

	captured_begin(&errors, STDERR_FILENO);
	for (int i = 0; i < 3; i++)
		host_dispatch(host, hosted_call("getpid", 1));
	const char *said = captured_end(&errors);
	assert_contains(said, "on \"syscall:getpid\" (-e:1) failed in getpid: -e:1: oops");
	assert_contains(said, "stack traceback");
	assert_int_equal(count(said, "oops"), 1);
	assert_int_equal(hosted_result(host, "n"), 3);
	assert_false(host_wants_end(host));
	assert_true(finish(host));
	assert_int_equal(hosted_result(host, "errors"), 3);
	host_free(host);
}

static void whatever_is_raised_is_survived(void **state)
{
	static const char *const bodies[][2] = {
		{"error()", "(error object is a nil value)"},
		{"error(setmetatable({}, {__tostring = function() return 'mine' end}))", "mine"},
		{"error(setmetatable({}, {__tostring = function() error('again') end}))", "failed in getpid"},
		{"error(setmetatable({}, {__tostring = function() return {} end}))", "failed in getpid"},
		{"error(string.char(27, 10, 0) .. 'x')", "\\x1b"},
		{"local function f() return 1 + f() end f()", "stack overflow"},
		{"local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k] end "
		 "local x = t.x", "overflow"},
		{"coroutine.yield()", "outside a coroutine"},
		{"coroutine.wrap(function() error('inside') end)()", "inside"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		char code[512];
		snprintf(code, sizeof code, "on('syscall:getpid', function() %s end) "
			 "on('syscall:getpid', function() r.after = 1 end)", bodies[i][0]);
		struct host *host = start(code);
		captured_begin(&errors, STDERR_FILENO);
		host_dispatch(host, hosted_call("getpid", 1));
		assert_contains(captured_end(&errors), bodies[i][1]);
		assert_int_equal(hosted_result(host, "after"), 1);
		host_free(host);
	}
}

/* An allocator with a limit for one block. */
static void *allocate_little(void *limit, void *block, size_t old, size_t size)
{
	(void)old;
	if (!size) {
		free(block);
		return NULL;
	}
	return size > *(size_t *)limit ? NULL : realloc(block, size);
}

static void running_out_of_memory_is_survived(void **state)
{
	size_t limit = 1 << 20;

	(void)state;
	struct host *host = start("on('syscall:getpid', function() local s = 'x' while true do s = s .. s end end) "
				  "on('syscall:getpid', function() r.after = 1 end)");
	lua_setallocf(host->L, allocate_little, &limit);
	captured_begin(&errors, STDERR_FILENO);
	host_dispatch(host, hosted_call("getpid", 1));
	assert_contains(captured_end(&errors), "failed in getpid: not enough memory");
	assert_int_equal(hosted_result(host, "after"), 1);
	host_free(host);
}

static void strict_ends_with_the_first_error(void **state)
{
	(void)state;
	hosted_options.strict = true;
	struct host *host = start("on('syscall:getpid', function() error('oops') end) "
				  "on('syscall:getpid', function() r.after = 1 end) "
				  "on('finish', function() r.finished = 1 end)");

	captured_begin(&errors, STDERR_FILENO);
	host_dispatch(host, hosted_call("getpid", 1));
	captured_end(&errors);
	hosted_options.strict = false;
	assert_true(host_wants_end(host));
	assert_int_equal(hosted_result(host, "after"), -1);
	assert_false(finish(host));
	assert_int_equal(hosted_result(host, "finished"), 1);
	host_free(host);
}

static void os_exit_ends_the_trace_in_order(void **state)
{
	static const struct {
		const char *call;
		bool good;
	} exits[] = {{"os.exit()", true}, {"os.exit(0)", true}, {"os.exit(true)", true},
		     {"os.exit(3)", false}, {"os.exit(false)", false}, {"pcall(os.exit)", true}};

	(void)state;
	for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++) {
		char code[512];
		snprintf(code, sizeof code, "on('syscall:getpid', function() r.n = (r.n or 0) + 1 %s end) "
			 "on('finish', function() r.finished = 1 end)", exits[i].call);
		struct host *host = start(code);
		captured_begin(&errors, STDERR_FILENO);
		host_dispatch(host, hosted_call("getpid", 1));
		host_dispatch(host, hosted_call("getpid", 1));
		assert_string_equal(captured_end(&errors), "");
		assert_true(host_wants_end(host));
		assert_int_equal(hosted_result(host, "n"), 1);
		assert_int_equal(finish(host), exits[i].good);
		assert_int_equal(hosted_result(host, "finished"), 1);
		host_free(host);
	}
}

/* --- hooks that loop ----------------------------------------------------------------------------- */

static void an_endless_hook_is_interrupted(void **state)
{
	static const char *const loops[] = {
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"local co = coroutine.wrap(function() while true do end end) co()",
		("local co = coroutine.create(function() while true do pcall(load 'while true do end') end end) "
		 "coroutine.resume(co)"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
		char code[512];
		snprintf(code, sizeof code, "on('syscall:getpid', function() %s end) "
			 "on('syscall:gettid', function() local n = 0 for i = 1, 1000000 do n = n + i end r.n = n end)",
			 loops[i]);
		struct host *host = start(code);
		captured_begin(&errors, STDERR_FILENO);
		host_dispatch(host, hosted_call("getpid", 1));
		const char *said = captured_end(&errors);
		if (i < 3) /* the last one's coroutine died, and nobody asked why */
			assert_contains(said, "-e:1: interrupted: it ran for 100 million instructions");
		host_dispatch(host, hosted_call("gettid", 1)); /* is not counted any more */
		assert_int_equal(hosted_result(host, "n"), 500000500000);
		host_free(host);
	}
}

/* Few instructions that take long: their number alone would let it run for minutes. */
static void a_hook_of_slow_functions_is_interrupted(void **state)
{
	(void)state;
	struct host *host = start("local text = ('x'):rep(1000000)"
				  "on('syscall:getpid', function() while true do text:find('y') end end)"
				  "on('syscall:gettid', function() coroutine.wrap(function() local n = 0 "
				  "for i = 1, 2000000 do n = n + i end r.n = n end)() end)");
	captured_begin(&errors, STDERR_FILENO);
	host_dispatch(host, hosted_call("getpid", 1));
	assert_contains(captured_end(&errors), "-e:1: interrupted: it ran for 10 seconds");
	host_dispatch(host, hosted_call("gettid", 1)); /* has time of its own */
	assert_int_equal(hosted_result(host, "n"), 2000001000000);
	host_free(host);
}

static void told_to_end_interrupts_a_hook(void **state)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

	(void)state;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		sigset_t set, before;
		int got;

		sigemptyset(&set);
		sigaddset(&set, signals[i]);
		sigprocmask(SIG_BLOCK, &set, &before); /* as the session does */
		struct host *host = start("local text = ('x'):rep(1000000)"
					  "on('syscall:getpid', function() while true do text:find('y') end end)");
		raise(signals[i]);
		captured_begin(&errors, STDERR_FILENO);
		host_dispatch(host, hosted_call("getpid", 1));
		assert_contains(captured_end(&errors), "-e:1: interrupted\n");
		sigwait(&set, &got);
		assert_int_equal(got, signals[i]); /* it is still the session's */
		sigprocmask(SIG_SETMASK, &before, NULL);
		host_free(host);
	}
}

static void what_a_command_inherits_is_not_changed(void **state)
{
	struct sigaction action;

	(void)state;
	signal(SIGVTALRM, SIG_IGN);
	struct host *host = start("");
	sigaction(SIGVTALRM, NULL, &action);
	assert_true(action.sa_handler == SIG_IGN);
	sigaction(SIGPROF, NULL, &action);
	assert_true(action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN); /* exec resets it */
	host_free(host);
	sigaction(SIGPROF, NULL, &action);
	assert_true(action.sa_handler == SIG_DFL);
	signal(SIGVTALRM, SIG_DFL);
}

/* --- time ---------------------------------------------------------------------------------------- */

static void timers_run_when_due(void **state)
{
	(void)state;
	struct host *host = start("on('every:10us', function() r.n = (r.n or 0) + 1 end)");

	assert_int_equal(host_deadline(host), HOSTED_START + 10000);
	host_tick(host, HOSTED_START + 9999);
	assert_int_equal(hosted_result(host, "n"), -1);
	host_tick(host, HOSTED_START + 10000);
	assert_int_equal(hosted_result(host, "n"), 1);
	assert_int_equal(host_deadline(host), HOSTED_START + 20000);
	host_tick(host, HOSTED_START + 95000); /* a pause: once, and the beat is kept */
	assert_int_equal(hosted_result(host, "n"), 2);
	assert_int_equal(host_deadline(host), HOSTED_START + 100000);
	host_free(host);
}

/* A trace file may say that it is any time. */
static void no_timer_is_due_after_the_end_of_time(void **state)
{
	(void)state;
	struct host *host = start("on('every:10us', function() r.n = (r.n or 0) + 1 end)");

	host_run_timers(host, UINT64_MAX - 1);
	assert_int_equal(hosted_result(host, "n"), 1);
	assert_true(host_timers_due(host) == UINT64_MAX);
	host_start(host, UINT64_MAX - 1, 1);
	assert_true(host_timers_due(host) == UINT64_MAX);
	host_free(host);
}

static void nothing_is_due_without_timers(void **state)
{
	(void)state;
	struct host *host = start("on('syscall:getpid', function() end)");

	assert_true(host_deadline(host) == UINT64_MAX);
	host_free(host);
}

static void start_and_finish_are_told_what_is_known(void **state)
{
	(void)state;
	struct host *host = start("on('start', function(i) r.pid = i.pid end) "
				  "on('finish', function(i) r.time, r.status, r.signal = i.time, i.status, i.signal end)");

	assert_int_equal(hosted_result(host, "pid"), 100);
	assert_true(host_finish(host, HOSTED_START + 50, 256, SIGINT));
	assert_int_equal(hosted_result(host, "time"), 50);
	assert_int_equal(hosted_result(host, "status"), 256);
	assert_int_equal(hosted_result(host, "signal"), SIGINT);
	host_free(host);

	host = start("on('finish', function(i) r.status = i.status == nil and 7 r.signal = i.signal == nil and 8 end)");
	assert_true(host_finish(host, HOSTED_START + 50, -1, 0));
	assert_int_equal(hosted_result(host, "status"), 7);
	assert_int_equal(hosted_result(host, "signal"), 8);
	host_free(host);
}

static void what_is_written_comes_out_soon(void **state)
{
	static struct capture out;

	(void)state;
	struct host *host = start("on('syscall:getpid', function() io.write 'hello' end)");
	captured_begin(&out, STDOUT_FILENO);
	host_dispatch(host, hosted_call("getpid", 1));
	assert_true(host_deadline(host) < UINT64_MAX);
	host_tick(host, host_deadline(host));
	assert_true(host_deadline(host) == UINT64_MAX);
	assert_string_equal(captured_end(&out), "hello");
	host_free(host);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(interest_is_what_is_hooked),
		cmocka_unit_test(all_calls_include_nameless_ones),
		cmocka_unit_test(wanted_data_is_part_of_it),
		cmocka_unit_test(bad_scripts_are_refused_in_one_line),
		cmocka_unit_test(scripts_are_listed),
		cmocka_unit_test(hooks_run_for_their_records),
		cmocka_unit_test(a_failing_hook_is_told_once_and_counted),
		cmocka_unit_test(whatever_is_raised_is_survived),
		cmocka_unit_test(running_out_of_memory_is_survived),
		cmocka_unit_test(strict_ends_with_the_first_error),
		cmocka_unit_test(os_exit_ends_the_trace_in_order),
		cmocka_unit_test(an_endless_hook_is_interrupted),
		cmocka_unit_test(a_hook_of_slow_functions_is_interrupted),
		cmocka_unit_test(told_to_end_interrupts_a_hook),
		cmocka_unit_test(what_a_command_inherits_is_not_changed),
		cmocka_unit_test(timers_run_when_due),
		cmocka_unit_test(no_timer_is_due_after_the_end_of_time),
		cmocka_unit_test(nothing_is_due_without_timers),
		cmocka_unit_test(start_and_finish_are_told_what_is_known),
		cmocka_unit_test(what_is_written_comes_out_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
