/* SPDX-License-Identifier: MIT
 *
 * sharing: tracer and tracee on one CPU, while only one tracee runs; see sharing.c.
 */
#ifndef PTRACE_SHARING_H
#define PTRACE_SHARING_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

struct sharing {
	bool allowed;
	pid_t tid;              /* who is on our CPU, or 0 */
	pid_t last;             /* whose stops the row is made of */
	unsigned row;
	cpu_set_t ours, theirs; /* while tid is set: the masks that are to come back */
};

/* A task is about to be resumed. */
void sharing_stopped(struct sharing *sharing, pid_t tid);
/* Gives both their masks back; the row begins anew. */
void sharing_end(struct sharing *sharing);

#endif
