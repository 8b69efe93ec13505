/* SPDX-License-Identifier: MIT
 *
 * The host: the Lua state from its start to its end, and what the session calls. The third step of
 * the flow: records come in, hooks run. See host.h; the parts are listed in state.h.
 */
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include <lualib.h>

#include "log.h"
#include "script/embedded.h"
#include "script/state.h"

static const uint64_t STDOUT_PERIOD_NS = 20000000;
static const uint64_t USAGE_NS = 100000000; /* between samples of memory, when nobody wants another time */

uint64_t host_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

static uint64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

/* --- loading -------------------------------------------------------------------------------------
 */

/* Loads "lua/NAME.lua": from the host's folder, where tests have one, else from inside the program.
 * [-0, +1, -] the function, or a message about why it cannot be. */
static int load_library(lua_State *L, const char *name)
{
	const char *folder = host_of(L)->library;
	char path[256];

	snprintf(path, sizeof path, "lua/%s.lua", name);
	const struct embedded *file = embedded_find(path);
	if (folder) {
		snprintf(path, sizeof path, "%s/%s.lua", folder, name);
		int status = luaL_loadfile(L, path);
		if (status != LUA_ERRFILE)
			return status;
		lua_pop(L, 1);
	}
	if (!file) {
		lua_pushfstring(L, "no embedded file '%s'", path);
		return LUA_ERRFILE;
	}
	return luaL_loadbufferx(L, file->text, file->size, file->name, "b");
}

/* package.searchers: "compendium.NAME" is lua/NAME.lua */
static int search_library(lua_State *L)
{
	static const char prefix[] = "compendium.";
	const char *name = luaL_checkstring(L, 1);

	if (strncmp(name, prefix, sizeof prefix - 1))
		return 0;
	int status = load_library(L, name + sizeof prefix - 1);
	if (status == LUA_ERRFILE)
		return 1;
	if (status != LUA_OK)
		return lua_error(L);
	return 1;
}

static void add_searcher(lua_State *L)
{
	lua_getglobal(L, "package");
	lua_getfield(L, -1, "searchers");
	for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) { /* after package.preload */
		lua_geti(L, -1, i);
		lua_seti(L, -2, i + 1);
	}
	lua_pushcfunction(L, search_library);
	lua_seti(L, -2, 2);
	lua_pop(L, 2);
}

/* --- the state -----------------------------------------------------------------------------------
 */

static int set_up(lua_State *L)
{
	struct host *host = host_of(L);

	luaL_openlibs(L);
	/* With default.lua an eighth of Lua's time is collecting, in either mode (tests/bench); but
	 * when a script keeps what it sees, the generational one stops for whole collections, twice
	 * as long at worst, and the program is held meanwhile. */
	lua_gc(L, LUA_GCINC, 0, 0, 0);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host->keys.functions);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host->keys.types);
	event_new(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host->keys.event);
	luaL_requiref(L, "compendium.core", core_open, 0);
	add_searcher(L);
	watch_coroutines(L);
	return 0;
}

struct host *host_open(const struct options *options, const struct run *run, const char *library)
{
	struct host *host = calloc(1, sizeof *host);

	if (!host)
		return NULL;
	host->options = options;
	host->library = library;
	host->own_run = (struct run){.number = 1, .count = 1};
	if (!run)
		identity_make(&host->own_run.identity);
	host->run = run ? run : &host->own_run;
	host->L = lua_newstate(limit_allocate, &host->limit);
	if (!host->L)
		goto fail;
	*(struct host **)lua_getextraspace(host->L) = host;
	lua_pushcfunction(host->L, set_up);
	if (lua_pcall(host->L, 0, 0, 0)) {
		call_report(host->L, "cannot start Lua");
		goto fail;
	}
	lua_checkstack(host->L, LUA_MINSTACK);
	call_push_slots(host->L);
	return host;
fail:
	host_free(host);
	return NULL;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	watch_stop(host);
	if (host->L)
		lua_close(host->L);
	chain_free_all(host);
	parts_free(&host->batch.parts);
	free(host->timers);
	free(host->first_failure);
	free(host);
}

/* --- starting ------------------------------------------------------------------------------------
 */

static int run_init(lua_State *L)
{
	if (load_library(L, "init"))
		return lua_error(L);
	lua_call(L, 0, 0);
	return 0;
}

/* Adds a traceback to errors of the library's own: those have a position inside it. A user's script
 * has its position in the message, which says more than how we got there. */
static int init_handler(lua_State *L)
{
	const char *text = lua_tostring(L, 1);

	if (call_is_exit(L, 1) || (text && strncmp(text, "lua/", 4)))
		return 1;
	return call_handler(L);
}

struct host *host_new(const struct options *options)
{
	return host_new_run(options, NULL);
}

struct host *host_new_run(const struct options *options, const struct run *run)
{
	struct host *host = host_open(options, run, NULL);

	if (!host)
		return NULL;
	lua_pushcfunction(host->L, init_handler);
	lua_pushcfunction(host->L, run_init);
	int status = lua_pcall(host->L, 0, 0, SLOT_LAST + 1);
	if (status != LUA_OK) {
		if (!call_is_exit(host->L, -1))
			call_report(host->L, NULL);
		host_free(host);
		return NULL;
	}
	lua_settop(host->L, SLOT_LAST);
	fflush(stdout); /* before a command is started: both would have what it holds */
	watch_start(host);
	return host;
}

