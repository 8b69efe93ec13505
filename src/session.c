/* SPDX-License-Identifier: MIT
 *
 * The flow, as this file runs it:
 *
 *     options ─> host_new ─> host_interest ─> source open ─┐
 *                  (scripts say what they hook)            │
 *     ┌────────────────────────────────────────────────────┘
 *     └> loop: source.next ─> struct record ─> host_dispatch ─> models, filters, hooks, sinks
 *              signals to us ─> pass on, detach, kill            (lua/)
 *              timers        ─> host_tick
 *        until the source is over ─> host_finish (summary) ─> our exit status is the program's
 *
 * Only this file knows all the parts. It sleeps in poll on the source's descriptor and the one of
 * our signals, and never interrupts a part that works.
 *
 * Signals. The program has its Ctrl-C (and Ctrl-\) from the terminal, as untraced; one that was
 * sent to us alone is passed on. Whether it was us alone cannot be known at once: a signal to the
 * whole group reaches the program too, so we wait a moment for its RECORD_SIGNAL first. A
 * second Ctrl-C kills. SIGTERM and SIGHUP are passed on and the program has GRACE_NS to end. When
 * attached, and when only background processes of the command are left, each of these lets go.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "script/host.h"
#include "session.h"
#include "signals.h"

#define MS UINT64_C(1000000)
#define NEVER UINT64_MAX

static const uint64_t GRACE_NS = 2000 * MS;   /* from SIGTERM to SIGKILL */
static const uint64_t PASS_NS = 20 * MS;      /* for the program's own copy of a signal to show up */
static const uint64_t REPEAT_NS = 100 * MS;   /* within it two Ctrl-C are one: timeout(1) sends both
						  to us and to our group */
static const uint64_t LINGER_NS = 1000 * MS;  /* background processes go unmentioned for so long */
static const uint64_t BATCH_NS = 5 * MS;      /* between looks at signals and timers: hooks may be slow */

enum { TIMER_KILL, TIMER_PASS, TIMER_LINGER, TIMERS };

struct session {
	const struct options *options;
	struct host *host;
	struct source *source;
	struct signals signals;
	struct interest interest;
	uint64_t start_ns;
	uint64_t timers[TIMERS];   /* when each is due, or NEVER */
	int32_t command;           /* the pid of the first record: the command, or the first of -p */
	bool is_attached;
	bool is_started;           /* host_start was called */
	bool is_over;
	bool is_stopping;          /* the source was told to end */
	bool was_killed;           /* by us */
	bool is_command_stopped;   /* by job control */
	int suspend_signal;        /* came, and the program has not stopped yet */
	int pass_signal;           /* waits for TIMER_PASS */
	uint32_t pass_sender;
	int got_signal;            /* the last one that reached the command */
	uint32_t got_sender;
	uint64_t got_ns;
	unsigned interrupts;
	uint64_t interrupt_ns;
	int ended_by;              /* the signal that made us end the trace, or 0 */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 * MS + now.tv_nsec;
}

static bool is_command_over(const struct session *session)
{
	return session->source->ops->status(session->source) >= 0;
}

/* Ends the trace: kills what we started, lets go what we did not. Processes which outlive
 * the command run on as well: they were left in the background on purpose. */
static void end_trace(struct session *session, int signal)
{
	bool kills = !session->is_attached && !is_command_over(session);

	session->is_over = session->is_stopping; /* a second time: something cannot be killed */
	session->is_stopping = true;
	session->was_killed = kills;
	session->ended_by = signal;
	session->source->ops->stop(session->source, kills ? SOURCE_KILL : SOURCE_DETACH);
}

static void pass_now(struct session *session)
{
	if (session->pass_signal && !session->is_stopping)
		session->source->ops->forward(session->source, session->pass_signal);
	session->pass_signal = 0;
	session->timers[TIMER_PASS] = NEVER;
}

static void pass_soon(struct session *session, const struct signalfd_siginfo *info, uint64_t now)
{
	if (info->ssi_code == SI_KERNEL || session->is_attached)
		return; /* from the terminal: the program has it */
	if (session->got_signal == (int)info->ssi_signo && session->got_sender == info->ssi_pid &&
	    now - session->got_ns < PASS_NS)
		return; /* to the whole group */
	pass_now(session);
	session->pass_signal = info->ssi_signo;
	session->pass_sender = info->ssi_pid;
	session->timers[TIMER_PASS] = now + PASS_NS;
}

static bool can_let_go(const struct session *session)
{
	return session->is_attached || is_command_over(session);
}

static void interrupt(struct session *session, const struct signalfd_siginfo *info, uint64_t now)
{
	if (session->interrupts && now - session->interrupt_ns < REPEAT_NS)
		return;
	session->interrupts++;
	session->interrupt_ns = now;
	if (can_let_go(session) || session->interrupts > 1)
		end_trace(session, info->ssi_signo);
	else
		pass_soon(session, info, now);
}

