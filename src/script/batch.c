/* SPDX-License-Identifier: MIT
 *
 * Batches: records of a kind that come in such numbers that calling Lua for each would cost the program more
 * than what it learns. Where everybody who listens is content with sums, they are kept until another record
 * comes, a timer is due or there are enough of them, and are then told of together: before what comes next.
 */
#include "script/state.h"

/* The i-th record that is told of now, and in *before the one before it, or NULL. NULL: there are not so
 * many. */
static const struct record *record_at(lua_State *L, const struct record **before)
{
	struct host *host = host_of(L);
	const struct batch *batch = &host->batch;
	lua_Integer i = luaL_checkinteger(L, 1), count = batch->count ? batch->count : 1;

	if (i < 1 || i > count || !host->event.record)
		return NULL;
	*before = i > 1 ? &batch->records[batch->order[i - 2]] : NULL;
	return batch->count ? &batch->records[batch->order[i - 1]] : host->event.record;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By task, how it was, and where. */
static int compare_faults(const struct record *a, const struct record *b)
{
	int order = compare((uint32_t)a->pid, (uint32_t)b->pid);

	if (!order)
		order = compare((uint32_t)a->tid, (uint32_t)b->tid);
	if (!order)
		order = compare(a->args[2], b->args[2]);
	if (!order)
		order = compare(a->args[3], b->args[3]);
	return order ? order : compare(a->args[0], b->args[0]);
}

void batch_sort(struct batch *batch)
{
	const struct record *records = batch->records;

	for (unsigned i = 0; i < batch->count; i++) {
		unsigned at = i;
		for (; at && compare_faults(&records[i], &records[batch->order[at - 1]]) < 0; at--)
			batch->order[at] = batch->order[at - 1];
		batch->order[at] = (uint8_t)i;
	}
}

/* core.fault(i) -> address and number of pages of the i-th fault that is told of now, by task and address;
 * and whether it is of the same task, and as major and as much in the kernel, as the one before it. Nothing:
 * there are not so many */
int batch_fault(lua_State *L)
{
	const struct record *before, *record = record_at(L, &before);

	if (!record)
		return 0;
	lua_pushinteger(L, (lua_Integer)record->args[0]);
	lua_pushinteger(L, (lua_Integer)record->args[4]);
	lua_pushboolean(L, before && record->tid == before->tid && record->pid == before->pid &&
				   record->args[2] == before->args[2] && record->args[3] == before->args[3]);
	return 3;
}

/* core.faulter(i) -> its time, pid and tid, whether it is major, and in the kernel */
int batch_faulter(lua_State *L)
{
	const struct record *before, *record = record_at(L, &before);

	if (!record)
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
