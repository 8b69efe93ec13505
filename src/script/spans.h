/* SPDX-License-Identifier: MIT
 *
 * spans: where the regions of an address space are, see spans.c.
 */
#ifndef SCRIPT_SPANS_H
#define SCRIPT_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

struct span {
	uint64_t low, end; /* low: below its start when it grows by being touched there */
	uint64_t cycle;	   /* see parts.h: when it had that part */
	unsigned part;
	bool is_counted; /* its pages are of those that were touched */
};

struct spans;

/* core.spans() -> no spans */
int spans_new(lua_State *L);

/* Those at index. [-0, +0, v] */
struct spans *spans_check(lua_State *L, int index);

/* Where an address is, or NULL; then *end is where the next one begins, or UINT64_MAX. */
struct span *spans_find(struct spans *spans, uint64_t addr, uint64_t *end);

/* The place of one of them in the list, from 1. */
unsigned spans_place(const struct spans *spans, const struct span *span);

#endif
