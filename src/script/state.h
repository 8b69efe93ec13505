/* SPDX-License-Identifier: MIT
 *
 * state: what the files of this folder share: the host and the parts it is made of. Nobody outside
 * includes it, save the program that runs the Lua tests.
 */
#ifndef SCRIPT_STATE_H
#define SCRIPT_STATE_H

#include <time.h>

#include <lauxlib.h>
#include <lua.h>

#include "script/host.h"
#include "syscalls/syscalls.h"

/* Whatever walks chains has these values at the bottom of its stack frame, so that calling a hook
 * takes no lookup. */
enum slot { SLOT_HANDLER = 1, SLOT_FUNCTIONS, SLOT_EVENT, SLOT_TYPES, SLOT_LAST = SLOT_TYPES };

/* A Lua function that C calls, protected. Lives as long as the Lua state, in the table at
 * SLOT_FUNCTIONS, which also has the function and the label. */
struct hook {
	int function;       /* index in that table */
	bool failed;        /* its traceback has been shown */
	const char *label;  /* for messages: `on "open" (x.lua:3)` */
};

enum role { ROLE_MODEL, ROLE_TYPE, ROLE_FILTER, ROLE_HOOK, ROLE_SINK };

enum { TYPE_NONE = 0, TYPE_ANY = -1 };

struct entry {
	struct hook *hook;
	enum role role;
	int type;           /* TYPE_NONE: once for the record; TYPE_ANY; or a type's number */
};

/* What runs for a kind of record: models first, then the rest in order. */
struct chain {
	struct chain *next; /* in host->chains, which owns it */
	struct hook *split; /* says how many events a record makes; NULL: one */
	struct hook *typer; /* says the event's type; NULL: it is `type` */
	int type;
	unsigned models, count;
	struct entry entries[];
};

enum { FIELDS_MAX = 128 }; /* library fields; see event.c */

/* The event all hooks see through one userdata. */
struct event {
	const struct record *record;         /* NULL outside hooks */
	const struct syscall_row *row;       /* NULL for calls the table does not know, other kinds */
	uint64_t computed[FIELDS_MAX / 64];  /* library fields whose value was computed at first touch */
	uint64_t assigned[FIELDS_MAX / 64];  /* and those a model has set */
	uint32_t args_known;                 /* bit i: e.args[i + 1] is decoded */
	bool raw_known;
	bool assignable;                     /* models are running: e.NAME = value is allowed */
	int type;
	int index;
};

struct timer {
	uint64_t period_ns, due_ns;
	struct hook *hook;
};

struct output; /* a buffered writer, see output.c */

/* Notices hooks that do not return, see watch.c. */
struct watch {
	volatile unsigned sequence; /* odd while a hook runs */
	volatile bool armed;        /* the running hook counts its instructions */
	lua_State *volatile state;  /* where the hook runs */
	unsigned seen;              /* sequence at the last tick */
	unsigned counted;           /* sequence of the hook whose instructions are counted */
	long used;                  /* how many so far */
	int signal;                 /* of the timer; 0: there is none */
	timer_t timer;
};

struct host {
	lua_State *L;
	const struct options *options;
	const char *library;        /* folder whose Lua files are preferred to embedded ones, or NULL */
	struct interest interest;
	struct chain *calls[ARCH_COUNT][INTEREST_NRS];
	struct chain *enters[ARCH_COUNT][INTEREST_NRS];
	struct chain *unknown_call, *unknown_enter; /* for numbers the table has no name for */
	struct chain *kinds[RECORD_KINDS];
	struct chain *start, *finish;
	struct chain *chains;
	struct {
		char functions, types, names, getters, event, args;
	} keys;                     /* their addresses are keys of the registry */
	int functions;              /* how many are in the table at SLOT_FUNCTIONS */
	int types;                  /* how many in the one at SLOT_TYPES */
	int fields;                 /* library fields so far */
	struct event event;
	void *event_userdata;       /* the address of e */
	struct timer *timers;       /* owned */
	size_t timer_count;
	struct output *outputs;     /* all open ones */
	uint64_t flushed_ns;        /* when stdout was flushed last */
	struct watch watch;
	uint64_t start_ns;          /* zero of e.time */
	uint64_t wallclock_ns;      /* the same moment, since 1970 */
	struct hook *running;
	unsigned long failures;
	char *first_failure;        /* message of the first failed hook, and its label */
	const char *first_failed;
	bool wants_end;             /* os.exit or --strict: nothing but models runs any more */
	bool failing_end;           /* and the trace's end is a failure */
	bool dispatching;
};

