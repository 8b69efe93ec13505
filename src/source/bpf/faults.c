/* SPDX-License-Identifier: MIT
 *
 * Page faults out of the ring (faults.bpf.h). They are written there as they happen, so what came before
 * a call, and what came of it, is told by their order.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture.skel.h"
#include "source/bpf/bpf.h"
#include "source/faults/ring.h"

/* ---- events ---- */

/* 0, also when there is no such CPU now. */
static int link_event(struct bpf_source *source, int cpu, bool is_major)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = is_major ? PERF_COUNT_SW_PAGE_FAULTS_MAJ : PERF_COUNT_SW_PAGE_FAULTS_MIN,
		.sample_period = 1,
		.exclude_hv = 1,
	};
	LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = is_major);
	int fd = perf_open(&attr, -1, cpu);

	if (fd < 0)
		return fd == -ENODEV ? 0 : fd;
	int link = bpf_link_create(source->kernel->progs.faulted.prog_fd, fd, BPF_PERF_EVENT, &options);
	int error = link < 0 ? -errno : 0;
	close(fd); /* the link has it */
	if (!error)
		source->faults->links[source->faults->count++] = link;
	return error;
}

static int link_events(struct bpf_source *source, long cpus)
{
	int error = 0;

	for (int cpu = 0; cpu < cpus && !error; cpu++) {
		error = link_event(source, cpu, false);
		if (!error)
			error = link_event(source, cpu, true);
	}
	return error;
}

int faults_open(struct bpf_source *source)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct fault_feed *faults = calloc(1, sizeof *faults);

	if (!faults)
		return -ENOMEM;
	source->faults = faults;
	faults->links = calloc(2 * (size_t)cpus, sizeof *faults->links);
	int error = faults->links ? link_events(source, cpus) : -ENOMEM;
	if (error)
		faults_close(source);
	return error;
}

void faults_close(struct bpf_source *source)
{
	struct fault_feed *faults = source->faults;

	if (!faults)
		return;
	while (faults->count)
		close(faults->links[--faults->count]);
	free(faults->links);
	free(faults);
	source->faults = NULL;
}

/* ---- the flow ---- */

static const struct record *add(struct runs *runs, const struct sample *sample)
{
	return runs_add(runs, sample) ? &runs->out : NULL;
}

/* What it ends. */
static const struct record *take_one(struct bpf_source *source, const struct fault_event *event)
{
	const struct sample sample = {
		.time_ns = event->time_ns,
		.ip = event->ip,
		.address = event->address,
		.pid = event->pid,
		.tid = event->tid,
		.is_major = event->is_major,
		.in_kernel = event->in_kernel,
	};
	struct tracee *tracee = feed_tracee(source, event->tid);

	if (!tracee) {
		early_keep(&source->faults->early, &sample);
		return NULL;
	}
	if (event->paused_by)
		tracee->paused_by = event->paused_by;
	/* Before its first stop it was not told of, and what it does is before the trace. */
	return tracee->attached ? NULL : add(&source->faults->runs, &sample);
}

static bool is_known(void *source, int32_t tid)
{
	return feed_tracee(source, tid);
}

/* What was kept until now. */
static const struct record *take_kept(struct bpf_source *source)
{
	struct fault_feed *faults = source->faults;
	const struct record *over = NULL;
	struct sample sample;

	while (!over && faults->early.count && early_take(&faults->early, is_known, source, &sample))
		over = add(&faults->runs, &sample);
	if (over)
		return over;
	return runs_take(&faults->runs) ? &faults->runs.out : NULL;
}

const struct record *faults_next(struct bpf_source *source, uint64_t end)
{
	const struct record *over = NULL, *next;

	if (!source->faults)
		return NULL;
	while (!over && (next = ring_peek(&source->ring, end)) && next->kind == EVENT_FAULT) {
		over = take_one(source, (const struct fault_event *)next);
		ring_skip(&source->ring);
	}
	return over ? over : take_kept(source);
}

uint64_t faults_lost(const struct bpf_source *source)
{
	return source->faults ? kernel_lost_faults(source) + source->faults->early.missed : 0;
}

void faults_settle(struct bpf_source *source)
{
	if (source->faults)
		early_settle(&source->faults->early);
}
