/* SPDX-License-Identifier: MIT
 *
 * Rings of samples: see ring.h. The layout is perf_event_open(2)'s: data_head is where the kernel
 * writes next, data_tail up to where we have read; both only grow. What there is no room for is
 * dropped, and a PERF_RECORD_LOST says how many as soon as there is some again.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "source/faults/ring.h"

struct sample_bytes {
	struct perf_event_header header;
	uint64_t ip;
	uint32_t pid, tid;
	uint64_t time, address;
};

struct lost_bytes {
	struct perf_event_header header;
	uint64_t id, lost;
};

int perf_open(struct perf_event_attr *attr, pid_t tid, int cpu)
{
	attr->size = sizeof *attr;
	int fd = (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int perf_ring_open(struct perf_ring *ring, int cpu, size_t size)
{
	struct perf_event_attr nothing = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = SAMPLE_MINOR,
		.sample_period = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.watermark = 1,
		.wakeup_watermark = size / 4,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	int fd = perf_open(&nothing, 0, cpu);

	*ring = (struct perf_ring){.cpu = cpu, .fd = -1};
	if (fd < 0)
		return fd;
	void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE) + size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		int error = errno == EPERM ? -ENOMEM : -errno; /* EPERM: no right to lock so much */
		close(fd);
		return error;
	}
	ring->fd = fd;
	ring->page = page;
	ring->size = size;
	return 0;
}

void perf_ring_close(struct perf_ring *ring)
{
	if (ring->page)
		munmap(ring->page, (size_t)sysconf(_SC_PAGESIZE) + ring->size);
	if (ring->fd >= 0)
		close(ring->fd);
	*ring = (struct perf_ring){.fd = -1};
}

/* Copies from where we read; records are never split by the kernel, but by the ring's end. */
static void ring_copy(const struct perf_ring *ring, void *to, size_t size)
{
	const char *data = (const char *)ring->page + ring->page->data_offset;
	size_t at = ring->tail & (ring->size - 1);
	size_t first = size < ring->size - at ? size : ring->size - at;

	memcpy(to, data + at, first);
	memcpy((char *)to + first, data, size - first);
}

static void ring_skip(struct perf_ring *ring, size_t size)
{
	ring->tail += size;
	__atomic_store_n(&ring->page->data_tail, ring->tail, __ATOMIC_RELEASE);
}

static void read_sample(struct perf_ring *ring, size_t size)
{
	struct sample_bytes bytes;

	ring_copy(ring, &bytes, sizeof bytes);
	ring->front = (struct sample){
		.time_ns = bytes.time,
		.ip = bytes.ip,
		.address = bytes.address,
		.pid = (int32_t)bytes.pid,
		.tid = (int32_t)bytes.tid,
		.is_major = size > sizeof bytes,
		.in_kernel = (bytes.header.misc & PERF_RECORD_MISC_CPUMODE_MASK) ==
			     PERF_RECORD_MISC_KERNEL,
	};
	ring->front_size = size;
}

/* The head of the oldest record that is there whole. What is no record is given up with all behind
 * it, where no record can be found any more, and counted as one that is lost. */
static bool next_header(struct perf_ring *ring, struct perf_event_header *header)
{
	if (ring->tail == ring->head)
		ring->head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t there = ring->head - ring->tail;
	if (!there)
		return false;
	ring_copy(ring, header, sizeof *header);
	if (there <= ring->size && header->size >= sizeof *header && header->size <= there)
		return true;
	ring->lost++;
	ring_skip(ring, there);
	return false;
}

bool perf_ring_front(struct perf_ring *ring)
{
	struct perf_event_header header;
	struct lost_bytes lost;

	while (!ring->front_size && next_header(ring, &header)) {
		if (header.type == PERF_RECORD_SAMPLE &&
		    header.size >= sizeof(struct sample_bytes)) {
			read_sample(ring, header.size);
			break;
		}
		if (header.type == PERF_RECORD_LOST && header.size >= sizeof lost) {
			ring_copy(ring, &lost, sizeof lost);
			ring->lost += lost.lost;
		}
		ring_skip(ring, header.size);
	}
	return ring->front_size;
}

void perf_ring_pop(struct perf_ring *ring)
{
	ring_skip(ring, ring->front_size);
	ring->front_size = 0;
}
