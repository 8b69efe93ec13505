/* SPDX-License-Identifier: MIT
 *
 * See results.h.
 */
#include "script/results.h"

#include <stdlib.h>

#include "script/state.h"

enum { DEEPEST = 100 };

struct results {
	lua_State *L; /* its stack: one table, result by number of the run */
};

struct results *results_new(void)
{
	struct results *results = calloc(1, sizeof *results);

	if (!results)
		return NULL;
	results->L = luaL_newstate();
	if (!results->L) {
		free(results);
		return NULL;
	}
	lua_newtable(results->L);
	return results;
}

void results_free(struct results *results)
{
	if (!results)
		return;
	lua_close(results->L);
	free(results);
}

static const char *copy(lua_State *from, lua_State *to, unsigned depth);

/* The table on top of `from` as a new one on top of `to`. */
static const char *copy_table(lua_State *from, lua_State *to, unsigned depth)
{
	lua_newtable(to);
	lua_pushnil(from);
	while (lua_next(from, -2)) {
		lua_pushvalue(from, -2);
		const char *problem = copy(from, to, depth); /* of the key */
		lua_pop(from, 1);
		if (!problem)
			problem = copy(from, to, depth);
		if (problem)
			return problem;
		lua_pop(from, 1);
		lua_rawset(to, -3);
	}
	return NULL;
}

/* Pushes on `to` what is on top of `from`, which stays. NULL, or what cannot be copied. */
static const char *copy(lua_State *from, lua_State *to, unsigned depth)
{
	size_t size;

	if (depth == DEEPEST || !lua_checkstack(from, 8) || !lua_checkstack(to, 8))
		return "a table that is in itself, or too deep";
	switch (lua_type(from, -1)) {
	case LUA_TNIL:
		lua_pushnil(to);
		return NULL;
	case LUA_TBOOLEAN:
		lua_pushboolean(to, lua_toboolean(from, -1));
		return NULL;
	case LUA_TNUMBER:
		if (lua_isinteger(from, -1))
			lua_pushinteger(to, lua_tointeger(from, -1));
		else
			lua_pushnumber(to, lua_tonumber(from, -1));
		return NULL;
	case LUA_TSTRING: {
		const char *bytes = lua_tolstring(from, -1, &size);
		lua_pushlstring(to, bytes, size);
		return NULL;
	}
	case LUA_TTABLE:
		return copy_table(from, to, depth + 1);
	default:
		return luaL_typename(from, -1);
	}
}

/* Each run gets a copy of its own. */
void results_push(lua_State *L, struct results *results)
{
	if (!results || copy(results->L, L, 0))
		lua_newtable(L);
}

int results_leave(lua_State *L)
{
	const struct run *run = host_of(L)->run;

	lua_settop(L, 1);
	if (!run->results)
		return 0; /* nobody comes after it */
	lua_State *to = run->results->L;
	const char *problem = copy(L, to, 0);
	if (!problem)
		lua_rawseti(to, 1, run->number);
	lua_settop(to, 1);
	lua_pushstring(L, problem);
	return 1;
}
