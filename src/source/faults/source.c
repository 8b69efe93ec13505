/* SPDX-License-Identifier: MIT
 *
 * The source of page faults, which runs beside another one: it hands on all that the other tells,
 * and between that, in its place by time, the faults. So a fault is looked up in the mappings as
 * they were when it happened.
 *
 *     base source ──> pending record ──┐
 *                                      ├──> the earlier one
 *     rings ──> samples ──> runs ──────┘
 *
 * What may be told is bounded by the horizon: all that the base source still has to tell happened
 * after it. That is the end of the pending record, or, when there was none, the time at which we
 * asked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "source/faults/merge.h"
#include "source/source.h"

#define LOOK_NS	 50000000L /* samples of a ring that is far from full wait so long at most */
#define COMM_MAX 64

struct faults {
	struct source source;
	struct source_ops ops; /* with the name of the base source */
	struct source *base;
	struct watched watched;
	struct merge merge;
	int poll_fd, timer_fd;
	const struct record *pending; /* of the base source; its task is held */
	uint64_t horizon_ns;
	uint64_t look_ns; /* when the timer goes off next: it is read then, not at each call */
	int end;	       /* what the base source ended with, or 0 */
	bool is_settled;       /* and what was lost is told */
	bool is_noted, is_due; /* NOTE_NO_FAULTS was made; is the next to be given */
	union {
		struct record record;
		char room[sizeof(struct record) + sizeof(struct piece) + COMM_MAX];
	} note;
};

