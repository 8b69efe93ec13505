/* SPDX-License-Identifier: MIT
 *
 * core.report: the writer of HTML reports for lua/report.lua. Rows are put without an allocation.
 */
#include <errno.h>
#include <string.h>

#include "report/report.h"
#include "script/embedded.h"
#include "script/state.h"

static const char TYPE[] = "compendium.report";

static struct report *check_report(lua_State *L)
{
	struct report **report = luaL_checkudata(L, 1, TYPE);

	if (!*report)
		luaL_error(L, "the report is closed");
	return *report;
}

/* core.report(path) -> writer, or nil, message */
static int report_new(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);
	const struct embedded *head = embedded_find("report/head.html");
	const struct embedded *tail = embedded_find("report/tail.html");
	int error;

	if (!head || !tail) {
		lua_pushnil(L);
		lua_pushliteral(
			L, "this compendium was built without the report's page (it takes npm)");
		return 2;
	}
	struct report **report = lua_newuserdatauv(L, sizeof(struct report *), 1);
	*report = NULL;
	luaL_setmetatable(L, TYPE);
	lua_pushvalue(L, 1); /* the path is kept with it */
	lua_setiuservalue(L, -2, 1);
	struct report_page page = {head->text, tail->text, head->size, tail->size};
	*report = report_open(path, &page, &error);
	if (*report)
		return 1;
	lua_pushnil(L);
	lua_pushfstring(L, "%s: %s", path, strerror(-error));
	return 2;
}

/* writer:table(name, {{"time", "delta"}, ...}) -> its number */
static int report_table(lua_State *L)
{
	static const char *const names[] = {"number", "delta", "string", "text", NULL};
	struct report *report = check_report(L);
	const char *name = luaL_checkstring(L, 2);
	enum report_coding columns[REPORT_COLUMNS_MAX];

	luaL_checktype(L, 3, LUA_TTABLE);
	lua_Integer count = luaL_len(L, 3);
	luaL_argcheck(L, count >= 1 && count <= REPORT_COLUMNS_MAX, 3, "1 to 64 columns expected");
	for (lua_Integer i = 1; i <= count; i++) {
		lua_geti(L, 3, i);
		luaL_checktype(L, -1, LUA_TTABLE);
		lua_geti(L, -1, 2);
		columns[i - 1] = luaL_checkoption(L, -1, NULL, names);
		lua_settop(L, 3);
	}
	int number = report_add_table(report, name, columns, count);
	if (number < 0)
		return luaL_error(L, "no table '%s' can be added: %s", name, strerror(-number));
	lua_pushinteger(L, number);
	return 1;
}

/* writer:start(title, json) */
static int report_begin(lua_State *L)
{
	struct report *report = check_report(L);
	size_t title_size, json_size;
	const char *title = luaL_checklstring(L, 2, &title_size);
	const char *json = luaL_checklstring(L, 3, &json_size);

	report_start(report, title, title_size, json, json_size);
	return 0;
}

/* A value at that index of the stack, as its column wants it. Raises when it is something else. */
static void check_value(lua_State *L, int index, enum report_coding coding,
			struct report_value *value)
{
	int type = lua_type(L, index);

	*value = (struct report_value){.is_nil = type <= LUA_TNIL};
	if (coding == REPORT_DELTA || (coding == REPORT_NUMBER && !value->is_nil))
		value->number = luaL_checkinteger(L, index);
	else if (value->is_nil)
		return;
	else if (type == LUA_TSTRING)
		value->bytes = lua_tolstring(L, index, &value->size);
	else
		luaL_typeerror(L, index,
			       "string or nil"); /* a number would be made a string in place */
}

/* writer:put(table, value...): one more row. */
static int report_row(lua_State *L)
{
	struct report *report = check_report(L);
	lua_Integer table = luaL_checkinteger(L, 2);
	struct report_value values[REPORT_COLUMNS_MAX];
	size_t count =
		table >= 0 && table < REPORT_TABLES_MAX ? report_columns(report, (int)table) : 0;

	luaL_argcheck(L, count, 2, "no such table");
	for (size_t i = 0; i < count; i++)
		check_value(L, (int)i + 3, report_coding(report, (int)table, i), &values[i]);
	report_put(report, (int)table, values);
	return 0;
}

static int report_write_out(lua_State *L)
{
	report_flush(check_report(L));
	return 0;
}

/* writer:finish(json, summary) -> true, or false: it is incomplete, which was said */
static int report_end(lua_State *L)
{
	struct report *report = check_report(L);
	size_t json_size, summary_size;
	const char *json = luaL_checklstring(L, 2, &json_size);
	const char *summary = luaL_checklstring(L, 3, &summary_size);

	lua_pushboolean(L, report_finish(report, json, json_size, summary, summary_size));
	return 1;
}

/* writer:size() -> bytes of the file so far */
static int report_size(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)report_bytes(check_report(L)));
	return 1;
}

static int report_close(lua_State *L)
{
	struct report **report = luaL_checkudata(L, 1, TYPE);

	report_free(*report);
	*report = NULL;
	return 0;
}

static const luaL_Reg methods[] = {
	{"table", report_table},     {"start", report_begin}, {"put", report_row},
	{"flush", report_write_out}, {"finish", report_end},  {"size", report_size},
	{"close", report_close},     {"__gc", report_close},  {NULL, NULL},
};

int report_open_core(lua_State *L)
{
	luaL_newmetatable(L, TYPE);
	luaL_setfuncs(L, methods, 0);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	lua_pushcfunction(L, report_new);
	return 1;
}
