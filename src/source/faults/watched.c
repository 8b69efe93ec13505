/* SPDX-License-Identifier: MIT
 *
 * Who is watched, and by which rights: see watched.h. perf_event_paranoid decides: up to 2 a user
 * may count faults of his own programs' instructions, up to 1 those the kernel has on their behalf
 * as well (a read into fresh memory); CAP_PERFMON is above it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "source/faults/watched.h"

#define RINGS_BYTES (16u << 20)	 /* of all rings together, at most */
#define RING_LEAST  (128u << 10) /* of one, before rights are asked */
#define LEAST_PAGES 4u		 /* of one, when there are hardly any */

static struct perf_event_attr fault_attr(const struct watched *watched, bool is_major)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.config = is_major ? PERF_COUNT_SW_PAGE_FAULTS_MAJ : PERF_COUNT_SW_PAGE_FAULTS_MIN,
		.sample_type = is_major ? SAMPLE_MAJOR : SAMPLE_MINOR,
		.sample_period = 1,
		.read_format = watched->tells_lost ? PERF_FORMAT_LOST : 0,
		.inherit = 1,
		.exclude_kernel = watched->without_kernel,
		.exclude_hv = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
}

/* ---- rights ---- */

#define MLOCK_MORE_KB 2048

/* A number in a file, or -1. */
static int read_setting(const char *path)
{
	int value = -1;
	FILE *file = fopen(path, "re");

	if (file && fscanf(file, "%d", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

static void explain(int error, char *why, size_t room)
{
	int level = read_setting("/proc/sys/kernel/perf_event_paranoid");
	int locked_kb = read_setting("/proc/sys/kernel/perf_event_mlock_kb");

	if (error == -ENOMEM && locked_kb >= 0 && geteuid())
		snprintf(why, room,
			 "page faults cannot be seen: no more memory may be locked for them; sudo "
			 "sysctl "
			 "kernel.perf_event_mlock_kb=%d, or ulimit -l unlimited",
			 locked_kb + MLOCK_MORE_KB);
	else if (error == -ENOSYS || error == -ENOENT || error == -EOPNOTSUPP)
		snprintf(why, room, "page faults cannot be seen: this kernel has no perf events");
	else if ((error == -EACCES || error == -EPERM) && level > 2 && geteuid())
		snprintf(why, room,
			 "page faults cannot be seen: kernel.perf_event_paranoid is %d; "
			 "sudo sysctl kernel.perf_event_paranoid=1",
			 level);
	else if (error == -EACCES || error == -EPERM)
		snprintf(why, room,
			 "page faults cannot be seen: perf_event_open: %s (a container or sandbox "
			 "may forbid "
			 "it: docker run --cap-add=PERFMON --security-opt seccomp=unconfined)",
			 strerror(-error));
	else
		snprintf(why, room, "page faults cannot be seen: perf_event_open: %s",
			 strerror(-error));
}

/* Finds out with an event of our own what the kernel can do and lets us. */
static int probe(struct watched *watched)
{
	watched->tells_lost = true;
	for (;;) {
		struct perf_event_attr attr = fault_attr(watched, false);
		int fd = perf_open(&attr, 0, -1);
		if (fd >= 0)
			return close(fd);
		if (fd == -EINVAL && watched->tells_lost)
			watched->tells_lost = false;
		else if ((fd == -EACCES || fd == -EPERM) && !watched->without_kernel)
			watched->without_kernel = true;
		else
			return fd;
	}
}

/* ---- rings ---- */

static size_t ring_size(size_t cpus)
{
	size_t size = RINGS_BYTES;

	while (size > RING_LEAST && size * cpus > RINGS_BYTES)
		size /= 2;
	return size;
}

static void close_rings(struct watched *watched)
{
	while (watched->ring_count)
		perf_ring_close(&watched->rings[--watched->ring_count]);
}

static int open_rings_of(struct watched *watched, long cpus, size_t size)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		int error = perf_ring_open(&watched->rings[watched->ring_count], cpu, size);
		if (error && error != -ENODEV)
			return error;
		if (!error)
			watched->ring_count++;
	}
	return watched->ring_count ? 0 : -ENODEV;
}

/* All as large as the right to lock memory allows, which a user has once for all of them: so each
 * is tried at one size before the next smaller one is. */
static int open_rings(struct watched *watched)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	size_t least = LEAST_PAGES * (size_t)sysconf(_SC_PAGESIZE);
	int error = -ENOMEM;

	cpus = cpus > 0 ? cpus : 1;
	watched->rings = calloc((size_t)cpus, sizeof *watched->rings);
	if (!watched->rings)
		return -ENOMEM;
	for (size_t size = ring_size((size_t)cpus); error == -ENOMEM && size >= least; size /= 2) {
		close_rings(watched);
		error = open_rings_of(watched, cpus, size);
	}
	return error;
}

int watched_open(struct watched *watched, char *why, size_t room)
{
	*watched = (struct watched){0};
	int error = probe(watched);

	if (!error)
		error = open_rings(watched);
	if (error) {
		explain(error, why, room);
		watched_close(watched);
	}
	return error;
}

void watched_close(struct watched *watched)
{
	for (size_t i = 0; i < watched->event_count; i++)
		close(watched->events[i]);
	close_rings(watched);
	free(watched->events);
	free(watched->rings);
	*watched = (struct watched){0};
}

/* ---- tasks ---- */

static bool make_room(struct watched *watched, size_t more)
{
	size_t room = watched->event_room ? watched->event_room : 64;

	while (room < watched->event_count + more)
		room *= 2;
	if (room == watched->event_room)
		return true;
	int *events = realloc(watched->events, room * sizeof *events);
	if (!events)
		return false;
	watched->events = events;
	watched->event_room = room;
	return true;
}

/* A process of many threads needs more descriptors than most of us may have at first. */
static bool raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int add_event(struct watched *watched, pid_t tid, const struct perf_ring *ring,
		     bool is_major)
{
	struct perf_event_attr attr = fault_attr(watched, is_major);
	int fd = perf_open(&attr, tid, ring->cpu);

	if (fd == -EMFILE && raise_limit())
		fd = perf_open(&attr, tid, ring->cpu);
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	watched->events[watched->event_count++] = fd;
	return 0;
}

int watched_add(struct watched *watched, pid_t tid)
{
	int error = make_room(watched, 2 * watched->ring_count) ? 0 : -ENOMEM;

	for (size_t i = 0; i < watched->ring_count && !error; i++) {
		error = add_event(watched, tid, &watched->rings[i], false);
		if (!error)
			error = add_event(watched, tid, &watched->rings[i], true);
	}
	return error;
}

uint64_t watched_lost(const struct watched *watched)
{
	uint64_t sum = 0;
	struct {
		uint64_t count, lost;
	} value;

	for (size_t i = 0; i < watched->event_count && watched->tells_lost; i++)
		if (read(watched->events[i], &value, sizeof value) == (ssize_t)sizeof value)
			sum += value.lost;
	return sum;
}
