/* SPDX-License-Identifier: MIT
 *
 * Buffered writers on a descriptor or a file, for the sinks. A reader that went away, a full disk,
 * a terminal set to non-blocking: writing never raises, and never holds the trace for long. After
 * the first failure a writer drops what it is given and remembers why.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"
#include "script/state.h"

enum { BUFFER_SIZE = 64 << 10, WAIT_MS = 1000 };

static const uint64_t DELAY_NS = 20000000; /* how long text may wait in a buffer */

static const char TYPE[] = "compendium.output";

struct output {
	struct output *next, **link; /* in host->outputs */
	int fd;
	bool owned; /* we opened it, so we close it */
	bool is_terminal;
	bool has_written; /* anything */
	int error;	  /* errno of the first failure */
	size_t used;
	uint64_t since; /* when the first byte in the buffer came */
	char buffer[BUFFER_SIZE];
};

static struct output *check_output(lua_State *L)
{
	return luaL_checkudata(L, 1, TYPE);
}

/* --- writing -------------------------------------------------------------------------------------
 */

/* Waits until a non-blocking descriptor takes more. 0 or an errno. */
static int wait_writable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int ready = poll(&poll_fd, 1, WAIT_MS);

	if (ready < 0)
		return errno == EINTR ? 0 : errno;
	return ready ? 0 : EAGAIN;
}

static void write_all(struct output *output, const char *bytes, size_t size)
{
	if (output->is_terminal && size)
		log_progress_end();
	output->has_written |= size;
	while (size && !output->error) {
		ssize_t n = write(output->fd, bytes, size);
		if (n >= 0) {
			bytes += n;
			size -= n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			output->error = wait_writable(output->fd);
		} else if (errno != EINTR) {
			output->error = errno;
		}
	}
}

static void flush(struct output *output)
{
	if (output->fd >= 0)
		write_all(output, output->buffer, output->used);
	output->used = 0;
}

static void append(struct output *output, const char *bytes, size_t size)
{
	if (output->fd < 0 || output->error || !size)
		return;
	if (output->used + size > BUFFER_SIZE)
		flush(output);
	if (size > BUFFER_SIZE) {
		write_all(output, bytes, size);
		return;
	}
	if (!output->used)
		output->since = host_now_ns();
	memcpy(output->buffer + output->used, bytes, size);
	output->used += size;
}

static void close_output(struct output *output)
{
	flush(output);
	/* A full disk behind NFS is reported at close only. */
	if (output->owned && output->fd >= 0 && close(output->fd) && !output->error &&
	    errno != EINTR)
		output->error = errno;
	output->fd = -1;
}

/* --- the host's view -----------------------------------------------------------------------------
 */

uint64_t output_deadline(const struct host *host)
{
	uint64_t due = UINT64_MAX;

	for (const struct output *o = host->outputs; o; o = o->next)
		if (o->used && o->since + DELAY_NS < due)
			due = o->since + DELAY_NS;
	return due;
}

bool output_has_terminal(const struct host *host)
{
	for (const struct output *o = host->outputs; o; o = o->next)
		if (o->is_terminal && (o->has_written || o->used))
			return true;
	return false;
}

void output_tick(struct host *host, uint64_t now_ns)
{
	for (struct output *o = host->outputs; o; o = o->next)
		if (o->used && o->since + DELAY_NS <= now_ns)
			flush(o);
}

/* --- Lua -----------------------------------------------------------------------------------------
 */

/* core.output(descriptor or path) -> writer, or nil, message */
static int output_new(lua_State *L)
{
	struct host *host = host_of(L);
	const char *path = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
	int fd = path ? -1 : (int)luaL_checkinteger(L, 1);
	struct output *output = lua_newuserdatauv(L, sizeof *output, 0);

	*output = (struct output){.fd = fd, .owned = path};
	if (path)
		output->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (path && output->fd < 0)
		return luaL_fileresult(L, 0, path);
	output->is_terminal = output->fd >= 0 && isatty(output->fd);
	output->next = host->outputs;
	output->link = &host->outputs;
	if (host->outputs)
		host->outputs->link = &output->next;
	host->outputs = output;
	luaL_setmetatable(L, TYPE);
	return 1;
}

static int output_write(lua_State *L)
{
	struct output *output = check_output(L);
	size_t size;

	for (int i = 2, n = lua_gettop(L); i <= n; i++) {
		const char *bytes = luaL_checklstring(L, i, &size);
		append(output, bytes, size);
	}
	return 0;
}

static int output_flush(lua_State *L)
{
	flush(check_output(L));
	return 0;
}

static int output_close(lua_State *L)
{
	close_output(check_output(L));
	return 0;
}

static int output_gc(lua_State *L)
{
	struct output *output = check_output(L);

	if (!output->link)
		return 0;
	close_output(output);
	*output->link = output->next;
	if (output->next)
		output->next->link = output->link;
	output->link = NULL;
	return 0;
}

static int output_is_tty(lua_State *L)
{
	struct output *output = check_output(L);

	lua_pushboolean(L, output->fd >= 0 && output->is_terminal);
	return 1;
}

/* Columns of the terminal, or nil. */
static int output_width(lua_State *L)
{
	struct winsize size;

	if (ioctl(check_output(L)->fd, TIOCGWINSZ, &size) || !size.ws_col)
		return 0;
	lua_pushinteger(L, size.ws_col);
	return 1;
}

static int output_error(lua_State *L)
{
	struct output *output = check_output(L);

	lua_pushstring(L, output->error ? strerror(output->error) : NULL);
	return 1;
}

static const luaL_Reg methods[] = {
	{"write", output_write}, {"flush", output_flush},
	{"close", output_close}, {"is_tty", output_is_tty},
	{"width", output_width}, {"error", output_error},
	{"__gc", output_gc},	 {NULL, NULL},
};

int output_open(lua_State *L)
{
	luaL_newmetatable(L, TYPE);
	luaL_setfuncs(L, methods, 0);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	lua_pushcfunction(L, output_new);
	return 1;
}
