/* SPDX-License-Identifier: MIT
 *
 * See ring.h.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/bpf/ring.h"

/* Room is given back in parts of this size: each time costs the other CPUs a cache line. */
#define SETTLE_BYTES 32768u

int ring_open(struct ring *ring, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	*ring = (struct ring){.size = size};
	if (consumer == MAP_FAILED)
		return -errno;
	void *producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int error = -errno;
		munmap(consumer, page);
		return error;
	}
	ring->consumer = consumer;
	ring->producer = producer;
	ring->bytes = (const char *)producer + page;
	return 0;
}

void ring_close(struct ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!ring->consumer)
		return;
	munmap(ring->consumer, page);
	munmap((void *)ring->producer, page + 2 * ring->size);
	ring->consumer = NULL;
}

uint64_t ring_end(struct ring *ring)
{
	return ring->known = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

static const uint32_t *ring_head(const struct ring *ring)
{
	return (const uint32_t *)(ring->bytes + (ring->position & (ring->size - 1)));
}

static size_t whole_length(uint32_t head)
{
	size_t length = head & ~(uint32_t)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (length + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;
}

const void *ring_peek(struct ring *ring, uint64_t end)
{
	while (ring->position < end) {
		uint32_t head = __atomic_load_n(ring_head(ring), __ATOMIC_ACQUIRE);
		if (head & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			return (const char *)ring_head(ring) + BPF_RINGBUF_HDR_SZ;
		ring->position += whole_length(head);
	}
	return NULL;
}

void ring_skip(struct ring *ring)
{
	ring->position += whole_length(*ring_head(ring));
	if (ring->position - ring->told >= SETTLE_BYTES)
		ring_settle(ring);
}

void ring_settle(struct ring *ring)
{
	ring->told = ring->position;
	__atomic_store_n(ring->consumer, ring->position, __ATOMIC_RELEASE);
}
