/* SPDX-License-Identifier: MIT
 *
 * stacks: the user stacks of stopped tasks, as frames with function, file and line. Reading the
 * debug information of a program takes code that trusts its input, and the program chooses that. So
 * a process of its own does it (worker.c), which can do nothing but answer us; it may crash, hang
 * or lie, and all that comes of it is a stack that is not there.
 */
#ifndef STACK_STACKS_H
#define STACK_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/capture.h"

struct stacks;

struct stack_task {
	pid_t pid, tid;
	bool is_32;		/* runs 32-bit code: registers are i386's */
	uint64_t registers[17]; /* by DWARF's numbers; the last one is the instruction pointer: 16
				   or 8 */
	uint64_t sp;
	struct memory *memory; /* of the stopped task */
};

/* NULL without memory. The worker is started when it is needed first. */
struct stacks *stacks_new(void);
void stacks_free(struct stacks *stacks);

/* Writes the task's frames (frame.h) and returns their size; 0: there are none. Takes a few seconds
 * at most. *truncated: there were more. */
size_t stacks_take(struct stacks *stacks, const struct stack_task *task, void *bytes, size_t room,
		   bool *truncated);

/* It has failed too often and is not asked any more. */
bool stacks_gave_up(const struct stacks *stacks);

/* The worker's pid, or 0. Who waits for all children calls stacks_ended with what it was told of
 * this one. */
pid_t stacks_worker(const struct stacks *stacks);
void stacks_ended(struct stacks *stacks);

#endif
