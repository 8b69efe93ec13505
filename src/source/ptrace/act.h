/* SPDX-License-Identifier: MIT
 *
 * act: what scripts do to calls that are about to run ("enter:" hooks), and holding tasks back.
 */
#ifndef PTRACE_ACT_H
#define PTRACE_ACT_H

#include "source/ptrace/ptrace.h"

/* source_ops.act, for the held task. */
int act(struct source *base, const struct action *action);

/* What was done to a call, in one block that free() frees. */
struct tampering {
	bool skipped;        /* the kernel is not to run it */
	uint8_t args;        /* bit i: the program's value of argument i is not the kernel's */
	uint32_t size;       /* of the memory below the stack that is lent to the call */
	uint64_t place;      /* where that is */
	int64_t result;      /* of a skipped call */
	uint64_t theirs[RECORD_ARGS], ours[RECORD_ARGS];
	uint8_t bytes[];     /* ours in `place`, then theirs */
};

/* At a call's entry: the kernel does not run it, and it returns `result`. */
void task_skip_call(pid_t tid, int64_t result);
/* An interrupted call goes on: its changes are made again. */
void tampering_again(struct ptrace_source *source, const struct tracee *tracee, const struct call *call);
/* Our own filter stops a call whose entry was seen, after filters of the program's own let it pass. */
void tampering_filtered(struct ptrace_source *source, const struct tracee *tracee);
/* The kernel is done with the call for now: the program finds its registers and memory as it left
 * them. Returns the result. */
int64_t tampering_leave(struct ptrace_source *source, const struct tracee *tracee, const struct call *call,
			int64_t ret);

/* ---- call.c ---- */

/* Runs the capture program of the record's call on the task. */
void call_capture(struct ptrace_source *source, struct tracee *tracee, struct record *record,
		  enum capture_phase phase);

/* ---- memory.c ---- */

/* Writes also where the task itself may only read, unless the memory is shared with others; all or false. */
bool task_write_bytes(struct ptrace_source *source, pid_t tid, uint64_t address, const void *bytes,
		      size_t size);

/* ---- delay.c ---- */

/* The task is not resumed before its due_ns. */
void delay_begin(struct ptrace_source *source, const struct tracee *tracee);
/* Resumes those whose time has come; all of them when the trace is ending. */
void delays_end(struct ptrace_source *source);

/* ---- source.c ---- */

/* Resumes a stopped task as its stop's handler decided. */
void source_resume(struct ptrace_source *source, struct tracee *tracee);

#endif
