/* SPDX-License-Identifier: MIT
 *
 * compendium.core: what C offers to lua/. The table in HACKING.md says what each function does.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "script/state.h"

/* --- the system call table ----------------------------------------------------------------------- */

static const char *const kind_names[ARG_KINDS] = {
	[ARG_INT] = "int",         [ARG_UINT] = "uint",     [ARG_HEX] = "hex",
	[ARG_FD] = "fd",           [ARG_DIRFD] = "dirfd",   [ARG_PID] = "pid",
	[ARG_UID] = "uid",         [ARG_MODE] = "mode",     [ARG_DEV] = "dev",
	[ARG_SIGNAL] = "signal",   [ARG_FLAGS] = "flags",   [ARG_ENUM] = "enum",
	[ARG_STR] = "str",         [ARG_PATH] = "path",     [ARG_STRV] = "strv",
	[ARG_BUF] = "buf",         [ARG_BYTES] = "bytes",   [ARG_IOVEC] = "iovec",
	[ARG_MSGHDR] = "msghdr",   [ARG_MMSGHDR] = "mmsghdr", [ARG_SOCKADDR] = "sockaddr",
	[ARG_STRUCT] = "struct",   [ARG_SIGSET] = "sigset", [ARG_FDSET] = "fdset",
	[ARG_INTS] = "ints",       [ARG_LONGS] = "longs",   [ARG_INT64S] = "int64s",
	[ARG_STATUS] = "status",
};

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

static void push_args(lua_State *L, const struct syscall_row *row)
{
	lua_createtable(L, row->arg_count, 0);
	for (int i = 0; i < row->arg_count; i++) {
		const struct syscall_arg *arg = &row->args[i];
		lua_createtable(L, 0, 4);
		lua_pushstring(L, arg->name);
		lua_setfield(L, -2, "name");
		lua_pushstring(L, kind_names[arg->kind]);
		lua_setfield(L, -2, "kind");
		lua_pushstring(L, arg->family ? arg->family->name : NULL);
		lua_setfield(L, -2, "family");
		lua_pushboolean(L, arg->out);
		lua_setfield(L, -2, "out");
		lua_rawseti(L, -2, i + 1);
	}
}

static int core_call(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct syscall_row *row = find_row(name);
	lua_Integer n = 0;

	if (!row)
		return 0;
	lua_createtable(L, 0, 6);
	lua_pushstring(L, row->name);
	lua_setfield(L, -2, "name");
	lua_pushstring(L, syscall_class_name(row->class));
	lua_setfield(L, -2, "class");
	lua_pushstring(L, kind_names[row->ret]);
	lua_setfield(L, -2, "ret");
	push_classes(L, row->classes);
	lua_setfield(L, -2, "classes");
	push_args(L, row);
	lua_setfield(L, -2, "args");
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

static int core_calls(lua_State *L)
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

static int core_classes(lua_State *L)
{
	const char *name;

	lua_newtable(L);
	for (unsigned i = 0; i < CLASS_MAX && (name = syscall_class_name(i)); i++) {
		lua_pushstring(L, name);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

static int core_constants(lua_State *L)
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

static int core_errno(lua_State *L)
{
	return translate(L, errno_name, errno_number);
}

static int core_signal(lua_State *L)
{
	return translate(L, signal_name, signal_number);
}

static int core_strerror(lua_State *L)
{
	lua_pushstring(L, strerror((int)luaL_checkinteger(L, 1)));
	return 1;
}

static int core_inet_ntop(lua_State *L)
{
	size_t size;
	const char *bytes = luaL_checklstring(L, 1, &size);
	char text[INET6_ADDRSTRLEN];

	if (size != 4 && size != 16)
		return 0;
	lua_pushstring(L, inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text));
	return 1;
}

static int core_interface(lua_State *L)
{
	lua_Integer index = luaL_checkinteger(L, 1);
	char name[IF_NAMESIZE];

	if (index <= 0 || index > UINT32_MAX || !if_indextoname(index, name))
		return 0;
	lua_pushstring(L, name);
	return 1;
}

/* --- the run ------------------------------------------------------------------------------------- */

static int core_want_data(lua_State *L)
{
	lua_Integer bytes = luaL_checkinteger(L, 1);
	struct interest *interest = &host_of(L)->interest;

	if (bytes > RECORD_MAX / 2) /* the rest of the record wants room too */
		bytes = RECORD_MAX / 2;
	if (bytes > interest->data_limit)
		interest->data_limit = bytes;
	return 0;
}

/* core.event_types(names): so that an event can be said to be of a type nobody hooks. */
static int core_event_types(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	for (lua_Integer i = 1; lua_geti(L, 1, i) != LUA_TNIL; i++) {
		chain_type_number(L, lua_gettop(L));
		lua_pop(L, 1);
	}
	return 0;
}

/* core.timer(ns, fn[, label]) */
static int core_timer(lua_State *L)
{
	struct host *host = host_of(L);
	lua_Integer period = luaL_checkinteger(L, 1);

	luaL_argcheck(L, period > 0, 1, "a time above 0 expected");
	luaL_checktype(L, 2, LUA_TFUNCTION);
	struct timer *timers = realloc(host->timers, (host->timer_count + 1) * sizeof *timers);
	if (!timers)
		return luaL_error(L, "not enough memory");
	host->timers = timers;
	timers[host->timer_count] = (struct timer){
		.period_ns = period,
		.due_ns = host->start_ns ? host_now_ns() + period : UINT64_MAX,
		.hook = hook_keep(L, 2, 3),
	};
	host->timer_count++;
	return 0;
}

static int core_now(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)(host_now_ns() - host_of(L)->start_ns));
	return 1;
}