static struct faults *self(struct source *source)
{
	return (struct faults *)source;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- the source ---- */

/* A task that was there before: it is held, and watched from now on. The first failure is told. */
static void watch_task(struct faults *faults, const struct record *record)
{
	int error = watched_add(&faults->watched, record->tid);
	const struct piece *comm = record_find(record, 0, PIECE_SELF, 0);

	if (!error || error == -ESRCH || faults->is_noted)
		return;
	faults->is_noted = faults->is_due = true;
	record_begin(&faults->note.record, RECORD_NOTE, record->pid, record->tid);
	faults->note.record.time_ns = record->time_ns;
	faults->note.record.nr = NOTE_NO_FAULTS;
	if (comm && comm->size <= COMM_MAX)
		record_add(&faults->note.record, 0, PIECE_SELF, 0, piece_bytes(comm), comm->size, 0);
}

static void give_pending(struct faults *faults, const struct record **record)
{
	*record = faults->pending;
	faults->pending = NULL;
	merge_note(&faults->merge, *record);
	if ((*record)->kind == RECORD_TASK)
		watch_task(faults, *record);
}

/* What the base source gives next, as it says; and *asked_ns, when it gives nothing: by then it had all that
 * there was. The clock is not asked for each record. */
static int next_of_base(struct faults *faults, uint64_t *asked_ns)
{
	int got = faults->base->ops->next(faults->base, &faults->pending);

	if (got)
		return got;
	*asked_ns = now_ns();
	return faults->base->ops->next(faults->base, &faults->pending);
}

/* Asks the base source for what comes next, and sets the horizon. False: it has nothing now. */
static bool ask_base(struct faults *faults)
{
	uint64_t asked_ns = 0;
	int got = next_of_base(faults, &asked_ns);

	if (got <= 0)
		faults->pending = NULL;
	if (got < 0)
		faults->end = got;
	if (got > 0)
		faults->horizon_ns = faults->pending->time_ns + faults->pending->duration_ns;
	else
		faults->horizon_ns = got < 0 ? UINT64_MAX : asked_ns;
	return got != 0;
}

/* A record of our own, or NULL. */
static const struct record *take_own(struct faults *faults)
{
	if (faults->is_due) {
		faults->is_due = false;
		return &faults->note.record;
	}
	bool has_more = merge_take(&faults->merge, faults->horizon_ns);
	if (!has_more && faults->end && !faults->is_settled) {
		faults->is_settled = true;
		has_more = merge_settle(&faults->merge);
	}
	return has_more ? &faults->merge.runs.out : NULL;
}

static bool set_timer(struct faults *faults)
{
	const struct itimerspec once = {.it_value.tv_nsec = LOOK_NS};

	faults->look_ns = now_ns() + LOOK_NS;
	return timerfd_settime(faults->timer_fd, 0, &once, NULL) == 0;
}

/* Nothing more now. When the timer went off it would wake us again and again. */
static void read_timer(struct faults *faults)
{
	uint64_t ticks;

	if (now_ns() >= faults->look_ns && read(faults->timer_fd, &ticks, sizeof ticks) > 0)
		set_timer(faults);
}

static int faults_next(struct source *source, const struct record **record)
{
	struct faults *faults = self(source);

	for (bool may_ask = true;; may_ask = ask_base(faults)) {
		*record = take_own(faults);
		if (*record)
			return 1;
		if (faults->pending) {
			give_pending(faults, record);
			return 1;
		}
		if (faults->end)
			return faults->end;
		if (!may_ask)
			break;
	}
	read_timer(faults);
	return 0;
}

static int faults_fd(struct source *source)
{
	return self(source)->poll_fd;
}

static int faults_act(struct source *source, const struct action *action)
{
	struct source *base = self(source)->base;

	return base->ops->act ? base->ops->act(base, action) : -ENOTSUP;
}

static void faults_stop(struct source *source, enum source_stop how)
{
	struct source *base = self(source)->base;

	base->ops->stop(base, how);
}

static void faults_forward(struct source *source, int signal)
{
	struct source *base = self(source)->base;

	base->ops->forward(base, signal);
}

static int faults_status(struct source *source)
{
	struct source *base = self(source)->base;

	return base->ops->status(base);
}

static void faults_free(struct faults *faults)
{
	watched_close(&faults->watched);
	if (faults->timer_fd >= 0)
		close(faults->timer_fd);
	if (faults->poll_fd >= 0)
		close(faults->poll_fd);
	merge_close(&faults->merge);
	free(faults);
}

static void faults_close(struct source *source)
{
	struct source *base = self(source)->base;

	faults_free(self(source));
	base->ops->close(base);
}

static const struct source_ops ops = {
	.fd = faults_fd,
	.next = faults_next,
	.act = faults_act,
	.stop = faults_stop,
	.forward = faults_forward,
	.status = faults_status,
	.close = faults_close,
};

static bool poll_add(const struct faults *faults, int fd)
{
	return epoll_ctl(faults->poll_fd, EPOLL_CTL_ADD, fd,
			 &(struct epoll_event){.events = EPOLLIN}) == 0;
}

/* One descriptor that is readable when the base source's is, a ring fills up, or it is time to
 * look. */
static bool open_poll(struct faults *faults)
{
	faults->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	faults->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (faults->poll_fd < 0 || faults->timer_fd < 0 ||
	    !set_timer(faults) ||
	    !poll_add(faults, faults->timer_fd) ||
	    !poll_add(faults, faults->base->ops->fd(faults->base)))
		return false;
	for (size_t i = 0; i < faults->watched.ring_count; i++)
		if (!poll_add(faults, faults->watched.rings[i].fd))
			return false;
	return true;
}

int faults_source_open(struct source **source, bool *without_kernel, char *why, size_t room)
{
	struct faults *faults = calloc(1, sizeof *faults);

	if (!faults || !merge_open(&faults->merge, &faults->watched)) {
		snprintf(why, room, "page faults cannot be seen: out of memory");
		free(faults);
		return -ENOMEM;
	}
	faults->ops = ops;
	faults->ops.name = (*source)->ops->name;
	faults->source.ops = &faults->ops;
	faults->base = *source;
	faults->poll_fd = faults->timer_fd = -1;
	int error = watched_open(&faults->watched, why, room);
	if (!error && !open_poll(faults)) {
		error = -errno;
		snprintf(why, room, "page faults cannot be seen: %s", strerror(-error));
	}
	if (error) {
		faults_free(faults);
		return error;
	}
	*without_kernel = faults->watched.without_kernel;
	*source = &faults->source;
	return 0;
}
