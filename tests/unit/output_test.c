/* SPDX-License-Identifier: MIT
 *
 * core.output: what is written arrives, in time; a reader that went away, a full disk and a reader that
 * does not read end the writing, not the trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hosted.h"

/* A writer `w` on what `target` says; each getpid runs `code`. */
static struct host *writing_to(const char *target, const char *code)
{
	char text[1024];

	snprintf(text, sizeof text, "local w = assert(require('compendium.core').output(%s)) r.w = w "
		 "on('syscall:getpid', function(e) %s end)", target, code);
	struct host *host = hosted_new(text);
	assert_non_null(host);
	host_start(host, host_now_ns(), 100);
	return host;
}

static struct host *writing_to_fd(int fd, const char *code)
{
	char target[20];

	snprintf(target, sizeof target, "%d", fd);
	return writing_to(target, code);
}

static void run(struct host *host)
{
	host_dispatch(host, hosted_call("getpid", 1));
}

/* Whether the writer has an error of this text ("": none). */
static void assert_error(struct host *host, const char *expected)
{
	lua_State *L = host->L;
	int top = lua_gettop(L);

	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_getfield(L, -1, "result");
	lua_getfield(L, -1, "w");
	lua_getfield(L, -1, "error");
	lua_insert(L, -2);
	lua_call(L, 1, 1);
	assert_string_equal(lua_tostring(L, -1) ? lua_tostring(L, -1) : "", expected);
	lua_settop(L, top);
}

static void text_waits_a_moment_and_arrives(void **state)
{
	int ends[2];
	char text[16] = "";

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	struct host *host = writing_to_fd(ends[1], "w:write('one', 2, '\\0')");
	run(host);
	assert_int_equal(read(ends[0], text, sizeof text), -1);
	uint64_t due = host_deadline(host);
	assert_true(due < UINT64_MAX);
	host_tick(host, due - 1);
	assert_int_equal(read(ends[0], text, sizeof text), -1);
	host_tick(host, due);
	assert_int_equal(read(ends[0], text, sizeof text), 5);
	assert_memory_equal(text, "one2\0", 5);
	assert_true(host_deadline(host) == UINT64_MAX);
	run(host);
	assert_true(host_finish(host, host_now_ns(), 0, 0));
	assert_int_equal(read(ends[0], text, sizeof text), 5);
	host_free(host);
	close(ends[0]);
	assert_int_equal(close(ends[1]), 0); /* what was given by number stays open */
}

static void much_text_does_not_wait(void **state)
{
	char path[] = "/tmp/output_test.XXXXXX", target[64];
	struct stat file;

	(void)state;
	int fd = mkstemp(path);
	snprintf(target, sizeof target, "'%s'", path);
	struct host *host = writing_to(target, "w:write(('x'):rep(50000)) w:write(('y'):rep(50000))");
	run(host);
	fstat(fd, &file);
	assert_int_equal(file.st_size, 50000);
	host_free(host); /* and what is left is written when all ends */
	fstat(fd, &file);
	assert_int_equal(file.st_size, 100000);
	host = writing_to(target, "w:write(('z'):rep(1000000))"); /* empties the file at once */
	fstat(fd, &file);
	assert_int_equal(file.st_size, 0);
	run(host);
	fstat(fd, &file);
	assert_int_equal(file.st_size, 1000000);
	assert_error(host, "");
	host_free(host);
	close(fd);
	unlink(path);
}

static void a_file_is_ours_alone(void **state)
{
	(void)state;
	int next = dup(0);
	close(next);
	struct host *host = writing_to("'/dev/null'", "");
	assert_true(fcntl(next, F_GETFD) & FD_CLOEXEC);
	host_free(host);
	assert_int_equal(fcntl(next, F_GETFD), -1);
}

static void a_file_that_cannot_be_made_is_said_at_once(void **state)
{
	(void)state;
	struct host *host = hosted_new("local w, why = require('compendium.core').output('/nowhere/x') "
				       "r.none = w == nil and 1 "
				       "r.said = why == '/nowhere/x: No such file or directory' and 2");
	assert_int_equal(hosted_result(host, "none"), 1);
	assert_int_equal(hosted_result(host, "said"), 2);
	host_free(host);
}

static void a_reader_that_went_away_ends_the_writing(void **state)
{
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN); /* the session blocks it */
	assert_int_equal(pipe(ends), 0);
	struct host *host = writing_to_fd(ends[1], "w:write('x') w:flush() r.n = (r.n or 0) + 1");
	close(ends[0]);
	run(host);
	run(host);
	assert_int_equal(hosted_result(host, "n"), 2);
	assert_error(host, "Broken pipe");
	host_free(host);
	close(ends[1]);
}

static void a_full_disk_ends_the_writing(void **state)
{
	(void)state;
	struct host *host = writing_to("'/dev/full'", "w:write('x') r.n = 1");
	run(host);
	host_tick(host, UINT64_MAX - 1);
	assert_error(host, "No space left on device");
	run(host);
	assert_true(host_deadline(host) == UINT64_MAX); /* nothing is kept any more */
	host_free(host);
}

static void a_reader_that_does_not_read_is_not_waited_for(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	struct host *host = writing_to_fd(ends[1], "w:write(('x'):rep(200000)) r.n = 1");
	run(host);
	assert_error(host, "Resource temporarily unavailable");
	char byte;
	assert_int_equal(read(ends[0], &byte, 1), 1); /* what fitted was written */
	host_free(host);
	close(ends[0]);
	close(ends[1]);
}

static void a_closed_writer_writes_nothing(void **state)
{
	int ends[2];
	char text[16];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	struct host *host = writing_to_fd(ends[1], "w:write 'a' w:close() w:write 'b' w:flush() w:close() "
					  "r.tty = w:is_tty() and 1 or 0 r.width = w:width() == nil and 1");
	run(host);
	host_tick(host, UINT64_MAX - 1);
	assert_int_equal(read(ends[0], text, sizeof text), 1);
	assert_int_equal(hosted_result(host, "tty"), 0);
	assert_int_equal(hosted_result(host, "width"), 1);
	host_free(host);
	close(ends[0]);
	close(ends[1]);
}

static void a_collected_writer_is_flushed_and_forgotten(void **state)
{
	int ends[2];
	char text[16];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	struct host *host = writing_to_fd(ends[1], "w:write 'a' r.w, w = nil, nil collectgarbage()");
	run(host);
	assert_int_equal(read(ends[0], text, sizeof text), 1);
	assert_true(host_deadline(host) == UINT64_MAX);
	host_free(host);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_waits_a_moment_and_arrives),
		cmocka_unit_test(much_text_does_not_wait),
		cmocka_unit_test(a_file_is_ours_alone),
		cmocka_unit_test(a_file_that_cannot_be_made_is_said_at_once),
		cmocka_unit_test(a_reader_that_went_away_ends_the_writing),
		cmocka_unit_test(a_full_disk_ends_the_writing),
		cmocka_unit_test(a_reader_that_does_not_read_is_not_waited_for),
		cmocka_unit_test(a_closed_writer_writes_nothing),
		cmocka_unit_test(a_collected_writer_is_flushed_and_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
