/* SPDX-License-Identifier: MIT
 *
 * What all programs do: name a task, find what is known of a call, write into the ring.
 */
#ifndef COMMON_BPF_H
#define COMMON_BPF_H

/* ---- who ---- */

static __always_inline void name_task(struct state *state, struct task_struct *task)
{
	state->tid = number_of(task);
	state->pid = number_of(BPF_CORE_READ(task, group_leader));
}

/* ---- out ---- */

static __always_inline u64 wake_flags(u64 filled)
{
	if (is_asleep) {
		is_asleep = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	if (filled > behind_max / 2 && !is_waking) {
		is_waking = 1;
		return BPF_RB_FORCE_WAKEUP;
	}
	return BPF_RB_NO_WAKEUP;
}

/* Not 0: there was no room. */
static __always_inline long emit(struct slot *slot, u64 size, u64 filled)
{
	OPAQUE(size);
	if (size > sizeof *slot)
		size = sizeof *slot;
	return bpf_ringbuf_output(&ring, slot, size, wake_flags(filled));
}

/* The same for calls, which leave room for what says who lives. */
static __always_inline long emit_call(struct slot *slot, u64 size, u64 filled)
{
	return is_lossy && filled > ring_size / 8 * 7 ? -1 : emit(slot, size, filled);
}

static __always_inline struct slot *own_slot(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&slots, &cpu);
}

static __always_inline struct call_info *info_of(u32 arch, u32 nr)
{
	u32 index = arch * INTEREST_NRS + (nr < INTEREST_NRS ? nr : INTEREST_NRS - 1);

	return bpf_map_lookup_elem(&calls, &index);
}

/* ---- calls ---- */

static __always_inline void identify(struct state *state, struct task_struct *task, s32 nr)
{
	if (task->thread_info.status & TS_COMPAT) {
		state->arch = ARCH_I386;
	} else if (nr > 0 && nr & X32_BIT) {
		state->arch = ARCH_X32;
		nr &= ~X32_BIT;
	} else {
		state->arch = ARCH_X86_64;
	}
	state->nr = nr;
}

static __always_inline void fill(struct slot *slot, const struct state *state, struct pt_regs *regs, u8 kind)
{
	struct record *record = &slot->event.record;

	record->size = sizeof *record;
	record->kind = kind;
	record->arch = state->arch;
	record->flags = 0;
	record->time_ns = state->entered_ns;
	record->duration_ns = 0;
	record->pid = state->pid;
	record->tid = state->tid;
	record->nr = state->nr;
	record->pieces = 0;
	record->ret = 0;
	if (state->arch == ARCH_I386) {
		record->args[0] = (u32)regs->bx;
		record->args[1] = (u32)regs->cx;
		record->args[2] = (u32)regs->dx;
		record->args[3] = (u32)regs->si;
		record->args[4] = (u32)regs->di;
		record->args[5] = (u32)regs->bp;
		if (regs->cs == CS_64)
			record->flags = RECORD_INT80;
	} else {
		record->args[0] = regs->di;
		record->args[1] = regs->si;
		record->args[2] = regs->dx;
		record->args[3] = regs->r10;
		record->args[4] = regs->r8;
		record->args[5] = regs->r9;
	}
}

static __always_inline void fill_event(struct slot *slot, struct pt_regs *regs)
{
	slot->event.ip = regs->ip;
	slot->event.sp = regs->sp;
	slot->event.interrupted = 0;
	slot->event.flags = 0;
	slot->event.bytes = 0;
	slot->event.paused_by = 0;
}

/* ---- what is to be read ---- */

struct choice {
	u64 value;
	u32 variant, plan;
};

static int choose(u32 i, struct choice *choice)
{
	u32 index = choice->variant + i;
	struct call_variant *variant = bpf_map_lookup_elem(&variants, &index);

	if (!variant || (choice->value & variant->mask) != variant->value)
		return 0;
	choice->plan = variant->plan;
	return 1;
}

/* What is to be read of this very call: a plan's number; 0: nothing. */
static __noinline u32 plan_of(const struct call_info *info, const struct record *record)
{
	struct choice choice = {.plan = info->plan};

	if (info->variants) {
		choice.value = record->args[info->chooser_slot & 7];
		if (info->chooser_bytes == 4)
			choice.value = (u32)choice.value;
		choice.variant = info->variant;
		bpf_loop(info->variants, choose, &choice, 0);
	}
	return choice.plan;
}

/* NULL: there is nothing to do then. */
static __always_inline struct call_plan *plan_at(u32 number, u32 phases)
{
	struct call_plan *plan = number ? bpf_map_lookup_elem(&plans, &number) : 0;

	return plan && plan->phases & phases ? plan : 0;
}

static __always_inline bool is_full(u64 filled)
{
	return filled > ring_size / 4 * 3;
}

static __always_inline void read_memory(struct slot *slot, struct call_plan *plan, u32 phases, u64 filled)
{
	if (!plan)
		return;
	if (is_full(filled))
		slot->event.flags |= EVENT_INCOMPLETE;
	else
		run_plan(slot, plan, phases);
}

#endif
