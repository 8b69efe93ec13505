/* SPDX-License-Identifier: MIT
 *
 * testhost: runs a Lua script inside a real script host: `testhost SCRIPT [ARG...]`, for the tests in
 * tests/lua. The library is the one in lua/, compendium.core is the program's, and events are
 * made from tables:
 *
 *     core.test_dispatch{kind = "call", call = "openat", args = {-100, 0x1000, 0}, ret = 3,
 *                        pieces = {{arg = 2, bytes = "/etc/passwd"}}}
 *         goes through the chains that were bound, and raises when a hook failed;
 *     core.test_flush()
 *         tells of what was kept to be told of together;
 *     core.test_together()
 *         takes back what core.apart wanted;
 *     core.test_event(spec, fn)
 *         calls fn(e) with the event and returns what it returned. spec.type: the event's type.
 *
 * spec: kind ("call"), arch ("x86_64"), call (a name) or nr; pid (1000), tid (pid), time, duration (ns), ret,
 * args (array of registers), unfinished, late, tampered; pieces: array of {arg = from 1, part =
 * "self", index = from 1, bytes =, whole =, truncated =, unreadable =}.
 *
 * core.options is a table that a test may change. A hook that failed is reported once per run.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "log.h"
#include "script/state.h"

static _Alignas(8) char room[RECORD_MAX];

static lua_Integer get_integer(lua_State *L, int table, const char *name, lua_Integer otherwise)
{
	lua_getfield(L, table, name);
	lua_Integer value = luaL_optinteger(L, -1, otherwise);
	lua_pop(L, 1);
	return value;
}

static bool get_flag(lua_State *L, int table, const char *name)
{
	lua_getfield(L, table, name);
	bool value = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return value;
}

/* Number of the name in field `name`, counted by name_of; `otherwise` when absent. */
static unsigned get_word(lua_State *L, int table, const char *name, const char *(*name_of)(unsigned),
			 unsigned otherwise)
{
	unsigned found = otherwise;

	lua_getfield(L, table, name);
	if (!lua_isnil(L, -1)) {
		for (found = 0; found < 64; found++) {
			const char *known = name_of(found);
			if (known && !strcmp(known, luaL_checkstring(L, -1)))
				break;
		}
		if (found == 64)
			luaL_error(L, "no %s '%s'", name, lua_tostring(L, -1));
	}
	lua_pop(L, 1);
	return found;
}

static const char *part_name(unsigned part)
{
	static const char *const names[] = {"self", "string", "iovec", "data", "name", "control"};

	return part < sizeof names / sizeof names[0] ? names[part] : NULL;
}

static void add_piece(lua_State *L, struct record *record)
{
	int table = lua_gettop(L);
	size_t size;
	unsigned part = get_word(L, table, "part", part_name, PIECE_SELF);
	uint8_t arg = get_integer(L, table, "arg", 1) - 1;
	uint32_t index = get_integer(L, table, "index", 1) - 1;
	uint8_t flags = (get_flag(L, table, "truncated") ? PIECE_TRUNCATED : 0) |
			(get_flag(L, table, "unreadable") ? PIECE_UNREADABLE : 0);

	lua_getfield(L, table, "bytes");
	const char *bytes = luaL_optlstring(L, -1, "", &size);
	void *reserved = record_reserve(record, arg, part, index, size);
	if (!reserved)
		luaL_error(L, "the record is full");
	memcpy(reserved, bytes, size);
	record_commit(record, size, get_integer(L, table, "whole", (lua_Integer)size), flags);
	lua_settop(L, table);
}

static int get_number(lua_State *L, struct record *record)
{
	lua_getfield(L, 1, "call");
	if (lua_isnil(L, -1))
		return (int)get_integer(L, 1, "nr", 0);
	int nr = syscall_number(record->arch, lua_tostring(L, -1));
	if (nr < 0)
		luaL_error(L, "no call '%s'", lua_tostring(L, -1));
	return nr;
}

