/* SPDX-License-Identifier: MIT
 *
 * Parts: runs of page faults, by task and by the region they are in. There are very many faults,
 * and the library is to see no more of them than what they come to.
 */
#include <stdlib.h>

#include "script/pages.h"
#include "script/spans.h"
#include "script/state.h"

#define NO_MEMORY "not enough memory for page faults"

void parts_free(struct parts *parts)
{
	free(parts->list);
	*parts = (struct parts){0};
}

static struct part *append(lua_State *L, struct parts *parts)
{
	if (parts->count == parts->room) {
		unsigned room = parts->room ? 2 * parts->room : 64;
		struct part *list = realloc(parts->list, room * sizeof *list);
		if (!list)
			luaL_error(L, NO_MEMORY);
		parts->list = list;
		parts->room = room;
	}
	return &parts->list[parts->count++];
}

/* Where faults go. */
struct adding {
	lua_State *L;
	struct parts *parts;
	struct spans *spans; /* where the regions are */
	struct pages *set;   /* that were touched */
	bool is_new;	     /* one of these was not there before */
};

/* The part that a record's faults in that region are of (NULL: in none), the latest one when that
 * is alike. */
static struct part *part_of(struct adding *adding, struct span *span, const struct record *record,
			    uint64_t address)
{
	struct parts *parts = adding->parts;

	if (span && span->cycle == parts->cycle) {
		struct part *latest = &parts->list[span->part];
		if (latest->tid == record->tid && latest->is_major == (record->args[2] != 0) &&
		    latest->in_kernel == (record->args[3] != 0))
			return latest;
	}
	struct part *part = append(adding->L, parts);
	*part = (struct part){
		.time_ns = record->time_ns,
		.address = address,
		.pid = record->pid,
		.tid = record->tid,
		.is_major = record->args[2] != 0,
		.in_kernel = record->args[3] != 0,
	};
	if (span) {
		part->place = spans_place(adding->spans, span);
		span->cycle = parts->cycle;
		span->part = parts->count - 1;
	}
	return part;
}

/* So many pages from an address on, all in that region or in none. */
static void add(struct adding *adding, struct span *span, const struct record *record,
		uint64_t address, uint64_t pages, unsigned records)
{
	struct part *part = part_of(adding, span, record, address);

	if (record->time_ns < part->time_ns)
		part->time_ns = record->time_ns;
	part->pages += pages;
	part->records += records;
	if (!span || !span->is_counted)
		return;
	uint64_t again = pages_add(adding->L, adding->set, address >> PAGE_SHIFT, pages);
	part->again += again;
	adding->is_new |= again < pages;
}

/* A record whose pages are in several regions, or in none that is known. */
static void add_record(struct adding *adding, const struct record *record)
{
	uint64_t address = record->args[0], left = record->args[4];

	left = (int64_t)left < 1 ? 1 : left < RUN_MOST ? left : RUN_MOST;
	while (left) {
		uint64_t page = address & -PAGE_SIZE, next;
		struct span *span = spans_find(adding->spans, address, &next);
		uint64_t fit = ((span ? span->end : next) - page) >> PAGE_SHIFT;
		fit = fit < 1 ? 1 : fit < left ? fit : left;
		add(adding, span, record, address, fit, 1);
		address = page + (fit << PAGE_SHIFT);
		left -= fit;
	}
}

static bool is_within(const struct span *span, const struct fault_run *run, uint64_t address)
{
	return span && run->pages - 1 < 2 * RUN_MOST &&
	       run->pages <= (span->end - (address & -PAGE_SIZE)) >> PAGE_SHIFT;
}

static void add_run(struct adding *adding, const struct host *host, const struct fault_run *run)
{
	const struct record *first = batch_record(host, run, 0);
	uint64_t address = first->args[0], next;
	struct span *span = spans_find(adding->spans, address, &next);

	if (is_within(span, run, address)) {
		add(adding, span, first, address, run->pages, run->count);
		return;
	}
	for (unsigned k = 0; k < run->count; k++)
		add_record(adding, batch_record(host, run, k));
}

/* ---- for the library ---- */

/* core.new_parts(): what there was so far was told of */
int parts_new(lua_State *L)
{
	struct parts *parts = &host_of(L)->batch.parts;

	parts->count = 0;
	parts->cycle++;
	return 0;
}

/* core.fault_task(i) -> pid of the i-th run of faults that are told of now, which are by task, and
 * whether it is in the kernel */
int parts_task(lua_State *L)
{
	struct host *host = host_of(L);
	const struct fault_run *run = batch_run(host, luaL_checkinteger(L, 1) - 1);

	if (!run)
		return 0;
	const struct record *record = batch_record(host, run, 0);
	lua_pushinteger(L, record->pid);
	lua_pushboolean(L, record->args[3] != 0);
	return 2;
}

/* core.add_faults(i, spans, pages): the i-th run and those after it that are of the same task and
 * alike become parts, by the regions of its memory; pages of those that are counted go into the
 * set.
 * -> the number of the first run that is not, or nil; how many parts there are; whether a page is
 * new in the set */
int parts_add(lua_State *L)
{
	struct host *host = host_of(L);
	lua_Integer i = luaL_checkinteger(L, 1) - 1;
	struct adding adding = {L, &host->batch.parts, spans_check(L, 2), pages_check(L, 3), false};
	const struct fault_run *run = batch_run(host, i);

	for (bool is_first = true; run && (is_first || run->is_same); is_first = false) {
		add_run(&adding, host, run);
		run = batch_run(host, ++i);
	}
	if (run)
		lua_pushinteger(L, i + 1);
	else
		lua_pushnil(L);
	lua_pushinteger(L, adding.parts->count);
	lua_pushboolean(L, adding.is_new);
	return 3;
}

/* Argument 1 is the number of a part. */
static const struct part *check_part(lua_State *L)
{
	const struct parts *parts = &host_of(L)->batch.parts;
	lua_Integer i = luaL_checkinteger(L, 1);

	luaL_argcheck(L, i >= 1 && i <= parts->count, 1, "no part");
	return &parts->list[i - 1];
}

/* core.part_place(i) -> the place in the list of the region that the i-th part is in, or 0: in
 * none; and its address */
int parts_place(lua_State *L)
{
	const struct part *part = check_part(L);

	lua_pushinteger(L, part->place);
	lua_pushinteger(L, (lua_Integer)part->address);
	return 2;
}

/* core.part(i) -> of the i-th part: how many pages, how many of these had been touched before, how
 * many events it would be if each record was told of by itself; whether the pages came from the
 * disk, and whether the kernel touched them; pid, tid; address and time (ns) */
int parts_part(lua_State *L)
{
	const struct part *part = check_part(L);

	lua_pushinteger(L, (lua_Integer)part->pages);
	lua_pushinteger(L, (lua_Integer)part->again);
	lua_pushinteger(L, (lua_Integer)part->records);
	lua_pushboolean(L, part->is_major);
	lua_pushboolean(L, part->in_kernel);
	lua_pushinteger(L, part->pid);
	lua_pushinteger(L, part->tid);
	lua_pushinteger(L, (lua_Integer)part->address);
	lua_pushinteger(L, (lua_Integer)(part->time_ns - host_of(L)->start_ns));
	return 9;
}
