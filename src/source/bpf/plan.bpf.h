/* SPDX-License-Identifier: MIT
 *
 * Running a plan: step by step, as source/capture.c runs the program it was made from.
 */
#ifndef PLAN_BPF_H
#define PLAN_BPF_H

/* ---- messages ---- */

#define ONE_OF_MANY (1u << 31) /* beside a step's flags: the result is no size */

__noinline int message(struct slot *slot, u32 width, u32 phases, u32 flags, u64 address)
{
	if (!slot)
		return 0;
	u64 name, name_size, iov, iov_count, control, control_size;
	u32 payload_phase = flags & CAPTURE_KERNEL_WRITES ? CAPTURE_AT_EXIT : CAPTURE_AT_ENTRY;

	if (user_word(address, width, &name) || user_word(address + width, 4, &name_size) ||
	    user_word(address + 2 * width, width, &iov) ||
	    user_word(address + 3 * width, width, &iov_count) ||
	    user_word(address + 4 * width, width, &control) ||
	    user_word(address + 5 * width, width, &control_size)) {
		slot->event.flags |= EVENT_INCOMPLETE;
		return -1;
	}
	if (phases & CAPTURE_AT_ENTRY)
		vector(slot, width, iov, iov_count);
	if (!(phases & payload_phase))
		return 0;
	if (name && name_size)
		snippet(slot, name, least(name_size, NAME_MAX));
	if (control && control_size)
		snippet(slot, control, least(control_size, CONTROL_MAX));
	u64 most = phases == CAPTURE_AT_EXIT && !(flags & ONE_OF_MANY) ? (u64)slot->event.record.ret : ~0ull;
	return payload(slot, width, iov, iov_count, most);
}

struct messages_run {
	struct run *run;
	u64 address;
	u32 flags;
};

static int messages_element(u32 i, struct messages_run *run)
{
	u32 width = run->run->plan->long_bytes;
	u64 at = run->address + (u64)i * 8 * width;

	return message(run->run->slot, width, run->run->phases, run->flags | ONE_OF_MANY, at) != 0;
}

static __always_inline int messages(struct run *run, u32 flags, u64 address, u64 count)
{
	struct messages_run elements = {run, address, flags};

	if (run->phases == CAPTURE_AT_EXIT)
		count = least(count, (u64)run->slot->event.record.ret);
	count = least(count, VECTORS_MAX);
	snippet(run->slot, address, count * 8 * run->plan->long_bytes);
	if (count > MESSAGES_MAX) {
		count = MESSAGES_MAX;
		run->slot->event.flags |= EVENT_INCOMPLETE;
	}
	bpf_loop(count, messages_element, &elements, 0);
	return 0;
}

/* ---- steps ---- */

static __always_inline u64 length_count(const struct run *run, const struct capture_step *step)
{
	u64 count = arg_word(run, step->length_slot);

	return step->length_bytes == 4 ? (u32)count : count;
}

static __always_inline u64 element_count(const struct run *run, const struct capture_step *step)
{
	u64 count = length_count(run, step), value;
	s64 ret = run->slot->event.record.ret;

	switch (step->length) {
	case LENGTH_COUNT:
		return count;
	case LENGTH_RESULT:
		return run->phases & CAPTURE_AT_EXIT ? least(count, ret) : count;
	case LENGTH_IF_RESULT:
		return ret != 0;
	case LENGTH_POINTED:
		if (user_word(arg_pointer(run, step->length_slot), 4, &value))
			return 0;
		return (s32)value > 0 ? value : 0;
	case LENGTH_BITS:
		return step->unit ? (count + 8 * step->unit - 1) / (8 * step->unit) : 0;
	default:
		return 1;
	}
}

static int run_step(u32 i, struct run *run)
{
	if (i >= PLAN_STEPS)
		return 1;
	const struct capture_step *step = &run->plan->steps[i];
	u64 address = arg_pointer(run, step->slot);
	u32 width = run->plan->long_bytes;
	u64 size, max;

	if (!address || !(step->flags & run->phases))
		return 0;
	switch (step->op) {
	case CAPTURE_STRING:
		snippet_string(run->slot, address);
		return 0;
	case CAPTURE_STRINGS:
		strings(run->slot, width, address);
		return 0;
	case CAPTURE_BYTES:
	case CAPTURE_PAYLOAD:
		max = step->op == CAPTURE_PAYLOAD ? data_limit : step->max ? step->max : SNIPPET_MAX;
		size = least(element_count(run, step), 0xffffffff) * step->unit;
		snippet(run->slot, address, least(size, max));
		return 0;
	case CAPTURE_IOVEC:
		if (run->phases & CAPTURE_AT_ENTRY)
			vector(run->slot, width, address, length_count(run, step));
		if (step->flags & CAPTURE_KERNEL_WRITES) {
			if (run->phases & CAPTURE_AT_EXIT)
				payload(run->slot, width, address, length_count(run, step),
					run->slot->event.record.ret);
		} else if (run->phases & CAPTURE_AT_ENTRY) {
			payload(run->slot, width, address, length_count(run, step), ~0ull);
		}
		return 0;
	case CAPTURE_MESSAGE:
		snippet(run->slot, address, 7 * run->plan->long_bytes);
		message(run->slot, width, run->phases, step->flags, address);
		return 0;
	case CAPTURE_MESSAGES:
		messages(run, step->flags, address, length_count(run, step));
		return 0;
	}
	return 0;
}

/* A global function, as those are verified once for all callers. */
__noinline int run_plan(struct slot *slot, struct call_plan *plan, u32 phases)
{
	if (!slot || !plan)
		return 0;
	struct run run = {slot, plan, phases};

	bpf_loop(least(plan->count, PLAN_STEPS), run_step, &run, 0);
	return 0;
}

#endif
