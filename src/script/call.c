/* SPDX-License-Identifier: MIT
 *
 * Calls from C into Lua. Every one goes through hook_call: protected, with a traceback, counted when
 * it fails, and watched so that it ends. A hook that fails never takes the trace down.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "script/state.h"

static char exit_token; /* its address is the error that os.exit raises */

/* --- where hooks are called from ------------------------------------------------------------------ */

void call_push_slots(lua_State *L)
{
	struct host *host = host_of(L);

	lua_pushcfunction(L, call_handler);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.functions);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.event);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.types);
}

/* --- keeping functions --------------------------------------------------------------------------- */

struct hook *hook_keep(lua_State *L, int index, int label, bool is_scripts)
{
	struct host *host = host_of(L);

	index = lua_absindex(L, index);
	luaL_checktype(L, index, LUA_TFUNCTION);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.functions); // functions
	lua_pushvalue(L, index);
	if (lua_rawget(L, -2) == LUA_TUSERDATA) { // the same function under another event's name
		struct hook *known = lua_touserdata(L, -1);
		lua_pop(L, 2);
		return known;
	}
	lua_pop(L, 1);
	struct hook *hook = lua_newuserdatauv(L, sizeof *hook, 0); // functions hook
	*hook = (struct hook){.function = host->functions + 1, .is_scripts = is_scripts};
	lua_pushvalue(L, index);
	lua_pushvalue(L, -2);
	lua_rawset(L, -4); // functions[function] = hook
	lua_pushvalue(L, index);
	lua_rawseti(L, -3, ++host->functions);
	if (label && lua_type(L, label) == LUA_TSTRING)
		lua_pushvalue(L, label);
	else
		lua_pushliteral(L, "a hook");
	hook->label = lua_tostring(L, -1);
	lua_rawseti(L, -3, ++host->functions); // keeps the label alive
	lua_pop(L, 2);
	return hook;
}

void hook_push(lua_State *L, const struct hook *hook)
{
	lua_rawgeti(L, SLOT_FUNCTIONS, hook->function);
}

/* --- errors -------------------------------------------------------------------------------------- */

int call_exit(lua_State *L)
{
	struct host *host = host_of(L);

	/* As in Lua: no argument and true are success. */
	if (lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : luaL_optinteger(L, 1, 0) != 0)
		host->failing_end = true;
	host->wants_end = true;
	lua_pushlightuserdata(L, &exit_token);
	return lua_error(L);
}

bool call_is_exit(lua_State *L, int index)
{
	return lua_touserdata(L, index) == &exit_token;
}

int call_handler(lua_State *L)
{
	struct host *host = host_of(L);

	if (call_is_exit(L, 1))
		return 1;
	if (lua_isstring(L, 1) || luaL_getmetafield(L, 1, "__tostring"))
		luaL_tolstring(L, 1, NULL);
	else
		lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	if (!host->running || !host->running->failed)
		luaL_traceback(L, L, lua_tostring(L, -1), 1);
	return 1;
}

/* The text of the error on top. Not by lua_tostring on a number: that would allocate, unprotected. */
static const char *error_text(lua_State *L)
{
	return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "unknown error";
}

void call_report(lua_State *L, const char *what)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", what ? what : "", what ? ": " : "", error_text(L)) >= 0)
		log_lines(LOG_ERROR, text);
	free(text);
	lua_pop(L, 1);
}

/* Remembers the first failure for the summary: the message's first line. */
static void remember(struct host *host, const struct hook *hook, const char *text)
{
	if (host->first_failure)
		return;
	host->first_failure = strndup(text, strcspn(text, "\n"));
	host->first_failed = hook->label;
}

/* Names the hook and what it was called for. */
static void report_hook(const struct host *host, lua_State *L, const struct hook *hook)
{
	const struct record *record = host->event.record;
	const struct syscall_row *row = host->event.row;
	char what[256];

	if (record)
		snprintf(what, sizeof what, "%s failed in %s", hook->label,
			 row ? row->name : record_kind_name(record->kind));
	else
		snprintf(what, sizeof what, "%s failed", hook->label);
	call_report(L, what);
}

static void failed(struct host *host, lua_State *L, struct hook *hook)
{
	if (call_is_exit(L, -1)) {
		lua_pop(L, 1);
		return;
	}
	host->failures++;
	remember(host, hook, error_text(L));
	if (host->options->strict)
		host->wants_end = host->failing_end = true;
	if (hook->failed) {
		lua_pop(L, 1);
		return;
	}
	hook->failed = true;
	report_hook(host, L, hook);
}

/* Each further call would end the same way, and only after a search for garbage in all of it. */
static void took_all_memory(lua_State *L, struct hook *hook)
{
	hook->is_off = true;
	lua_pop(L, 1);
	lua_pushfstring(L, "not enough memory: scripts may have %d MB; it is not called again",
			(int)(SCRIPT_MEMORY_MAX >> 20));
}

bool hook_call(struct host *host, lua_State *L, struct hook *hook, int args, int results)
{
	struct hook *outer = host->running;

	if (hook->is_off) {
		lua_pop(L, args + 1);
		return false;
	}
	bool was_limited = host->limit.is_on;
	host->running = hook;
	host->limit.is_on = hook->is_scripts;
	host->watch.state = L;
	host->watch.sequence++;
	int status = lua_pcall(L, args, results, SLOT_HANDLER);
	host->watch.sequence++;
	host->running = outer;
	host->limit.is_on = was_limited;
	if (host->watch.armed)
		watch_disarm(host);
	if (status == LUA_OK)
		return true;
	if (status == LUA_ERRMEM && host->limit.used > SCRIPT_MEMORY_MAX / 2)
		took_all_memory(L, hook);
	failed(host, L, hook);
	return false;
}
