/* SPDX-License-Identifier: MIT
 *
 * From interest and the table of system calls: what the programs are to do for each call.
 *
 * Memory is read when the call ended, also what the kernel was told: by then it is there, as the
 * kernel has used it. Where the kernel may have written over it, and where the call does not come
 * back, it is read when the call begins (DO_TELL_EARLY); and the ptrace source must know beforehand
 * of those that make tasks or end them.
 */
#include <stdlib.h>
#include <string.h>

#include "source/bpf/bpf.h"

#define PLANS_MAX 4096

static bool is_wanted(const struct capture_step *step, uint32_t data_limit)
{
	return data_limit || step->op != CAPTURE_PAYLOAD;
}

/* The number of the row's plan. */
static uint32_t add_plan(struct tables *tables, const struct syscall_row *row, uint32_t data_limit)
{
	struct call_plan *plan = &tables->plans[tables->plan_count];

	*plan = (struct call_plan){.long_bytes = row->long_bytes};
	for (unsigned i = 0; i < row->step_count && plan->count < PLAN_STEPS; i++) {
		if (!is_wanted(&row->steps[i], data_limit))
			continue;
		plan->steps[plan->count++] = row->steps[i];
		plan->phases |= row->steps[i].flags & (CAPTURE_AT_ENTRY | CAPTURE_AT_EXIT);
	}
	return plan->count && tables->plan_count < PLANS_MAX - 1 ? tables->plan_count++ : 0;
}

static bool is_overwritten(const struct syscall_row *row, uint32_t data_limit)
{
	bool reads = false, writes = false;

	for (unsigned i = 0; i < row->step_count; i++) {
		const struct capture_step *step = &row->steps[i];
		if (!is_wanted(step, data_limit))
			continue;
		reads |= step->flags & CAPTURE_AT_ENTRY && step->op != CAPTURE_STRING;
		writes |= step->flags & CAPTURE_AT_EXIT;
	}
	for (unsigned i = 0; i < row->variant_count; i++)
		if (is_overwritten(row->variants[i].row, data_limit))
			return true;
	return reads && writes;
}

static bool is_early(const struct ptrace_source *roles, unsigned arch, int nr, bool wanted)
{
	const struct syscall_row *row = syscall_row(arch, nr);
	enum call_role role = call_role(roles, arch, nr);

	if (role >= CALL_FORK && role <= CALL_EXIT_GROUP)
		return true;
	return wanted && row && (role == CALL_SIGRETURN || strcmp(row->name, "exit") == 0);
}

static void add_variants(struct tables *tables, struct call_info *info,
			 const struct syscall_row *row, uint32_t data_limit)
{
	info->variant = tables->variant_count;
	info->chooser_slot = row->args[row->variant_arg].slot;
	info->chooser_bytes = row->args[row->variant_arg].bytes;
	for (unsigned i = 0; i < row->variant_count && tables->variant_count < PLANS_MAX; i++) {
		const struct syscall_variant *variant = &row->variants[i];
		tables->variants[tables->variant_count++] =
			(struct call_variant){variant->value, variant->mask,
					      add_plan(tables, variant->row, data_limit), 0};
	}
	info->variants = tables->variant_count - info->variant;
}

static void add_call(struct tables *tables, const struct ptrace_source *roles, unsigned arch,
		     int nr, const struct interest *interest)
{
	struct call_info *info = &tables->calls[arch * INTEREST_NRS + nr];
	const struct syscall_row *row = syscall_row(arch, nr);
	bool splits = syscall_multiplexes(interest->calls, arch, nr);
	bool wanted = interest_has(interest->calls, arch, nr) || splits;
	enum call_role role = call_role(roles, arch, nr);

	info->flags = (wanted ? DO_TELL : 0) | (role == CALL_REPEATS ? DO_REPEAT : 0);
	if (is_early(roles, arch, nr, wanted))
		info->flags |= DO_TELL_EARLY;
	if (wanted && syscall_packs_args(arch, nr))
		info->flags |= DO_TELL_EARLY | DO_HOLD;
	if (role == CALL_CLONE)
		info->flags |= DO_CATCH_CLONE;
	if (role == CALL_CLONE3)
		info->flags |= DO_CATCH_CLONE3;
	bool execs = role == CALL_EXECVE || role == CALL_EXECVEAT;
	if (execs)
		info->flags |= DO_EXEC;
	if (!row || (!wanted && !execs))
		return;
	if (is_overwritten(row, interest->data_limit))
		info->flags |= DO_TELL_EARLY;
	if (row->variant_count)
		add_variants(tables, info, row, interest->data_limit);
	info->plan = add_plan(tables, row, interest->data_limit);
}

int tables_make(struct tables *tables, const struct interest *interest)
{
	struct ptrace_source *roles = calloc(1, sizeof *roles);

	*tables = (struct tables){.plan_count = 1};
	tables->plans = calloc(PLANS_MAX, sizeof *tables->plans);
	tables->variants = calloc(PLANS_MAX, sizeof *tables->variants);
	if (!roles || !tables->plans || !tables->variants) {
		free(roles);
		tables_free(tables);
		return -ENOMEM;
	}
	call_roles(roles);
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (int nr = 0; nr < INTEREST_NRS; nr++)
			add_call(tables, roles, arch, nr, interest);
	free(roles);
	return 0;
}

void tables_free(struct tables *tables)
{
	free(tables->plans);
	free(tables->variants);
	tables->plans = NULL;
	tables->variants = NULL;
}
