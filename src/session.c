/* SPDX-License-Identifier: MIT
 *
 * The flow, as this file runs it:
 *
 *     options ─> host_new ─> host_interest ─> source open ─┐
 *                  (scripts say what they hook)            │
 *     ┌────────────────────────────────────────────────────┘
 *     └> loop: source.next ─> struct record ─> host_dispatch ─> models, filters, hooks, sinks
 *                                └> recorder       (lua/)
 *              signals to us ─> pass on, detach, kill (control.c)
 *              timers        ─> host_run_timers
 *        until the source is over ─> host_finish (summary) ─> our exit status is the program's
 *
 * This file knows all the parts of a live trace; replaying.c is its like for files. It sleeps in
 * poll on the source's descriptor and the one of our signals, and never interrupts a part that
 * works.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "log.h"
#include "note.h"
#include "replaying.h"
#include "script/host.h"
#include "session.h"
#include "sight.h"
#include "signals.h"
#include "tracefile/recorder.h"

#define MS    UINT64_C(1000000)
#define NEVER UINT64_MAX

static const uint64_t BATCH_NS =
	5 * MS; /* between looks at signals and timers: hooks may be slow */

struct session {
	const struct options *options;
	struct host *host;
	struct source *source;
	struct signals signals;
	struct control control;
	struct interest interest;
	struct run run;
	struct sight sight;
	struct latency *latency;   /* until it is joined with the source, or NULL */
	struct recorder *recorder; /* of --record, or NULL */
	uint64_t start_ns;
	int32_t command; /* the pid of the first record: the command, or the first of -p */
	bool is_started; /* host_start was called */
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000 * MS + now.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Ends the trace when a script wants that. At once, and marked in the recording: there a replay
 * knows that what follows happened because of it. */
static void end_when_wanted(struct session *session)
{
	if (!host_wants_end(session->host) || session->control.is_stopping)
		return;
	control_end(&session->control, 0);
	if (session->recorder)
		recorder_stop(session->recorder, now_ns());
}

static void start(struct session *session, int32_t pid)
{
	session->is_started = true;
	session->command = pid;
	host_start(session->host, session->start_ns, pid);
	if (session->recorder)
		recorder_start(session->recorder, &session->sight, pid, host_timers(session->host));
	end_when_wanted(session);
}

/* What the session itself wants to know of a record. */
static void note_record(struct session *session, const struct record *record)
{
	if (!session->is_started)
		start(session, record->pid);
	if (session->recorder)
		recorder_add(session->recorder, record);
	if (record->kind == RECORD_NOTE)
		note_tell(record);
	if (record->pid != session->command)
		return;
	if (record->kind == RECORD_STOP)
		session->control.is_command_stopped = true;
	if (record->kind == RECORD_SIGNAL)
		control_note_signal(&session->control, record);
}

/* What "enter:" hooks want done to the call. A task that is gone meanwhile needs nothing. */
static void act(struct session *session, const struct record *record)
{
	const struct action *action = host_action(session->host);
	const struct source_ops *ops = session->source->ops;

	if (!action)
		return;
	int error = ops->act ? ops->act(session->source, action) : -ENOTSUP;
	if (error && error != -ESRCH)
		host_action_failed(session->host, record, error);
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
		session->control.is_over |= got < 0;
		if (got <= 0)
			return true;
		note_record(session, record);
		host_dispatch(session->host, record);
		if (record->kind == RECORD_ENTER)
			act(session, record);
		end_when_wanted(session);
	} while (now_ns() < end);
	return false;
}

