/* SPDX-License-Identifier: MIT
 *
 * yaml: libyaml for Lua. Tables of the build and, later, configuration files are read with it.
 */
#ifndef SCRIPT_YAML_H
#define SCRIPT_YAML_H

struct lua_State;

/* Opens the module: a table with load(text, name) -> value. Mappings and sequences become tables,
 * plain scalars numbers, booleans or nil where YAML 1.2's core schema says so, else strings. A
 * mapping keeps its order in t[0] = {key, ...} and the line of each key in t[-1] = {key = line}; these
 * two cannot be keys. Errors are raised as "name:line: problem". [-0, +1, e] */
int luaopen_yaml(struct lua_State *L);

#endif
