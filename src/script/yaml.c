/* SPDX-License-Identifier: MIT
 *
 * libyaml's document, turned into Lua tables. See yaml.h.
 */
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <yaml.h>

#include "script/yaml.h"

enum { DEPTH_MAX = 100 };

/* A document on its way into Lua. An alias is its node again, so a few lines can name more nodes than
 * memory holds: `left` counts down. */
struct load {
	yaml_parser_t parser;
	yaml_document_t document;
	const char *name;
	size_t left;
};

static void push_node(lua_State *L, struct load *load, int index, int depth);

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* A plain scalar by the core schema; a quoted one is a string. */
static void push_scalar(lua_State *L, const yaml_node_t *node)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};
	const char *text = (const char *)node->data.scalar.value;
	size_t length = node->data.scalar.length;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		lua_pushlstring(L, text, length);
	else if (is_one_of(text, nothing))
		lua_pushnil(L);
	else if (is_one_of(text, yes) || is_one_of(text, no))
		lua_pushboolean(L, (text[0] | 32) == 't');
	else if (strlen(text) != length || !lua_stringtonumber(L, text))
		lua_pushlstring(L, text, length);
}

static void push_sequence(lua_State *L, struct load *load, const yaml_node_t *node, int depth)
{
	lua_newtable(L);
	lua_Integer n = 0;
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		push_node(L, load, *item, depth);
		lua_rawseti(L, -2, ++n);
	}
}

/* The keys under which a mapping keeps its order and its lines. */
static bool is_taken(lua_State *L)
{
	int is_integer;
	lua_Integer key = lua_tointegerx(L, -1, &is_integer);

	return lua_type(L, -1) == LUA_TNUMBER && is_integer && (key == 0 || key == -1);
}

static void push_mapping(lua_State *L, struct load *load, const yaml_node_t *node, int depth)
{
	lua_newtable(L); // map
	lua_newtable(L); // map order
	lua_newtable(L); // map order lines
	lua_Integer n = 0;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		long line = yaml_document_get_node(&load->document, pair->key)->start_mark.line + 1;
		push_node(L, load, pair->key, depth); // map order lines key
		if (lua_isnil(L, -1) || lua_istable(L, -1))
			luaL_error(L, "%s:%d: a key must be a plain word", load->name, (int)line);
		if (is_taken(L))
			luaL_error(L, "%s:%d: 0 and -1 cannot be keys", load->name, (int)line);
		lua_pushvalue(L, -1);
		if (lua_rawget(L, -5) != LUA_TNIL)
			luaL_error(L, "%s:%d: key '%s' is there twice", load->name, (int)line,
				   lua_tostring(L, -2));
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_rawseti(L, -4, ++n);
		lua_pushvalue(L, -1);
		lua_pushinteger(L, line);
		lua_rawset(L, -4);
		push_node(L, load, pair->value, depth); // map order lines key value
		lua_rawset(L, -5);
	}
	lua_rawseti(L, -3, -1);
	lua_rawseti(L, -2, 0);
}

static void push_node(lua_State *L, struct load *load, int index, int depth)
{
	const yaml_node_t *node = yaml_document_get_node(&load->document, index);

	if (depth > DEPTH_MAX || !load->left--)
		luaL_error(L, "%s:%d: %s", load->name, (int)node->start_mark.line + 1,
			   depth > DEPTH_MAX ? "nested too deep" : "aliases make it too large");
	luaL_checkstack(L, 8, load->name);
	if (node->type == YAML_SCALAR_NODE)
		push_scalar(L, node);
	else if (node->type == YAML_SEQUENCE_NODE)
		push_sequence(L, load, node, depth + 1);
	else
		push_mapping(L, load, node, depth + 1);
}

static int push_document(lua_State *L)
{
	struct load *load = lua_touserdata(L, 1);

	if (!yaml_parser_load(&load->parser, &load->document))
		return luaL_error(L, "%s:%d: %s", load->name, (int)load->parser.problem_mark.line + 1,
				  load->parser.problem ? load->parser.problem : "not YAML");
	load->left = 1000 + 10 * (size_t)(load->document.nodes.top - load->document.nodes.start);
	if (yaml_document_get_root_node(&load->document))
		push_node(L, load, 1, 0);
	else
		lua_pushnil(L);
	return 1;
}

static int yaml_load(lua_State *L)
{
	size_t length;
	const char *text = luaL_checklstring(L, 1, &length);
	struct load load = {.name = luaL_optstring(L, 2, "yaml")};

	if (!yaml_parser_initialize(&load.parser))
		return luaL_error(L, "not enough memory");
	yaml_parser_set_input_string(&load.parser, (const unsigned char *)text, length);
	lua_pushcfunction(L, push_document);
	lua_pushlightuserdata(L, &load);
	int status = lua_pcall(L, 1, 1, 0);
	yaml_document_delete(&load.document);
	yaml_parser_delete(&load.parser);
	return status == LUA_OK ? 1 : lua_error(L);
}

static const luaL_Reg functions[] = {
	{"load", yaml_load},
	{NULL, NULL},
};

int luaopen_yaml(lua_State *L)
{
	luaL_newlib(L, functions);
	return 1;
}
