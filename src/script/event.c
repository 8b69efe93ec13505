/* SPDX-License-Identifier: MIT
 *
 * The event object `e`: one userdata for the whole run. It holds nothing; its fields are read, when
 * touched, from the record that is being dispatched. Fields the library adds are kept in its user
 * values: a bit per field says whether the value is this event's, so that nothing is cleared.
 */
#include <string.h>

#include "script/state.h"

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
	if (event_is_call(event))
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

	if (piece_is_readable(piece))
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

	if (piece_is_readable(piece))
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
		if (p->part == PIECE_CONTROL && (lua_Integer)p->index == index - 1 && piece_is_readable(p))
			return args_rights(L, piece_bytes(p), p->size, event->record->arch);
	lua_pushnil(L);
	return 1;
}

/* What the arguments and the result of this very call are. */
static int event_describe(lua_State *L)
{
	const struct event *event = event_check(L);

	if (!event->row)
		return 0;
	return table_describe(L, event->row);
}

static const luaL_Reg methods[] = {
	{"describe", event_describe},
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
		lua_getiuservalue(L, 1, VALUE_FIELDS + (int)field);
		return 1;
	}
	if (event->bare && !is_set(host_of(L)->lasting, field))
		return luaL_error(L,
				  "e.%s is not there in a \"syscall:\" hook alone: what it takes to "
				  "know it is only traced for a hook on an event, such as on(\"open\", ...)",
				  lua_tostring(L, 2));
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
	lua_setiuservalue(L, 1, VALUE_FIELDS + (int)field);
	add(event->computed, field);
	return 1;
}

static int push_field(lua_State *L, struct event *event, lua_Integer field)
{
	if (field >= 0)
		return library_field(L, event, field);
	field_push(L, event, -field - 1);
	return 1;
}

/* The place of a name among those that were found before. Lua has each short string once, and these are
 * kept by the table of names, so a name is known by its address. */
static struct found_field *place_of(struct host *host, const char *name)
{
	uintptr_t address = (uintptr_t)name;

	return &host->found[(address >> 4 ^ address >> 10) % (sizeof host->found / sizeof *host->found)];
}

/* Upvalues: names to what they are (a number from 0 on: library field; below: one of ours; else a
 * method), the getters of library fields, and the names of types. An unknown name raises through the first's
 * metatable. */
static int event_index(lua_State *L)
{
	struct event *event = event_check(L);
	const char *name = lua_tostring(L, 2);
	struct found_field *found = place_of(host_of(L), name);

	if (name && found->name == name)
		return push_field(L, event, found->field);
	lua_pushvalue(L, 2);
	if (lua_gettable(L, lua_upvalueindex(1)) != LUA_TNUMBER)
		return 1;
	*found = (struct found_field){name, (int)lua_tointeger(L, -1)};
	return push_field(L, event, found->field);
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
	lua_setiuservalue(L, 1, VALUE_FIELDS + (int)field);
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

	host->event_userdata = lua_newuserdatauv(L, 1, VALUE_FIELDS + FIELDS_MAX);
	lua_createtable(L, RECORD_ARGS, 0);
	lua_setiuservalue(L, -2, VALUE_RAW);
	args_new(L);
	lua_setiuservalue(L, -2, VALUE_ARGS);

	lua_createtable(L, 0, 8); // e metatable
	lua_newtable(L);          // e metatable names
	for (size_t i = 0; field_name(i); i++) {
		lua_pushinteger(L, -(lua_Integer)i - 1);
		lua_setfield(L, -2, field_name(i));
	}
	luaL_setfuncs(L, methods, 0);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host->keys.names);
	lua_newtable(L); // e metatable names getters
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host->keys.getters);
	lua_pushvalue(L, -2);
	lua_pushvalue(L, -2);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.types);
	lua_pushcclosure(L, event_index, 3);
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

/* core.field(name, get[, lasting]) */
int event_field(lua_State *L)
{
	struct host *host = host_of(L);

	luaL_checkstring(L, 1);
	luaL_argexpected(L, lua_isnoneornil(L, 2) || lua_isfunction(L, 2), 2, "function");
	lua_settop(L, 3);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.names); // name get lasting names
	lua_pushvalue(L, 1);
	if (lua_rawget(L, 4) == LUA_TNIL) {
		if (host->fields == FIELDS_MAX)
			return luaL_error(L, "more than %d fields", FIELDS_MAX);
		lua_pushinteger(L, host->fields++);
	} else if (lua_type(L, -1) != LUA_TNUMBER || lua_tointeger(L, -1) < 0) {
		return luaL_error(L, "an event has a field '%s' already", lua_tostring(L, 1));
	}
	lua_Integer field = lua_tointeger(L, -1);
	lua_pushvalue(L, 1);
	lua_pushinteger(L, field);
	lua_rawset(L, 4);
	if (lua_toboolean(L, 3))
		add(host->lasting, field);
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
