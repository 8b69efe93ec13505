/* SPDX-License-Identifier: MIT
 *
 * The source of waits, which runs beside another one: it hands on all that the other tells, and
 * between that, in their place by the time at which they ended, waits for a CPU and for disks.
 *
 *     base source ──> pending record ──┐
 *                                      ├──> what ended earlier
 *     ring ──> waits ──────────────────┘
 *
 * The programs in the kernel are there before the base source is opened: nobody runs before they
 * do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "source/bpf/probes.h"
#include "source/latency/waits.h"
#include "source/source.h"

#define LOOK_NS	     50000000L /* what is in a ring that is far from full waits so long at most */
#define TELL_LOST_NS UINT64_C(1000000000)

struct latency {
	struct source source;
	struct source_ops ops; /* with the name of the base source */
	struct source *base;
	struct probes probes;
	struct waits waits;
	int poll_fd, timer_fd;
	const struct record *pending; /* of the base source; its task is held */
	uint64_t horizon_ns;	      /* what ended by then comes before `pending` */
	uint64_t look_ns;      /* when the timer goes off: it is read then, not at each call */
	uint64_t told_lost_ns; /* when losses were told last */
	uint64_t lost[2];      /* told, by LOSSES */
	int end;	       /* what the base source ended with, or 0 */
	bool is_all;	       /* of what runs at all: there was something before the trace */
};

static const enum record_kind LOSSES[2] = {RECORD_SCHED, RECORD_BLOCK};

static struct latency *self(struct source *source)
{
	return (struct latency *)source;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- what was lost ---- */

/* Once a second at most, with how many it were in all; at the end what is left. */
static bool take_lost(struct latency *latency)
{
	uint64_t now = now_ns();

	if (now - latency->told_lost_ns < TELL_LOST_NS && !latency->end)
		return false;
	for (size_t i = 0; i < 2; i++) {
		uint64_t all = probes_lost(&latency->probes, LOSSES[i]);
		if (all == latency->lost[i])
			continue;
		struct record *out = &latency->waits.out;
		record_begin(out, RECORD_LOST, 0, 0);
		out->time_ns = now < latency->horizon_ns ? now : latency->horizon_ns;
		out->args[0] = all - latency->lost[i];
		out->args[1] = LOSSES[i];
		out->args[2] = now - latency->told_lost_ns;
		out->args[3] = all;
		latency->lost[i] = all;
		return true;
	}
	latency->told_lost_ns = now;
	return false;
}

/* ---- the flow ---- */

/* Asks the base source for what comes next, and sets the horizon. False: it has nothing now. */
static bool ask_base(struct latency *latency)
{
	uint64_t asked_ns = now_ns();
	int got = latency->base->ops->next(latency->base, &latency->pending);

	if (got > 0) {
		latency->horizon_ns = latency->pending->time_ns + latency->pending->duration_ns;
		return true;
	}
	latency->pending = NULL;
	latency->horizon_ns = asked_ns;
	if (!got)
		return false;
	latency->end = got;
	latency->horizon_ns = UINT64_MAX;
	probes_detach(&latency->probes);
	return true;
}

static void set_timer(struct latency *latency)
{
	latency->look_ns = now_ns() + LOOK_NS;
	timerfd_settime(latency->timer_fd, 0, &(struct itimerspec){.it_value.tv_nsec = LOOK_NS},
			NULL);
}

/* Nothing more now. When the timer went off it would wake us again and again. */
static void rest(struct latency *latency)
{
	struct epoll_event woken[4];
	uint64_t ticks;

	/* So the ring's edge is taken; before that it gives no other one. */
	epoll_wait(latency->poll_fd, woken, sizeof woken / sizeof *woken, 0);
	probes_caught_up(&latency->probes);
	if (now_ns() >= latency->look_ns && read(latency->timer_fd, &ticks, sizeof ticks) > 0)
		set_timer(latency);
}

static int latency_next(struct source *source, const struct record **record)
{
	struct latency *latency = self(source);

	for (bool may_ask = true;; may_ask = ask_base(latency)) {
		if (waits_take(&latency->waits, latency->horizon_ns) || take_lost(latency)) {
			*record = &latency->waits.out;
			return 1;
		}
		if (latency->pending) {
			*record = latency->pending;
			latency->pending = NULL;
			waits_note(&latency->waits, *record);
			return 1;
		}
		if (latency->end)
			return latency->end;
		if (!may_ask)
			break;
	}
	rest(latency);
	return 0;
}

static int latency_fd(struct source *source)
{
	return self(source)->poll_fd;
}

static int latency_act(struct source *source, const struct action *action)
{
	struct source *base = self(source)->base;

	return base->ops->act ? base->ops->act(base, action) : -ENOTSUP;
}

static void latency_stop(struct source *source, enum source_stop how)
{
	struct source *base = self(source)->base;

	base->ops->stop(base, how);
}

static void latency_forward(struct source *source, int signal)
{
	struct source *base = self(source)->base;

	base->ops->forward(base, signal);
}

static int latency_status(struct source *source)
{
	struct source *base = self(source)->base;

	return base->ops->status(base);
}

static void close_joined(struct source *source)
{
	struct source *base = self(source)->base;
	uint64_t left_out = probes_left_out(&self(source)->probes);

	if (left_out)
		log_info("wake-ups after stops of ours, which count as no waits: %" PRIu64, left_out);
	latency_close(self(source));
	base->ops->close(base);
}

static const struct source_ops ops = {
	.fd = latency_fd,
	.next = latency_next,
	.act = latency_act,
	.stop = latency_stop,
	.forward = latency_forward,
	.status = latency_status,
	.close = close_joined,
};

/* ---- opening ---- */

void latency_close(struct latency *latency)
{
	waits_close(&latency->waits);
	probes_close(&latency->probes);
	if (latency->timer_fd >= 0)
		close(latency->timer_fd);
	if (latency->poll_fd >= 0)
		close(latency->poll_fd);
	free(latency);
}

static unsigned whose(const struct target *target, const char *backend)
{
	if (target->all)
		return WHO_ALL;
	return strcmp(backend, "bpf-only") == 0 ? WHO_FOLLOWED : WHO_TRACED;
}

static void tell_remedy(const struct target *target, char *why, size_t room)
{
	size_t used = strlen(why);

	snprintf(why + used, room - used, ": sudo compendium %s...", target->command ? "-u \"$USER\" " : "");
}

int latency_open(const struct target *target, const char *backend, uint32_t kinds,
		 struct latency **result, char *why, size_t room)
{
	struct latency *latency = calloc(1, sizeof *latency);

