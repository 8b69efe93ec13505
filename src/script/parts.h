/* SPDX-License-Identifier: MIT
 *
 * parts: what page faults come to, see parts.c.
 */
#ifndef SCRIPT_PARTS_H
#define SCRIPT_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (UINT64_C(1) << PAGE_SHIFT)
#define RUN_MOST   (1u << 16) /* pages; a record of more is of a broken trace file */

/* Faults of one task in one region, alike in how they were. */
struct part {
	uint64_t time_ns, address; /* of one of them */
	uint64_t pages, again;	   /* again: that had been touched before */
	uint64_t records;	   /* how many it would be if each was told of by itself */
	unsigned place;		   /* of the region in its list, when it was new; 0: in none */
	int32_t pid, tid;
	bool is_major, in_kernel;
};

struct parts {
	struct part *list;
	unsigned count, room;
	uint64_t cycle; /* goes on with each new list of them: what spans know of earlier ones is no
			   more true */
};

void parts_free(struct parts *parts);

/* core.new_parts, core.fault_task, core.add_faults, core.part_place, core.part */
int parts_new(lua_State *L);
int parts_task(lua_State *L);
int parts_add(lua_State *L);
int parts_place(lua_State *L);
int parts_part(lua_State *L);

#endif
