/* SPDX-License-Identifier: MIT
 *
 * recorder: writes a trace file while the trace runs: a frame at least every second. A file that
 * cannot be written any more (a full disk) is said once, what is lost is counted, and the trace
 * goes on.
 */
#ifndef TRACEFILE_RECORDER_H
#define TRACEFILE_RECORDER_H

#include "interest.h"
#include "run.h"
#include "sight.h"
#include "source/source.h"

struct recorder;

/* What is recorded. All must stay until recorder_close. */
struct recording {
	const struct run *run;
	const struct target *target;
	const struct interest *interest;
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	bool with_values;  /* of environment variables, not only their names */
};

/* Makes an interest that of a recording: all but what was read and written, and what must be asked
 * for. */
void recorder_widen(struct interest *interest);

/* Creates the file. NULL when that cannot be: it was said. */
struct recorder *recorder_open(const char *path, const struct recording *recording);

/* host_start is being called; `timers` is what host_timers says. Comes first. */
void recorder_start(struct recorder *recorder, const struct sight *sight, int32_t pid,
		    uint64_t timers);
void recorder_add(struct recorder *recorder, const struct record *record);
/* host_run_timers is being called. */
void recorder_tick(struct recorder *recorder, uint64_t now_ns);
/* A script ends the trace. */
void recorder_stop(struct recorder *recorder, uint64_t now_ns);
/* host_finish is being called. Completes the file. */
void recorder_finish(struct recorder *recorder, uint64_t now_ns, int status, int signal);

/* When the frame is to be written however full it is, CLOCK_MONOTONIC; recorder_flush does it. */
uint64_t recorder_deadline(const struct recorder *recorder);
void recorder_flush(struct recorder *recorder, uint64_t now_ns);

void recorder_close(struct recorder *recorder); /* NULL: does nothing */

#endif
