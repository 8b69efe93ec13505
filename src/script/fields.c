/* SPDX-License-Identifier: MIT
 *
 * The fields of an event that C reads from the record: a table of names and of functions that push one
 * value. Fields that say what a record means to a person are the library's.
 */
#include "script/state.h"

static bool has_ended(const struct record *record)
{
	return record->kind == RECORD_CALL && !(record->flags & RECORD_UNFINISHED);
}

static void push_flag(lua_State *L, bool flag) /* absent is nil */
{
	if (flag)
		lua_pushboolean(L, true);
	else
		lua_pushnil(L);
}

static void push_time(lua_State *L, struct event *event)
{
	lua_pushinteger(L, (lua_Integer)(event->record->time_ns - host_of(L)->start_ns));
}

static void push_duration(lua_State *L, struct event *event)
{
	unsigned kind = event->record->kind;

	if (kind == RECORD_CALL || kind == RECORD_SCHED || kind == RECORD_BLOCK)
		lua_pushinteger(L, event->record->duration_ns);
	else
		lua_pushnil(L);
}

static void push_pid(lua_State *L, struct event *event)
{
	lua_pushinteger(L, event->record->pid);
}

static void push_tid(lua_State *L, struct event *event)
{
	lua_pushinteger(L, event->record->tid);
}

static void push_kind(lua_State *L, struct event *event)
{
	lua_pushstring(L, record_kind_name(event->record->kind));
}

static void push_arch(lua_State *L, struct event *event)
{
	lua_pushstring(L, event_is_call(event) ? arch_name(event->record->arch) : NULL);
}

static void push_syscall(lua_State *L, struct event *event)
{
	if (event->row)
		lua_pushstring(L, event->row->name);
	else if (event_is_call(event))
		lua_pushfstring(L, "syscall_%d", event->record->nr);
	else
		lua_pushnil(L);
}

static void push_nr(lua_State *L, struct event *event)
{
	if (event_is_call(event))
		lua_pushinteger(L, event->record->nr);
	else
		lua_pushnil(L);
}

static void push_num(lua_State *L, struct event *event)
{
	if (event_is_call(event))
		lua_pushnil(L);
	else
		lua_pushinteger(L, event->record->nr);
}

static void push_ret(lua_State *L, struct event *event)
{
	unsigned kind = event->record->kind;

	if (has_ended(event->record) || kind == RECORD_FD || kind == RECORD_MAP)
		lua_pushinteger(L, event->record->ret);
	else
		lua_pushnil(L);
}

static void push_status(lua_State *L, struct event *event)
{
	if (event->record->kind == RECORD_EXIT)
		lua_pushinteger(L, event->record->ret);
	else
		lua_pushnil(L);
}

static void push_error(lua_State *L, struct event *event)
{
	bool has_result = has_ended(event->record) || event->record->kind == RECORD_BLOCK;

	if (!has_result || !record_failed(event->record)) {
		lua_pushnil(L);
		return;
	}
	const char *name = errno_name(-event->record->ret);
	if (name)
		lua_pushstring(L, name);
	else
		lua_pushfstring(L, "errno %d", (int)-event->record->ret);
}

static void push_unfinished(lua_State *L, struct event *event)
{
	push_flag(L, event->record->flags & RECORD_UNFINISHED);
}

static void push_late(lua_State *L, struct event *event)
{
	push_flag(L, event->record->flags & RECORD_NO_ENTRY);
}

static void push_tampered(lua_State *L, struct event *event)
{
	push_flag(L, event->record->flags & RECORD_TAMPERED);
}

static void push_index(lua_State *L, struct event *event)
{
	lua_pushinteger(L, event->index);
}

static void push_type(lua_State *L, struct event *event)
{
	if (event->type == TYPE_NONE) {
		lua_pushnil(L);
		return;
	}
	lua_rawgeti(L, lua_upvalueindex(3), event->type);
}

static void push_args(lua_State *L, struct event *event)
{
	if (event_is_call(event))
		lua_getiuservalue(L, 1, VALUE_ARGS);
	else
		lua_pushnil(L);
}

/* One table, filled anew for each event that is asked for it. */
static void push_raw(lua_State *L, struct event *event)
{
	lua_getiuservalue(L, 1, VALUE_RAW);
	if (event->raw_known)
		return;
	for (int i = 0; i < RECORD_ARGS; i++) {
		lua_pushinteger(L, (lua_Integer)event->record->args[i]);
		lua_rawseti(L, -2, i + 1);
	}
	event->raw_known = true;
}

/* The payload of a call that moves data: the one piece that has it, or NULL. */
static const struct piece *payload(lua_State *L, struct event *event)
{
	if (!host_of(L)->interest.data_limit)
		luaL_error(L, "e.data is only there after want(\"data\", \"4k\"): how much of it to keep");
	for (unsigned i = 0; event->row && i < event->row->arg_count; i++) {
		enum arg_kind kind = event->row->args[i].kind;
		if (kind == ARG_BUF)
			return record_find(event->record, i, PIECE_SELF, 0);
		if (kind == ARG_IOVEC || kind == ARG_MSGHDR)
			return record_find(event->record, i, PIECE_DATA, 0);
		if (kind == ARG_MMSGHDR)
			return record_find(event->record, i, PIECE_DATA, event->index - 1);
	}
	return NULL;
}

static void push_data(lua_State *L, struct event *event)
{
	const struct piece *piece = payload(L, event);

	if (piece_is_readable(piece))
		lua_pushlstring(L, piece_bytes(piece), piece->size);
	else
		lua_pushnil(L);
}

static void push_data_truncated(lua_State *L, struct event *event)
{
	const struct piece *piece = payload(L, event);

	push_flag(L, piece && piece->flags & PIECE_TRUNCATED);
}

static const struct {
	const char *name;
	void (*push)(lua_State *L, struct event *event);
} fields[] = {
	{"time", push_time},
	{"duration", push_duration},
	{"pid", push_pid},
	{"tid", push_tid},
	{"kind", push_kind},
	{"type", push_type},
	{"arch", push_arch},
	{"syscall", push_syscall},
	{"nr", push_nr},
	{"num", push_num},
	{"ret", push_ret},
	{"error", push_error},
	{"status", push_status},
	{"unfinished", push_unfinished},
	{"late", push_late},
	{"tampered", push_tampered},
	{"index", push_index},
	{"args", push_args},
	{"raw", push_raw},
	{"data", push_data},
	{"stack", stack_push},
	{"data_truncated", push_data_truncated},
};

const char *field_name(size_t i)
{
	return i < sizeof fields / sizeof fields[0] ? fields[i].name : NULL;
}

void field_push(lua_State *L, struct event *event, size_t i)
{
	fields[i].push(L, event);
}
