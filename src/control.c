/* SPDX-License-Identifier: MIT
 *
 * What signals to us mean to the trace, and what is due later because of them. The program has its
 * Ctrl-C (and Ctrl-\) from the terminal, as untraced; one that was sent to us alone is passed on.
 * Whether it was us alone cannot be known at once: a signal to the whole group reaches the program
 * too, so we wait a moment for its RECORD_SIGNAL first. A second Ctrl-C kills. SIGTERM and SIGHUP
 * are passed on and the program has GRACE_NS to end. When attached, and when only background
 * processes of the command are left, each of these lets go.
 */
#include <signal.h>
#include <unistd.h>

#include "control.h"
#include "log.h"
#include "signals.h"
#include "source/source.h"

#define MS    UINT64_C(1000000)
#define NEVER UINT64_MAX

static const uint64_t GRACE_NS = 2000 * MS;  /* from SIGTERM to SIGKILL */
static const uint64_t PASS_NS = 20 * MS;     /* for the program's own copy of a signal to show up */
static const uint64_t REPEAT_NS = 100 * MS;  /* within it two Ctrl-C are one: timeout(1) sends both
						to us and to our group */
static const uint64_t LINGER_NS = 1000 * MS; /* background processes go unmentioned for so long */

void control_init(struct control *control, const struct signals *signals, bool is_attached)
{
	*control = (struct control){.signals = signals, .is_attached = is_attached};
	for (int i = 0; i < TIMERS; i++)
		control->timers[i] = NEVER;
}

bool control_is_command_over(const struct control *control)
{
	return control->source->ops->status(control->source) >= 0;
}

void control_end(struct control *control, int signal)
{
	bool kills = !control->is_attached && !control_is_command_over(control);

	control->is_over = control->is_stopping; /* a second time: something cannot be killed */
	control->is_stopping = true;
	control->was_killed = kills;
	control->ended_by = signal;
	control->source->ops->stop(control->source, kills ? SOURCE_KILL : SOURCE_DETACH);
}

static void pass_now(struct control *control)
{
	if (control->pass_signal && !control->is_stopping)
		control->source->ops->forward(control->source, control->pass_signal);
	control->pass_signal = 0;
	control->timers[TIMER_PASS] = NEVER;
}

static void pass_soon(struct control *control, const struct signalfd_siginfo *info, uint64_t now)
{
	if (info->ssi_code == SI_KERNEL || control->is_attached)
		return; /* from the terminal: the program has it */
	if (control->got_signal == (int)info->ssi_signo && control->got_sender == info->ssi_pid &&
	    now - control->got_ns < PASS_NS)
		return; /* to the whole group */
	pass_now(control);
	control->pass_signal = info->ssi_signo;
	control->pass_sender = info->ssi_pid;
	control->timers[TIMER_PASS] = now + PASS_NS;
}

static bool can_let_go(const struct control *control)
{
	return control->is_attached || control_is_command_over(control);
}

static void interrupt(struct control *control, const struct signalfd_siginfo *info, uint64_t now)
{
	if (control->interrupts && now - control->interrupt_ns < REPEAT_NS)
		return;
	control->interrupts++;
	control->interrupt_ns = now;
	if (can_let_go(control) || control->interrupts > 1)
		control_end(control, info->ssi_signo);
	else
		pass_soon(control, info, now);
}

static void terminate(struct control *control, const struct signalfd_siginfo *info, uint64_t now)
{
	bool is_repeated =
		control->timers[TIMER_KILL] != NEVER && now - control->interrupt_ns >= REPEAT_NS;

	control->ended_by = info->ssi_signo;
	if (can_let_go(control) || is_repeated) {
		control_end(control, info->ssi_signo);
	} else if (control->timers[TIMER_KILL] == NEVER) {
		pass_soon(control, info, now);
		control->interrupt_ns = now;
		control->timers[TIMER_KILL] = now + GRACE_NS;
	}
}

void control_suspend_when_stopped(struct control *control)
{
	if (!control->suspend_signal || !control->is_command_stopped)
		return;
	signals_suspend(control->suspend_signal);
	control->suspend_signal = 0;
	control->is_command_stopped = false;
}

static void suspend(struct control *control, int signal)
{
	if (control->is_attached) {
		if (signal == SIGTSTP)
			log_warning("Ctrl-Z would freeze what is traced; Ctrl-C ends the trace");
		return;
	}
	control->suspend_signal = signal;
	control_suspend_when_stopped(control);
}

void control_read_signals(struct control *control, uint64_t now)
{
	struct signalfd_siginfo info;

	while (signals_next(control->signals, &info)) {
		switch (signal_meaning(info.ssi_signo)) {
		case SIGNAL_INTERRUPT:
			interrupt(control, &info, now);
			break;
		case SIGNAL_TERMINATE:
			terminate(control, &info, now);
			break;
		case SIGNAL_PASS:
			pass_soon(control, &info, now);
			break;
		case SIGNAL_SUSPEND:
			suspend(control, info.ssi_signo);
			break;
		case SIGNAL_NOTHING:
			break;
		}
	}
}

void control_note_signal(struct control *control, const struct record *record)
{
	control->got_signal = record->nr;
	control->got_sender = record->args[1];
	control->got_ns = record->time_ns;
	if (record->nr == SIGCONT)
		control->is_command_stopped = false;
	if (record->nr == control->pass_signal && control->got_sender == control->pass_sender) {
		control->pass_signal = 0;
		control->timers[TIMER_PASS] = NEVER;
	}
}

uint64_t control_deadline(const struct control *control)
{
	uint64_t due = NEVER;

	for (int i = 0; i < TIMERS; i++)
		due = control->timers[i] < due ? control->timers[i] : due;
	return due;
}

void control_run_timers(struct control *control, uint64_t now)
{
	uint64_t *timers = control->timers;

	if (timers[TIMER_PASS] <= now)
		pass_now(control);
	if (timers[TIMER_KILL] <= now) {
		timers[TIMER_KILL] = NEVER;
		if (!control->is_stopping)
			control_end(control, control->ended_by);
	}
	if (timers[TIMER_LINGER] <= now) {
		timers[TIMER_LINGER] = NEVER - 1;
		if (isatty(STDERR_FILENO) && !control->is_stopping)
			log_warning("the command has ended; tracing what it left in the background "
				    "(Ctrl-C ends the trace)");
	} else if (timers[TIMER_LINGER] == NEVER && control_is_command_over(control)) {
		timers[TIMER_LINGER] = now + LINGER_NS;
	}
}
