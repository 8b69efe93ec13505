/* SPDX-License-Identifier: MIT
 *
 * The bpf source as the session sees it: the ptrace source, with the calls out of the ring between.
 * What a task did comes before the stop it makes next, as that source drains the ring before it
 * looks at a stop. Between stops the ring is read at leisure, and stops are looked for now and
 * then.
 *
 * The kernel wakes us only when there is much to read. For the rest a timer ticks while there is
 * something to read, and when there was nothing, the next record wakes us.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "source/bpf/bpf.h"

#define TICK_NS 20000000
#define FEW_BYTES 4096u /* may wait for the next tick: to sleep for each record costs more than to read it */

/* Stops are looked for after that time, which is looked at after so many records at most. */
#define TURN_NS 500000
#define PEEK	8u

/* The reader may be behind by what it reads in this time: so long a stop may have to wait, since all that was
 * before it comes before it. */
#define BEHIND_NS 8000000
#define PACE_BYTES 4096 /* are enough to tell how fast it is */

static struct bpf_source *self(struct source *source)
{
	return (struct bpf_source *)source;
}

static int source_fd(struct source *base)
{
	return self(base)->epoll_fd;
}

static void set_ticking(struct bpf_source *source, bool ticking)
{
	const struct timespec often = {.tv_nsec = ticking ? TICK_NS : 0};

	if (source->is_ticking != ticking)
		timerfd_settime(source->timer_fd, 0, &(struct itimerspec){often, often}, NULL);
	source->is_ticking = ticking;
}

bool source_take(struct bpf_source *source, const struct record **record,
		 const struct record *(*feed)(struct bpf_source *, const struct record *))
{
	uint64_t end = source->ring.known;

	if (source->ring.position >= end)
		end = ring_end(&source->ring);
	*record = faults_next(source, end);
	if (*record)
		return true;
	const struct record *next = ring_peek(&source->ring, end);
	if (!next || next->kind == EVENT_FAULT) /* which is written just now */
		return next;
	*record = feed(source, next);
	source->has_given = *record == next;
	if (!source->has_given)
		ring_skip(&source->ring);
	return true;
}

void source_taken(struct bpf_source *source)
{
	if (source->has_given)
		ring_skip(&source->ring);
	source->has_given = false;
}

bool source_prepare_sleep(struct bpf_source *source)
{
	struct epoll_event woken[4];
	uint64_t ticks;

	ring_settle(&source->ring);
	epoll_wait(source->epoll_fd, woken, sizeof woken / sizeof *woken, 0);
	bool has_ticked = read(source->timer_fd, &ticks, sizeof ticks) > 0;
	bool was_idle = source->ring.position == source->slept_at && (has_ticked || !source->is_ticking);
	source->slept_at = source->ring.position;
	set_ticking(source, !was_idle);
	kernel_sleep(source, was_idle);
	uint64_t waiting = ring_end(&source->ring) - source->ring.position;
	return waiting > (was_idle ? 0 : FEW_BYTES);
}

/* Is it time to look for stops? The clock is looked at after some records, each one when hooks are slow. */
static bool is_due(struct bpf_source *source)
{
	if (++source->turn < source->peek)
		return false;
	uint64_t now = clock_ns();
	bool is_due = now - source->looked_ns > TURN_NS;
	source->peek = is_due ? 1 : source->peek < PEEK ? source->peek + 1 : PEEK;
	source->turn = 0;
	if (is_due)
		source->looked_ns = now;
	return is_due;
}

/* What is waiting in the outbox takes its time; tasks that stop meanwhile are not to wait for it, unless it
 * is more than the reader may be behind by. */
static void look_at_stops(struct bpf_source *source)
{
	struct ptrace_source *inner = source->inner;

	size_t waiting = inner->outbox.size - inner->outbox.taken;
	if (source->may_look && waiting <= source->behind && is_due(source))
		source_look(inner);
}

/* Stops are looked for now. How fast is the reader, as long as it runs? */
static void set_pace(struct bpf_source *source)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	uint64_t cpu_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	uint64_t elapsed = cpu_ns - source->looked_cpu_ns, bytes = source->ring.position - source->looked_at;
	source->looked_ns = clock_ns();
	if (!elapsed || bytes < PACE_BYTES)
		return;
	kernel_pace(source, bytes * BEHIND_NS / elapsed);
	source->looked_cpu_ns = cpu_ns;
	source->looked_at = source->ring.position;
}

