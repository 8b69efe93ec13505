/* SPDX-License-Identifier: MIT
 *
 * call: from C into Lua, protected, watched and counted.
 */
#ifndef SCRIPT_CALL_H
#define SCRIPT_CALL_H

#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>

struct host;

/* Whatever calls hooks has these values at the bottom of its stack frame, so that a call takes no
 * lookup: the message handler, the functions of all hooks, the event, the names of event types. */
enum slot { SLOT_HANDLER = 1, SLOT_FUNCTIONS, SLOT_EVENT, SLOT_TYPES, SLOT_LAST = SLOT_TYPES };

/* A Lua function that C calls. Lives as long as the Lua state, in the table at SLOT_FUNCTIONS, which
 * also has the function and the label. */
struct hook {
	int function;       /* index in that table */
	bool failed;        /* its traceback has been shown */
	bool is_off;        /* it did not return on its own once, or took all memory: not called again */
	bool is_scripts;    /* not of the library: its memory is limited */
	const char *label;  /* for messages: `on "open" (x.lua:3)` */
};

/* Puts the slots' values into an empty frame. [-0, +SLOT_LAST, -] */
void call_push_slots(lua_State *L);

/* The hook of the function at index, made when new, with the label at `label` (an index, or 0).
 * is_scripts: it is no function of the library's. [-0, +0, e] */
struct hook *hook_keep(lua_State *L, int index, int label, bool is_scripts);

/* Pushes the hook's function. [-0, +1, -] */
void hook_push(lua_State *L, const struct hook *hook);

/* Calls the function with `args` values on the stack above it. True, with `results` values; or false
 * with none, having reported and counted the failure, or as the hook is off. */
bool hook_call(struct host *host, lua_State *L, struct hook *hook, int args, int results);

/* The message handler: adds a traceback. */
int call_handler(lua_State *L);
/* core.exit: raises the error that ends the trace. */
int call_exit(lua_State *L);
/* True when the value is not an error but that of core.exit. */
bool call_is_exit(lua_State *L, int index);
/* Shows the message of a failed pcall, on top of the stack, after "what: ", and pops it. */
void call_report(lua_State *L, const char *what);

#endif
