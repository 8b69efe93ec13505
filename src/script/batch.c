/* SPDX-License-Identifier: MIT
 *
 * Batches: records of a kind that come in such numbers that calling Lua for each would cost the program more
 * than what it learns. Where everybody who listens is content with sums, they are kept. Models gather what is
 * kept when there is no more room, and before what they would look it up in changes (core.gather). The others
 * are told of all that was gathered before they could notice that they were not: before a line is written
 * (core.tell), before records that are no calls, before a script's function and timers.
 */
#include <string.h>

#include "script/pages.h"
#include "script/state.h"

#define PAGE_SHIFT   12
#define RUN_MOST     (1u << 16) /* pages; a record of more is of a broken trace file */
#define GATHERED_MAX 4096	/* records, so that what models gather does not grow for ever */

/* ---- in which order, and what is one run of pages ---- */

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By task, and how it was. */
static int compare_kinds(const struct record *a, const struct record *b)
{
	int order = compare((uint32_t)a->pid, (uint32_t)b->pid);

	if (!order)
		order = compare((uint32_t)a->tid, (uint32_t)b->tid);
	if (!order)
		order = compare(a->args[2], b->args[2]);
	return order ? order : compare(a->args[3], b->args[3]);
}

/* And where. */
static int compare_faults(const struct record *a, const struct record *b)
{
	int order = compare_kinds(a, b);

	return order ? order : compare(a->args[0], b->args[0]);
}

static bool continues(const struct record *a, const struct record *b)
{
	return a->args[4] - 1 < RUN_MOST && b->args[4] - 1 < RUN_MOST && !compare_kinds(a, b) &&
	       (a->args[0] >> PAGE_SHIFT) + a->args[4] == b->args[0] >> PAGE_SHIFT;
}

/* The i-th record of those in order goes on with the last run, or is another one. */
static void add_to_runs(struct batch *batch, unsigned i)
{
	const struct record *record = &batch->records[batch->order[i]];
	const struct record *before = i ? &batch->records[batch->order[i - 1]] : NULL;
	struct fault_run *run = &batch->run[batch->runs];

	if (before && continues(before, record) && run[-1].pages < RUN_MOST) {
		run[-1].count++;
		run[-1].pages += record->args[4];
		return;
	}
	*run = (struct fault_run){.first = (uint8_t)i, .count = 1, .pages = record->args[4],
				  .is_same = before && !compare_kinds(before, record)};
	batch->runs++;
}

