/* SPDX-License-Identifier: MIT
 *
 * The programs in the kernel: loaded, told of tasks, and gone with our descriptors, however we end.
 *
 * They are loaded by a program that runs in the kernel itself (bpftool's "light skeleton"): there it is known
 * where the fields of a struct are. libbpf would read and search the kernel's whole description of itself for
 * that, which takes four times as long.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "capture.skel.h"
#include "log.h"
#include "source/bpf/bpf.h"
#include "source/bpf/loading.h"

#define RING_BYTES	  (4u << 20)
#define FAULTS_RING_BYTES (8u << 20) /* with page faults */

/* ---- loading ---- */

static bool wants_faults(const struct bpf_source *source, const struct interest *interest)
{
	return !source->is_lossy && interest->kinds >> RECORD_FAULT & 1;
}

static unsigned ring_bytes(const struct bpf_source *source, const struct interest *interest)
{
	return wants_faults(source, interest) ? FAULTS_RING_BYTES : RING_BYTES;
}

static void set_up(const struct bpf_source *source, const struct tables *tables,
		   const struct interest *interest)
{
	struct capture_bpf *kernel = source->kernel;

	kernel->maps.plans.max_entries = tables->plan_count;
	kernel->maps.variants.max_entries = tables->variant_count ? tables->variant_count : 1;
	kernel->maps.slots.max_entries = (unsigned)get_nprocs_conf();
	kernel->maps.ring.max_entries = ring_bytes(source, interest);
	kernel->rodata->ring_size = ring_bytes(source, interest);
	kernel->rodata->data_limit = interest->data_limit;
	kernel->rodata->kinds = interest->kinds;
	kernel->rodata->is_lossy = source->is_lossy;
	kernel->rodata->is_all = source->is_all;
}

static int fill_map(int fd, const void *rows, uint32_t count)
{
	uint32_t *keys = calloc(count + 1, sizeof *keys);
	int error = 0;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = i;
	if (count && bpf_map_update_batch(fd, keys, rows, &count, NULL) < 0)
		error = -errno;
	free(keys);
	return error;
}

static int fill_maps(struct capture_bpf *kernel, const struct tables *tables)
{
	int error = fill_map(kernel->maps.calls.map_fd, tables->calls,
			     sizeof tables->calls / sizeof *tables->calls);

	if (!error)
		error = fill_map(kernel->maps.plans.map_fd, tables->plans, tables->plan_count);
	if (!error)
		error = fill_map(kernel->maps.variants.map_fd, tables->variants, tables->variant_count);
	return error;
}

static int attach_programs(struct bpf_source *source)
{
	static int (*const always[])(struct capture_bpf *) = {
		capture_bpf__forked__attach,
		capture_bpf__executed__attach,
		capture_bpf__entered__attach,
		capture_bpf__left__attach,
	};
	static int (*const without_ptrace[])(struct capture_bpf *) = {
		capture_bpf__exited__attach,
		capture_bpf__signalled__attach,
		capture_bpf__sent__attach,
	};
	int fd = 0;

	for (size_t i = 0; i < sizeof always / sizeof *always && fd >= 0; i++)
		fd = always[i](source->kernel);
	for (size_t i = 0; i < 3 && source->is_lossy && fd >= 0; i++)
		fd = without_ptrace[i](source->kernel);
	if (fd >= 0 && !source->is_lossy)
		fd = capture_bpf__waits__attach(source->kernel);
	/* Linux 6.10; without it what exec was told may be unreadable. */
	if (fd >= 0 && !source->is_lossy)
		capture_bpf__executing__attach(source->kernel);
	return fd < 0 ? fd : 0;
}

static int load(struct bpf_source *source, const struct interest *interest, struct tables *tables)
{
	int error = tables_make(tables, interest);

	if (error)
		return error;
	source->kernel = capture_bpf__open();
	if (!source->kernel)
		return -ENOMEM;
	set_up(source, tables, interest);
	error = capture_bpf__load(source->kernel);
	if (!error)
		error = fill_maps(source->kernel, tables);
	if (!error)
		error = attach_programs(source);
	if (!error)
		error = ring_open(&source->ring, kernel_ring(source), ring_bytes(source, interest));
	return error;
}

/* Without them it is not worth giving up all else: perf alone can tell of them as well. */
static void watch_faults(struct bpf_source *source, const struct interest *interest)
{
	int error = wants_faults(source, interest) ? faults_open(source) : 0;

	if (error)
		log_info("page faults are not seen by bpf: %s", strerror(-error));
	else if (source->faults)
		source->source.kinds = UINT32_C(1) << RECORD_FAULT;
}

int kernel_ring(const struct bpf_source *source)
{
	return source->kernel->maps.ring.map_fd;
}

int kernel_open(struct bpf_source *source, const struct interest *interest, char *why, size_t room)
{
	int error = bpf_check_rights(why, room);
	if (error)
		return error;
	struct tables *tables = calloc(1, sizeof *tables);
	if (!tables) {
		snprintf(why, room, "out of memory");
		return -ENOMEM;
	}
	error = load(source, interest, tables);
	tables_free(tables);
	free(tables);
	if (error)
		bpf_explain(error, why, room);
	else
		watch_faults(source, interest);
	return error;
}

