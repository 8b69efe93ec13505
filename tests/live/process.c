/* SPDX-License-Identifier: MIT
 *
 * process: what Lua lacks to run programs under test: start them without a shell, as another
 * user or on a terminal of their own, wait for them with a limit, and signal them. A Lua module,
 * used by harness.lua only.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

enum { STREAMS = 3 };

/* How a child's stdin, stdout or stderr is made. */
struct stream {
	const char *path; /* to open, or NULL */
	int fd;		  /* to duplicate; -1: the stream is closed */
};

struct spawn {
	char **argv;
	char **environment; /* NULL: inherited */
	const char *cwd;
	struct stream streams[STREAMS];
	const char *terminal; /* slave of a pseudo terminal that becomes the controlling one */
	lua_Integer uid;      /* -1: stay who we are */
	bool same_addresses;  /* no address space randomisation */
	bool core;	      /* core dumps are allowed */
};

/* A failed call becomes nil, message for Lua. [-0, +2, m] */
static int push_error(lua_State *L, const char *what, int error)
{
	lua_pushnil(L);
	lua_pushfstring(L, "%s: %s", what, strerror(error));
	return 2;
}

static int push_result(lua_State *L, const char *what, int result)
{
	if (result < 0)
		return push_error(L, what, errno);
	lua_pushboolean(L, true);
	return 1;
}

/* The array field `name` as a NULL-terminated vector, or NULL when absent. The strings stay
 * anchored in the table at index 1, the vector in a userdata. [-0, +1, e] */
static char **read_vector(lua_State *L, const char *name)
{
	if (lua_getfield(L, 1, name) == LUA_TNIL)
		return NULL;
	lua_Unsigned count = lua_rawlen(L, -1);
	char **vector = lua_newuserdatauv(L, (count + 1) * sizeof(*vector), 0);
	for (lua_Unsigned i = 0; i < count; i++) {
		if (lua_rawgeti(L, -2, (lua_Integer)i + 1) != LUA_TSTRING)
			luaL_error(L, "%s[%d] is no string", name, (int)i + 1);
		vector[i] = (char *)lua_tostring(L, -1);
		lua_pop(L, 1);
	}
	vector[count] = NULL;
	lua_remove(L, -2);
	return vector;
}

static struct stream read_stream(lua_State *L, const char *name, int fallback)
{
	struct stream stream = {.fd = fallback};
	int type = lua_getfield(L, 1, name);
	if (type == LUA_TSTRING)
		stream.path = lua_tostring(L, -1);
	else if (type == LUA_TNUMBER)
		stream.fd = (int)lua_tointeger(L, -1);
	else if (type == LUA_TBOOLEAN)
		stream.fd = -1;
	lua_pop(L, 1);
	return stream;
}

static const char *read_string(lua_State *L, const char *name)
{
	lua_getfield(L, 1, name);
	const char *string = lua_tostring(L, -1);
	lua_pop(L, 1); /* the table keeps it alive */
	return string;
}

static bool read_flag(lua_State *L, const char *name)
{
	lua_getfield(L, 1, name);
	bool flag = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return flag;
}

static void child_streams(const struct spawn *spawn)
{
	int fds[STREAMS];
	for (int i = 0; i < STREAMS; i++) {
		const struct stream *stream = &spawn->streams[i];
		fds[i] = -1;
		if (stream->path) {
			int fd = open(stream->path,
				      i ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0666);
			if (fd < 0)
				return;
			fds[i] = fcntl(fd, F_DUPFD, 10);
		} else if (stream->fd >= 0) {
			fds[i] = fcntl(stream->fd, F_DUPFD, 10);
		}
	}
	for (int i = 0; i < STREAMS; i++)
		if (fds[i] < 0)
			close(i);
		else
			dup2(fds[i], i);
}

/* Takes the terminal as the controlling one, as a login shell has it. */
static int child_terminal(const char *terminal)
{
	setsid();
	int fd = open(terminal, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0))
		return -1;
	for (int i = 0; i < STREAMS; i++)
		dup2(fd, i);
	return 0;
}

static int child_user(lua_Integer uid)
{
	if (uid < 0)
		return 0;
	if (setgroups(0, NULL) || setgid((gid_t)uid) || setuid((uid_t)uid))
		return -1;
	return prctl(PR_SET_DUMPABLE, 1); /* as after a login: exec would set it too */
}

