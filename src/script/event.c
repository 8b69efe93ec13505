/* SPDX-License-Identifier: MIT
 *
 * The event object `e`: one userdata for the whole run. It holds nothing; its fields are read, when
 * touched, from the record that is being dispatched. Fields the library adds are kept in its user
 * values: a bit per field says whether the value is this event's, so that nothing is cleared.
 */
#include <string.h>

#include "script/state.h"

enum { VALUE_RAW = 1, VALUE_ARGS, VALUE_FIRST }; /* user values; library field n has VALUE_FIRST + n */

void event_begin(struct event *event, const struct record *record)
{
	bool call = record->kind == RECORD_CALL || record->kind == RECORD_ENTER;
	const struct syscall_row *row = call ? syscall_row(record->arch, record->nr) : NULL;

	*event = (struct event){
		.record = record,
		.row = row ? syscall_variant(row, record->args) : NULL,
		.index = 1,
		.assignable = true,
	};
}

struct event *event_check(lua_State *L)
{
	struct host *host = host_of(L);

	if (!host->event.record)
		luaL_error(L, "event used after its hook; keep e:copy()");
	return &host->event;
}

static bool is_call(const struct record *record)
{
	return record->kind == RECORD_CALL || record->kind == RECORD_ENTER;
}

static bool has_ended(const struct record *record)
{
	return record->kind == RECORD_CALL && !(record->flags & RECORD_UNFINISHED);
}

/* --- fields: each pushes one value --------------------------------------------------------------- */

static void push_flag(lua_State *L, bool flag) /* absent is nil */
{
	if (flag)
		lua_pushboolean(L, true);
	else
		lua_pushnil(L);
}

static void push_time(lua_State *L, const struct event *event)
{
	lua_pushinteger(L, (lua_Integer)(event->record->time_ns - host_of(L)->start_ns));
}

static void push_duration(lua_State *L, const struct event *event)
{
	if (event->record->kind == RECORD_CALL)
		lua_pushinteger(L, event->record->duration_ns);
	else
		lua_pushnil(L);
}

static void push_pid(lua_State *L, const struct event *event)
{
	lua_pushinteger(L, event->record->pid);
}

static void push_tid(lua_State *L, const struct event *event)
{
	lua_pushinteger(L, event->record->tid);
}

static void push_kind(lua_State *L, const struct event *event)
{
	lua_pushstring(L, record_kind_name(event->record->kind));
}

static void push_arch(lua_State *L, const struct event *event)
{
	lua_pushstring(L, is_call(event->record) ? arch_name(event->record->arch) : NULL);
}

static void push_syscall(lua_State *L, const struct event *event)
{
	if (event->row)
		lua_pushstring(L, event->row->name);
	else if (is_call(event->record))
		lua_pushfstring(L, "syscall_%d", event->record->nr);
	else
		lua_pushnil(L);
}

static void push_nr(lua_State *L, const struct event *event)
{
	if (is_call(event->record))
		lua_pushinteger(L, event->record->nr);
	else
		lua_pushnil(L);
}

static void push_num(lua_State *L, const struct event *event)
{
	if (is_call(event->record))
		lua_pushnil(L);
	else
		lua_pushinteger(L, event->record->nr);
}

static void push_ret(lua_State *L, const struct event *event)
{
	unsigned kind = event->record->kind;

	if (has_ended(event->record) || kind == RECORD_FD || kind == RECORD_MAP)
		lua_pushinteger(L, event->record->ret);
	else
		lua_pushnil(L);
}

static void push_status(lua_State *L, const struct event *event)
{
	if (event->record->kind == RECORD_EXIT)
		lua_pushinteger(L, event->record->ret);
	else
		lua_pushnil(L);
}

static void push_error(lua_State *L, const struct event *event)
{
	if (!has_ended(event->record) || !record_failed(event->record)) {
		lua_pushnil(L);
		return;
	}
	const char *name = errno_name(-event->record->ret);
	if (name)
		lua_pushstring(L, name);
	else
		lua_pushfstring(L, "errno %d", (int)-event->record->ret);
}

static void push_unfinished(lua_State *L, const struct event *event)
{
	push_flag(L, event->record->flags & RECORD_UNFINISHED);
}

static void push_late(lua_State *L, const struct event *event)
{
	push_flag(L, event->record->flags & RECORD_NO_ENTRY);
}

static void push_tampered(lua_State *L, const struct event *event)
{
	push_flag(L, event->record->flags & RECORD_TAMPERED);
}

static void push_index(lua_State *L, const struct event *event)
{
	lua_pushinteger(L, event->index);
}

static void push_type(lua_State *L, const struct event *event)
{
	if (event->type == TYPE_NONE) {
		lua_pushnil(L);
		return;
	}
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host_of(L)->keys.types);
	lua_rawgeti(L, -1, event->type);
}