/* At the end: is there a loss that was not told yet? It is in the outbox now. */
static bool is_missing(struct bpf_source *source)
{
	faults_settle(source);
	return feed_tell_lost(source);
}

static int source_next(struct source *base, const struct record **record)
{
	struct bpf_source *source = self(base);
	struct ptrace_source *inner = source->inner;

	*record = NULL;
	source_taken(source);
	if (inner->outbox.size)
		look_at_stops(source);
	for (;;) {
		*record = outbox_take(&inner->outbox);
		if (*record)
			return 1;
		source_release(inner);
		source->may_look = !inner->snapshot;
		bool is_over = is_due(source);
		if (!is_over && source_take(source, record, feed_one)) {
			if (*record)
				return 1;
			continue;
		}
		set_pace(source);
		source->last = NULL;
		int n = inner->source.ops->next(&inner->source, record);
		if (n < 0 && is_missing(source))
			continue;
		if (n)
			return n;
		if (!is_over && !source_prepare_sleep(source))
			return 0;
	}
}

static void source_stop(struct source *base, enum source_stop how)
{
	struct source *inner = &self(base)->inner->source;

	inner->ops->stop(inner, how);
}

static void source_forward(struct source *base, int signal)
{
	struct source *inner = &self(base)->inner->source;

	inner->ops->forward(inner, signal);
}

static int source_status(struct source *base)
{
	struct source *inner = &self(base)->inner->source;

	return inner->ops->status(inner);
}

void bpf_source_close(struct bpf_source *source)
{
	if (source->kernel)
		kernel_close(source);
	if (source->epoll_fd >= 0)
		close(source->epoll_fd);
	if (source->timer_fd >= 0)
		close(source->timer_fd);
	free(source);
}

static void source_close(struct source *base)
{
	struct bpf_source *source = self(base);

	if (source->inner)
		source->inner->source.ops->close(&source->inner->source);
	bpf_source_close(source);
}

static const struct source_ops ops = {
	.name = "bpf",
	.fd = source_fd,
	.next = source_next,
	.stop = source_stop,
	.forward = source_forward,
	.status = source_status,
	.close = source_close,
};

/* ---- opening ---- */

/* The ring is readable as soon as there is anything in it; but only when the programs wake us is it worth
 * looking. So its descriptor tells of wake-ups (EPOLLET), until epoll_wait has taken note of them. */
static int watch(struct bpf_source *source, int fd, uint32_t how)
{
	struct epoll_event event = {.events = EPOLLIN | how};

	return epoll_ctl(source->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int source_watch(struct bpf_source *source, int fd)
{
	source->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	source->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (source->epoll_fd < 0 || source->timer_fd < 0)
		return -errno;
	int error = watch(source, source->timer_fd, 0);
	if (!error)
		error = watch(source, kernel_ring(source), EPOLLET);
	return error || fd < 0 ? error : watch(source, fd, 0);
}

int bpf_source_open(const struct target *target, const struct interest *interest,
		    struct source **result, bool *is_impossible, char *why, size_t room)
{
	struct bpf_source *source = calloc(1, sizeof *source);

	*is_impossible = true;
	if (!source) {
		snprintf(why, room, "out of memory");
		return -ENOMEM;
	}
	source->source.ops = &ops;
	source->epoll_fd = source->timer_fd = -1;
	source->behind = BEHIND_MIN;
	feed_init(source);
	int error = kernel_open(source, interest, why, room);
	if (error) {
		source_close(&source->source);
		return error;
	}
	*is_impossible = false;
	error = ptrace_source_open_fed(target, interest, &source->feed, &source->inner, why, room);
	source->memory.source = source->inner;
	if (!error)
		error = kernel_adopt(source, why, room);
	if (!error && (error = source_watch(source, source->inner->signal_fd)))
		snprintf(why, room, "cannot watch the ring: %s", strerror(-error));
	if (error) {
		source_close(&source->source);
		return error;
	}
	*result = &source->source;
	return 0;
}