void kernel_close(struct bpf_source *source)
{
	faults_close(source);
	ring_close(&source->ring);
	if (source->kernel)
		capture_bpf__destroy(source->kernel);
	source->kernel = NULL;
}

/* ---- while it runs ---- */

static int set_adopted(struct bpf_source *source, int32_t number, uint32_t how)
{
	return bpf_map_update_elem(source->kernel->maps.adopted.map_fd, &number, &how, BPF_ANY);
}

/* The tasks that are in the map become the programs', and the map has room for others. */
static int adopt_some(struct bpf_source *source, const pid_t *tids, uint32_t *count)
{
	int error = *count ? bpf_visit_tasks(source->kernel->progs.adopt.prog_fd, NULL, NULL) : 0;

	for (; *count && !error; --*count)
		error = bpf_map_delete_elem(source->kernel->maps.adopted.map_fd, &tids[*count - 1]);
	return error;
}

static int adopt_all(struct bpf_source *source, pid_t *tids)
{
	struct tracees *all = &source->inner->tracees;
	uint32_t how = source->inner->command ? ADOPT_IN_CALL : ADOPT_OUTSIDE, count = 0;
	int error = 0;

	for (struct tracee *t = tracee_next(all, NULL); t && !error; t = tracee_next(all, t)) {
		t->interrupted = how == ADOPT_OUTSIDE;
		error = set_adopted(source, t->tid, how);
		tids[count++] = t->tid;
		if (!error && count == ADOPTED_MAX)
			error = adopt_some(source, tids, &count);
	}
	return error ? error : adopt_some(source, tids, &count);
}

int kernel_adopt(struct bpf_source *source, char *why, size_t room)
{
	pid_t *tids = calloc(ADOPTED_MAX, sizeof *tids);
	int error = tids ? adopt_all(source, tids) : -ENOMEM;

	free(tids);
	if (error)
		snprintf(why, room, "cannot make tasks known to the kernel: %s", strerror(-error));
	return error;
}

struct adopting {
	void (*visit)(struct bpf_source *source, pid_t pid, pid_t tid);
	struct bpf_source *source;
	size_t count;
};

static void adopted_one(void *context, const int32_t *pair)
{
	struct adopting *adopting = context;

	adopting->count++;
	adopting->visit(adopting->source, pair[0], pair[1]);
}

int kernel_adopt_running(struct bpf_source *source, const pid_t *pids, size_t count, bool hidden,
			 void (*visit)(struct bpf_source *source, pid_t pid, pid_t tid))
{
	struct adopting adopting = {visit, source, 0};
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		error = set_adopted(source, pids[i], hidden ? ADOPT_HIDDEN : ADOPT_OUTSIDE);
	do {
		adopting.count = 0;
		if (!error)
			error = bpf_visit_tasks(source->kernel->progs.adopt_running.prog_fd, adopted_one,
					       &adopting);
	} while (adopting.count && !error);
	__atomic_store_n(&source->kernel->bss->is_open, 1, __ATOMIC_RELEASE);
	return error;
}

void kernel_detach(struct bpf_source *source)
{
	capture_bpf__detach(source->kernel);
}

uint32_t kernel_alive(const struct bpf_source *source)
{
	return __atomic_load_n(&source->kernel->bss->alive, __ATOMIC_ACQUIRE);
}

uint64_t kernel_lost_faults(const struct bpf_source *source)
{
	return __atomic_load_n(&source->kernel->bss->lost_faults, __ATOMIC_RELAXED);
}

uint64_t kernel_lost_others(const struct bpf_source *source)
{
	return __atomic_load_n(&source->kernel->bss->lost_others, __ATOMIC_RELAXED);
}

uint64_t kernel_incomplete(const struct bpf_source *source)
{
	return __atomic_load_n(&source->kernel->bss->incomplete, __ATOMIC_RELAXED);
}

void kernel_settle(struct bpf_source *source, pid_t tid, uint32_t interrupted)
{
	bpf_map_update_elem(source->kernel->maps.settled.map_fd, &tid, &interrupted, BPF_ANY);
}

uint64_t kernel_lost(const struct bpf_source *source)
{
	const struct capture_bpf__bss *counts = source->kernel->bss;

	return __atomic_load_n(&counts->lost, __ATOMIC_RELAXED) +
	       (source->is_lossy ? 0 : kernel_lost_others(source));
}

void kernel_pace(struct bpf_source *source, uint64_t bytes)
{
	uint32_t limit = bytes < BEHIND_MIN ? BEHIND_MIN : bytes > BEHIND_MAX ? BEHIND_MAX : (uint32_t)bytes;

	source->behind = limit;
	__atomic_store_n(&source->kernel->data->behind_max, limit, __ATOMIC_RELAXED);
}

void kernel_sleep(struct bpf_source *source, bool asleep)
{
	__atomic_store_n(&source->kernel->bss->is_asleep, asleep, __ATOMIC_SEQ_CST);
	__atomic_store_n(&source->kernel->bss->is_waking, 0, __ATOMIC_SEQ_CST);
}
