/* SPDX-License-Identifier: MIT
 *
 * The source of samples of memory, which runs beside another one: it hands on all that the other
 * tells and, every period, a RECORD_USAGE for each process that lives.
 *
 *     base source ──> records ─────┬─> out
 *          └─> which processes live│
 *     timer ──> a round of them ───┘
 *
 * A look costs the kernel time, more for large processes. So a round is not made at once but
 * between the other's records, and the pause after it is at least PAUSE_FACTOR times as long as its
 * looks took: half a percent of a CPU at most, however many processes there are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "source/source.h"
#include "source/usage/rollup.h"

#define PAUSE_FACTOR 200u
#define CLOCK_EVERY  64u /* records of the other's: asking the clock for each costs more than they do */
#define NS_PER_S     UINT64_C(1000000000)

struct usage {
	struct source source;
	struct source_ops ops; /* with the name of the base source */
	struct source *base;
	uint64_t period_ns;
	uint64_t due_ns; /* when the timer goes off: it is read then, not at each call */
	int poll_fd, timer_fd;

	int32_t *pids; /* that live */
	size_t count, room;
	size_t left;	  /* of the round, from the end of pids; 0: none is on */
	uint64_t took_ns; /* by the looks of this round */
	unsigned since_clock; /* records */
	bool was_ours;	  /* the last record was a sample: now it is the other's turn */
	struct record out;
};

static struct usage *self(struct source *source)
{
	return (struct usage *)source;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* ---- who lives */

static size_t find(const struct usage *usage, int32_t pid)
{
	size_t i = 0;

	while (i < usage->count && usage->pids[i] != pid)
		i++;
	return i;
}

/* One there is no memory for is not sampled. */
static void add(struct usage *usage, int32_t pid)
{
	if (find(usage, pid) < usage->count)
		return;
	if (usage->count == usage->room) {
		size_t room = usage->room ? 2 * usage->room : 64;
		int32_t *pids = realloc(usage->pids, room * sizeof *pids);
		if (!pids)
			return;
		usage->pids = pids;
		usage->room = room;
	}
	usage->pids[usage->count++] = pid;
}

/* The round goes from `left` down: who takes the place of the removed one is looked at twice at
 * worst. */
static void drop(struct usage *usage, int32_t pid)
{
	size_t at = find(usage, pid);

	if (at == usage->count)
		return;
	usage->pids[at] = usage->pids[--usage->count];
	if (usage->left > usage->count)
		usage->left = usage->count;
}

static void note(struct usage *usage, const struct record *record)
{
	switch (record->kind) {
	case RECORD_TASK:
	case RECORD_EXEC:
		add(usage, record->pid);
		break;
	case RECORD_FORK:
		add(usage, (int32_t)record->args[1]);
		break;
	case RECORD_EXIT:
		if (record->args[0])
			drop(usage, record->pid);
		break;
	}
}

/* ---- looking */

static void set_timer(struct usage *usage, uint64_t pause_ns)
{
	const struct itimerspec once = {.it_value = {.tv_sec = (time_t)(pause_ns / NS_PER_S),
						     .tv_nsec = (long)(pause_ns % NS_PER_S)}};

	usage->due_ns = now_ns() + pause_ns;
	timerfd_settime(usage->timer_fd, 0, &once, NULL);
}

static void end_round(struct usage *usage)
{
	uint64_t pause = usage->took_ns * PAUSE_FACTOR;

	set_timer(usage, pause > usage->period_ns ? pause : usage->period_ns);
}

static void begin_round(struct usage *usage)
{
	uint64_t ticks;

	if (usage->left || now_ns() < usage->due_ns ||
	    read(usage->timer_fd, &ticks, sizeof ticks) < 0)
		return;
	usage->left = usage->count;
	usage->took_ns = 0;
	if (!usage->left)
		end_round(usage);
}

/* The next sample of the round, in usage->out. */
static bool take_sample(struct usage *usage)
{
	bool found = false;

	while (usage->left && !found) {
		int32_t pid = usage->pids[--usage->left];
		uint64_t begin = now_ns();
		record_begin(&usage->out, RECORD_USAGE, pid, pid);
		usage->out.time_ns = begin;
		found = rollup_read(pid, usage->out.args);
		usage->took_ns += now_ns() - begin;
		if (!usage->left)
			end_round(usage);
	}
	return found;
}

/* ---- the source */

static int usage_next(struct source *source, const struct record **record)
{
	struct usage *usage = self(source);
	int got = 0;

	do {
		if (!usage->was_ours && take_sample(usage)) {
			usage->was_ours = true;
			*record = &usage->out;
			return 1;
		}
		usage->was_ours = false;
		got = usage->base->ops->next(usage->base, record);
		if (got == 0 || ++usage->since_clock == CLOCK_EVERY) {
			usage->since_clock = 0;
			begin_round(usage);
		}
	} while (got == 0 && usage->left); /* nobody would wake us for the rest of the round */
	if (got > 0)
		note(usage, *record);
	return got;
}

static int usage_fd(struct source *source)
{
	return self(source)->poll_fd;
}

static int usage_act(struct source *source, const struct action *action)
{
	struct source *base = self(source)->base;

	return base->ops->act ? base->ops->act(base, action) : -ENOTSUP;
}

static void usage_stop(struct source *source, enum source_stop how)
{
	struct source *base = self(source)->base;

	base->ops->stop(base, how);
}

static void usage_forward(struct source *source, int signal)
{
	struct source *base = self(source)->base;

	base->ops->forward(base, signal);
}

static int usage_status(struct source *source)
{
	struct source *base = self(source)->base;

	return base->ops->status(base);
}

static void usage_free(struct usage *usage)
{
	if (usage->timer_fd >= 0)
		close(usage->timer_fd);
	if (usage->poll_fd >= 0)
		close(usage->poll_fd);
	free(usage->pids);
	free(usage);
}

static void usage_close(struct source *source)
{
	struct source *base = self(source)->base;

	usage_free(self(source));
	base->ops->close(base);
}

static const struct source_ops ops = {
	.fd = usage_fd,
	.next = usage_next,
	.act = usage_act,
	.stop = usage_stop,
	.forward = usage_forward,
	.status = usage_status,
	.close = usage_close,
};

static bool poll_add(const struct usage *usage, int fd)
{
	return epoll_ctl(usage->poll_fd, EPOLL_CTL_ADD, fd,
			 &(struct epoll_event){.events = EPOLLIN}) == 0;
}

int usage_source_open(struct source **source, uint64_t period_ns)
{
	struct usage *usage = calloc(1, sizeof *usage);

	if (!usage)
		return -ENOMEM;
	usage->ops = ops;
	usage->ops.name = (*source)->ops->name;
	usage->source.ops = &usage->ops;
	usage->base = *source;
	usage->period_ns = period_ns;
	usage->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	usage->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (usage->poll_fd < 0 || usage->timer_fd < 0 || !poll_add(usage, usage->timer_fd) ||
	    !poll_add(usage, (*source)->ops->fd(*source))) {
		int error = -errno;
		usage_free(usage);
		return error;
	}
	set_timer(usage, period_ns);
	*source = &usage->source;
	return 0;
}
