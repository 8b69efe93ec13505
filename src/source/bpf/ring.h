/* SPDX-License-Identifier: MIT
 *
 * ring: the reader's end of the ring buffer. libbpf's own calls back for each record; a source gives
 * them out one by one. The layout is the kernel's (Documentation/bpf/ringbuf.rst): two pages of
 * positions, then the bytes, mapped twice so that no record is cut.
 */
#ifndef BPF_RING_H
#define BPF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	uint64_t *consumer;
	const uint64_t *producer;
	const char *bytes;
	size_t size;
	uint64_t position; /* of the next record; told to the kernel now and then */
	uint64_t known;    /* the producer's position when we last looked */
	uint64_t told;
};

/* 0 or a negative errno. */
int ring_open(struct ring *ring, int fd, size_t size);
void ring_close(struct ring *ring);

/* The next record before `end`, or NULL: there is none, or it is being written. Valid until ring_skip. */
const void *ring_peek(struct ring *ring, uint64_t end);
/* Done with the record that ring_peek gave. */
void ring_skip(struct ring *ring);
/* Up to where there are records now. */
uint64_t ring_end(struct ring *ring);
/* Gives back the room of all that was skipped. */
void ring_settle(struct ring *ring);

#endif
