/* SPDX-License-Identifier: MIT
 *
 * --replay: each file is run through a host of its own, in order:
 *
 *     header ─> options of then ─> host_new ─> loop: reader ─> struct record ─> host_dispatch
 *                                                    TRACE_START, _TICK, _FINISH ─> host_start,
 * _run_timers, _finish
 *
 * The host lives in the time of the records, so it says what it said live, or would have. Its
 * timers ("every:", the live lines' own) ran at moments that depended on the machine; so the
 * recording has them, and they are repeated when this host has the same timers. Other ones are run
 * when they are due.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "note.h"
#include "preface.h"
#include "progress.h"
#include "replaying.h"
#include "script/host.h"
#include "script/results.h"
#include "signals.h"
#include "source/replay/replay.h"
#include "tracefile/format.h"
#include "tracefile/index.h"
#include "window.h"

#define MS UINT64_C(1000000)

static const uint64_t BATCH_NS = 5 * MS; /* between looks at signals and outputs */

enum {
	BATCH_STEPS = 256, /* records and timers between looks at the clock */
	TICKS_MAX = 1000 *
		    1000, /* in a row without a record; a pause in which there were more is none */
};

struct replaying {
	struct options options; /* with what the file says was traced */
	struct run run;
	struct host *host;
	struct source *source;
	struct signals *signals;
	struct progress progress;
	struct window window;
	uint64_t records_all; /* in the file, 0: not known */
	bool is_started;
	bool has_ticks; /* of the file are repeated */
	bool was_ended; /* by a script, as the recorded trace was */
	bool is_over;
	unsigned steps;	   /* since somebody looked at the clock */
	uint64_t time_ns;  /* of the last record */
	int finish_signal; /* that ended the recorded trace, or 0 */
	int ended_by;	   /* the signal that ended this replay, or 0 */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 * MS + now.tv_nsec;
}

static const struct reader *reader_of(const struct replaying *replaying)
{
	return replay_reader(replaying->source);
}

/* --- records -------------------------------------------------------------------------------------
 */

/* What timers of a host that has other ones than the recording's would have done until then. */
static void run_timers_until(struct replaying *replaying, uint64_t time_ns)
{
	uint64_t due;

	for (unsigned n = 0;
	     !replaying->has_ticks && (due = host_timers_due(replaying->host)) <= time_ns &&
	     due < UINT64_MAX;
	     n++) {
		host_run_timers(replaying->host, n < TICKS_MAX ? due : time_ns);
		replaying->steps++;
	}
}

static void start(struct replaying *replaying, uint64_t time_ns, int32_t pid)
{
	replaying->is_started = true;
	replaying->time_ns = time_ns;
	host_start(replaying->host, time_ns, pid);
}

/* One of the file's own. */
static void take_own(struct replaying *replaying, const struct record *record)
{
	if (record->kind == TRACE_START && !replaying->is_started) {
		start(replaying, record->time_ns, record->pid);
		replaying->has_ticks = record->args[0] == host_timers(replaying->host);
	} else if (record->kind == TRACE_TICK && replaying->has_ticks) {
		host_run_timers(replaying->host, record->time_ns);
	} else if (record->kind == TRACE_FINISH) {
		replaying->finish_signal = record->args[1];
		replaying->time_ns = record->time_ns;
	}
}

/* After os.exit. A trace that ended so live goes on with nothing but models, until the program is
 * dead; one that did not ends here, as what follows would not have happened. True: it is over. */
static bool ends_before(struct replaying *replaying, const struct record *record)
{
	if (!host_wants_end(replaying->host) || replaying->was_ended)
		return false;
	replaying->was_ended = record->kind == TRACE_STOP;
	if (!replaying->was_ended)
		replaying->source->ops->stop(replaying->source, SOURCE_DETACH);
	return !replaying->was_ended;
}

/* Where the record is: before the part that is shown, in it, or behind. By how far the trace has
 * come with it, as records are not always in order; so each is in one part of those that a trace is
 * cut into. True: the part is over. */
