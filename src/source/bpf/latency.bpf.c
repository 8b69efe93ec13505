/* SPDX-License-Identifier: MIT
 *
 * The programs in the kernel that see how long tasks wait for a CPU, and for disks. Each wait is a record
 * in a ring of their own, written when it is over. Nobody is held up: what does not fit is counted.
 *
 *     sched_wakeup, sched_wakeup_new ─┐
 *     sched_switch, from a task that  ├─> runnable_ns ──> sched_switch, to that task ──> RECORD_SCHED
 *        could have gone on           ─┘
 *     block_bio_queue ──> ios ──> block_rq_complete ... ──> RECORD_BLOCK
 *
 * A bio is what the kernel asks of a block device. On its way there it may be cut, and merged with others
 * into a request; it is over when as many bytes are done as it had.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

typedef __u64 u64;
typedef __u32 u32;
typedef __u8 u8;
typedef __s64 s64;
typedef __s32 s32;

#include "record.h"
#include "source/bpf/kernel.bpf.h"
#include "source/bpf/number.bpf.h"
#include "source/bpf/latency.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct wait {
	u64 runnable_ns;  /* since when it could run, or 0: it runs, or sleeps */
	u32 was_preempted;
	u32 is_stopped;   /* for its tracer, which will let it go on */
	u32 is_followed;  /* WHO_FOLLOWED: it is ours */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wait);
} waits SEC(".maps");

struct io {
	u64 queued_ns, sector;
	s32 pid, tid;
	u32 bytes, left;  /* that are not done yet */
	u32 operation, device;
	u8 status;        /* blk_status_t of a part that failed */
};

/* By address of the bio, as long as it is under way. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, struct io);
} ios SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} ring SEC(".maps");

/* Numbers of the processes to be followed that run already. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, s32);
	__type(value, u32);
} adopted SEC(".maps");

const volatile __u64 ring_size = 1 << 22;
const volatile __u32 who = WHO_TRACED;

__u64 lost_waits = 0, lost_ios = 0;
__u64 left_out = 0;  /* wake-ups that were our doing */
__u32 is_waking = 0; /* the reader was told that there is much to read */

/* ---- who ---- */

static __always_inline bool is_user(struct task_struct *task)
{
	return !(task->flags & (PF_KTHREAD | PF_IO_WORKER)) && task->tgid != tracer;
}

static __always_inline struct wait *wait_of(struct task_struct *task)
{
	return bpf_task_storage_get(&waits, task, 0, 0);
}

static __always_inline struct wait *new_wait_of(struct task_struct *task)
{
	return bpf_task_storage_get(&waits, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline bool is_ours(struct task_struct *task)
{
	if (who == WHO_ALL)
		return is_user(task);
	if (who == WHO_TRACED)
		return task->ptrace && task->parent->tgid == tracer;
	struct wait *wait = wait_of(task);
	return wait && wait->is_followed;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	struct wait *wait = parent->tgid == tracer || is_ours(parent) ? new_wait_of(child) : 0;

	if (wait)
		wait->is_followed = 1;
	return 0;
}

/* Run by the reader, over all tasks, until there is none that it has not seen. */
SEC("iter/task")
int adopt(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	note_reader();
	if (who != WHO_FOLLOWED || !task)
		return 0;
	s32 numbers[2] = {number_of(BPF_CORE_READ(task, group_leader)), number_of(task)};
	if (!bpf_map_lookup_elem(&adopted, &numbers[0]) || is_ours(task))
		return 0;
	struct wait *wait = new_wait_of(task);
	if (!wait)
		return 0;
	wait->is_followed = 1;
	bpf_seq_write(ctx->meta->seq, numbers, sizeof numbers);
	return 0;
}

/* ---- out ---- */

/* Room for a record, all of it 0; NULL: there is none. */
static __always_inline struct record *begin(u8 kind, s32 pid, s32 tid, u64 time_ns)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);

	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof *record);
	record->size = sizeof *record;
	record->kind = kind;
	record->pid = pid;
	record->tid = tid;
	record->time_ns = time_ns;
	return record;
}

