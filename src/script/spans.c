/* SPDX-License-Identifier: MIT
 *
 * core.spans() -> where the regions of an address space are, for those who look up very many
 * addresses. The list of regions is the library's (regions.lua); the spans follow it, place by
 * place.
 */
#include <stdlib.h>
#include <string.h>

#include "script/spans.h"

#define NAME	  "compendium.spans"
#define NO_MEMORY "not enough memory for regions"

struct spans {
	struct span *list;
	size_t count, room;
	size_t latest; /* the place of the one that was found last: what is touched next is mostly
			  there, or after it */
};

struct spans *spans_check(lua_State *L, int index)
{
	return luaL_checkudata(L, index, NAME);
}

static bool ends_after(const struct spans *spans, size_t i, uint64_t addr)
{
	return i >= spans->count || spans->list[i].end > addr;
}

/* The first one that ends after addr, or the count. */
static size_t first_after(const struct spans *spans, uint64_t addr)
{
	size_t near = spans->latest, low = 0, high = spans->count;

	for (size_t i = near; i <= near + 1 && i < high; i++)
		if (ends_after(spans, i, addr) && (!i || !ends_after(spans, i - 1, addr)))
			return i;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (ends_after(spans, middle, addr))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct span *spans_find(struct spans *spans, uint64_t addr, uint64_t *end)
{
	size_t i = first_after(spans, addr);
	struct span *span = i < spans->count ? &spans->list[i] : NULL;

	spans->latest = i;
	*end = span ? span->low : UINT64_MAX;
	return span && span->low <= addr ? span : NULL;
}

unsigned spans_place(const struct spans *spans, const struct span *span)
{
	return (unsigned)(span - spans->list) + 1;
}

/* ---- for Lua */

static uint64_t read_number(lua_State *L, int index, const char *name)
{
	lua_getfield(L, index, name);
	uint64_t number = (uint64_t)lua_tointeger(L, -1);
	lua_pop(L, 1);
	return number;
}

/* A region at the top of the stack, which is popped. */
static struct span read_span(lua_State *L)
{
	int region = lua_gettop(L);
	uint64_t start = read_number(L, region, "addr"), grows = read_number(L, region, "grows");
	struct span span = {
		.end = start + read_number(L, region, "size"),
		.low = grows < start ? start - grows : 0,
	};

	lua_getfield(L, region, "counted");
	span.is_counted = lua_toboolean(L, -1);
	lua_settop(L, region - 1);
	return span;
}

static void make_room(lua_State *L, struct spans *spans, size_t count)
{
	size_t room = spans->room ? spans->room : 16;

	while (room < count)
		room *= 2;
	if (room == spans->room)
		return;
	struct span *list = realloc(spans->list, room * sizeof *list);
	if (!list)
		luaL_error(L, NO_MEMORY);
	spans->list = list;
	spans->room = room;
}

/* spans:put(i, j, regions): those from i to j are where these regions are; {addr=, size=, grows=,
 * counted=} each, see regions.make */
static int put(lua_State *L)
{
	struct spans *spans = spans_check(L, 1);
	lua_Integer from = luaL_checkinteger(L, 2) - 1, to = luaL_checkinteger(L, 3);

	luaL_checktype(L, 4, LUA_TTABLE);
	luaL_argcheck(L, from >= 0 && (size_t)from <= spans->count, 2, "no place of a span");
	luaL_argcheck(L, to >= from && (size_t)to <= spans->count, 3, "no place of a span");
	size_t n = lua_rawlen(L, 4), rest = spans->count - (size_t)to;
	make_room(L, spans, (size_t)from + n + rest);
	memmove(&spans->list[(size_t)from + n], &spans->list[to], rest * sizeof *spans->list);
	spans->count = (size_t)from + n + rest;
	for (size_t i = 0; i < n; i++) {
		lua_rawgeti(L, 4, (lua_Integer)i + 1);
		spans->list[(size_t)from + i] = read_span(L);
	}
	return 0;
}

/* spans:first_after(addr) -> the place of the first region that ends after addr, or of one that
 * would be the last */
static int find_first_after(lua_State *L)
{
	lua_pushinteger(
		L,
		(lua_Integer)first_after(spans_check(L, 1), (uint64_t)luaL_checkinteger(L, 2)) + 1);
	return 1;
}

static int release(lua_State *L)
{
	struct spans *spans = spans_check(L, 1);

	free(spans->list);
	*spans = (struct spans){0};
	return 0;
}

int spans_new(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"put", put},
		{"first_after", find_first_after},
		{NULL, NULL},
	};
	struct spans *spans = lua_newuserdatauv(L, sizeof *spans, 0);

	*spans = (struct spans){0};
	if (luaL_newmetatable(L, NAME)) {
		luaL_newlib(L, methods);
		lua_setfield(L, -2, "__index");
		lua_pushcfunction(L, release);
		lua_setfield(L, -2, "__gc");
	}
	lua_setmetatable(L, -2);
	return 1;
}