static void terminate(struct session *session, const struct signalfd_siginfo *info, uint64_t now)
{
	bool is_repeated = session->timers[TIMER_KILL] != NEVER && now - session->interrupt_ns >= REPEAT_NS;

	session->ended_by = info->ssi_signo;
	if (can_let_go(session) || is_repeated) {
		end_trace(session, info->ssi_signo);
	} else if (session->timers[TIMER_KILL] == NEVER) {
		pass_soon(session, info, now);
		session->interrupt_ns = now;
		session->timers[TIMER_KILL] = now + GRACE_NS;
	}
}

/* Stops us once both has happened: we were told to and the program has stopped. A program that
 * heeds Ctrl-Z in its own way (an editor puts the terminal right first) is thus not cut short. */
static void suspend_when_stopped(struct session *session)
{
	if (!session->suspend_signal || !session->is_command_stopped)
		return;
	signals_suspend(session->suspend_signal);
	session->suspend_signal = 0;
	session->is_command_stopped = false;
}

static void suspend(struct session *session, int signal)
{
	if (session->is_attached) {
		if (signal == SIGTSTP)
			log_warning("Ctrl-Z would freeze what is traced; Ctrl-C ends the trace");
		return;
	}
	session->suspend_signal = signal;
	suspend_when_stopped(session);
}

static void read_signals(struct session *session, uint64_t now)
{
	struct signalfd_siginfo info;

	while (signals_next(&session->signals, &info)) {
		switch (signal_meaning(info.ssi_signo)) {
		case SIGNAL_INTERRUPT:
			interrupt(session, &info, now);
			break;
		case SIGNAL_TERMINATE:
			terminate(session, &info, now);
			break;
		case SIGNAL_PASS:
			pass_soon(session, &info, now);
			break;
		case SIGNAL_SUSPEND:
			suspend(session, info.ssi_signo);
			break;
		case SIGNAL_NOTHING:
			break;
		}
	}
}

/* The command got a signal, which may be the one that we got as well: before or after it. */
static void note_signal(struct session *session, const struct record *record)
{
	session->got_signal = record->nr;
	session->got_sender = record->args[1];
	session->got_ns = record->time_ns;
	if (record->nr == SIGCONT)
		session->is_command_stopped = false;
	if (record->nr == session->pass_signal && session->got_sender == session->pass_sender) {
		session->pass_signal = 0;
		session->timers[TIMER_PASS] = NEVER;
	}
}

/* Said whatever the scripts say, since it is about what tracing does to the program. */
static void tell_note(const struct record *record)
{
	static const char *const texts[] = {
		[NOTE_UNTRACED] = "asked that its children not be traced (CLONE_UNTRACED); they are",
		[NOTE_PRIVILEGES] = "runs without the privileges of its file (setuid), as it is traced; "
				    "run compendium as root, with -u USER, to trace it with them",
	};
	const struct piece *program = record_find(record, 0, PIECE_SELF, 0);

	if (record->nr > 0 && (size_t)record->nr < sizeof texts / sizeof *texts)
		log_warning("%.*s (process %d) %s", program ? (int)program->size : 0,
			    program ? (const char *)piece_bytes(program) : "", record->pid,
			    texts[record->nr]);
}

/* What the session itself wants to know of a record. */
static void note_record(struct session *session, const struct record *record)
{
	if (!session->is_started) {
		session->is_started = true;
		session->command = record->pid;
		host_start(session->host, session->start_ns, record->pid);
	}
	if (record->kind == RECORD_NOTE)
		tell_note(record);
	if (record->pid != session->command)
		return;
	if (record->kind == RECORD_STOP)
		session->is_command_stopped = true;
	if (record->kind == RECORD_SIGNAL)
		note_signal(session, record);
}

/* Hands on what the source has, for a while. True when it had no more. */
static bool read_records(struct session *session)
{
	const struct record *record;
	uint64_t end = now_ns() + BATCH_NS;

	do {
		int got = session->source->ops->next(session->source, &record);
		if (got < 0 && got != -ENODATA)
			log_error("the trace broke off: %s", strerror(-got));
		session->is_over |= got < 0;
		if (got <= 0)
			return true;
		note_record(session, record);
		host_dispatch(session->host, record);
	} while (now_ns() < end);
	return false;
}

