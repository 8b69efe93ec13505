/* SPDX-License-Identifier: MIT
 *
 * What compendium.core knows of the system calls and of the kernel's names and numbers.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include "script/state.h"

/* The row of a name in the first architecture that has it. */
static const struct syscall_row *find_row(const char *name)
{
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++) {
		int nr = syscall_number(arch, name);
		if (nr >= 0)
			return syscall_row(arch, nr);
	}
	return NULL;
}

static void push_classes(lua_State *L, unsigned classes)
{
	lua_Integer n = 0;

	lua_newtable(L);
	for (unsigned i = 0; i < CLASS_MAX; i++)
		if (classes >> i & 1) {
			lua_pushstring(L, syscall_class_name(i));
			lua_rawseti(L, -2, ++n);
		}
}

static void set_string(lua_State *L, const char *key, const char *value)
{
	lua_pushstring(L, value);
	lua_setfield(L, -2, key);
}

/* What a value is: its name, kind, family, and whether it is a list. */
static void push_description(lua_State *L, const char *name, enum arg_kind kind, const struct family *family,
			     bool list)
{
	lua_createtable(L, 0, 8);
	set_string(L, "name", name);
	set_string(L, "kind", arg_kind_name(kind));
	set_string(L, "family", family ? family->name : NULL);
	lua_pushboolean(L, list);
	lua_setfield(L, -2, "list");
}

/* Sets `fields` of the description on top to those of a struct, in order. */
static void set_fields(lua_State *L, const struct struct_layout *layout)
{
	if (!layout)
		return;
	luaL_checkstack(L, 6, "a struct");
	lua_createtable(L, layout->field_count, 0);
	for (int i = 0; i < layout->field_count; i++) {
		const struct struct_field *field = &layout->fields[i];
		push_description(L, field->name, field->kind, field->family, field->list);
		lua_pushinteger(L, field->offset);
		lua_setfield(L, -2, "offset");
		lua_pushinteger(L, field->size);
		lua_setfield(L, -2, "size");
		set_fields(L, field->layout);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "fields");
}

static void push_args(lua_State *L, const struct syscall_row *row)
{
	lua_createtable(L, row->arg_count, 0);
	for (int i = 0; i < row->arg_count; i++) {
		const struct syscall_arg *arg = &row->args[i];
		push_description(L, arg->name, arg->kind, arg->family, arg->list);
		lua_pushboolean(L, arg->out);
		lua_setfield(L, -2, "out");
		lua_pushboolean(L, arg->in && arg->out);
		lua_setfield(L, -2, "both_ways");
		set_fields(L, arg->layout);
		lua_rawseti(L, -2, i + 1);
	}
}

static void push_row(lua_State *L, const struct syscall_row *row)
{
	lua_createtable(L, 0, 7);
	set_string(L, "name", row->name);
	set_string(L, "class", syscall_class_name(row->class));
	set_string(L, "ret", arg_kind_name(row->ret));
	set_string(L, "ret_family", row->ret_family ? row->ret_family->name : NULL);
	push_classes(L, row->classes);
	lua_setfield(L, -2, "classes");
	push_args(L, row);
	lua_setfield(L, -2, "args");
}

int table_describe(lua_State *L, const struct syscall_row *row)
{
	static char key; // registry[&key][row] = description

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TTABLE) {
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
	}
	if (lua_rawgetp(L, -1, row) == LUA_TTABLE)
		return 1;
	lua_pop(L, 1);
	push_row(L, row);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, -3, row);
	return 1;
}

static int table_call(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct syscall_row *row = find_row(name);
	lua_Integer n = 0;

	if (!row)
		return 0;
	push_row(L, row);
	lua_newtable(L);
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		if (syscall_number(arch, name) >= 0) {
			lua_pushstring(L, arch_name(arch));
			lua_rawseti(L, -2, ++n);
		}
	lua_setfield(L, -2, "arches");
	return 1;
}

/* Index of a class's name, or raises. */
static unsigned check_class(lua_State *L, int index)
{
	const char *name = luaL_checkstring(L, index), *known;

	for (unsigned i = 0; i < CLASS_MAX && (known = syscall_class_name(i)); i++)
		if (!strcmp(known, name))
			return i;
	return luaL_error(L, "there is no class of system calls called '%s'", name);
}

static void sort_array(lua_State *L) /* [-0, +0, e] the array on top */
{
	lua_getglobal(L, "table");
	lua_getfield(L, -1, "sort");
	lua_pushvalue(L, -3);
	lua_call(L, 1, 0);
	lua_pop(L, 1);
}

