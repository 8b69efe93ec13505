/* SPDX-License-Identifier: MIT
 *
 * e.args: the decoded arguments of a call. One userdata beside the event; a value is decoded when it
 * is touched first and kept, for this event, in a user value. The visitor turns what src/decode says
 * into Lua values.
 */
#include <string.h>

#include "decode/decode.h"
#include "script/state.h"

enum { DEPTH_MAX = 16, HINT_MAX = 1024 };

/* --- values -------------------------------------------------------------------------------------- */

/* Each open list or struct is on the Lua stack, a struct's value above its field's name. */
struct pusher {
	struct visitor visitor;
	lua_State *L;
	int depth;
	struct {
		bool list;
		lua_Integer count;
	} open[DEPTH_MAX];
};

/* The value on top is complete: it goes into what is open. */
static void place(struct pusher *pusher)
{
	if (pusher->depth == 0)
		return;
	if (pusher->open[pusher->depth - 1].list)
		lua_rawseti(pusher->L, -2, ++pusher->open[pusher->depth - 1].count);
	else
		lua_rawset(pusher->L, -3);
}

static void push_integer(struct visitor *visitor, int64_t value)
{
	struct pusher *pusher = (struct pusher *)visitor;

	lua_pushinteger(pusher->L, value);
	place(pusher);
}

static void push_bytes(struct visitor *visitor, const void *bytes, size_t size)
{
	struct pusher *pusher = (struct pusher *)visitor;

	lua_pushlstring(pusher->L, bytes, size);
	place(pusher);
}

static void push_nothing(struct visitor *visitor)
{
	struct pusher *pusher = (struct pusher *)visitor;

	lua_pushnil(pusher->L);
	place(pusher);
}

static void open_table(struct pusher *pusher, bool list, size_t hint)
{
	int room = hint < HINT_MAX ? (int)hint : HINT_MAX;

	if (pusher->depth == DEPTH_MAX)
		luaL_error(pusher->L, "a value nested too deep");
	luaL_checkstack(pusher->L, 4, "a decoded value");
	lua_createtable(pusher->L, list ? room : 0, list ? 0 : room);
	pusher->open[pusher->depth].list = list;
	pusher->open[pusher->depth++].count = 0;
}

static void open_list(struct visitor *visitor, size_t size_hint)
{
	open_table((struct pusher *)visitor, true, size_hint);
}

static void open_struct(struct visitor *visitor, size_t size_hint)
{
	open_table((struct pusher *)visitor, false, size_hint);
}

static void field(struct visitor *visitor, const char *name)
{
	lua_pushstring(((struct pusher *)visitor)->L, name);
}

static void close_table(struct visitor *visitor)
{
	struct pusher *pusher = (struct pusher *)visitor;

	pusher->depth--;
	place(pusher);
}

static struct pusher pusher_of(lua_State *L)
{
	return (struct pusher){
		.visitor = {push_integer, push_bytes, push_nothing, open_list, open_struct, field,
			    close_table},
		.L = L,
	};
}

int args_sockaddr(lua_State *L, const void *bytes, size_t size)
{
	struct pusher pusher = pusher_of(L);

	decode_sockaddr(bytes, size, &pusher.visitor);
	return 1;
}

int args_rights(lua_State *L, const void *bytes, size_t size, unsigned arch)
{
	struct pusher pusher = pusher_of(L);

	decode_rights(bytes, size, arch, &pusher.visitor);
	return 1;
}

/* --- which argument ------------------------------------------------------------------------------ */

/* A call that the table does not know has six registers. */
static const char *const unknown_names[RECORD_ARGS] = {"arg1", "arg2", "arg3", "arg4", "arg5", "arg6"};

static int count_of(const struct syscall_row *row)
{
	if (!row)
		return RECORD_ARGS;
	return row->arg_count < RECORD_ARGS ? row->arg_count : RECORD_ARGS;
}

static const char *name_of(const struct syscall_row *row, int i)
{
	return row ? row->args[i].name : unknown_names[i];
}

int args_find(lua_State *L, const struct syscall_row *row, int index)
{
	int count = count_of(row);

	if (lua_type(L, index) == LUA_TNUMBER) {
		lua_Integer i = luaL_checkinteger(L, index);
		return i >= 1 && i <= count ? (int)i - 1 : -1;
	}
	const char *name = luaL_checkstring(L, index);
	for (int i = 0; i < count; i++)
		if (!strcmp(name_of(row, i), name))
			return i;
	return -1;
}

/* --- methods: e.args:NAME(argument) -------------------------------------------------------------- */

