/* SPDX-License-Identifier: MIT
 *
 * host: the lua_State and everything of ours in it. It loads the library and the user's scripts,
 * says what they are interested in, and calls their hooks for each record. Lua headers are known
 * only in this folder.
 */
#ifndef HOST_H
#define HOST_H

#include "action.h"
#include "interest.h"
#include "options.h"
#include "run.h"

struct host;

/* Starts Lua, loads lua/init.lua and then what the options ask for (-s, -e, -f, -v, -q, --json ...).
 * Errors in scripts are reported through log.h. Returns NULL when the trace should not start.
 * With options->list_scripts it prints the list on stdout instead; the caller then ends. */
struct host *host_new(const struct options *options);
/* The same as a part of `run`, which is kept: its times and names are those of the trace. */
struct host *host_new_run(const struct options *options, const struct run *run);

/* What the loaded scripts hook. Owned by the host, constant once host_new returned. */
const struct interest *host_interest(const struct host *host);

/* How often RECORD_USAGE is wanted, in ns. */
uint64_t host_usage_period(const struct host *host);

/* "start" hooks; time is CLOCK_MONOTONIC and becomes the zero of e.time. pid: the command, or the
 * first process attached to. */
void host_start(struct host *host, uint64_t time_ns, int32_t pid);

/* Hands a record to the library's models, filters, hooks and sinks. */
void host_dispatch(struct host *host, const struct record *record);

/* What the hooks of the RECORD_ENTER that was dispatched last want done to the call; NULL: nothing.
 * Valid until the next record. */
const struct action *host_action(const struct host *host);
/* It could not be done, for a negative errno; tells the user, once for each hook's call. */
void host_action_failed(struct host *host, const struct record *record, int error);

/* Muted, it runs nothing but models: what is before the part of a trace that is shown. Timers keep
 * their beat. */
void host_mute(struct host *host, bool is_muted);

/* When the next "every:" timer is due, in the time of the records; UINT64_MAX for never. Between records
 * the host's clock stands still: it is moved by them and by host_run_timers, which runs what is due. So
 * the same records and calls make the same output, whenever that is. */
uint64_t host_timers_due(const struct host *host);
void host_run_timers(struct host *host, uint64_t now_ns);

/* Writes out what was buffered for a while; CLOCK_MONOTONIC. */
void host_flush(struct host *host, uint64_t now_ns);

/* When either is due, and both of them: for who lives in the time of the records. */
uint64_t host_deadline(const struct host *host);
void host_tick(struct host *host, uint64_t now_ns);

/* Which timers there are, as a number: the same for hosts with the same periods. For after host_start. */
uint64_t host_timers(const struct host *host);

/* "finish" hooks and sinks; status is the command's wait status or -1; `signal` ended the trace or 0.
 * Returns false when --strict and a hook failed, or a script asked for a failing end. */
bool host_finish(struct host *host, uint64_t now_ns, int status, int signal);

/* True when the trace should end now (--strict after an error, os.exit in a hook). */
bool host_wants_end(const struct host *host);

/* Has a sink written to a terminal? Then nobody else should. */
bool host_has_terminal(const struct host *host);

void host_free(struct host *host);

#endif
