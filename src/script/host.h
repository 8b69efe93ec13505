/* SPDX-License-Identifier: MIT
 *
 * host: the lua_State and everything of ours in it. It loads the library and the user's scripts,
 * says what they are interested in, and calls their hooks for each record. Lua headers are known
 * only in this folder.
 */
#ifndef HOST_H
#define HOST_H

#include "interest.h"
#include "options.h"

struct host;

/* Starts Lua, loads lua/init.lua and then what the options ask for (-s, -e, -f, -v, -q, --json ...).
 * Errors in scripts are reported through log.h. Returns NULL when the trace should not start.
 * With options->list_scripts it prints the list on stdout instead; the caller then ends. */
struct host *host_new(const struct options *options);

/* What the loaded scripts hook. Owned by the host, constant once host_new returned. */
const struct interest *host_interest(const struct host *host);

/* "start" hooks; time is CLOCK_MONOTONIC and becomes the zero of e.time. pid: the command, or the
 * first process attached to. */
void host_start(struct host *host, uint64_t time_ns, int32_t pid);

/* Hands a record to the library's models, filters, hooks and sinks. */
void host_dispatch(struct host *host, const struct record *record);

/* When the next "every:" timer or the flush of buffered output is due, CLOCK_MONOTONIC; UINT64_MAX
 * for never. host_tick runs what is due. */
uint64_t host_deadline(const struct host *host);
void host_tick(struct host *host, uint64_t now_ns);

/* "finish" hooks and sinks; status is the command's wait status or -1; `signal` ended the trace or 0.
 * Returns false when --strict and a hook failed, or a script asked for a failing end. */
bool host_finish(struct host *host, uint64_t now_ns, int status, int signal);

/* True when the trace should end now (--strict after an error, os.exit in a hook). */
bool host_wants_end(const struct host *host);

void host_free(struct host *host);

#endif