static bool is_behind(struct replaying *replaying, const struct record *record, uint64_t end)
{
	const struct window *window = &replaying->window;
	bool is_for_all = record->kind == RECORD_LOST || record->kind == RECORD_NOTE;
	uint64_t clock = end > replaying->time_ns ? end : replaying->time_ns;

	host_mute(replaying->host, clock < window->from_ns && !is_for_all);
	if (clock <= window->to_ns)
		return false;
	replaying->time_ns = window->to_ns;
	replaying->source->ops->stop(replaying->source, SOURCE_DETACH);
	return true;
}

static void take_record(struct replaying *replaying, const struct record *record)
{
	uint64_t end = record->time_ns + record->duration_ns;

	replaying->steps++;
	if (ends_before(replaying, record) || is_behind(replaying, record, end))
		return;
	replaying->progress.records++;
	if (record->kind >= RECORD_KINDS) {
		take_own(replaying, record);
		return;
	}
	if (!replaying->is_started)
		start(replaying, reader_header(reader_of(replaying))->start_ns, record->pid);
	if (record->kind == RECORD_NOTE)
		note_tell(record);
	if (end > replaying->time_ns) {
		run_timers_until(replaying, end);
		replaying->time_ns = end;
	}
	host_dispatch(replaying->host, record);
}

/* True when there is nothing to read for now. */
static bool read_records(struct replaying *replaying)
{
	const struct record *record;
	uint64_t end = now_ns() + BATCH_NS;

	do {
		for (replaying->steps = 0; replaying->steps < BATCH_STEPS;) {
			int got = replaying->source->ops->next(replaying->source, &record);
			replaying->is_over = got < 0;
			if (got <= 0)
				return true;
			take_record(replaying, record);
		}
	} while (now_ns() < end);
	return false;
}

/* --- the run -------------------------------------------------------------------------------------
 */

static void read_signals(struct replaying *replaying)
{
	struct signalfd_siginfo info;

	while (signals_next(replaying->signals, &info)) {
		enum signal_meaning meaning = signal_meaning(info.ssi_signo);
		if (meaning == SIGNAL_SUSPEND)
			signals_suspend(info.ssi_signo);
		if (meaning != SIGNAL_INTERRUPT && meaning != SIGNAL_TERMINATE)
			continue;
		replaying->ended_by = info.ssi_signo;
		replaying->source->ops->stop(replaying->source, SOURCE_DETACH);
	}
}

static void wait_for_work(struct replaying *replaying)
{
	struct pollfd fds[] = {
		{.fd = replaying->source->ops->fd(replaying->source), .events = POLLIN},
		{.fd = replaying->signals->fd, .events = POLLIN},
	};

	poll(fds, 2, replaying->host ? 20 : -1);
}

/* Reads until the header is known: the scripts are told what is traced when they are loaded. False:
 * there is none. */
static bool read_header(struct replaying *replaying, const struct record **first)
{
	int got = 0;

	while (!replaying->ended_by &&
	       (got = replaying->source->ops->next(replaying->source, first)) == 0) {
		wait_for_work(replaying);
		read_signals(replaying);
	}
	return got > 0;
}

/* On a terminal that nobody else writes to. Scripts may print to stdout at any time. */
static bool may_show_progress(const struct replaying *replaying)
{
	bool may_print = isatty(STDOUT_FILENO) &&
			 (replaying->options.script_count || replaying->options.json);

	return isatty(STDERR_FILENO) && !may_print;
}

static void run(struct replaying *replaying)
{
	bool shows_progress = may_show_progress(replaying);

	progress_begin(&replaying->progress, reader_fd(reader_of(replaying)),
		       replaying->records_all, now_ns());
	while (!replaying->is_over) {
		bool is_idle = read_records(replaying);
		host_flush(replaying->host, now_ns());
		read_signals(replaying);
		if (shows_progress && !host_has_terminal(replaying->host))
			progress_show(&replaying->progress, reader_position(reader_of(replaying)),
				      now_ns());
		if (is_idle && !replaying->is_over && !replaying->ended_by)
			wait_for_work(replaying);
	}
	log_progress_end();
}

