/* SPDX-License-Identifier: MIT
 *
 * lua_state: a Lua state for fuzzing: bounded memory and instructions, and the lines that ran told to the
 * fuzzer as coverage, since Lua's own interpreter looks the same whatever it runs.
 */
#ifndef FUZZ_LUA_STATE_H
#define FUZZ_LUA_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

struct limits {
	lua_Alloc allocate; /* the state's own */
	void *state;
	size_t used;
	bool is_hit;        /* there was not enough memory, or the instructions were used up */
	long instructions;  /* so far */
};

/* From now on the state is bounded. `limits` must live as long as it. */
void limits_set(struct limits *limits, lua_State *L);
/* Counts lines and instructions from here on, in this state and not in its coroutines. */
void limits_watch(lua_State *L);

/* True when a limit was hit: what failed then failed for that. */
bool limits_hit(lua_State *L);

#endif