static int core_wallclock(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)host_of(L)->wallclock_ns);
	return 1;
}

static int core_log(lua_State *L)
{
	static const char *const names[] = {"error", "warning", "info", NULL};
	static const enum log_level levels[] = {LOG_ERROR, LOG_WARNING, LOG_INFO};

	log_lines(levels[luaL_checkoption(L, 1, NULL, names)], luaL_checkstring(L, 2));
	return 0;
}

/* core.errors() -> how many, label of the first hook that failed, its message */
static int core_errors(lua_State *L)
{
	const struct host *host = host_of(L);

	lua_pushinteger(L, host->failures);
	lua_pushstring(L, host->first_failed);
	lua_pushstring(L, host->first_failure);
	return 3;
}

/* --- the module ---------------------------------------------------------------------------------- */

static void push_scripts(lua_State *L, const struct options *options)
{
	lua_createtable(L, options->script_count, 0);
	for (size_t i = 0; i < options->script_count; i++) {
		lua_createtable(L, 0, 2);
		lua_pushlstring(L, &options->scripts[i].kind, 1);
		lua_setfield(L, -2, "kind");
		lua_pushstring(L, options->scripts[i].text);
		lua_setfield(L, -2, "text");
		lua_rawseti(L, -2, i + 1);
	}
}

static void push_target(lua_State *L, const struct target *target)
{
	if (target->command) {
		lua_newtable(L);
		for (int i = 0; target->command[i]; i++) {
			lua_pushstring(L, target->command[i]);
			lua_rawseti(L, -2, i + 1);
		}
		lua_setfield(L, -2, "command");
	}
	lua_createtable(L, target->pid_count, 0);
	for (size_t i = 0; i < target->pid_count; i++) {
		lua_pushinteger(L, target->pids[i]);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "pids");
}

static void push_options(lua_State *L, const struct options *options)
{
	const struct {
		const char *name;
		bool value;
	} switches[] = {
		{"verbose", options->verbose}, {"quiet", options->quiet},   {"strict", options->strict},
		{"json", options->json},       {"faults", options->faults}, {"list_scripts", options->list_scripts},
	};
	const struct {
		const char *name, *value;
	} texts[] = {
		{"output", options->output}, {"color", options->color},   {"backend", options->backend},
		{"report", options->report}, {"record", options->record}, {"replay", options->replay},
	};

	lua_newtable(L);
	for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
		lua_pushboolean(L, switches[i].value);
		lua_setfield(L, -2, switches[i].name);
	}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		lua_pushstring(L, texts[i].value);
		lua_setfield(L, -2, texts[i].name);
	}
	push_target(L, &options->target);
	push_scripts(L, options);
	lua_setfield(L, -2, "scripts");
}

static const luaL_Reg functions[] = {
	{"bind", chain_bind},       {"field", event_field},         {"method", event_method},
	{"want_data", core_want_data}, {"event_types", core_event_types},
	{"call", core_call},        {"calls", core_calls},          {"classes", core_classes},
	{"constants", core_constants},
	{"errno", core_errno},      {"signal", core_signal},        {"strerror", core_strerror},
	{"inet_ntop", core_inet_ntop}, {"interface", core_interface},
	{"now", core_now},          {"wallclock", core_wallclock},  {"timer", core_timer},
	{"log", core_log},          {"errors", core_errors},        {"exit", call_exit},
	{NULL, NULL},
};

int core_open(lua_State *L)
{
	struct host *host = host_of(L);

	luaL_newlib(L, functions);
	luaL_setfuncs(L, files_functions, 0);
	output_open(L);
	lua_setfield(L, -2, "output");
	json_open(L);
	lua_setfield(L, -2, "json");
	push_options(L, host->options);
	lua_setfield(L, -2, "options");
	lua_pushstring(L, compendium_version);
	lua_setfield(L, -2, "version");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.names);
	lua_setfield(L, -2, "event_names");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.args);
	lua_setfield(L, -2, "arg_names");
	return 1;
}