	if (!latency || !waits_open(&latency->waits, &latency->probes.ring)) {
		snprintf(why, room, "out of memory");
		free(latency);
		return -ENOMEM;
	}
	latency->is_all = target->all;
	latency->poll_fd = latency->timer_fd = -1;
	int error = probes_open(&latency->probes, whose(target, backend), target, kinds, why, room);
	if (error == -EPERM && geteuid() != 0)
		tell_remedy(target, why, room);
	if (error) {
		latency_close(latency);
		return error;
	}
	*result = latency;
	return 0;
}

static bool poll_add(const struct latency *latency, int fd, uint32_t how)
{
	return epoll_ctl(latency->poll_fd, EPOLL_CTL_ADD, fd,
			 &(struct epoll_event){.events = EPOLLIN | how}) == 0;
}

/* One descriptor that is readable when the base source's is, the ring fills up, or it is time to
 * look. The ring is readable as long as there is anything in it, so it is its edges that count. */
static bool open_poll(struct latency *latency)
{
	latency->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	latency->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return latency->poll_fd >= 0 && latency->timer_fd >= 0 &&
	       poll_add(latency, latency->timer_fd, 0) &&
	       poll_add(latency, probes_fd(&latency->probes), EPOLLET) &&
	       poll_add(latency, latency->base->ops->fd(latency->base), 0);
}

int latency_join(struct latency *latency, struct source **source)
{
	latency->ops = ops;
	latency->ops.name = (*source)->ops->name;
	latency->source.ops = &latency->ops;
	latency->base = *source;
	if (!open_poll(latency))
		return -errno;
	set_timer(latency);
	latency->told_lost_ns = now_ns();
	if (latency->is_all)
		waits_forget(&latency->waits);
	*source = &latency->source;
	return 0;
}
