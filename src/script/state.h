/* SPDX-License-Identifier: MIT
 *
 * state: what the files of this folder share: the host and the parts it is made of. Nobody outside
 * includes it, save the program that runs the Lua tests.
 */
#ifndef SCRIPT_STATE_H
#define SCRIPT_STATE_H

#include <time.h>

#include "script/batch.h"
#include "script/call.h"
#include "script/chain.h"
#include "script/event.h"
#include "script/host.h"

struct timer {
	uint64_t period_ns, due_ns; /* UINT64_MAX: never */
	struct hook *hook;
};

/* Time does not wrap around: what is due after its end, to which only a trace file comes near, never is. */
static inline uint64_t later(uint64_t time_ns, uint64_t by_ns)
{
	return by_ns < UINT64_MAX - time_ns ? time_ns + by_ns : UINT64_MAX;
}

struct output; /* a buffered writer, see output.c */

/* Notices hooks that do not return, see watch.c. */
struct watch {
	volatile unsigned sequence; /* odd while a hook runs */
	volatile bool armed;        /* the running hook counts its instructions */
	volatile unsigned ticks;    /* it has run through so many */
	lua_State *volatile state;  /* where the hook runs */
	volatile unsigned seen;     /* sequence at the last tick */
	unsigned counted;           /* sequence of the hook whose instructions are counted */
	long used;                  /* how many so far */
	int signal;                 /* of the timer; 0: there is none */
	timer_t timer;
};

/* How much memory Lua has, see limit.c. */
struct limit {
	size_t used;
	bool is_on; /* a script's function runs */
};

#define SCRIPT_MEMORY_MAX (UINT64_C(1) << 30)

/* A lua_Alloc; data: a struct limit. */
void *limit_allocate(void *data, void *block, size_t before, size_t size);

/* A field's name by its address, see event.c. */
struct found_field {
	const char *name;
	int field;
};

struct host {
	lua_State *L;
	const struct options *options;
	const char *library;        /* folder whose Lua files are preferred to embedded ones, or NULL */
	const struct run *run;      /* see core.run */
	struct run own_run;         /* of a host that is part of none */
	struct interest interest;
	struct chain *calls[ARCH_COUNT][INTEREST_NRS];
	struct chain *enters[ARCH_COUNT][INTEREST_NRS];
	struct chain *unknown_call, *unknown_enter; /* for numbers the table has no name for */
	struct chain *kinds[RECORD_KINDS];
	struct chain *start, *finish;
	struct chain *chains;
	struct calm calm[CALM_TYPES]; /* by the type's number */
	struct {
		char functions, types, names, getters, event, args;
	} keys;                     /* their addresses are keys of the registry */
	int functions;              /* how many are in the table at SLOT_FUNCTIONS */
	int types;                  /* how many in the one at SLOT_TYPES */
	int fields;                 /* library fields so far */
	uint64_t lasting[FIELDS_MAX / 64]; /* those that bare events have too */
	struct event event;
	struct batch batch;
	struct found_field found[256];
	struct action action;       /* of the "enter:" hooks that run or ran last */
	unsigned action_failures;
	void *event_userdata;       /* the address of e */
	struct timer *timers;       /* owned */
	size_t timer_count;
	struct output *outputs;     /* all open ones */
	uint64_t flushed_ns;        /* when stdout was flushed last */
	struct watch watch;
	struct limit limit;
	uint64_t start_ns;          /* zero of e.time */
	uint64_t clock_ns;          /* how far records and timers have come, CLOCK_MONOTONIC */
	uint64_t wallclock_ns;      /* start_ns, since 1970 */
	uint64_t usage_ns;          /* between samples of memory: the least that was wanted, or 0 */
	struct hook *running;
	unsigned long failures;
	char *first_failure;        /* message of the first failed hook, and its label */
	const char *first_failed;
	bool wants_end;             /* os.exit or --strict: nothing but models runs any more */
	bool is_muted;              /* nothing but models runs for now */
	bool failing_end;           /* and the trace's end is a failure */
	bool dispatching;
};

static inline struct host *host_of(lua_State *L)
{
	return *(struct host **)lua_getextraspace(L);
}

uint64_t host_now_ns(void);

/* host.c: a host with its Lua state, libraries and compendium.core, but nothing loaded. NULL: no memory. */
struct host *host_open(const struct options *options, const struct run *run, const char *library);
/* results.c: pushes the table core.run.results. [-0, +1, m] */
void results_push(lua_State *L, struct results *results);
/* core.result(value) -> nil, or what it was that cannot be copied */
int results_leave(lua_State *L);
/* finder.c: core.finder */
int finder_new(lua_State *L);
/* stack.c */
int stack_want(lua_State *L);
void stack_push(lua_State *L, struct event *event);
/* core.c: opens compendium.core. */
int core_open(lua_State *L);
/* json.c: pushes core.json. */
int json_open(lua_State *L);
/* Parts of it: files.c reads scripts, table.c knows the system calls, act.c acts on them. */
extern const luaL_Reg files_functions[], table_functions[], act_functions[];
/* Pushes what core.call says of a call (but its arches), for this row: always the same table. [-0, +1, e] */
int table_describe(lua_State *L, const struct syscall_row *row);

/* output.c: core.output, and what the host does with all open ones. */
int output_open(lua_State *L);
uint64_t output_deadline(const struct host *host);
void output_tick(struct host *host, uint64_t now_ns);
bool output_has_terminal(const struct host *host);

/* report.c: pushes core.report. */
int report_open_core(lua_State *L);

/* watch.c */
void watch_start(struct host *host);
void watch_stop(struct host *host);
void watch_disarm(struct host *host);
int watch_coroutines(lua_State *L);

#endif
