/* SPDX-License-Identifier: MIT
 *
 * What the programs keep: of each task, for each CPU, of the interest, and between them and their reader.
 */
#ifndef STATE_BPF_H
#define STATE_BPF_H

#define PAUSE_BYTES (256u << 10)
#define WAKE_BYTES (128u << 10)

enum { NONE, SKIP, LATE, EARLY };

struct state {
	u64 entered_ns;
	s32 pid, tid; /* as we see them */
	s32 nr;
	u8 arch;
	u8 what;        /* NONE ... of the call it is in */
	u8 born;        /* has made no call yet: it comes out of its parent's */
	u8 incomplete;  /* of the entry */
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
	__uint(max_entries, 16384);
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
const volatile __u32 data_limit = 0;

__u64 lost = 0;      /* events that did not fit into the ring */
__u32 interruptions = 1; /* each has a number of its own, as tids come again */
__u32 level = 0;     /* of our PID namespace */
__u32 is_asleep = 0; /* the reader waits for the first event */
__u32 is_waking = 0; /* it was told that there is much to read */

#endif