static const struct piece *flagged(const struct event *event, int arg, unsigned flag)
{
	for (const struct piece *p = record_piece(event->record, NULL); p && arg >= 0;
	     p = record_piece(event->record, p))
		if (p->arg == arg && p->flags & flag)
			return p;
	return NULL;
}

static int args_unreadable(lua_State *L)
{
	const struct event *event = event_check(L);

	lua_pushboolean(L, flagged(event, args_find(L, event->row, 2), PIECE_UNREADABLE) != NULL);
	return 1;
}

static int args_truncated(lua_State *L)
{
	const struct event *event = event_check(L);
	const struct piece *piece = flagged(event, args_find(L, event->row, 2), PIECE_TRUNCATED);

	if (piece)
		lua_pushinteger(L, piece->count);
	else
		lua_pushnil(L);
	return 1;
}

static int args_pointer(lua_State *L)
{
	const struct event *event = event_check(L);
	int arg = args_find(L, event->row, 2);

	if (arg < 0)
		return 0;
	unsigned slot = event->row ? event->row->args[arg].slot : (unsigned)arg;
	lua_pushinteger(L, slot < RECORD_ARGS ? (lua_Integer)event->record->args[slot] : 0);
	return 1;
}

static const luaL_Reg methods[] = {
	{"unreadable", args_unreadable},
	{"truncated", args_truncated},
	{"pointer", args_pointer},
	{NULL, NULL},
};

/* --- the object ---------------------------------------------------------------------------------- */

static int push_arg(lua_State *L, struct event *event, int arg)
{
	if (event->args_known >> arg & 1) {
		lua_getiuservalue(L, 1, arg + 1);
		return 1;
	}
	if (event->row) {
		struct pusher pusher = pusher_of(L);
		decode_arg(event->record, event->row, arg, &pusher.visitor);
	} else {
		lua_pushinteger(L, (lua_Integer)event->record->args[arg]);
	}
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, 1, arg + 1);
	event->args_known |= UINT32_C(1) << arg;
	return 1;
}

/* Upvalue: methods, and true for each name that some call has an argument of. Other names raise,
 * through its metatable. */
static int args_index(lua_State *L)
{
	struct event *event = event_check(L);

	lua_settop(L, 2);
	int arg = args_find(L, event->row, 2);
	if (arg >= 0)
		return push_arg(L, event, arg);
	if (lua_type(L, 2) == LUA_TSTRING && lua_gettable(L, lua_upvalueindex(1)) == LUA_TFUNCTION)
		return 1;
	lua_pushnil(L);
	return 1;
}

static int args_len(lua_State *L)
{
	lua_pushinteger(L, count_of(event_check(L)->row));
	return 1;
}

/* for name, value in pairs(e.args): in the order of the call */
static int args_next(lua_State *L)
{
	struct event *event = event_check(L);

	lua_settop(L, 2);
	int arg = lua_isnil(L, 2) ? 0 : args_find(L, event->row, 2) + 1;
	if (arg >= count_of(event->row))
		return 0;
	lua_pushstring(L, name_of(event->row, arg));
	push_arg(L, event, arg);
	return 2;
}

static int args_pairs(lua_State *L)
{
	lua_pushcfunction(L, args_next);
	lua_pushvalue(L, 1);
	return 2;
}

static void add_names(lua_State *L, const struct syscall_row *row)
{
	for (int i = 0; i < count_of(row); i++) {
		lua_pushboolean(L, true);
		lua_setfield(L, -2, row->args[i].name);
	}
	for (unsigned i = 0; i < row->variant_count; i++)
		add_names(L, row->variants[i].row);
}

static void push_names(lua_State *L)
{
	lua_newtable(L);
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (int nr = 0; nr < INTEREST_NRS; nr++) {
			const struct syscall_row *row = syscall_row(arch, nr);
			if (row)
				add_names(L, row);
		}
	for (int i = 0; i < RECORD_ARGS; i++) {
		lua_pushboolean(L, true);
		lua_setfield(L, -2, unknown_names[i]);
	}
}

void args_new(lua_State *L)
{
	lua_newuserdatauv(L, 1, RECORD_ARGS);
	lua_createtable(L, 0, 4); // args metatable
	push_names(L);
	luaL_setfuncs(L, methods, 0);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &host_of(L)->keys.args);
	lua_pushcclosure(L, args_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, args_len);
	lua_setfield(L, -2, "__len");
	lua_pushcfunction(L, args_pairs);
	lua_setfield(L, -2, "__pairs");
	lua_pushliteral(L, "args");
	lua_setfield(L, -2, "__name");
	lua_setmetatable(L, -2);
}
