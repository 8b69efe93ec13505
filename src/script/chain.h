/* SPDX-License-Identifier: MIT
 *
 * chain: what runs for each kind of record, in order.
 */
#ifndef SCRIPT_CHAIN_H
#define SCRIPT_CHAIN_H

#include "record.h"
#include "script/call.h"

enum role { ROLE_MODEL, ROLE_TYPE, ROLE_FILTER, ROLE_HOOK, ROLE_SINK };

enum { TYPE_NONE = 0, TYPE_ANY = -1 };

/* Whether an entry is called for calm events. */
enum calm_role { CALM_CALLS, CALM_SKIPS, CALM_COUNTS };

struct entry {
	struct hook *hook;
	enum role role;
	enum calm_role calm;
	struct hook *together; /* called once for all records of a batch; NULL: it wants each */
	int type;           /* TYPE_NONE: once for the record; TYPE_ANY; or a type's number */
};

/* What runs for a kind of record: models first, then the rest in order. */
struct chain {
	struct chain *next; /* in host->chains, which owns it */
	struct hook *split; /* says how many events a record makes; NULL: one */
	struct hook *typer; /* says the event's type; NULL: it is `type` */
	int type;
	bool bare;          /* what its events' fields need is not traced */
	bool blind;         /* only hooks that take no parameter, so that nobody looks at the event */
	bool together;      /* its records are told of many at once */
	bool for_scripts;   /* functions of scripts are among its entries */
	unsigned models, count;
	struct entry entries[];
};

/* Calm are events of a type whose calls worked, or failed with that error, in less than that time. Entries
 * that say so are not called for them; one of them counts. */
struct calm {
	uint64_t below_ns; /* 0: none are */
	uint64_t count;
	int64_t answer;    /* a result: -errno, or 0 */
};

#define CALM_TYPES 128

/* core.bind, core.calm */
int chain_bind(lua_State *L);
int chain_calm(lua_State *L);

/* Number of the type whose name is at index, made when new; TYPE_NONE for nil. */
int chain_type_number(lua_State *L, int index);

/* Runs a record's chain, or keeps the record in the batch; the slots must be there. */
void chain_dispatch(struct host *host, lua_State *L, const struct record *record);

/* Is anybody but models to be told of its records now? */
bool chain_has_listeners(const struct host *host, const struct chain *chain);

/* Calls every entry with the value at the top, which is popped. */
void chain_notify(struct host *host, lua_State *L, struct chain *chain);

void chain_free_all(struct host *host);

#endif
