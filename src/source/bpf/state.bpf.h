/* SPDX-License-Identifier: MIT
 *
 * What the programs keep: of each task, for each CPU, of the interest, and between them and their reader.
 */
#ifndef STATE_BPF_H
#define STATE_BPF_H


enum { NONE, SKIP, LATE, EARLY, ADOPTED };

struct state {
	u64 entered_ns;
	s32 pid, tid; /* as we see them */
	s32 nr;
	u8 arch;
	u8 what;        /* NONE ... of the call it is in */
	u8 caught;      /* its call was made to fail, and is made again under the reader's eyes */
	u8 born;        /* has made no call yet: it comes out of its parent's */
	u8 incomplete;  /* of the entry */
	u8 hidden;      /* does not execute the command yet: nothing it does is told */
	u8 owed;        /* an interrupted call was not told of: is it made again? */
	u32 gone;       /* no longer in `alive` */
	s32 fatal;      /* number of the signal that ends its process, or 0 */
	u64 fatal_info[RECORD_ARGS]; /* first bytes of its siginfo */
	u32 interrupted;/* calls may go on: the number of the last that was interrupted, else 0 */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct state);
} states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} ring SEC(".maps");

/* One for each CPU: a program is not preempted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ARCH_COUNT * INTEREST_NRS);
	__type(key, u32);
	__type(value, struct call_info);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct call_plan);
} plans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct call_variant);
} variants SEC(".maps");

/* tid -> ADOPT_ */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ADOPTED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, s32);
	__type(value, u32);
} adopted SEC(".maps");

/* tid -> up to which number the reader knows that interrupted calls are over */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, s32);
	__type(value, u32);
} settled SEC(".maps");

const volatile __u64 ring_size = 1 << 22;
const volatile __u32 kinds = 0; /* struct interest's */
const volatile __u32 is_lossy = 0; /* no ptrace: nobody waits for the reader, and the programs tell of all */
const volatile __u32 is_all = 0;   /* of every task but the reader's own */

__u64 lost = 0;      /* calls that did not fit into the ring */
__u64 lost_others = 0; /* and other records */
__u64 lost_faults = 0;
__u64 incomplete = 0;  /* calls told of without all of their memory */
__u32 alive = 0;     /* tasks of ours that have not ended; only where is_lossy */
__u32 is_open = 0;   /* is_all: the tasks that were there are known */
__s32 reader = 0;    /* the number of our own process in the first PID namespace */
__u32 interruptions = 1; /* each has a number of its own, as tids come again */
__u32 behind_max = BEHIND_MAX; /* bytes the reader may be behind */
__u32 is_asleep = 0; /* the reader waits for the first event */
__u32 is_waking = 0; /* it was told that there is much to read */

#endif
