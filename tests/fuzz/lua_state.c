/* SPDX-License-Identifier: MIT
 *
 * Bounds and coverage; see lua_state.h. Coverage goes through the counters that libFuzzer looks for in a
 * section of this name: a changed byte is a new way through the code.
 */
#include "lua_state.h"

#include <stdint.h>

enum {
	MEMORY_MAX = 64 << 20,
	INSTRUCTIONS_MAX = 20000000,
	STEP = 1000,
	COUNTERS = 1 << 15,
};

__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[COUNTERS];

static struct limits *limits_of(lua_State *L)
{
	void *limits;

	lua_getallocf(L, &limits);
	return limits;
}

static void *allocate(void *context, void *block, size_t before, size_t after)
{
	struct limits *limits = context;
	size_t freed = block ? before : 0;

	if (after > freed && limits->used + after - freed > MEMORY_MAX) {
		limits->is_hit = true;
		return NULL;
	}
	void *result = limits->allocate(limits->state, block, before, after);
	if (result || !after)
		limits->used += after - freed;
	return result;
}

void limits_set(struct limits *limits, lua_State *L)
{
	*limits = (struct limits){.used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + lua_gc(L, LUA_GCCOUNTB)};
	limits->allocate = lua_getallocf(L, &limits->state);
	lua_setallocf(L, allocate, limits);
}

/* A line of a file, by what both are and not by where they are. */
static unsigned line_hash(lua_State *L, lua_Debug *debug)
{
	unsigned hash = 2166136261u ^ (unsigned)debug->currentline;

	lua_getinfo(L, "S", debug);
	for (const char *p = debug->short_src; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return hash;
}

static void watch(lua_State *L, lua_Debug *debug)
{
	static unsigned last;
	struct limits *limits = limits_of(L);

	if (debug->event == LUA_HOOKLINE) {
		unsigned here = line_hash(L, debug);
		uint8_t *counter = &counters[(here ^ last >> 1) % COUNTERS];
		*counter += *counter < UINT8_MAX;
		last = here;
		return;
	}
	limits->instructions += STEP;
	if (limits->instructions > INSTRUCTIONS_MAX) {
		limits->is_hit = true;
		luaL_error(L, "the fuzzer's limit of instructions");
	}
}

void limits_watch(lua_State *L)
{
	lua_sethook(L, watch, LUA_MASKLINE | LUA_MASKCOUNT, STEP);
}

bool limits_hit(lua_State *L)
{
	return limits_of(L)->is_hit;
}
