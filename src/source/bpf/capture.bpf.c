/* SPDX-License-Identifier: MIT
 *
 * The programs in the kernel: they see the calls of the traced tasks as these go by, and write them
 * into a ring. A task is ours when it has a `struct state`, which it inherits when it is made.
 *
 *     sys_enter ─> NONE ──> SKIP   nobody wants it
 *                       ──> LATE   told of when it ends, whole
 *                       ──> EARLY  told of at once (EVENT_ENTER), then EVENT_EXIT
 *     sched_switch: a LATE call that waits is told of, and EARLY from then on
 *     sys_exit  ─> NONE. One that finds NONE has had no sys_enter: a seccomp filter refused the call.
 *
 * Nothing is lost: when the reader is behind_max behind, who comes back from a call is stopped for us, its
 * tracer (pause.bpf.h). The ring is much larger, as other tasks are still in calls;
 * should it fill up nevertheless, memory is not put into it but left to the reader. The reader has to be
 * this close, as it must have read all before it can see to a stop: a fork, an exec.
 *
 * x86's registers: those of a call keep their values until it is over.
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

#include "source/bpf/event.h"
#include "source/bpf/kernel.bpf.h"
#include "source/bpf/number.bpf.h"
#include "source/bpf/snippets.bpf.h"
#include "source/bpf/state.bpf.h"
#include "source/bpf/plan.bpf.h"
#include "source/bpf/common.bpf.h"
#include "source/bpf/follow.bpf.h"
#include "source/bpf/signals.bpf.h"
#include "source/bpf/pause.bpf.h"
#include "source/bpf/ending.bpf.h"
#include "source/bpf/faults.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* ---- who ---- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	struct state *parent_state = bpf_task_storage_get(&states, parent, 0, 0);
	if (!parent_state)
		return 0;
	struct state *state = bpf_task_storage_get(&states, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (state) {
		name_task(state, child);
		state->born = 1;
		if (is_lossy)
			tell_fork(parent_state, parent, state, child);
	} else {
		__sync_fetch_and_add(&lost_others, 1);
	}
	return 0;
}

/* A thread that executes a new program gets its leader's number. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(executed, struct task_struct *task, s32 old_pid, struct linux_binprm *program)
{
	struct state *state = bpf_task_storage_get(&states, task, 0, 0);

	if (!state)
		return 0;
	s32 former = state->tid;
	name_task(state, task);
	state->incomplete = 0; /* that memory is gone */
	state->hidden = 0;
	if (is_lossy)
		tell_exec(state, former, program);
	return 0;
}

