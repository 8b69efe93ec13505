/* SPDX-License-Identifier: MIT
 *
 * YAML of unknown origin becomes Lua values or an error with its place, and little text little memory.
 */
#include "fuzz_host.h"
#include "input.h"
#include "script/yaml.h"

static int load(lua_State *L)
{
	const struct input *input = lua_touserdata(L, 1);

	luaopen_yaml(L);
	lua_getfield(L, -1, "load");
	lua_pushlstring(L, (const char *)input->bytes, input->size);
	lua_pushliteral(L, "fuzz.yaml");
	lua_call(L, 2, 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	struct limits limits;
	lua_State *L = luaL_newstate();

	if (!L)
		abort();
	limits_set(&limits, L);
	lua_pushcfunction(L, load);
	lua_pushlightuserdata(L, &input);
	if (lua_pcall(L, 1, 0, 0) && strncmp(lua_tostring(L, -1), "fuzz.yaml:", 10) != 0)
		fuzz_fail("no message with a place", lua_tostring(L, -1));
	lua_close(L);
	return 0;
}
