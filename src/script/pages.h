/* SPDX-License-Identifier: MIT
 *
 * pages: sets of pages of an address space, see pages.c.
 */
#ifndef SCRIPT_PAGES_H
#define SCRIPT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#define PAGES_LAST (UINT64_MAX >> 12)   /* no address is behind it */
#define PAGES_MOST (UINT64_C(1) << 20) /* that are added at once; more can only come from a broken trace */

struct pages;

/* core.pages() -> an empty set */
int pages_new(lua_State *L);

/* The set at index. [-0, +0, v] */
struct pages *pages_check(lua_State *L, int index);

/* Adds n pages from `first` (address / page size) on. How many of them were there before. [-0, +0, m] */
uint64_t pages_add(lua_State *L, struct pages *set, uint64_t first, uint64_t n);

#endif