static int table_calls(lua_State *L)
{
	unsigned class = lua_isnoneornil(L, 1) ? CLASS_MAX : check_class(L, 1);
	lua_Integer n = 0;

	lua_newtable(L); // seen
	lua_newtable(L); // seen names
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (int nr = 0; nr < INTEREST_NRS; nr++) {
			const struct syscall_row *row = syscall_row(arch, nr);
			if (!row || (class < CLASS_MAX && !(row->classes >> class & 1)))
				continue;
			lua_pushstring(L, row->name);
			lua_pushvalue(L, -1);
			if (lua_rawget(L, -4) == LUA_TNIL) {
				lua_pushvalue(L, -2);
				lua_rawseti(L, -4, ++n);
				lua_pushvalue(L, -2);
				lua_pushboolean(L, true);
				lua_rawset(L, -6);
			}
			lua_pop(L, 2);
		}
	sort_array(L);
	return 1;
}

static int table_classes(lua_State *L)
{
	const char *name;

	lua_newtable(L);
	for (unsigned i = 0; i < CLASS_MAX && (name = syscall_class_name(i)); i++) {
		lua_pushstring(L, name);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

static int table_constants(lua_State *L)
{
	const struct family *family = family_find(luaL_checkstring(L, 1));

	if (!family)
		return 0;
	lua_createtable(L, family->count, 1);
	lua_pushboolean(L, family->is_flags);
	lua_setfield(L, -2, "flags");
	for (size_t i = 0; i < family->count; i++) {
		const struct constant *constant = &family->constants[i];
		lua_createtable(L, 3, 0);
		lua_pushstring(L, constant->name);
		lua_rawseti(L, -2, 1);
		lua_pushinteger(L, (lua_Integer)constant->value);
		lua_rawseti(L, -2, 2);
		lua_pushinteger(L, (lua_Integer)constant->mask);
		lua_rawseti(L, -2, 3);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

/* --- names and numbers --------------------------------------------------------------------------- */

/* name -> number or number -> name, or nil */
static int translate(lua_State *L, const char *(*name_of)(int), int (*number_of)(const char *))
{
	if (lua_type(L, 1) == LUA_TNUMBER) {
		lua_Integer number = luaL_checkinteger(L, 1);
		lua_pushstring(L, number >= 0 && number < 65536 ? name_of(number) : NULL);
		return 1;
	}
	int number = number_of(luaL_checkstring(L, 1));
	if (!number)
		return 0;
	lua_pushinteger(L, number);
	return 1;
}

static int table_errno(lua_State *L)
{
	return translate(L, errno_name, errno_number);
}

static int table_signal(lua_State *L)
{
	return translate(L, signal_name, signal_number);
}

static int table_strerror(lua_State *L)
{
	lua_pushstring(L, strerror((int)luaL_checkinteger(L, 1)));
	return 1;
}

static int table_inet_ntop(lua_State *L)
{
	size_t size;
	const char *bytes = luaL_checklstring(L, 1, &size);
	char text[INET6_ADDRSTRLEN];

	if (size != 4 && size != 16)
		return 0;
	lua_pushstring(L, inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text));
	return 1;
}

/* core.inet_pton(text) -> 4 or 16 bytes, or nil */
static int table_inet_pton(lua_State *L)
{
	const char *text = luaL_checkstring(L, 1);
	unsigned char bytes[sizeof(struct in6_addr)];
	bool is_v4 = inet_pton(AF_INET, text, bytes) == 1;

	if (!is_v4 && inet_pton(AF_INET6, text, bytes) != 1)
		return 0;
	lua_pushlstring(L, (const char *)bytes, is_v4 ? sizeof(struct in_addr) : sizeof(struct in6_addr));
	return 1;
}

static int table_interface(lua_State *L)
{
	lua_Integer index = luaL_checkinteger(L, 1);
	char name[IF_NAMESIZE];

	if (index <= 0 || index > UINT32_MAX || !if_indextoname(index, name))
		return 0;
	lua_pushstring(L, name);
	return 1;
}

const luaL_Reg table_functions[] = {
	{"call", table_call},           {"calls", table_calls},         {"classes", table_classes},
	{"constants", table_constants}, {"errno", table_errno},         {"signal", table_signal},
	{"strerror", table_strerror},   {"inet_ntop", table_inet_ntop}, {"inet_pton", table_inet_pton},
	{"interface", table_interface}, {NULL, NULL},
};
