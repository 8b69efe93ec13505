/* SPDX-License-Identifier: MIT
 *
 * analyzer: what clang-tidy must know and the headers of others do not say. Included before all else by
 * tests/lint, never by the build.
 */
#ifndef ANALYZER_H
#define ANALYZER_H

struct lua_State;
int luaL_error(struct lua_State *L, const char *fmt, ...) __attribute__((noreturn));
int lua_error(struct lua_State *L) __attribute__((noreturn));

#endif
