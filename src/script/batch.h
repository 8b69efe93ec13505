/* SPDX-License-Identifier: MIT
 *
 * batch: records that are told of many at once, see batch.c.
 */
#ifndef SCRIPT_BATCH_H
#define SCRIPT_BATCH_H

#include "record.h"
#include "script/parts.h"

struct chain;
struct host;

enum { BATCH_MAX = 128 };

/* Records in order that are faults of pages one after the other. */
struct fault_run {
	uint8_t first, count; /* in the batch's order */
	bool is_same;	      /* as the run before it in all but where it is */
	uint64_t pages;
};

/* Records that are kept. */
struct batch {
	const struct chain *chain; /* whose they are; NULL: there are none */
	bool is_off;		   /* each is told of by itself from now on */
	unsigned gathered;	   /* records that models looked at, and others were not told of */
	unsigned count, runs;
	struct record records[BATCH_MAX];
	uint8_t order[BATCH_MAX]; /* in which they are looked at */
	struct fault_run run[BATCH_MAX];
	struct parts parts; /* what they come to */
};

/* Keeps a record of that chain, having made room. */
void batch_keep(struct host *host, lua_State *L, const struct chain *chain,
		const struct record *record);

/* Tells everybody who listens of what was kept. */
void batch_tell(struct host *host, lua_State *L);

/* The run of faults of that number, from 0, of those that models are told of now; NULL: there are
 * not so many. */
const struct fault_run *batch_run(struct host *host, lua_Integer i);

/* The k-th record of it, from 0. */
const struct record *batch_record(const struct host *host, const struct fault_run *run, unsigned k);

/* core.kept, core.gather, core.tell, core.apart */
int batch_kept(lua_State *L);
int batch_gather(lua_State *L);
int batch_tell_now(lua_State *L);
int batch_apart(lua_State *L);

#endif