/* Where in the order of those before it the i-th record belongs. */
static unsigned place_of(const struct batch *batch, unsigned i)
{
	unsigned low = 0, high = i;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (compare_faults(&batch->records[i], &batch->records[batch->order[middle]]) < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void find_runs(struct batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		unsigned at = place_of(batch, i);
		memmove(batch->order + at + 1, batch->order + at, i - at);
		batch->order[at] = (uint8_t)i;
	}
	batch->runs = 0;
	for (unsigned i = 0; i < batch->count; i++)
		add_to_runs(batch, i);
}

/* ---- walking ---- */

static void gather(struct host *host, lua_State *L)
{
	struct batch *batch = &host->batch;

	if (!batch->count)
		return;
	find_runs(batch);
	for (unsigned i = 0; i < batch->chain->models; i++) {
		struct hook *hook = batch->chain->entries[i].hook;
		hook_push(L, hook);
		lua_pushnil(L);
		lua_pushboolean(L, batch->gathered > 0);
		hook_call(host, L, hook, 2, 0);
	}
	batch->gathered += batch->count;
	batch->count = batch->runs = 0;
}

void batch_tell(struct host *host, lua_State *L)
{
	struct batch *batch = &host->batch;
	const struct chain *chain = batch->chain;

	gather(host, L);
	if (!batch->gathered)
		return;
	batch->gathered = 0;
	for (unsigned i = chain->models; i < chain->count && chain_has_listeners(host, chain); i++) {
		hook_push(L, chain->entries[i].together);
		hook_call(host, L, chain->entries[i].together, 0, 0);
	}
}

void batch_keep(struct host *host, lua_State *L, const struct chain *chain, const struct record *record)
{
	struct batch *batch = &host->batch;

	if (batch->chain != chain || batch->gathered >= GATHERED_MAX)
		batch_tell(host, L);
	else if (batch->count == BATCH_MAX)
		gather(host, L);
	batch->chain = chain;
	batch->records[batch->count++] = *record;
}

/* ---- what Lua asks ---- */

/* In a frame of its own, as Lua is called from Lua. */
static struct host *enter_frame(lua_State *L)
{
	lua_settop(L, 0);
	call_push_slots(L);
	return host_of(L);
}

/* Did a fault of any record come within low .. high - 1? */
static bool has_within(const struct batch *batch, uint64_t low, uint64_t high)
{
	for (unsigned i = 0; i < batch->count; i++) {
		const uint64_t *args = batch->records[i].args;
		uint64_t start = args[0] >> PAGE_SHIFT << PAGE_SHIFT;
		if (start < high && (start >= low || args[4] > (low - start) >> PAGE_SHIFT))
			return true;
	}
	return false;
}

/* core.kept() -> whether there are records that nobody looked at */
int batch_kept(lua_State *L)
{
	lua_pushboolean(L, host_of(L)->batch.count > 0);
	return 1;
}

/* core.gather([low, high]): what records that were kept are looked up in is about to change, at these
 * addresses (low .. high - 1) */
int batch_gather(lua_State *L)
{
	struct batch *batch = &host_of(L)->batch;

	if (batch->count && (lua_isnone(L, 1) || has_within(batch, (uint64_t)luaL_checkinteger(L, 1),
							    (uint64_t)luaL_checkinteger(L, 2))))
		gather(enter_frame(L), L);
	return 0;
}

/* core.tell(): everybody is told now of the records that were kept */
int batch_tell_now(lua_State *L)
{
	const struct batch *batch = &host_of(L)->batch;

	if (batch->count || batch->gathered)
		batch_tell(enter_frame(L), L);
	return 0;
}

/* The run whose number is argument 1, from 1, and in *first its first record. NULL: there are not so many. */
static const struct fault_run *run_at(lua_State *L, const struct record **first)
{
	struct host *host = host_of(L);
	struct batch *batch = &host->batch;
	lua_Integer i = luaL_checkinteger(L, 1) - 1;
	const struct record *record = host->event.record;

	if (batch->count) {
		if (i < 0 || i >= batch->runs)
			return NULL;
		*first = &batch->records[batch->order[batch->run[i].first]];
		return &batch->run[i];
	}
	if (i || !record || record->kind != RECORD_FAULT)
		return NULL;
	*first = record; /* which is told of by itself */
	batch->run[0] = (struct fault_run){.count = 1, .pages = record->args[4]};
	return &batch->run[0];
}

/* core.fault(i) -> address of the i-th run of faults that are told of now, by task and address; whether it is
 * of the same task, and as major and as much in the kernel, as the one before it; and how many records it is.
 * Nothing: there are not so many */
int batch_fault(lua_State *L)
{
	const struct record *first;
	const struct fault_run *run = run_at(L, &first);

	if (!run)
		return 0;
	lua_pushinteger(L, (lua_Integer)first->args[0]);
	lua_pushboolean(L, run->is_same);
	lua_pushinteger(L, run->count);
	return 3;
}

/* core.fault_record(i, k) -> address and number of pages of the k-th record of that run */
int batch_fault_record(lua_State *L)
{
	const struct batch *batch = &host_of(L)->batch;
	const struct record *record;
	const struct fault_run *run = run_at(L, &record);
	lua_Integer k = luaL_checkinteger(L, 2) - 1;

	if (!run || k < 0 || k >= run->count)
		return 0;
	if (k)
		record = &batch->records[batch->order[run->first + k]];
	lua_pushinteger(L, (lua_Integer)record->args[0]);
	lua_pushinteger(L, (lua_Integer)record->args[4]);
	return 2;
}

static bool is_within(const struct fault_run *run, const struct record *first, uint64_t low, uint64_t high)
{
	uint64_t start = first->args[0] >> PAGE_SHIFT << PAGE_SHIFT;

	return start >= low && start < high && run->pages - 1 < RUN_MOST * 2 &&
	       run->pages <= (high - start) >> PAGE_SHIFT;
}

/* core.touch(i, low, high, pages) -> of the i-th run and those after it, while they are of the same task and
 * all in the region low .. high - 1: number of the first that is not, how many pages and records these are,
 * and how many of the pages were in the set `pages` before, to which they are added (false: to none) */
int batch_touch(lua_State *L)
{
	const struct batch *batch = &host_of(L)->batch;
	uint64_t low = (uint64_t)luaL_checkinteger(L, 2), high = (uint64_t)luaL_checkinteger(L, 3);
	struct pages *set = lua_toboolean(L, 4) ? pages_check(L, 4) : NULL;
	const struct record *first;
	const struct fault_run *run = run_at(L, &first);
	lua_Integer i = lua_tointeger(L, 1), pages = 0, records = 0, again = 0;

	while (run && is_within(run, first, low, high)) {
		pages += (lua_Integer)run->pages;
		records += run->count;
		if (set)
			again += (lua_Integer)pages_add(L, set, first->args[0] >> PAGE_SHIFT, run->pages);
		run = ++i <= batch->runs && batch->run[i - 1].is_same ? &batch->run[i - 1] : NULL;
		if (run)
			first = &batch->records[batch->order[run->first]];
	}
	lua_pushinteger(L, i);
	lua_pushinteger(L, pages);
	lua_pushinteger(L, records);
	lua_pushinteger(L, again);
	return 4;
}

/* core.faulter(i) -> its time, pid and tid, whether it is major, and in the kernel */
int batch_faulter(lua_State *L)
{
	const struct record *record;

	if (!run_at(L, &record))
		return 0;
	lua_pushinteger(L, (lua_Integer)(record->time_ns - host_of(L)->start_ns));
	lua_pushinteger(L, record->pid);
	lua_pushinteger(L, record->tid);
	lua_pushboolean(L, record->args[2] != 0);
	lua_pushboolean(L, record->args[3] != 0);
	return 5;
}

/* core.apart(): somebody wants to be told of each record by itself, from now on */
int batch_apart(lua_State *L)
{
	host_of(L)->batch.is_off = true;
	return 0;
}