/* The record that the table at index 1 describes; `kept` values stay on the stack. */
static const struct record *make_record(lua_State *L, int kept)
{
	struct record *record = (struct record *)room;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_Integer pid = get_integer(L, 1, "pid", 1000);
	record_begin(record, get_word(L, 1, "kind", record_kind_name, RECORD_CALL), pid,
		     get_integer(L, 1, "tid", pid));
	record->arch = get_word(L, 1, "arch", arch_name, ARCH_X86_64);
	record->nr = get_number(L, record);
	record->time_ns = get_integer(L, 1, "time", 0);
	record->duration_ns = get_integer(L, 1, "duration", 0);
	record->ret = get_integer(L, 1, "ret", 0);
	record->flags = (get_flag(L, 1, "unfinished") ? RECORD_UNFINISHED : 0) |
			(get_flag(L, 1, "late") ? RECORD_NO_ENTRY : 0) |
			(get_flag(L, 1, "tampered") ? RECORD_TAMPERED : 0);
	lua_getfield(L, 1, "args");
	for (int i = 0; i < RECORD_ARGS && lua_istable(L, -1); i++) {
		lua_geti(L, -1, i + 1);
		record->args[i] = luaL_optinteger(L, -1, 0);
		lua_pop(L, 1);
	}
	lua_getfield(L, 1, "pieces");
	for (lua_Integer i = 1; lua_istable(L, -1) && lua_geti(L, -1, i) == LUA_TTABLE; i++) {
		add_piece(L, record);
		lua_pop(L, 1);
	}
	lua_settop(L, kept);
	return record;
}

static int test_dispatch(lua_State *L)
{
	struct host *host = host_of(L);
	const struct record *record = make_record(L, 1);
	unsigned long before = host->failures;

	lua_settop(L, 0);
	call_push_slots(L);
	chain_dispatch(host, L, record);
	if (host->failures > before)
		return luaL_error(L, "a hook failed: its traceback was shown when it did so first");
	return 0;
}

static int test_flush(lua_State *L)
{
	lua_settop(L, 0);
	call_push_slots(L);
	batch_tell(host_of(L), L);
	return 0;
}

static int test_together(lua_State *L)
{
	host_of(L)->batch.is_off = false;
	return 0;
}

static int test_event(lua_State *L)
{
	struct host *host = host_of(L);
	const struct record *record = make_record(L, 2);
	lua_getfield(L, 1, "type");
	int type = chain_type_number(L, 3);
	int index = (int)get_integer(L, 1, "index", 1);

	lua_settop(L, 2);
	event_begin(&host->event, record);
	host->event.type = type;
	host->event.index = index;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.event);
	int status = lua_pcall(L, 1, LUA_MULTRET, 0);
	host->event.record = NULL;
	return status == LUA_OK ? lua_gettop(L) - 1 : lua_error(L);
}

static int add_traceback(lua_State *L)
{
	luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
	return 1;
}

/* Runs the script argv[1] with the global `arg` and ... set as lua would. */
static int run(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"test_dispatch", test_dispatch},
		{"test_event", test_event},
		{"test_flush", test_flush},
		{"test_together", test_together},
		{NULL, NULL},
	};
	char **argv = lua_touserdata(L, 1);

	lua_getglobal(L, "require");
	lua_pushliteral(L, "compendium.core");
	lua_call(L, 1, 1);
	luaL_setfuncs(L, functions, 0);
	lua_newtable(L);
	for (int i = 0; argv[i]; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, i - 1);
	}
	lua_setglobal(L, "arg");
	if (luaL_loadfile(L, argv[1]))
		return lua_error(L);
	int count = 0;
	while (argv[count + 2]) {
		luaL_checkstack(L, 1, "arguments");
		lua_pushstring(L, argv[count++ + 2]);
	}
	lua_call(L, count, 0);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct options options = {.color = "never", .backend = "auto"};

	if (argc < 2) {
		log_error("usage: testhost SCRIPT [ARG...]");
		return 2;
	}
	struct host *host = host_open(&options, NULL, "lua");
	if (!host)
		return 1;
	lua_pushcfunction(host->L, add_traceback);
	lua_pushcfunction(host->L, run);
	lua_pushlightuserdata(host->L, argv);
	int status = lua_pcall(host->L, 1, 0, -3);
	if (status != LUA_OK)
		call_report(host->L, NULL);
	host_free(host);
	return status == LUA_OK ? 0 : 1;
}
