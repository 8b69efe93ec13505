/* SPDX-License-Identifier: MIT
 *
 * compendium.core: what C offers to lua/. The table in HACKING.md says what each function does.
 */
#include <stdlib.h>

#include "log.h"
#include "script/pages.h"
#include "script/spans.h"
#include "script/state.h"
#include "script/yaml.h"

/* --- the run -------------------------------------------------------------------------------------
 */

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

/* core.want_usage(ns): samples of memory so often; of several, the most often counts. */
static int core_want_usage(lua_State *L)
{
	lua_Integer period = luaL_checkinteger(L, 1);
	struct host *host = host_of(L);

	luaL_argcheck(L, period > 0, 1, "no period");
	if (!host->usage_ns || (uint64_t)period < host->usage_ns)
		host->usage_ns = (uint64_t)period;
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

/* core.timer(ns, fn[, label[, is_scripts]]) */
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
		.due_ns = host->start_ns ? later(host->clock_ns, period) : UINT64_MAX,
		.hook = hook_keep(L, 2, 3, lua_toboolean(L, 4)),
	};
	host->timer_count++;
	return 0;
}

static int core_now(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)(host_of(L)->clock_ns - host_of(L)->start_ns));
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

/* core.progress([text]): the line of progress, on a terminal; none takes it away. */
static int core_progress(lua_State *L)
{
	if (lua_isnoneornil(L, 1))
		log_progress_end();
	else
		log_progress("%s", luaL_checkstring(L, 1));
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

/* --- the module ----------------------------------------------------------------------------------
 */

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

static void push_strings(lua_State *L, char **strings)
{
	lua_newtable(L);
	for (int i = 0; strings[i]; i++) {
		lua_pushstring(L, strings[i]);
		lua_rawseti(L, -2, i + 1);
	}
}

static void push_target(lua_State *L, const struct target *target)
{
	if (target->command) {
		push_strings(L, target->command);
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
		{"verbose", options->verbose}, {"quiet", options->quiet},
		{"strict", options->strict},   {"json", options->json},
		{"faults", options->faults},   {"list_scripts", options->list_scripts},
		{"sandbox", options->sandbox}, {"all", options->target.all},
		{"sched", options->sched},     {"block_io", options->block_io},
	};
	const struct {
		const char *name, *value;
	} texts[] = {
		{"output", options->output},
		{"color", options->color},
		{"backend", options->backend},
		{"report", options->report},
		{"record", options->record},
		{"help_script", options->help_script},
		{"replay", options->replay ? options->replay[0] : NULL},
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
	if (options->max_report_events) {
		lua_pushinteger(L, options->max_report_events);
		lua_setfield(L, -2, "max_report_events");
	}
	push_target(L, &options->target);
	push_scripts(L, options);
	lua_setfield(L, -2, "scripts");
}

/* core.run: where the trace is made, and which one it is */
static void push_run(lua_State *L, const struct run *run)
{
	lua_createtable(L, 0, 8);
	lua_pushstring(L, run->identity.host);
	lua_setfield(L, -2, "host");
	lua_pushstring(L, run->identity.boot);
	lua_setfield(L, -2, "boot");
	lua_pushstring(L, run->identity.run);
	lua_setfield(L, -2, "run");
	lua_pushinteger(L, run->number);
	lua_setfield(L, -2, "number");
	lua_pushinteger(L, run->count);
	lua_setfield(L, -2, "count");
	lua_pushstring(L, run->file);
	lua_setfield(L, -2, "file");
	results_push(L, run->results);
	lua_setfield(L, -2, "results");
	if (run->variables) {
		push_strings(L, run->variables);
		lua_setfield(L, -2, "environment");
	}
	if (run->is_part) {
		lua_pushinteger(L, run->from_ns);
		lua_setfield(L, -2, "from");
	}
}

static const luaL_Reg functions[] = {
	{"bind", chain_bind},
	{"calm", chain_calm},
	{"pages", pages_new},
	{"spans", spans_new},
	{"new_parts", parts_new},
	{"fault_task", parts_task},
	{"add_faults", parts_add},
	{"part_place", parts_place},
	{"part", parts_part},
	{"kept", batch_kept},
	{"gather", batch_gather},
	{"tell", batch_tell_now},
	{"apart", batch_apart},
	{"field", event_field},
	{"method", event_method},
	{"timer", core_timer},
	{"event_types", core_event_types},
	{"want_data", core_want_data},
	{"want_usage", core_want_usage},
	{"want_stack", stack_want},
	{"now", core_now},
	{"wallclock", core_wallclock},
	{"log", core_log},
	{"progress", core_progress},
	{"errors", core_errors},
	{"finder", finder_new},
	{"exit", call_exit},
	{"result", results_leave},
	{NULL, NULL},
};

/* The configuration files, in order: {path=, text=}. */
static void push_config(lua_State *L, const struct config *config)
{
	lua_newtable(L);
	for (size_t i = 0; config && i < config->file_count; i++) {
		lua_createtable(L, 0, 2);
		lua_pushstring(L, config->files[i].path);
		lua_setfield(L, -2, "path");
		lua_pushlstring(L, config->files[i].text, config->files[i].size);
		lua_setfield(L, -2, "text");
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

int core_open(lua_State *L)
{
	struct host *host = host_of(L);

	luaL_newlib(L, functions);
	luaL_setfuncs(L, files_functions, 0);
	luaL_setfuncs(L, table_functions, 0);
	luaL_setfuncs(L, act_functions, 0);
	output_open(L);
	lua_setfield(L, -2, "output");
	report_open_core(L);
	lua_setfield(L, -2, "report");
	json_open(L);
	lua_setfield(L, -2, "json");
	push_config(L, host->options->config);
	lua_setfield(L, -2, "config");
	luaopen_yaml(L);
	lua_setfield(L, -2, "yaml");
	push_options(L, host->options);
	lua_setfield(L, -2, "options");
	push_run(L, host->run);
	lua_setfield(L, -2, "run");
	lua_pushstring(L, compendium_version);
	lua_setfield(L, -2, "version");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.names);
	lua_setfield(L, -2, "event_names");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.args);
	lua_setfield(L, -2, "arg_names");
	return 1;
}
