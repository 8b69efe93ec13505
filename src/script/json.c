/* SPDX-License-Identifier: MIT
 *
 * core.json: a Lua value as JSON. lua-cjson writes the strings; but it writes numbers with at most 14
 * digits, and the keys of a table in no order. Here integers are exact, floats come back as they
 * were, and keys are sorted, so that the same value is always the same text.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include <lua-cjson.h> /* wants lua.h before it */

#include "script/state.h"

enum { DEPTH_MAX = 64 };

static const char TYPE[] = "compendium.text";

/* Grows, is kept for the next value, and is freed by its __gc. */
struct text {
	char *bytes;
	size_t used, room;
};

/* Fixed places in the frame of json_encode. */
enum { INDEX_VALUE = 1, INDEX_ENCODE };

static void add_value(lua_State *L, struct text *text, int index, int depth);

static void add_bytes(lua_State *L, struct text *text, const char *bytes, size_t size)
{
	if (size > text->room - text->used) {
		size_t room = (text->used + size) * 2;
		char *grown = realloc(text->bytes, room);
		if (!grown) {
			luaL_error(L, "not enough memory");
			return;
		}
		text->bytes = grown;
		text->room = room;
	}
	memcpy(text->bytes + text->used, bytes, size);
	text->used += size;
}

static void add_word(lua_State *L, struct text *text, const char *word)
{
	add_bytes(L, text, word, strlen(word));
}

static void add_number(lua_State *L, struct text *text, int index)
{
	char word[40];

	if (lua_isinteger(L, index)) {
		snprintf(word, sizeof word, LUA_INTEGER_FMT, lua_tointeger(L, index));
	} else {
		lua_Number number = lua_tonumber(L, index);
		snprintf(word, sizeof word, "%.14g", number);
		if (!isfinite(number))
			strcpy(word, "null"); /* JSON has no word for it */
		else if (strtod(word, NULL) != number)
			snprintf(word, sizeof word, "%.17g", number);
	}
	add_word(L, text, word);
}

static void add_string(lua_State *L, struct text *text, int index)
{
	size_t size;

	lua_pushvalue(L, INDEX_ENCODE);
	lua_pushvalue(L, index);
	lua_call(L, 1, 1);
	const char *bytes = lua_tolstring(L, -1, &size);
	add_bytes(L, text, bytes, size);
	lua_pop(L, 1);
}

/* Numbers before strings, each in their order. */
static int compare_keys(const void *a, const void *b, void *state)
{
	lua_State *L = state;
	int left = *(const int *)a, right = *(const int *)b;
	bool left_is_string = lua_type(L, left) == LUA_TSTRING;

	if (left_is_string != (lua_type(L, right) == LUA_TSTRING))
		return left_is_string ? 1 : -1;
	return lua_compare(L, left, right, LUA_OPLT) ? -1 : 1;
}

static void add_key(lua_State *L, struct text *text, int key)
{
	if (lua_type(L, key) == LUA_TNUMBER) {
		add_word(L, text, "\"");
		add_number(L, text, key);
		add_word(L, text, "\"");
	} else if (lua_type(L, key) == LUA_TSTRING) {
		add_string(L, text, key);
	} else {
		luaL_error(L, "JSON has no keys that are a %s", luaL_typename(L, key));
	}
}

/* The keys are pushed on the stack, and their places sorted. */
static void add_object(lua_State *L, struct text *text, int table, int depth, int count)
{
	luaL_checkstack(L, count + 8, "a large table");
	int *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
	int n = 0;

	for (lua_pushnil(L); n < count && lua_next(L, table); n++) { // ... key value
		lua_pop(L, 1);
		keys[n] = lua_gettop(L);
		lua_pushvalue(L, -1);
	}
	lua_settop(L, keys[0] + n - 1);
	qsort_r(keys, n, sizeof *keys, compare_keys, L);
	for (int i = 0; i < n; i++) {
		add_word(L, text, i ? "," : "{");
		add_key(L, text, keys[i]);
		add_word(L, text, ":");
		lua_pushvalue(L, keys[i]);
		lua_rawget(L, table);
		add_value(L, text, lua_gettop(L), depth);
		lua_pop(L, 1);
	}
	add_word(L, text, "}");
}

static void add_table(lua_State *L, struct text *text, int table, int depth)
{
	int top = lua_gettop(L), count = 0;
	lua_Integer length = lua_rawlen(L, table);

	if (depth == DEPTH_MAX)
		luaL_error(L, "nested too deep for JSON, or in itself");
	luaL_checkstack(L, 8, "a nested table");
	for (lua_pushnil(L); lua_next(L, table); count++)
		lua_pop(L, 1);
	if (count == 0) {
		add_word(L, text, "{}");
	} else if (count != length) {
		add_object(L, text, table, depth + 1, count);
	} else {
		for (lua_Integer i = 1; i <= length; i++) {
			add_word(L, text, i > 1 ? "," : "[");
			lua_rawgeti(L, table, i);
			add_value(L, text, lua_gettop(L), depth + 1);
			lua_pop(L, 1);
		}
		add_word(L, text, "]");
	}
	lua_settop(L, top);
}

static void add_value(lua_State *L, struct text *text, int index, int depth)
{
	switch (lua_type(L, index)) {
	case LUA_TNIL:
		add_word(L, text, "null");
		break;
	case LUA_TBOOLEAN:
		add_word(L, text, lua_toboolean(L, index) ? "true" : "false");
		break;
	case LUA_TNUMBER:
		add_number(L, text, index);
		break;
	case LUA_TSTRING:
		add_string(L, text, index);
		break;
	case LUA_TTABLE:
		add_table(L, text, index, depth);
		break;
	default:
		luaL_error(L, "JSON has no word for a %s", luaL_typename(L, index));
	}
}

static int text_gc(lua_State *L)
{
	struct text *text = luaL_checkudata(L, 1, TYPE);

	free(text->bytes);
	*text = (struct text){0};
	return 0;
}

/* Upvalues: the text, lua-cjson's encode. */
static int json_encode(lua_State *L)
{
	struct text *text = lua_touserdata(L, lua_upvalueindex(1));

	luaL_checkany(L, 1);
	lua_settop(L, 1);
	lua_pushvalue(L, lua_upvalueindex(2));
	text->used = 0;
	add_value(L, text, INDEX_VALUE, 0);
	lua_pushlstring(L, text->bytes, text->used);
	return 1;
}

int json_open(lua_State *L)
{
	struct text *text = lua_newuserdatauv(L, sizeof *text, 0);

	*text = (struct text){0};
	if (luaL_newmetatable(L, TYPE)) {
		lua_pushcfunction(L, text_gc);
		lua_setfield(L, -2, "__gc");
	}
	lua_setmetatable(L, -2);
	luaL_requiref(L, "cjson", luaopen_cjson, 0);
	lua_getfield(L, -1, "encode");
	lua_remove(L, -2);
	lua_pushcclosure(L, json_encode, 2);
	return 1;
}