static void tell_problems(const struct replaying *replaying)
{
	const struct reader *reader = reader_of(replaying);

	if (reader_problem(reader))
		log_error("--replay %s: %s", replaying->run.file, reader_problem(reader));
	if (reader_unknown(reader))
		log_warning("--replay %s: %llu records of kinds that this version does not know "
			    "were passed over",
			    replaying->run.file, (unsigned long long)reader_unknown(reader));
}

/* False: --strict and a hook failed, or a script asked for a failing end. */
static bool finish(struct replaying *replaying)
{
	int signal = replaying->ended_by ? replaying->ended_by : replaying->finish_signal;

	if (!replaying->is_started)
		start(replaying, reader_header(reader_of(replaying))->start_ns, 0);
	run_timers_until(replaying, replaying->time_ns);
	tell_problems(replaying);
	return host_finish(replaying->host, replaying->time_ns,
			   replaying->source->ops->status(replaying->source), signal);
}

/* How far the file goes, as far as that is known, and which part of it is shown. False: none. */
static bool open_window(struct replaying *replaying)
{
	const struct header *header = reader_header(reader_of(replaying));
	struct window *window = &replaying->window;
	struct run *run = &replaying->run;
	struct index index;
	struct extent whole = {0};

	bool is_known = index_read(&index, reader_fd(reader_of(replaying))) == 0 && index.count;
	if (is_known)
		whole = index.entries[index.count - 1].so_far;
	index_free(&index);
	preface_tell(run->file, header, is_known ? &whole : NULL);
	replaying->records_all = whole.records;
	if (!window_open(window, &replaying->options, header->start_ns, is_known ? &whole : NULL,
			 run->file))
		return false;
	run->is_part = window->is_given;
	run->from_ns = window->from_ns - header->start_ns;
	return true;
}

/* The run's parts, once the header is known. */
static bool open_host(struct replaying *replaying)
{
	const struct header *header = reader_header(reader_of(replaying));
	struct target *target = &replaying->options.target;

	target->command = header->command;
	target->pids = header->pids;
	target->pid_count = header->pid_count;
	replaying->options.faults |= header->interest.kinds >> RECORD_FAULT & 1;
	replaying->options.sched |= header->interest.kinds >> RECORD_SCHED & 1;
	replaying->options.block_io |= header->interest.kinds >> RECORD_BLOCK & 1;
	target->all = !header->command && !header->pid_count;
	replaying->run.identity = header->identity;
	replaying->run.variables = header->variables;
	replaying->run.wallclock_ns = header->wallclock_ns;
	replaying->host = host_new_run(&replaying->options, &replaying->run);
	return replaying->host;
}

/* A file from its beginning to its end. */
static struct ending replay(struct replaying *replaying)
{
	const struct record *first;
	struct ending ending = {.status = STATUS_FAILURE};
	int failed = replay_source_open(replaying->run.file, &replaying->source);

	if (failed) {
		log_error("--replay %s: %s", replaying->run.file, strerror(-failed));
		return ending;
	}
	if (!read_header(replaying, &first)) {
		tell_problems(replaying);
	} else if (open_window(replaying) && open_host(replaying)) {
		preface_tell_missing(replaying->run.file, reader_header(reader_of(replaying)),
				     host_interest(replaying->host), &replaying->options);
		take_record(replaying, first);
		run(replaying);
		ending.status = finish(replaying) ? 0 : STATUS_FAILURE;
	}
	ending.signal = replaying->ended_by;
	host_free(replaying->host);
	replaying->source->ops->close(replaying->source);
	return ending;
}

struct ending replaying_run(const struct options *options)
{
	struct signals signals;
	struct ending ending = {0};
	struct results *results = results_new();
	unsigned count = 0;

	while (options->replay[count])
		count++;
	if (!results || signals_take(&signals)) {
		log_error("cannot replay: %s", strerror(errno));
		results_free(results);
		return (struct ending){.status = STATUS_FAILURE};
	}
	for (unsigned i = 0; i < count && !ending.signal; i++) {
		struct replaying replaying = {
			.options = *options,
			.signals = &signals,
			.run = {.number = i + 1,
				.count = count,
				.file = options->replay[i],
				.results = results},
		};
		struct ending one = replay(&replaying);
		ending.status = one.status ? one.status : ending.status;
		ending.signal = one.signal;
	}
	results_free(results);
	return ending;
}
