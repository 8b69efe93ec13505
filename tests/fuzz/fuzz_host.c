/* SPDX-License-Identifier: MIT
 *
 * Starting a host; see fuzz_host.h.
 */
#include "fuzz_host.h"

#include <stdio.h>
#include <stdlib.h>

#include <sanitizer/common_interface_defs.h>

_Noreturn void fuzz_fail(const char *what, const char *text)
{
	char line[4096];

	snprintf(line, sizeof line, "ERROR: %s: %s", what, text ? text : "(no message)");
	__sanitizer_report_error_summary(line);
	abort();
}

static int run_file(lua_State *L)
{
	if (luaL_loadfile(L, lua_tostring(L, 1)))
		return lua_error(L);
	lua_call(L, 0, 1);
	return 1;
}

/* The values a Lua file of ours returns. [-0, +1, -] */
static void push_file(lua_State *L, const char *path)
{
	lua_pushcfunction(L, run_file);
	lua_pushstring(L, path);
	if (lua_pcall(L, 1, 1, 0))
		fuzz_fail(path, lua_tostring(L, -1));
}

struct host *fuzz_host_open(const struct options *options, struct limits *limits)
{
	struct host *host = host_open(options, NULL, NULL);

	if (!host)
		abort();
	limits_set(limits, host->L);
	push_file(host->L, "tests/fuzz/sandbox.lua");
	lua_pop(host->L, 1);
	return host;
}

static int require_init(lua_State *L)
{
	lua_getglobal(L, "require");
	lua_pushliteral(L, "compendium.init");
	lua_call(L, 1, 0);
	return 0;
}

bool fuzz_host_load(struct host *host)
{
	lua_pushcfunction(host->L, require_init);
	if (lua_pcall(host->L, 0, 0, 0))
		return false;
	lua_settop(host->L, SLOT_LAST);
	return true;
}

void fuzz_host_check(struct host *host, const char *file, const char *name, const void *bytes, size_t size)
{
	lua_State *L = host->L;

	lua_pushcfunction(L, call_handler);
	if (lua_getfield(L, LUA_REGISTRYINDEX, file) == LUA_TNIL) {
		push_file(L, file);
		lua_pushvalue(L, -1);
		lua_setfield(L, LUA_REGISTRYINDEX, file);
	}
	lua_getfield(L, -1, name);
	lua_pushlstring(L, bytes, size);
	limits_watch(L);
	if (lua_pcall(L, 1, 0, SLOT_LAST + 1) && !limits_hit(L))
		fuzz_fail(name, lua_tostring(L, -1));
	lua_sethook(L, NULL, 0, 0);
	lua_settop(L, SLOT_LAST);
}
