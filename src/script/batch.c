/* SPDX-License-Identifier: MIT
 *
 * Batches: records of a kind that come in such numbers that calling Lua for each would cost the program more
 * than what it learns. Where everybody who listens is content with sums, they are kept. Models gather what is
 * kept when there is no more room, and before what they would look it up in changes (core.gather). The others
 * are told of all that was gathered before they could notice that they were not: before a line is written
 * (core.tell), before records that are no calls, before a script's function and timers.
 */
#include <string.h>

#include "script/state.h"

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

/* ---- what models ask ---- */

const struct fault_run *batch_run(struct host *host, lua_Integer i)
{
	struct batch *batch = &host->batch;
	const struct record *record = host->event.record;

	if (batch->count)
		return i >= 0 && i < batch->runs ? &batch->run[i] : NULL;
	if (i || !record || record->kind != RECORD_FAULT)
		return NULL;
	/* it is told of by itself */
	batch->run[0] = (struct fault_run){.count = 1, .pages = record->args[4]};
	return &batch->run[0];
}

const struct record *batch_record(const struct host *host, const struct fault_run *run, unsigned k)
{
	const struct batch *batch = &host->batch;

	return batch->count ? &batch->records[batch->order[run->first + k]] : host->event.record;
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

/* core.apart(): somebody wants to be told of each record by itself, from now on */
int batch_apart(lua_State *L)
{
	host_of(L)->batch.is_off = true;
	return 0;
}