static void push_args(lua_State *L, const struct event *event)
{
	if (is_call(event->record))
		lua_getiuservalue(L, 1, VALUE_ARGS);
	else
		lua_pushnil(L);
}

/* One table, filled anew for each event that is asked for it. */
static void push_raw(lua_State *L, const struct event *event)
{
	lua_getiuservalue(L, 1, VALUE_RAW);
	if (event->raw_known)
		return;
	for (int i = 0; i < RECORD_ARGS; i++) {
		lua_pushinteger(L, (lua_Integer)event->record->args[i]);
		lua_rawseti(L, -2, i + 1);
	}
	host_of(L)->event.raw_known = true;
}

static bool readable(const struct piece *piece)
{
	return piece && (piece->size || !(piece->flags & PIECE_UNREADABLE));
}

/* The payload of a call that moves data: the one piece that has it, or NULL. */
static const struct piece *payload(lua_State *L, const struct event *event)
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

static void push_data(lua_State *L, const struct event *event)
{
	const struct piece *piece = payload(L, event);

	if (readable(piece))
		lua_pushlstring(L, piece_bytes(piece), piece->size);
	else
		lua_pushnil(L);
}

static void push_data_truncated(lua_State *L, const struct event *event)
{
	const struct piece *piece = payload(L, event);

	push_flag(L, piece && piece->flags & PIECE_TRUNCATED);
}

static const struct {
	const char *name;
	void (*push)(lua_State *L, const struct event *event);
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
	{"data_truncated", push_data_truncated},
};

/* --- methods ------------------------------------------------------------------------------------- */

static struct event *check_self(lua_State *L)
{
	if (lua_touserdata(L, 1) != host_of(L)->event_userdata)
		luaL_error(L, "methods of an event are called with a colon, as in e:copy()");
	return event_check(L);
}

/* Which argument of the record is named or numbered, from 1 on, at index 2 of a method; or -1. */
static int find_arg(lua_State *L, const struct event *event)
{
	if (is_call(event->record))
		return args_find(L, event->row, 2);
	lua_Integer arg = luaL_checkinteger(L, 2);
	return arg >= 1 && arg <= UINT8_MAX ? (int)arg - 1 : -1;
}

/* The piece named by arguments 2.. of a method: argument, part, index. NULL: not captured. */
static const struct piece *check_piece(lua_State *L, const struct event *event, const char *part)
{
	static const char *const parts[] = {"self", "string", "iovec", "data", "name", "control", NULL};
	int arg = find_arg(L, event);
	enum piece_part which = luaL_checkoption(L, 3, part, parts);
	lua_Integer index = luaL_optinteger(L, 4, 1);

	if (arg < 0 || index < 1 || index > UINT32_MAX)
		return NULL;
	return record_find(event->record, arg, which, index - 1);
}

static int event_piece(lua_State *L)
{
	const struct piece *piece = check_piece(L, check_self(L), "self");

	if (readable(piece))
		lua_pushlstring(L, piece_bytes(piece), piece->size);
	else
		lua_pushnil(L);
	return 1;
}

static int event_strings(lua_State *L)
{
	const struct event *event = check_self(L);
	int arg = find_arg(L, event);
	lua_Integer n = 0;

	lua_newtable(L);
	for (const struct piece *p = record_piece(event->record, NULL); p;
	     p = record_piece(event->record, p)) {
		if (p->arg != arg || p->part != PIECE_STRING)
			continue;
		lua_pushlstring(L, piece_bytes(p), p->size);
		lua_rawseti(L, -2, ++n);
	}
	return 1;
}

static int event_sockaddr(lua_State *L)
{
	const struct piece *piece = check_piece(L, check_self(L), "self");

	if (readable(piece))
		return args_sockaddr(L, piece_bytes(piece), piece->size);
	lua_pushnil(L);
	return 1;
}

/* Descriptors passed in the control data of message number `index`, whichever argument has it. */
static int event_rights(lua_State *L)
{
	const struct event *event = check_self(L);
	lua_Integer index = luaL_optinteger(L, 2, 1);

	for (const struct piece *p = record_piece(event->record, NULL); p;
	     p = record_piece(event->record, p))
		if (p->part == PIECE_CONTROL && (lua_Integer)p->index == index - 1 && readable(p))
			return args_rights(L, piece_bytes(p), p->size, event->record->arch);
	lua_pushnil(L);
	return 1;
}

static const luaL_Reg methods[] = {
	{"piece", event_piece},
	{"strings", event_strings},
	{"sockaddr", event_sockaddr},
	{"rights", event_rights},
	{NULL, NULL},
};

/* --- the object ---------------------------------------------------------------------------------- */

static bool is_set(const uint64_t *set, lua_Integer field)
{
	return set[field / 64] >> (field % 64) & 1;
}

static void add(uint64_t *set, lua_Integer field)
{
	set[field / 64] |= UINT64_C(1) << (field % 64);
}