static __always_inline void finish(struct record *record, u64 now)
{
	u64 flags = BPF_RB_NO_WAKEUP;

	record->duration_ns = now - record->time_ns;
	if (!is_waking && bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > ring_size / 4) {
		is_waking = 1;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(record, flags);
}

/* ---- waits for a CPU ---- */

/* We woke it ourselves, to make it stop. */
static __always_inline bool is_for_stop(struct task_struct *task)
{
	return task->ptrace && task->jobctl & (JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY);
}

static __always_inline int note_woken(struct task_struct *task, bool is_new)
{
	if (!is_ours(task))
		return 0;
	struct wait *wait = new_wait_of(task);
	if (!wait) {
		__sync_fetch_and_add(&lost_waits, 1);
		return 0;
	}
	bool is_tracers = wait->is_stopped || (!is_new && is_for_stop(task));
	if (is_tracers)
		__sync_fetch_and_add(&left_out, 1);
	wait->is_stopped = 0;
	wait->was_preempted = 0;
	wait->runnable_ns = is_tracers ? 0 : bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(woken, struct task_struct *task)
{
	return note_woken(task, false);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(woken_new, struct task_struct *task)
{
	return note_woken(task, true);
}

/* It leaves the CPU. Its state says why; 0 is that of one that can run. */
static __always_inline void leave(struct task_struct *task, bool is_preempted, u64 now)
{
	u32 state = task->__state;
	bool is_stopped = state & STATE_TRACED, is_runnable = !is_stopped && (is_preempted || !state);
	struct wait *wait = is_stopped || is_runnable ? new_wait_of(task) : wait_of(task);

	if (wait) {
		wait->is_stopped = is_stopped;
		wait->was_preempted = is_runnable;
		wait->runnable_ns = is_runnable ? now : 0;
	} else if (is_runnable) {
		__sync_fetch_and_add(&lost_waits, 1);
	}
}

static __always_inline void arrive(struct task_struct *task, u64 now)
{
	struct wait *wait = wait_of(task);

	if (!wait || !wait->runnable_ns)
		return;
	u64 runnable_ns = wait->runnable_ns;
	s32 tid = number_of(task);
	wait->runnable_ns = 0;
	if (!tid) /* it is dead to all, but not to the CPU yet */
		return;
	struct record *record =
		begin(RECORD_SCHED, number_of(BPF_CORE_READ(task, group_leader)), tid, runnable_ns);
	if (!record) {
		__sync_fetch_and_add(&lost_waits, 1);
		return;
	}
	record->args[0] = bpf_get_smp_processor_id();
	record->args[1] = wait->was_preempted;
	finish(record, now);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool is_preempted, struct task_struct *from, struct task_struct *to)
{
	u64 now = bpf_ktime_get_ns();

	if (is_ours(from))
		leave(from, is_preempted, now);
	if (is_ours(to))
		arrive(to, now);
	return 0;
}

/* ---- block I/O ---- */

SEC("tp_btf/block_bio_queue")
int BPF_PROG(queued, struct bio *bio)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 key = (u64)bio;

	if (task->bio_list) /* a driver (dm, md) hands on what was asked of its own device, which is told */
		return 0;
	if (task->flags & PF_IO_WORKER) /* io_uring's, which no tracer has */
		task = task->group_leader;
	if (!is_ours(task))
		return 0;
	struct io io = {
		.queued_ns = bpf_ktime_get_ns(),
		.sector = BPF_CORE_READ(bio, bi_iter.bi_sector),
		.pid = number_of(BPF_CORE_READ(task, group_leader)),
		.tid = number_of(task),
		.bytes = BPF_CORE_READ(bio, bi_iter.bi_size),
		.left = BPF_CORE_READ(bio, bi_iter.bi_size),
		.operation = bio->bi_opf & OPERATION_MASK,
		.device = BPF_CORE_READ(bio, bi_bdev, bd_dev),
	};
	if (bpf_map_update_elem(&ios, &key, &io, BPF_ANY))
		__sync_fetch_and_add(&lost_ios, 1);
	return 0;
}

static __always_inline void tell(u64 key, const struct io *io, u8 status)
{
	struct record *record = begin(RECORD_BLOCK, io->pid, io->tid, io->queued_ns);

	if (record) {
		record->args[0] = io->bytes;
		record->args[1] = io->operation;
		record->args[2] = io->device >> MINOR_BITS;
		record->args[3] = io->device & ((1 << MINOR_BITS) - 1);
		record->args[4] = io->sector;
		record->ret = status;
		finish(record, bpf_ktime_get_ns());
	} else {
		__sync_fetch_and_add(&lost_ios, 1);
	}
	bpf_map_delete_elem(&ios, &key);
}

/* So much of a bio is done, or of a part that was cut off it. */
static __always_inline void count_done(struct bio *bio, u32 bytes, u8 status)
{
	u64 key = (u64)bio;
	struct io *io = bpf_map_lookup_elem(&ios, &key);

	if (!io) {
		key = (u64)BPF_CORE_READ(bio, bi_private);
		io = bpf_map_lookup_elem(&ios, &key);
	}
	if (!io)
		return;
	u8 failed = status ? status : io->status;
	if (__sync_fetch_and_sub(&io->left, bytes) <= bytes)
		tell(key, io, failed);
	else
		io->status = failed;
}

struct walk {
	struct bio *bio;
	u32 bytes;
	u8 status;
};

static int count_bio(u32 i, struct walk *walk)
{
	struct bio *bio = walk->bio;

	if (!bio)
		return 1;
	u32 size = BPF_CORE_READ(bio, bi_iter.bi_size), done = size < walk->bytes ? size : walk->bytes;
	walk->bio = BPF_CORE_READ(bio, bi_next);
	walk->bytes -= done;
	if (done || !size)
		count_done(bio, done, walk->status);
	return !walk->bytes;
}

/* A request is one bio or several that were merged; so many of its bytes are done. */
SEC("tp_btf/block_rq_complete")
int BPF_PROG(done, struct request *request, u8 status, u32 bytes)
{
	struct walk walk = {.bio = request->bio, .bytes = bytes, .status = status};

	bpf_loop(BIOS_MAX, count_bio, &walk, 0);
	return 0;
}

/* Of devices that have no requests (dm, md), which the kernel tells of bio by bio. */
SEC("tp_btf/block_bio_complete")
int BPF_PROG(completed, struct request_queue *queue, struct bio *bio)
{
	u64 key = (u64)bio;
	struct io *io = bpf_map_lookup_elem(&ios, &key);

	if (io)
		tell(key, io, bio->bi_status);
	return 0;
}