static inline struct host *host_of(lua_State *L)
{
	return *(struct host **)lua_getextraspace(L);
}

uint64_t host_now_ns(void);

/* host.c: a host with its Lua state, libraries and compendium.core, but nothing loaded. NULL: no memory. */
struct host *host_open(const struct options *options, const char *library);
/* Puts the values of enum slot at the bottom of an empty frame. [-0, +SLOT_LAST, -] */
void host_push_slots(lua_State *L);

/* call.c: calls the function with `args` values on the stack above it. True, with `results` values; or
 * false with none, having reported and counted the failure. The slots must be there. */
bool hook_call(struct host *host, lua_State *L, struct hook *hook, int args, int results);
/* Pushes the hook's function; [-0, +1, -] */
void hook_push(lua_State *L, const struct hook *hook);
/* The hook of the function at index, made when new, with the label at `label` (an index, or 0).
 * [-0, +0, e] */
struct hook *hook_keep(lua_State *L, int index, int label);
/* The message handler: adds a traceback. */
int call_handler(lua_State *L);
/* Raises the error that ends the trace: os.exit. */
int call_exit(lua_State *L);
/* Shows the message of a failed pcall, on top of the stack, after "what: ", and pops it. */
void call_report(lua_State *L, const char *what);
/* True when the value is not an error but os.exit. */
bool call_is_exit(lua_State *L, int index);

/* chain.c */
int chain_bind(lua_State *L);
/* Runs a record's chain; the slots must be there. */
void chain_dispatch(struct host *host, lua_State *L, const struct record *record);
/* Calls every entry with the value at the top, which is popped. */
void chain_notify(struct host *host, lua_State *L, struct chain *chain);
void chain_free_all(struct host *host);
/* Number of a type's name at index, made when new; 0 for nil. */
int chain_type_number(lua_State *L, int index);

/* event.c */
void event_begin(struct event *event, const struct record *record);
/* Pushes the new event userdata. [-0, +1, e] */
void event_new(lua_State *L);
/* core.field, core.method */
int event_field(lua_State *L);
int event_method(lua_State *L);
/* The event that is being dispatched; raises when its hook is over. */
struct event *event_check(lua_State *L);

/* args.c. Pushes the new userdata of e.args. [-0, +1, e] */
void args_new(lua_State *L);
/* Push the decoded value. [-0, +1, e] */
int args_sockaddr(lua_State *L, const void *bytes, size_t size);
int args_rights(lua_State *L, const void *bytes, size_t size, unsigned arch);
/* Number (0-based) of the argument named or numbered at index, or -1. */
int args_find(lua_State *L, const struct syscall_row *row, int index);

/* core.c: opens compendium.core. */
int core_open(lua_State *L);
/* json.c: pushes core.json. */
int json_open(lua_State *L);
/* files.c: core.read, core.names, core.embedded, core.embedded_name */
extern const luaL_Reg files_functions[];

/* output.c: core.output, and what the host does with all open ones. */
int output_open(lua_State *L);
uint64_t output_deadline(const struct host *host);
void output_tick(struct host *host, uint64_t now_ns);

/* watch.c */
void watch_start(struct host *host);
void watch_stop(struct host *host);
void watch_disarm(struct host *host);
int watch_coroutines(lua_State *L);

#endif
