/* SPDX-License-Identifier: MIT
 *
 * control: what signals to us mean to the trace: passed on to the program, ends the trace, stops
 * us. The session calls it between records; all times are CLOCK_MONOTONIC.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

struct signals;
struct source;

enum { TIMER_KILL, TIMER_PASS, TIMER_LINGER, TIMERS };

struct control {
	struct source *source; /* set once it is open */
	const struct signals *signals;
	uint64_t timers[TIMERS]; /* when each is due, or UINT64_MAX */
	bool is_attached;
	bool is_over;		 /* set by the session too: the source has no more */
	bool is_stopping;	 /* the source was told to end */
	bool was_killed;	 /* by us */
	bool is_command_stopped; /* by job control */
	int suspend_signal;	 /* came, and the program has not stopped yet */
	int pass_signal;	 /* waits for TIMER_PASS */
	uint32_t pass_sender;
	int got_signal; /* the last one that reached the command */
	uint32_t got_sender;
	uint64_t got_ns;
	unsigned interrupts;
	uint64_t interrupt_ns;
	int ended_by; /* the signal that made us end the trace, or 0 */
};

void control_init(struct control *control, const struct signals *signals, bool is_attached);

/* Has the command itself ended? Never when attached. */
bool control_is_command_over(const struct control *control);

/* Ends the trace: kills what we started, lets go what we did not. Processes which outlive
 * the command run on as well: they were left in the background on purpose. */
void control_end(struct control *control, int signal);

/* Acts on the signals that came. */
void control_read_signals(struct control *control, uint64_t now);

/* The command got a signal (RECORD_SIGNAL), which may be the one that we got as well: before or
 * after it. */
void control_note_signal(struct control *control, const struct record *record);

/* Stops us once both has happened: we were told to and the program has stopped. A program that
 * heeds Ctrl-Z in its own way (an editor puts the terminal right first) is thus not cut short. */
void control_suspend_when_stopped(struct control *control);

/* When control_run_timers is to be called next; UINT64_MAX for never. */
uint64_t control_deadline(const struct control *control);
void control_run_timers(struct control *control, uint64_t now);

#endif
