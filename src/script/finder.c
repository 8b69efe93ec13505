/* SPDX-License-Identifier: MIT
 *
 * core.finder(texts) -> fn(text) -> whether one of them is in it. For those who ask many texts whether it is
 * worth to look closer: in Lua each text takes a call.
 */
#include <string.h>

#include "script/state.h"

struct finder {
	size_t count;
	struct {
		const char *bytes; /* the array of texts, which is the function's other upvalue, keeps them */
		size_t size;
	} texts[];
};

static int find(lua_State *L)
{
	const struct finder *finder = lua_touserdata(L, lua_upvalueindex(1));
	size_t size;
	const char *text = luaL_checklstring(L, 1, &size);
	bool found = false;

	for (size_t i = 0; i < finder->count && !found; i++)
		found = memmem(text, size, finder->texts[i].bytes, finder->texts[i].size);
	lua_pushboolean(L, found);
	return 1;
}

int finder_new(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	size_t count = lua_rawlen(L, 1);
	struct finder *finder = lua_newuserdatauv(L, sizeof *finder + count * sizeof finder->texts[0], 0);
	lua_createtable(L, (int)count, 0); // texts finder own
	finder->count = count;
	for (size_t i = 0; i < count; i++) {
		if (lua_rawgeti(L, 1, (lua_Integer)i + 1) != LUA_TSTRING)
			return luaL_error(L, "text %d is a %s", (int)i + 1, luaL_typename(L, -1));
		finder->texts[i].bytes = lua_tolstring(L, -1, &finder->texts[i].size);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_pushcclosure(L, find, 2);
	return 1;
}
