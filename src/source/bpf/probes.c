/* SPDX-License-Identifier: MIT
 *
 * See probes.h.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "latency.skel.h"
#include "source/bpf/loading.h"
#include "source/bpf/probes.h"
#include "source/ptrace/proc.h"

#define RING_BYTES (4u << 20)
#define IOS_MAX	   16384 /* requests under way at a time */

static void set_up(struct latency_bpf *kernel, unsigned who, const struct target *target,
		   uint32_t kinds)
{
	kernel->maps.ring.max_entries = RING_BYTES;
	kernel->maps.ios.max_entries = kinds >> RECORD_BLOCK & 1 ? IOS_MAX : 1;
	kernel->maps.adopted.max_entries = target->pid_count ? (uint32_t)target->pid_count : 1;
	kernel->rodata->ring_size = RING_BYTES;
	kernel->rodata->who = who;
}

static int attach(struct latency_bpf *kernel, unsigned who, uint32_t kinds)
{
	const struct {
		bool is_wanted;
		int (*attach)(struct latency_bpf *);
	} programs[] = {
		{who == WHO_FOLLOWED, latency_bpf__forked__attach},
		{kinds >> RECORD_SCHED & 1, latency_bpf__woken__attach},
		{kinds >> RECORD_SCHED & 1, latency_bpf__woken_new__attach},
		{kinds >> RECORD_SCHED & 1, latency_bpf__switched__attach},
		{kinds >> RECORD_BLOCK & 1, latency_bpf__done__attach},
		{kinds >> RECORD_BLOCK & 1, latency_bpf__completed__attach},
		{kinds >> RECORD_BLOCK & 1, latency_bpf__queued__attach},
	};

	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		int fd = programs[i].is_wanted ? programs[i].attach(kernel) : 0;
		if (fd < 0)
			return fd;
	}
	return 0;
}

/* ---- those that run already ---- */

static void count_one(void *context, const int32_t *pair)
{
	(void)pair;
	++*(size_t *)context;
}

/* Any task of a process may be named. One that is not there is somebody else's to complain of. */
static int name_processes(struct latency_bpf *kernel, const struct target *target)
{
	for (size_t i = 0; i < target->pid_count; i++) {
		struct proc_status status;
		int32_t pid = target->pids[i];
		uint32_t is_named = 1;
		if (proc_status(pid, &status))
			pid = status.tgid;
		if (bpf_map_update_elem(kernel->maps.adopted.map_fd, &pid, &is_named, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Until it finds none, as tasks make others meanwhile. Once at least: it says who we are. */
static int adopt(struct latency_bpf *kernel)
{
	size_t count;
	int error;

	do {
		count = 0;
		error = bpf_visit_tasks(kernel->progs.adopt.prog_fd, count_one, &count);
	} while (count && !error);
	return error;
}

/* ---- loading ---- */

static int load(struct probes *probes, unsigned who, const struct target *target, uint32_t kinds)
{
	struct latency_bpf *kernel = probes->kernel = latency_bpf__open();

	if (!kernel)
		return -ENOMEM;
	set_up(kernel, who, target, kinds);
	int error = latency_bpf__load(kernel);
	if (!error)
		error = adopt(kernel);
	if (!error)
		error = attach(kernel, who, kinds);
	if (!error && who == WHO_FOLLOWED)
		error = name_processes(kernel, target);
	if (!error && who == WHO_FOLLOWED)
		error = adopt(kernel);
	if (!error)
		error = ring_open(&probes->ring, kernel->maps.ring.map_fd, RING_BYTES);
	return error;
}

int probes_open(struct probes *probes, unsigned who, const struct target *target, uint32_t kinds,
		char *why, size_t room)
{
	*probes = (struct probes){0};
	int error = bpf_check_rights(why, room);
	if (error)
		return error;
	error = load(probes, who, target, kinds);
	if (error) {
		bpf_explain(error, why, room);
		probes_close(probes);
	}
	return error;
}

void probes_close(struct probes *probes)
{
	ring_close(&probes->ring);
	if (probes->kernel)
		latency_bpf__destroy(probes->kernel);
	probes->kernel = NULL;
}

/* ---- while they run ---- */

void probes_detach(struct probes *probes)
{
	latency_bpf__detach(probes->kernel);
}

int probes_fd(const struct probes *probes)
{
	return probes->kernel->maps.ring.map_fd;
}

void probes_caught_up(struct probes *probes)
{
	__atomic_store_n(&probes->kernel->bss->is_waking, 0, __ATOMIC_SEQ_CST);
}

uint64_t probes_lost(const struct probes *probes, enum record_kind kind)
{
	const struct latency_bpf__bss *counts = probes->kernel->bss;

	return __atomic_load_n(kind == RECORD_SCHED ? &counts->lost_waits : &counts->lost_ios,
			       __ATOMIC_RELAXED);
}

uint64_t probes_left_out(const struct probes *probes)
{
	return __atomic_load_n(&probes->kernel->bss->left_out, __ATOMIC_RELAXED);
}