/* Run once by the reader, over all tasks: those in `adopted` become ours. */
SEC("iter/task")
int adopt(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	note_reader();
	s32 tid = number_of(task);
	u32 *how = bpf_map_lookup_elem(&adopted, &tid);
	if (!how)
		return 0;
	struct state *state = bpf_task_storage_get(&states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		return 0;
	name_task(state, task);
	state->what = *how == ADOPT_IN_CALL ? EARLY : SKIP;
	if (*how == ADOPT_OUTSIDE)
		state->interrupted = 1;
	return 0;
}

/* ---- calls ---- */

/* Is there an interrupted call that may go on? */
static __noinline bool is_interrupted(struct state *state)
{
	s32 tid = state->tid;
	u32 *upto = bpf_map_lookup_elem(&settled, &tid);

	if (upto && *upto == state->interrupted)
		state->interrupted = 0;
	return state->interrupted;
}

/* A clone or clone3 with CLONE_UNTRACED, or of which that cannot be told yet. */
static __always_inline bool hides_child(const struct call_info *info, const struct record *record)
{
	u64 flags = record->args[0];

	if (info->flags & DO_CATCH_CLONE3 && bpf_probe_read_user(&flags, sizeof flags, (void *)flags))
		return true;
	return flags & CLONE_UNTRACED;
}

/* An interrupted call was not told of. Unless it is this one that goes on, it is lost. */
static __always_inline void settle_debt(struct state *state, s32 before)
{
	s32 restart = state->arch == ARCH_I386 ? I386_RESTART_SYSCALL : RESTART_SYSCALL;

	state->owed = 0;
	if (state->nr != before && state->nr != restart)
		__sync_fetch_and_add(&lost, 1);
}

/* There was no room to tell of the call's entry: it is told of when it ended, without the memory of then. */
static __always_inline void miss_entry(struct state *state)
{
	if (is_lossy) {
		state->what = LATE;
		state->incomplete = 1;
	} else {
		__sync_fetch_and_add(&lost, 1);
	}
}

/* An event, and a stop of its task by that signal, if it is one. A stop the reader was not told of would
 * be taken for somebody else's. */
static __noinline int emit_event(struct slot *slot, u64 filled, u32 signal)
{
	slot->event.paused_by = signal;
	if (emit_call(slot, sizeof slot->event + slot->event.bytes, filled))
		return -1;
	if (signal)
		bpf_send_signal_thread(signal);
	return 0;
}

static __always_inline void read_at_entry(struct slot *slot, const struct call_info *info, u64 filled)
{
	struct call_plan *plan = 0;

	if (info->plan || info->variants)
		plan = plan_at(plan_of(info, &slot->event.record), CAPTURE_AT_ENTRY);
	read_memory(slot, plan, CAPTURE_AT_ENTRY, filled);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(entered, struct pt_regs *regs, long nr)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = bpf_task_storage_get(&states, task, 0, 0);

	if (!state && is_all)
		state = stranger(task);
	if (!state)
		return 0;
	s32 before = state->nr;
	bool caught = state->caught;
	state->born = state->caught = 0;
	state->what = SKIP;
	identify(state, task, nr);
	struct call_info *info = info_of(state->arch, state->nr);
	if (!info || (state->hidden && !(info->flags & DO_EXEC)))
		return 0;
	if (is_lossy && state->owed)
		settle_debt(state, before);
	bool interrupted = state->interrupted && is_interrupted(state);
	if (!info->flags && !interrupted)
		return 0;
	state->incomplete = 0;
	state->entered_ns = bpf_ktime_get_ns();
	state->what = LATE;
	if (!(info->flags & DO_TELL_EARLY) && !interrupted)
		return 0;
	state->what = EARLY;
	struct slot *slot = own_slot();
	if (!slot)
		return 0;
	u64 filled = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	fill(slot, state, regs, EVENT_ENTER);
	fill_event(slot, regs);
	read_at_entry(slot, info, filled);
	state->incomplete = slot->event.flags & EVENT_INCOMPLETE || info->flags & DO_HOLD;
	if (!is_lossy && state->incomplete && info->flags & DO_EXEC)
		slot->event.flags |= EVENT_LATER;
	/* A clone with a signal waiting fails, and is made again after it. */
	bool catches = info->flags & (DO_CATCH_CLONE | DO_CATCH_CLONE3) &&
		       hides_child(info, &slot->event.record) && !caught;
	state->caught = catches;
	if (emit_event(slot, filled, catches ? pause_signal(task) : 0))
		miss_entry(state);
	return 0;
}

/* A call waits, so what it was told is read now: others may write over it meanwhile. */
SEC("tp_btf/sched_switch")
int BPF_PROG(waits, bool preempted, struct task_struct *task)
{
	struct state *state = is_lossy || preempted ? 0 : bpf_task_storage_get(&states, task, 0, 0);

	if (!state || state->what != LATE)
		return 0;
	struct call_info *info = info_of(state->arch, state->nr);
	struct slot *slot = own_slot();
	if (!info || !slot || !(info->plan || info->variants))
		return 0;
	u64 filled = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	fill(slot, state, regs, EVENT_ENTER);
	struct call_plan *plan = plan_at(plan_of(info, &slot->event.record), CAPTURE_AT_ENTRY);
	if (!plan)
		return 0;
	fill_event(slot, regs);
	read_memory(slot, plan, CAPTURE_AT_ENTRY, filled);
	if (!(slot->event.flags & EVENT_INCOMPLETE) && !emit_event(slot, filled, 0))
		state->what = EARLY;
	return 0;
}

/* The point of no return of an exec: the kernel has just read all that was not there at the entry. */
SEC("raw_tp/sched_prepare_exec")
int executing(void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = bpf_task_storage_get(&states, task, 0, 0);
	struct slot *slot = own_slot();

	if (!state || !slot || !state->incomplete || state->what != EARLY)
		return 0;
	struct call_info *info = info_of(state->arch, state->nr);
	if (!info || !(info->flags & DO_EXEC))
		return 0;
	u64 filled = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	fill(slot, state, regs, EVENT_AGAIN);
	fill_event(slot, regs);
	read_at_entry(slot, info, filled);
	state->incomplete = 0;
	if (emit_event(slot, filled, 0))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

/* A call that was not seen to begin: because a filter refused it, or we came while it ran. False: it is no
 * call at all. */
static __always_inline bool begin_late(struct state *state, struct task_struct *task, struct pt_regs *regs)
{
	bool born = state->born;

	state->born = 0;
	if (born || (s64)regs->orig_ax < 0)
		return false;
	identify(state, task, regs->orig_ax);
	state->incomplete = 0;
	return true;
}

static __always_inline bool end_event(struct slot *slot, struct state *state, struct ending *ending,
				      u64 filled, bool must_pause)
{
	read_memory(slot, plan_at(ending->plan, ending->phases), ending->phases, filled);
	bool is_incomplete = slot->event.flags & EVENT_INCOMPLETE;
	if (is_incomplete || state->incomplete)
		__sync_fetch_and_add(&incomplete, 1);
	must_pause |= is_incomplete;
	return emit_event(slot, filled, must_pause ? pause_signal(bpf_get_current_task_btf()) : 0);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(left, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = bpf_task_storage_get(&states, task, 0, 0);

	if (!state)
		return 0;
	struct ending ending = {.what = state->what, .ret = ret};
	state->what = NONE;
	if (ending.what == SKIP || (ending.what == NONE && state->hidden))
		return 0;
	if (ending.what == NONE || ending.what == ADOPTED) {
		if (!begin_late(state, task, regs))
			return 0;
		if (ending.what == NONE) {
			state->entered_ns = bpf_ktime_get_ns();
			ending.flags = ret == (long)regs->orig_ax ? EVENT_REFUSED : 0;
		}
	}
	struct call_info *info = info_of(state->arch, state->nr);
	struct slot *slot = own_slot();
	if (!info || !slot)
		return 0;
	u64 filled = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	fill(slot, state, regs, RECORD_CALL);
	fill_event(slot, regs);
	int end = end_call(slot, state, info, &ending, filled);
	if (end == END_DULL)
		return 0;
	bool missed = end == END_PLAIN ? emit_call(slot, sizeof slot->event.record, filled)
				       : end_event(slot, state, &ending, filled, end == END_PAUSE);
	if (missed)
		miss_end(state, info, ending.goes_on);
	return 0;
}
