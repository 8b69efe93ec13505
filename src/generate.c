/* SPDX-License-Identifier: MIT
 *
 * generate: the build's own Lua, with libyaml. Runs a generator script with its arguments; the
 * script reads tables (YAML) and prints C, man pages and so on. Not part of compendium itself.
 */
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "script/yaml.h"

static int add_traceback(lua_State *L)
{
	luaL_traceback(L, L, lua_tostring(L, 1), 1);
	return 1;
}

int main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();

	if (!L || argc < 2)
		return fprintf(stderr, "usage: generate SCRIPT [ARG...]\n"), 2;
	luaL_openlibs(L);
	luaL_requiref(L, "yaml", luaopen_yaml, 0);
	lua_settop(L, 0);
	luaL_checkstack(L, argc + LUA_MINSTACK, NULL); /* a file to embed is an argument */
	lua_pushcfunction(L, add_traceback);
	int failed = luaL_loadfile(L, argv[1]);
	for (int i = 2; i < argc; i++)
		lua_pushstring(L, argv[i]);
	failed = failed || lua_pcall(L, argc - 2, 0, 1);
	if (failed)
		fprintf(stderr, "%s\n", lua_tostring(L, -1));
	lua_close(L);
	return failed ? 1 : 0;
}