static void child_signals(void)
{
	sigset_t none;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Becomes the program; on failure tells errno through `report`. */
static void child_run(const struct spawn *spawn, int report)
{
	struct rlimit core = {spawn->core ? RLIM_INFINITY : 0, RLIM_INFINITY};
	report = fcntl(report, F_DUPFD_CLOEXEC, 20);
	umask(022);
	child_signals();
	setrlimit(RLIMIT_CORE, &core);
	if (spawn->same_addresses)
		personality(ADDR_NO_RANDOMIZE);
	if (!child_user(spawn->uid) && (!spawn->cwd || !chdir(spawn->cwd))) {
		int failed = 0;
		if (spawn->terminal)
			failed = child_terminal(spawn->terminal);
		else
			setpgid(0, 0);
		child_streams(spawn);
		for (int fd = STREAMS; fd < 20; fd++)
			close(fd);
		close_range((unsigned)report + 1, ~0u, 0);
		if (!failed)
			execvpe(spawn->argv[0], spawn->argv,
				spawn->environment ? spawn->environment : environ);
	}
	int error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* spawn{argv=, env=, cwd=, stdin=, stdout=, stderr= (path, descriptor or false), terminal=, uid=,
 * same_addresses=, core=} -> pid. Every child has a process group of its own. [-1, +1, e] */
static int process_spawn(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	struct spawn spawn = {.cwd = read_string(L, "cwd"), .terminal = read_string(L, "terminal")};
	static const char *const names[STREAMS] = {"stdin", "stdout", "stderr"};
	for (int i = 0; i < STREAMS; i++)
		spawn.streams[i] = read_stream(L, names[i], i);
	spawn.same_addresses = read_flag(L, "same_addresses");
	spawn.core = read_flag(L, "core");
	lua_getfield(L, 1, "uid");
	spawn.uid = luaL_optinteger(L, -1, -1);
	spawn.argv = read_vector(L, "argv");
	spawn.environment = read_vector(L, "env");
	luaL_argcheck(L, spawn.argv && spawn.argv[0], 1, "argv is missing");

	int report[2], error = 0;
	if (pipe2(report, O_CLOEXEC))
		return push_error(L, "pipe", errno);
	pid_t pid = fork();
	if (pid == 0)
		child_run(&spawn, report[1]);
	close(report[1]);
	ssize_t got = pid < 0 ? 0 : read(report[0], &error, sizeof(error));
	close(report[0]);
	if (pid < 0)
		return push_error(L, "fork", errno);
	if (got > 0) {
		waitpid(pid, NULL, 0);
		return push_error(L, spawn.argv[0], error);
	}
	lua_pushinteger(L, pid);
	return 1;
}

/* wait(pid, seconds) -> "exit", code | "signal", number, dumped | nil when it still runs. */
static int process_wait(lua_State *L)
{
	pid_t pid = (pid_t)luaL_checkinteger(L, 1);
	int limit_ms = (int)(luaL_checknumber(L, 2) * 1000);
	int status;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return push_error(L, "pidfd_open", errno);
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	int ready = poll(&poller, 1, limit_ms);
	close(fd);
	if (ready <= 0 || waitpid(pid, &status, 0) != pid) {
		lua_pushnil(L);
		return 1;
	}
	bool exited = WIFEXITED(status);
	lua_pushstring(L, exited ? "exit" : "signal");
	lua_pushinteger(L, exited ? WEXITSTATUS(status) : WTERMSIG(status));
	lua_pushboolean(L, WCOREDUMP(status));
	return 3;
}

/* reap() -> how many children that had been left to us were collected. */
static int process_reap(lua_State *L)
{
	int count = 0;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		count++;
	lua_pushinteger(L, count);
	return 1;
}

/* kill(pid, signal) -> true | nil, message. A negative pid is a process group. */
static int process_kill(lua_State *L)
{
	pid_t pid = (pid_t)luaL_checkinteger(L, 1);
	luaL_argcheck(L, pid != 0 && pid != -1, 1, "one process or group only");
	return push_result(L, "kill", kill(pid, (int)luaL_checkinteger(L, 2)));
}

/* terminal(columns, rows) -> descriptor of the master, path of the slave. */
static int process_terminal(lua_State *L)
{
	struct winsize size = {.ws_col = (unsigned short)luaL_checkinteger(L, 1),
			       .ws_row = (unsigned short)luaL_checkinteger(L, 2)};
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || grantpt(fd) || unlockpt(fd) || ioctl(fd, TIOCSWINSZ, &size))
		return push_error(L, "posix_openpt", errno);
	lua_pushinteger(L, fd);
	lua_pushstring(L, ptsname(fd));
	return 2;
}

/* read(fd, seconds) -> bytes | "" at the end | nil when nothing came in time. */
static int process_read(lua_State *L)
{
	char buffer[65536];
	struct pollfd poller = {.fd = (int)luaL_checkinteger(L, 1), .events = POLLIN};
	if (poll(&poller, 1, (int)(luaL_checknumber(L, 2) * 1000)) <= 0)
		return 0;
	/* EIO is how a terminal's master says that the last slave is closed. */
	ssize_t size = read(poller.fd, buffer, sizeof(buffer));
	lua_pushlstring(L, buffer, size < 0 ? 0 : (size_t)size);
	return 1;
}

static int process_write(lua_State *L)
{
	size_t size;
	const char *bytes = luaL_checklstring(L, 2, &size);
	return push_result(L, "write", (int)write((int)luaL_checkinteger(L, 1), bytes, size));
}

static int process_close(lua_State *L)
{
	return push_result(L, "close", close((int)luaL_checkinteger(L, 1)));
}

/* pipe() -> descriptor to read, descriptor to write. */
static int process_pipe(lua_State *L)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC))
		return push_error(L, "pipe", errno);
	lua_pushinteger(L, fds[0]);
	lua_pushinteger(L, fds[1]);
	return 2;
}

