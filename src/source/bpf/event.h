/* SPDX-License-Identifier: MIT
 *
 * event: what the programs in the kernel (capture.bpf.c) and their reader agree on: the tables that say
 * what is wanted of each call, and the bytes in the ring.
 *
 * A call of which no memory is wanted, and that ended, is in the ring as the RECORD_CALL it is. All
 * else is a struct event: half a call, or a whole one that the reader has to make something of, and
 * the memory that was read with it.
 */
#ifndef BPF_EVENT_H
#define BPF_EVENT_H

#include "interest.h"
#include "syscalls/steps.h"

/* What is done about a call. 0: nothing. */
enum {
	DO_TELL = 1 << 0,  /* told of when it ended */
	DO_TELL_EARLY = 1 << 1,   /* told of when it begins, and again when it ends */
	DO_CATCH_CLONE = 1 << 3,  /* CLONE_UNTRACED: the call is to be made under our eyes */
	DO_CATCH_CLONE3 = 1 << 4,
	DO_REPEAT = 1 << 2, /* EINTR does not end it; see ptrace/repeat.c */
	DO_EXEC = 1 << 5,
	DO_HOLD = 1 << 6,   /* its arguments are in memory, so all of it is left to the reader */
};

enum { PLAN_STEPS = 8 };

/* The wanted part of a capture program. Plan 0 is empty. */
struct call_plan {
	struct capture_step steps[PLAN_STEPS];
	uint32_t count;
	uint32_t phases; /* CAPTURE_AT_ENTRY, CAPTURE_AT_EXIT: when there is something to do */
	uint32_t long_bytes;
	uint32_t reserved;
};

/* For each number of each architecture. */
struct call_info {
	uint32_t flags; /* DO_ bits */
	uint32_t plan;
	uint32_t variant, variants; /* which, and how many, or 0 */
	uint32_t chooser_slot, chooser_bytes;
};

/* Takes the place of the plan when that argument is so. */
struct call_variant {
	uint64_t value, mask;
	uint32_t plan, reserved;
};

/* record.kind of events. */
enum { EVENT_ENTER = 64, EVENT_EXIT, EVENT_BOTH, EVENT_EXEC, EVENT_AGAIN, EVENT_FAULT };

/* Without ptrace the ring has these as well (follow.bpf.h):
 *   RECORD_FORK    as it is
 *   RECORD_EXIT    ret: the task's status; args: 1 if it was its process's last, peak RSS, the process's
 *                  status
 *   RECORD_SIGNAL  nr; in place of args the first bytes of its siginfo
 *   RECORD_STOP    as it is
 *   EVENT_EXEC     a struct event. args: tid before it, where the new argv is, EXEC_ bits: which
 *                  snippets there are of path, comm, argv */
enum { EXEC_PATH = 1 << 0, EXEC_COMM = 1 << 1, EXEC_ARGV = 1 << 2 };

/* Flags of an event. */
enum {
	EVENT_REFUSED = 1 << 0,    /* a seccomp filter of the program's own sent SIGSYS */
	EVENT_INCOMPLETE = 1 << 1, /* not all wanted memory is here */
	EVENT_LATER = 1 << 2,      /* of exec's entry: comes with EVENT_AGAIN, or EVENT_EXIT if it fails */
};

struct event {
	struct record record; /* arch, nr, args, flags; time_ns: of entry; duration_ns: until exit; ret.
				 pieces: how many snippets follow */
	uint64_t ip, sp;
	uint32_t interrupted; /* exit: the call was interrupted; counts such exits of the task */
	uint32_t flags;
	uint32_t bytes; /* of all snippets */
	uint32_t paused_by; /* the signal that the task was sent with this, to stop it for us; or 0 */
};

/* A page fault. It begins as a record does. */
struct fault_event {
	uint32_t size;
	uint8_t kind;
	uint8_t is_major, in_kernel;
	uint8_t paused_by; /* as above */
	uint64_t time_ns, address, ip;
	int32_t pid, tid;
};

/* Memory of the task. The bytes follow, padded to 8. */
struct snippet {
	uint64_t address;
	uint32_t size;
	uint32_t is_whole; /* there is no more of it to be read: a string, an array up to its NULL */
};

enum { ADOPT_OUTSIDE = 1, ADOPT_IN_CALL, ADOPT_HIDDEN };
enum { BEHIND_MIN = 16 << 10, BEHIND_MAX = 256 << 10 };
enum { ADOPTED_MAX = 2048 }; /* tasks at a time */

#endif