static void run_timers(struct session *session, uint64_t now)
{
	if (host_timers_due(session->host) <= now) {
		if (session->recorder)
			recorder_tick(session->recorder, now);
		host_run_timers(session->host, now);
		end_when_wanted(session);
	}
	host_flush(session->host, now);
	if (session->recorder)
		recorder_flush(session->recorder, now);
	control_run_timers(&session->control, now);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Sleeps until there is something to do. */
static void wait_for_work(struct session *session)
{
	struct pollfd fds[] = {
		{.fd = session->source->ops->fd(session->source), .events = POLLIN},
		{.fd = session->signals.fd, .events = POLLIN},
	};
	uint64_t due = earliest(host_deadline(session->host), control_deadline(&session->control));
	uint64_t now = now_ns();

	if (session->recorder)
		due = earliest(due, recorder_deadline(session->recorder));
	uint64_t left = due > now ? due - now : 0;
	struct timespec timeout = {.tv_sec = left / (1000 * MS), .tv_nsec = left % (1000 * MS)};
	ppoll(fds, 2, due >= NEVER - 1 ? NULL : &timeout, NULL);
}

static void run(struct session *session)
{
	struct control *control = &session->control;

	while (!control->is_over) {
		bool is_idle = read_records(session), was_stopping = control->is_stopping;
		uint64_t now = now_ns();
		control_read_signals(control, now);
		control_suspend_when_stopped(control);
		run_timers(session, now);
		/* Told to end, the source may have done so without its descriptor saying it. */
		if (is_idle && !control->is_over && control->is_stopping == was_stopping)
			wait_for_work(session);
	}
}

/* Prints the summary and so on; how the program ended is how we end. */
static struct ending finish(struct session *session)
{
	int status = session->source->ops->status(session->source);
	int ended_by = session->control.is_stopping ? session->control.ended_by : 0;
	uint64_t now = now_ns();

	if (!session->is_started)
		start(session, 0);
	if (session->recorder)
		recorder_finish(session->recorder, now, status, ended_by);
	if (!host_finish(session->host, now, status, ended_by))
		return (struct ending){.status = STATUS_FAILURE};
	/* Ctrl-C is how one leaves a process one looked at; all else was meant to end us. */
	if (session->control.was_killed || (ended_by && ended_by != SIGINT))
		return (struct ending){.signal = ended_by};
	if (status >= 0 && WIFSIGNALED(status))
		return (struct ending){.signal = WTERMSIG(status)};
	return (struct ending){.status = status >= 0 ? WEXITSTATUS(status) : 0};
}

/* 126 and 127 as the shell has them; everything else that failed is ours. */
static int failure_status(const struct target *target, int error)
{
	static const int not_executable[] = {EACCES,  ENOEXEC, EISDIR, ENOTDIR,	    ELIBBAD,
					     ETXTBSY, E2BIG,   ELOOP,  ENAMETOOLONG};

	if (target->command && error == ENOENT)
		return STATUS_NOT_FOUND;
	for (size_t i = 0; target->command && i < sizeof not_executable / sizeof *not_executable;
	     i++)
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
	target.no_seccomp = session->options->no_seccomp;
	if (!failed)
		failed = source_open(session->options->backend, &target, &session->interest,
				     &session->source, why, sizeof why);
	if (!failed) {
		snprintf(session->sight.remark, sizeof session->sight.remark, "%s", why);
		return 0;
	}
	log_error("%s", *why ? why : strerror(-failed));
	return failure_status(&target, -failed);
}

/* Before the program starts: a file that cannot be written is known by then. False: it was said. */
static bool open_recorder(struct session *session)
{
	struct recording recording = {
		.run = &session->run,
		.start_ns = session->start_ns,
		.target = &session->options->target,
		.interest = &session->interest,
		.with_values = session->options->record_env,
	};

	if (!session->options->record)
		return true;
	session->recorder = recorder_open(session->options->record, &recording);
	return session->recorder;
}

/* --faults, or a script that hooks them. Without the rights the trace goes on as it is. */
static void watch_faults(struct session *session)
{
	const uint32_t bit = UINT32_C(1) << RECORD_FAULT;
	struct sight *sight = &session->sight;
	bool without_kernel = false;

	if (!(session->interest.kinds & bit) || session->source->kinds & bit)
		return;
	if (faults_source_open(&session->source, &without_kernel, sight->why_no_faults,
			       sizeof sight->why_no_faults) < 0) {
		sight->flags |= SIGHT_NO_FAULTS;
		session->interest.kinds &= ~bit;
	} else if (without_kernel) {
		sight->flags |= SIGHT_NO_KERNEL_FAULTS;
	}
}

/* --sched, --block-io, or a script that hooks them: before anything runs. Without the rights the same. */
static void prepare_latency(struct session *session)
{
	const uint32_t bits = UINT32_C(1) << RECORD_SCHED | UINT32_C(1) << RECORD_BLOCK;
	const struct options *options = session->options;
	struct sight *sight = &session->sight;
	char why[256];

	if (!(session->interest.kinds & bits) ||
	    !latency_open(&options->target, options->backend, session->interest.kinds, &session->latency, why,
			  sizeof why))
		return;
	snprintf(sight->why_no_latency, sizeof sight->why_no_latency,
		 "waits for CPUs and disks cannot be seen: %s", why);
	sight->flags |= SIGHT_NO_LATENCY;
	session->interest.kinds &= ~bits;
}

/* The source tells of waits, too. */
static void join_latency(struct session *session)
{
	int error = session->latency ? latency_join(session->latency, &session->source) : 0;

	if (!error)
		session->latency = NULL;
	else
		log_warning("waits for CPUs and disks cannot be seen: %s", strerror(-error));
}

/* What the source can see, told and kept for the recording. */
static void look_at_source(struct session *session)
{
	struct sight *sight = &session->sight;

	/* Neither backend can see requests that go to the kernel through a ring in memory. */
	sight->flags |= SIGHT_NO_RING | (session->options->target.command ? 0 : SIGHT_ATTACHED);
	sight->user = geteuid();
	snprintf(sight->source, sizeof sight->source, "%s", session->source->ops->name);
	watch_faults(session);
	sight_tell(sight, &session->interest);
}

/* Samples of memory, where they are wanted or memory is what the trace is about. */
static void watch_usage(struct session *session)
{
	if (!(session->interest.kinds >> RECORD_USAGE & 1))
		return;
	int error = usage_source_open(&session->source, host_usage_period(session->host));
	if (error)
		log_warning("how much memory there is cannot be sampled: %s", strerror(-error));
}

static void run_source(struct session *session, struct ending *ending)
{
	prepare_latency(session);
	ending->status = open_source(session);
	if (!session->source)
		return;
	look_at_source(session);
	join_latency(session);
	watch_usage(session);
	session->control.source = session->source;
	run(session);
	*ending = finish(session);
}

struct ending session_run(const struct options *options)
{
	struct session session = {
		.options = options,
		.run = {.number = 1, .count = 1},
		.signals.fd = -1,
	};
	struct ending ending = {.status = STATUS_FAILURE};

	bool is_about_scripts = options->list_scripts || options->help_script;
	if (options->replay && !is_about_scripts)
		return replaying_run(options);
	identity_make(&session.run.identity);
	control_init(&session.control, &session.signals, !options->target.command);
	session.host = host_new_run(options, &session.run);
	if (!session.host)
		return ending;
	if (is_about_scripts) {
		host_free(session.host);
		return (struct ending){.status = 0};
	}
	session.interest = *host_interest(session.host);
	/* For ourselves: see note_record. */
	session.interest.kinds |= 1 << RECORD_SIGNAL | 1 << RECORD_STOP;
	if (options->record)
		recorder_widen(&session.interest);
	session.interest.kinds |= options_kinds(options);
	session.start_ns = now_ns();
	session.run.wallclock_ns = clock_ns(CLOCK_REALTIME);
	if (open_recorder(&session))
		run_source(&session, &ending);
	recorder_close(session.recorder);
	host_free(session.host); /* all is written, however long closing takes */
	if (session.source)
		session.source->ops->close(session.source);
	if (session.latency)
		latency_close(session.latency);
	return ending;
}