static int process_sleep(lua_State *L)
{
	double seconds = luaL_checknumber(L, 1);
	struct timespec time = {.tv_sec = (time_t)seconds};
	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	while (nanosleep(&time, &time) && errno == EINTR)
		;
	return 0;
}

static int process_now(lua_State *L)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	lua_pushnumber(L, (double)time.tv_sec + (double)time.tv_nsec / 1e9);
	return 1;
}

static int process_id(lua_State *L)
{
	lua_pushinteger(L, getpid());
	lua_pushinteger(L, geteuid());
	return 2;
}

/* subreaper(): what our children leave behind becomes our child, so that a test can end it. */
static int process_subreaper(lua_State *L)
{
	return push_result(L, "prctl", prctl(PR_SET_CHILD_SUBREAPER, 1));
}

static int process_mkdtemp(lua_State *L)
{
	char path[PATH_MAX];
	lua_Integer length = snprintf(path, sizeof(path), "%s", luaL_checkstring(L, 1));
	if (length >= (lua_Integer)sizeof(path) || !mkdtemp(path) || chmod(path, 0755))
		return push_error(L, "mkdtemp", errno);
	lua_pushstring(L, path);
	return 1;
}

static int process_chmod(lua_State *L)
{
	return push_result(L, "chmod",
			   chmod(luaL_checkstring(L, 1), (mode_t)luaL_checkinteger(L, 2)));
}

static int process_chown(lua_State *L)
{
	uid_t uid = (uid_t)luaL_checkinteger(L, 2);
	return push_result(L, "chown", lchown(luaL_checkstring(L, 1), uid, uid));
}

static int process_realpath(lua_State *L)
{
	char path[PATH_MAX];
	if (!realpath(luaL_checkstring(L, 1), path))
		return push_error(L, "realpath", errno);
	lua_pushstring(L, path);
	return 1;
}

/* free_port() -> a TCP port nobody listens on, IPv4 or IPv6, right now. */
static int process_free_port(lua_State *L)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		return push_error(L, "socket", errno);
	close(fd);
	lua_pushinteger(L, ntohs(address.sin6_port));
	return 1;
}

static const luaL_Reg functions[] = {
	{"spawn", process_spawn},
	{"wait", process_wait},
	{"reap", process_reap},
	{"kill", process_kill},
	{"terminal", process_terminal},
	{"read", process_read},
	{"write", process_write},
	{"close", process_close},
	{"pipe", process_pipe},
	{"sleep", process_sleep},
	{"now", process_now},
	{"id", process_id},
	{"subreaper", process_subreaper},
	{"mkdtemp", process_mkdtemp},
	{"chmod", process_chmod},
	{"chown", process_chown},
	{"realpath", process_realpath},
	{"free_port", process_free_port},
	{NULL, NULL},
};

int luaopen_process(lua_State *L);
int luaopen_process(lua_State *L)
{
	luaL_newlib(L, functions);
	return 1;
}