const struct interest *host_interest(const struct host *host)
{
	return &host->interest;
}

uint64_t host_usage_period(const struct host *host)
{
	return host->usage_ns ? host->usage_ns : USAGE_NS;
}

/* --- running -------------------------------------------------------------------------------------
 */

/* What "start" and "finish" hooks are told; a negative number is an absent one. */
struct info {
	lua_Integer pid, time, status, signal;
};

static void add_number(lua_State *L, const char *name, lua_Integer number)
{
	if (number < 0)
		return;
	lua_pushinteger(L, number);
	lua_setfield(L, -2, name);
}

static int push_info(lua_State *L)
{
	const struct info *info = lua_touserdata(L, 1);

	lua_newtable(L);
	add_number(L, "pid", info->pid);
	add_number(L, "time", info->time);
	add_number(L, "status", info->status);
	add_number(L, "signal", info->signal);
	return 1;
}

static void notify(struct host *host, struct chain *chain, struct info info)
{
	lua_State *L = host->L;

	lua_pushcfunction(L, push_info);
	lua_pushlightuserdata(L, &info);
	if (lua_pcall(L, 1, 1, 0) == LUA_OK)
		chain_notify(host, L, chain);
	else
		call_report(L, NULL);
}

static void move_clock(struct host *host, uint64_t time_ns)
{
	if (time_ns > host->clock_ns)
		host->clock_ns = time_ns;
}

void host_start(struct host *host, uint64_t time_ns, int32_t pid)
{
	host->start_ns = time_ns;
	host->clock_ns = time_ns;
	host->wallclock_ns = host->run->wallclock_ns;
	if (!host->wallclock_ns)
		host->wallclock_ns = realtime_ns() - (host_now_ns() - time_ns);
	host->dispatching = true;
	for (size_t i = 0; i < host->timer_count; i++)
		host->timers[i].due_ns = later(time_ns, host->timers[i].period_ns);
	notify(host, host->start, (struct info){.pid = pid, .time = 0, .status = -1, .signal = -1});
}

void host_dispatch(struct host *host, const struct record *record)
{
	move_clock(host, record->time_ns + record->duration_ns);
	chain_dispatch(host, host->L, record);
}

void host_mute(struct host *host, bool is_muted)
{
	if (is_muted != host->is_muted)
		batch_tell(host, host->L);
	host->is_muted = is_muted;
}

/* What io.write has left with the C library (print flushes) goes out at once, but not more often
 * than every STDOUT_PERIOD_NS. */
static uint64_t stdout_deadline(const struct host *host)
{
	return __fpending(stdout) ? host->flushed_ns + STDOUT_PERIOD_NS : UINT64_MAX;
}

uint64_t host_deadline(const struct host *host)
{
	const uint64_t dues[] = {host_timers_due(host), output_deadline(host),
				 stdout_deadline(host)};
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < sizeof dues / sizeof *dues; i++)
		due = dues[i] < due ? dues[i] : due;
	return due;
}

uint64_t host_timers_due(const struct host *host)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < host->timer_count && !host->wants_end; i++)
		if (host->timers[i].due_ns < due)
			due = host->timers[i].due_ns;
	return due;
}

static void run_timer(struct host *host, struct timer *timer, uint64_t now_ns)
{
	/* After a long pause it is called once, and keeps its beat. */
	uint64_t missed = (now_ns - timer->due_ns) / timer->period_ns;

	timer->due_ns = later(timer->due_ns + missed * timer->period_ns, timer->period_ns);
	if (host->is_muted)
		return;
	struct hook *hook = timer->hook; /* the call may add timers, which moves them */
	hook_push(host->L, hook);
	hook_call(host, host->L, hook, 0, 0);
}

/* FNV-1a of the periods in their order. */
uint64_t host_timers(const struct host *host)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < host->timer_count; i++)
		hash = (hash ^ host->timers[i].period_ns) * UINT64_C(0x100000001b3);
	return hash;
}

void host_run_timers(struct host *host, uint64_t now_ns)
{
	move_clock(host, now_ns);
	batch_tell(host, host->L);
	for (size_t i = 0; i < host->timer_count && !host->wants_end; i++)
		if (host->timers[i].due_ns <= now_ns)
			run_timer(host, &host->timers[i], now_ns);
}

void host_flush(struct host *host, uint64_t now_ns)
{
	output_tick(host, now_ns);
	if (stdout_deadline(host) <= now_ns) {
		fflush(stdout);
		host->flushed_ns = now_ns;
	}
}

void host_tick(struct host *host, uint64_t now_ns)
{
	host_run_timers(host, now_ns);
	host_flush(host, now_ns);
}

bool host_finish(struct host *host, uint64_t now_ns, int status, int signal)
{
	bool ended = host->wants_end;

	move_clock(host, now_ns);
	batch_tell(host, host->L);
	host->wants_end =
		false; /* what is said at the end is said even when a script ended the trace */
	notify(host, host->finish,
	       (struct info){.pid = -1,
			     .time = (lua_Integer)(now_ns - host->start_ns),
			     .status = status,
			     .signal = signal ? signal : -1});
	host->wants_end |= ended;
	output_tick(host, UINT64_MAX);
	fflush(stdout);
	return !host->failing_end;
}

bool host_has_terminal(const struct host *host)
{
	return output_has_terminal(host);
}

bool host_wants_end(const struct host *host)
{
	return host->wants_end;
}
