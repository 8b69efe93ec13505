/* SPDX-License-Identifier: MIT
 *
 * What "enter:" hooks do to the call they are called for. It is only noted here; when the hooks are
 * through, the session hands it to the source (action.h). These functions are private to the library:
 * lua/tampering.lua makes the event's methods of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "script/state.h"

/* The action of the call that is about to run. Raises anywhere else. */
static struct action *check_action(lua_State *L)
{
	struct host *host = host_of(L);

	if (event_check(L)->record->kind != RECORD_ENTER)
		luaL_error(L, "calls are acted on before they run: in an \"enter:\" hook");
	return &host->action;
}

/* core.act_skip(result): the call does not run. The last one decides. */
static int act_skip(lua_State *L)
{
	struct action *action = check_action(L);

	action->result = luaL_checkinteger(L, 1);
	action->what |= ACTION_SKIP;
	return 0;
}

/* core.act_delay(ns): delays add up. */
static int act_delay(lua_State *L)
{
	struct action *action = check_action(L);
	lua_Integer ns = luaL_checkinteger(L, 1);

	luaL_argcheck(L, ns >= 0, 1, "a time to wait");
	if (!(action->what & ACTION_DELAY))
		action->delay_ns = 0;
	action->delay_ns += ns;
	action->what |= ACTION_DELAY;
	return 0;
}

/* core.act_signal(number) */
static int act_signal(lua_State *L)
{
	struct action *action = check_action(L);

	action->signal = (int)luaL_checkinteger(L, 1);
	action->what |= ACTION_SIGNAL;
	return 0;
}

/* A change with room for its bytes; raises when there is none left. */
static struct change *change_new(lua_State *L, struct action *action, const char *bytes, size_t size)
{
	if (action->change_count == ACTION_CHANGES || size > ACTION_BYTES - action->byte_count)
		luaL_error(L, "one call can be changed in %d places, by %d bytes in all", ACTION_CHANGES,
			   ACTION_BYTES);
	struct change *change = &action->changes[action->change_count++];
	*change = (struct change){.offset = action->byte_count, .size = (uint32_t)size};
	memcpy(action->bytes + action->byte_count, bytes, size);
	action->byte_count += (uint32_t)size;
	action->what |= ACTION_CHANGE;
	return change;
}

/* Its register; -1 when the call has no such argument, -2 when it takes more than one. */
static int find_slot(lua_State *L, const struct event *event)
{
	int arg = args_find(L, event->row, 1);

	if (arg < 0)
		return -1;
	return event->row ? event->row->args[arg].slot : arg;
}

/* core.act_set(arg, value): an integer, or bytes that the argument is to point to. False: the call has no
 * such argument. Of several values the last one counts. */
static int act_set(lua_State *L)
{
	struct action *action = check_action(L);
	int slot = find_slot(L, event_check(L));
	size_t size = 0;
	const char *bytes = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &size) : "";

	lua_pushboolean(L, slot >= 0 && slot < RECORD_ARGS);
	if (!lua_toboolean(L, -1))
		return 1;
	bool is_value = lua_isinteger(L, 2);
	luaL_argexpected(L, is_value || lua_type(L, 2) == LUA_TSTRING, 2, "integer or string");
	struct change *change = change_new(L, action, bytes, size);
	change->kind = is_value ? CHANGE_VALUE : CHANGE_POINTED;
	change->arg = (uint8_t)slot;
	change->value = is_value ? (uint64_t)lua_tointeger(L, 2) : 0;
	return 1;
}

/* core.act_write(address, bytes): they stay there. */
static int act_write(lua_State *L)
{
	struct action *action = check_action(L);
	size_t size;
	const char *bytes = luaL_checklstring(L, 2, &size);
	uint64_t address = (uint64_t)luaL_checkinteger(L, 1);

	struct change *change = change_new(L, action, bytes, size);
	change->kind = CHANGE_MEMORY;
	change->value = address;
	return 0;
}

const luaL_Reg act_functions[] = {
	{"act_skip", act_skip},     {"act_delay", act_delay}, {"act_set", act_set},
	{"act_signal", act_signal}, {"act_write", act_write}, {NULL, NULL},
};

const struct action *host_action(const struct host *host)
{
	return host->action.what ? &host->action : NULL;
}

static const char *reason(int error)
{
	if (error == -EFAULT)
		return "the program has no memory there that could be written";
	if (error == -EOPNOTSUPP)
		return "this form of the call has its arguments in memory (i386's socketcall or ipc)";
	return strerror(-error);
}

void host_action_failed(struct host *host, const struct record *record, int error)
{
	const struct syscall_row *row = syscall_row(record->arch, record->nr);
	char *text = NULL;

	host->failures++;
	if (host->first_failure)
		return;
	if (asprintf(&text, "what a script wanted done to %s of task %d was not done: %s",
		     row ? row->name : "a call", record->tid, reason(error)) < 0)
		return;
	log_warning("%s", text);
	host->first_failure = text;
	host->first_failed = "an action";
}