static int library_field(lua_State *L, struct event *event, lua_Integer field)
{
	if (is_set(event->computed, field) || is_set(event->assigned, field)) {
		lua_getiuservalue(L, 1, VALUE_FIRST + (int)field);
		return 1;
	}
	if (lua_rawgeti(L, lua_upvalueindex(2), field + 1) != LUA_TFUNCTION) {
		lua_pushnil(L);
		return 1;
	}
	bool assignable = event->assignable;
	event->assignable = true; /* computing one field may give others on the way */
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	event->assignable = assignable;
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, 1, VALUE_FIRST + (int)field);
	add(event->computed, field);
	return 1;
}

/* Upvalues: names to what they are (a number from 0 on: library field; below: one of ours; else a
 * method), and the getters of library fields. An unknown name raises through the first's metatable. */
static int event_index(lua_State *L)
{
	struct event *event = event_check(L);

	lua_settop(L, 2);
	if (lua_gettable(L, lua_upvalueindex(1)) != LUA_TNUMBER)
		return 1;
	lua_Integer field = lua_tointeger(L, -1);
	if (field >= 0)
		return library_field(L, event, field);
	fields[-field - 1].push(L, event);
	return 1;
}

static int event_newindex(lua_State *L)
{
	struct event *event = event_check(L);

	lua_pushvalue(L, 2);
	lua_gettable(L, lua_upvalueindex(1));
	lua_Integer field = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
	if (field < 0 || !event->assignable)
		return luaL_error(L, "the fields of an event cannot be set");
	lua_pushvalue(L, 3);
	lua_setiuservalue(L, 1, VALUE_FIRST + (int)field);
	add(event->assigned, field);
	return 0;
}

static int event_tostring(lua_State *L)
{
	const struct event *event = &host_of(L)->event;

	if (!event->record)
		lua_pushliteral(L, "event (its hook is over)");
	else
		lua_pushfstring(L, "event (%s)", record_kind_name(event->record->kind));
	return 1;
}

void event_new(lua_State *L)
{
	struct host *host = host_of(L);

	host->event_userdata = lua_newuserdatauv(L, 1, VALUE_FIRST + FIELDS_MAX);
	lua_createtable(L, RECORD_ARGS, 0);
	lua_setiuservalue(L, -2, VALUE_RAW);
	args_new(L);
	lua_setiuservalue(L, -2, VALUE_ARGS);

	lua_createtable(L, 0, 8); // e metatable
	lua_newtable(L);          // e metatable names
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		lua_pushinteger(L, -(lua_Integer)i - 1);
		lua_setfield(L, -2, fields[i].name);
	}
	luaL_setfuncs(L, methods, 0);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host->keys.names);
	lua_newtable(L); // e metatable names getters
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host->keys.getters);
	lua_pushvalue(L, -2);
	lua_pushvalue(L, -2);
	lua_pushcclosure(L, event_index, 2);
	lua_setfield(L, -4, "__index");
	lua_pop(L, 1);
	lua_pushcclosure(L, event_newindex, 1);
	lua_setfield(L, -2, "__newindex");
	lua_pushcfunction(L, event_tostring);
	lua_setfield(L, -2, "__tostring");
	lua_pushliteral(L, "event");
	lua_setfield(L, -2, "__name");
	lua_setmetatable(L, -2);
}

/* core.field(name, get) */
int event_field(lua_State *L)
{
	struct host *host = host_of(L);

	luaL_checkstring(L, 1);
	luaL_argexpected(L, lua_isnoneornil(L, 2) || lua_isfunction(L, 2), 2, "function");
	lua_settop(L, 2);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.names); // name get names
	lua_pushvalue(L, 1);
	if (lua_rawget(L, 3) == LUA_TNIL) {
		if (host->fields == FIELDS_MAX)
			return luaL_error(L, "more than %d fields", FIELDS_MAX);
		lua_pushinteger(L, host->fields++);
	} else if (lua_type(L, -1) != LUA_TNUMBER || lua_tointeger(L, -1) < 0) {
		return luaL_error(L, "an event has a field '%s' already", lua_tostring(L, 1));
	}
	lua_Integer field = lua_tointeger(L, -1);
	lua_pushvalue(L, 1);
	lua_pushinteger(L, field);
	lua_rawset(L, 3);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.getters);
	lua_pushvalue(L, 2);
	lua_rawseti(L, -2, field + 1);
	return 0;
}

/* core.method(name, fn): a method in Lua. A name that starts with two underscores is a metamethod. */
int event_method(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	if (!strncmp(name, "__", 2)) {
		lua_rawgetp(L, LUA_REGISTRYINDEX, &host_of(L)->keys.event);
		lua_getmetatable(L, -1);
	} else {
		lua_rawgetp(L, LUA_REGISTRYINDEX, &host_of(L)->keys.names);
	}
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 2);
	lua_rawset(L, -3);
	return 0;
}
