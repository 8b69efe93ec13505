/* SPDX-License-Identifier: MIT
 *
 * hosted: a script host that runs one -e, records to give it, and what its script found.
 */
#ifndef HOSTED_H
#define HOSTED_H

#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "record.h"
#include "script/host.h"
#include "script/state.h"
#include "syscalls/syscalls.h"

static const uint64_t HOSTED_START = 1000;

static struct script_option hosted_script = {.kind = 'e'};
static struct options hosted_options = {
	.scripts = &hosted_script, .script_count = 1, .color = "never", .backend = "auto"};

/* NULL when the script is refused. Its results go where hosted_result looks: `r.name = value`. */
static inline struct host *hosted_new(const char *code)
{
	static char text[8192];

	snprintf(text, sizeof text, "local r = {} package.loaded.result = r %s", code);
	hosted_script.text = text;
	return host_new(&hosted_options);
}

static inline lua_Integer hosted_result(struct host *host, const char *name)
{
	lua_State *L = host->L;
	int top = lua_gettop(L);

	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_getfield(L, -1, "result");
	lua_getfield(L, -1, name);
	lua_Integer value = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
	lua_settop(L, top);
	return value;
}

/* A completed call without arguments in memory. Valid until the next one. */
static inline const struct record *hosted_call(const char *name, int64_t ret)
{
	static _Alignas(8) char room[RECORD_MAX];
	struct record *record = (struct record *)room;

	record_begin(record, RECORD_CALL, 100, 100);
	record->nr = syscall_number(ARCH_X86_64, name);
	record->time_ns = HOSTED_START + 5;
	record->ret = ret;
	return record;
}

#endif