static void run_timers(struct session *session, uint64_t now)
{
	uint64_t *timers = session->timers;

	if (host_deadline(session->host) <= now)
		host_tick(session->host, now);
	if (timers[TIMER_PASS] <= now)
		pass_now(session);
	if (timers[TIMER_KILL] <= now) {
		timers[TIMER_KILL] = NEVER;
		if (!session->is_stopping)
			end_trace(session, session->ended_by);
	}
	if (timers[TIMER_LINGER] <= now) {
		timers[TIMER_LINGER] = NEVER - 1;
		if (isatty(STDERR_FILENO) && !session->is_stopping)
			log_warning("the command has ended; tracing what it left in the background "
				    "(Ctrl-C ends the trace)");
	} else if (timers[TIMER_LINGER] == NEVER && is_command_over(session)) {
		timers[TIMER_LINGER] = now + LINGER_NS;
	}
}

/* Sleeps until there is something to do. */
static void wait_for_work(struct session *session)
{
	struct pollfd fds[] = {
		{.fd = session->source->ops->fd(session->source), .events = POLLIN},
		{.fd = session->signals.fd, .events = POLLIN},
	};
	uint64_t due = host_deadline(session->host), now = now_ns();

	for (int i = 0; i < TIMERS; i++)
		due = session->timers[i] < due ? session->timers[i] : due;
	uint64_t left = due > now ? due - now : 0;
	struct timespec timeout = {.tv_sec = left / (1000 * MS), .tv_nsec = left % (1000 * MS)};
	ppoll(fds, 2, due >= NEVER - 1 ? NULL : &timeout, NULL);
}

static void run(struct session *session)
{
	while (!session->is_over) {
		bool is_idle = read_records(session), was_stopping = session->is_stopping;
		uint64_t now = now_ns();
		read_signals(session, now);
		suspend_when_stopped(session);
		run_timers(session, now);
		if (host_wants_end(session->host) && !session->is_stopping)
			end_trace(session, 0);
		/* Told to end, the source may have done so without its descriptor saying it. */
		if (is_idle && !session->is_over && session->is_stopping == was_stopping)
			wait_for_work(session);
	}
}

/* Prints the summary and so on; how the program ended is how we end. */
static struct ending finish(struct session *session)
{
	int status = session->source->ops->status(session->source);
	int ended_by = session->is_stopping ? session->ended_by : 0;

	if (!session->is_started)
		host_start(session->host, session->start_ns, 0);
	if (!host_finish(session->host, now_ns(), status, ended_by))
		return (struct ending){.status = STATUS_FAILURE};
	/* Ctrl-C is how one leaves a process one looked at; all else was meant to end us. */
	if (session->was_killed || (ended_by && ended_by != SIGINT))
		return (struct ending){.signal = ended_by};
	if (status >= 0 && WIFSIGNALED(status))
		return (struct ending){.signal = WTERMSIG(status)};
	return (struct ending){.status = status >= 0 ? WEXITSTATUS(status) : 0};
}

/* 126 and 127 as the shell has them; everything else that failed is ours. */
static int failure_status(const struct target *target, int error)
{
	static const int not_executable[] = {EACCES, ENOEXEC, EISDIR, ENOTDIR, ELIBBAD,
					     ETXTBSY, E2BIG, ELOOP, ENAMETOOLONG};

	if (target->command && error == ENOENT)
		return STATUS_NOT_FOUND;
	for (size_t i = 0; target->command && i < sizeof not_executable / sizeof *not_executable; i++)
		if (error == not_executable[i])
			return STATUS_NOT_EXECUTABLE;
	return STATUS_FAILURE;
}

/* Starts or attaches. 0, or the status to end with. */
static int open_source(struct session *session)
{
	struct target target = session->options->target;
	char why[1024] = "";
	int failed = signals_take(&session->signals);

	target.signal_mask = session->signals.before;
	target.ignores_child = session->signals.ignores_child;
	if (failed)
		strncpy(why, strerror(-failed), sizeof why - 1);
	else
		failed = ptrace_source_open(&target, &session->interest, &session->source, why, sizeof why);
	if (!failed)
		return 0;
	log_error("%s", *why ? why : strerror(-failed));
	return failure_status(&target, -failed);
}

struct ending session_run(const struct options *options)
{
	struct session session = {
		.options = options,
		.is_attached = !options->target.command,
		.timers = {NEVER, NEVER, NEVER},
		.signals.fd = -1,
	};
	struct ending ending = {.status = STATUS_FAILURE};

	session.host = host_new(options);
	if (!session.host)
		return ending;
	if (options->list_scripts) {
		host_free(session.host);
		return (struct ending){.status = 0};
	}
	session.interest = *host_interest(session.host);
	/* For ourselves: see note_record. */
	session.interest.kinds |= 1 << RECORD_SIGNAL | 1 << RECORD_STOP;
	session.start_ns = now_ns();
	ending.status = open_source(&session);
	if (session.source) {
		log_info("events come from %s", session.source->ops->name);
		run(&session);
		ending = finish(&session);
		session.source->ops->close(session.source);
	}
	host_free(session.host);
	return ending;
}
