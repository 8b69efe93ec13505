/* SPDX-License-Identifier: MIT
 *
 * watched: the tasks whose page faults are counted, and the rings they are told in. A task's
 * children and threads are watched from their first instruction on, as its events are inherited.
 */
#ifndef FAULTS_WATCHED_H
#define FAULTS_WATCHED_H

#include "source/faults/ring.h"

struct watched {
	struct perf_ring *rings; /* one per CPU */
	size_t ring_count;
	int *events; /* descriptors; never closed before the end, as that would end the children's
			too */
	size_t event_count, event_room;
	bool without_kernel; /* no right to see faults in the kernel */
	bool tells_lost;     /* the kernel counts what was dropped (Linux 6.0) */
};

/* 0; or a negative errno, with `why` (of size `room`) for the user: what is missing and the remedy.
 */
int watched_open(struct watched *watched, char *why, size_t room);
void watched_close(struct watched *watched);

/* Watches a task, which must be stopped to miss nothing. 0 or a negative errno. */
int watched_add(struct watched *watched, pid_t tid);

/* How many samples were dropped in all, or 0 where the kernel does not count them. */
uint64_t watched_lost(const struct watched *watched);

#endif
