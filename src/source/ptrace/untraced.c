/* SPDX-License-Identifier: MIT
 *
 * CLONE_UNTRACED: a program can make tasks that its tracer does not get. We want them all, so the
 * flag is taken away before the kernel reads it, and given back to the registers (clone) or the
 * memory (clone3) of both tasks before they can look.
 */
#include <sched.h>
#include <stddef.h>
#include <sys/user.h>

#include "source/ptrace/ptrace.h"
#include "source/ptrace/untraced.h"

/* The register of a call's first argument. */
static uintptr_t first_register(unsigned arch)
{
	return arch == ARCH_I386 ? offsetof(struct user_regs_struct, rbx)
				 : offsetof(struct user_regs_struct, rdi);
}

/* Where struct clone_args of clone3 has its flags: at its start. */
static bool flags_in_memory(struct ptrace_source *source, pid_t tid, uint64_t address, bool set)
{
	uint64_t flags;

	if (task_read(source, tid, address, &flags, sizeof flags) != sizeof flags ||
	    !(flags & CLONE_UNTRACED) != set)
		return false;
	flags ^= CLONE_UNTRACED;
	return task_write(tid, address, &flags, sizeof flags);
}

static bool flags_in_register(pid_t tid, unsigned arch, bool set)
{
	unsigned long flags;

	if (request(PTRACE_PEEKUSR, tid, first_register(arch), (uintptr_t)&flags) < 0 ||
	    !(flags & CLONE_UNTRACED) != set)
		return false;
	flags ^= CLONE_UNTRACED;
	return request(PTRACE_POKEUSR, tid, first_register(arch), flags) == 0;
}

bool untraced_clear(struct ptrace_source *source, pid_t tid, enum call_role role,
		    const struct record *record)
{
	if (role == CALL_CLONE && record->args[0] & CLONE_UNTRACED)
		return flags_in_register(tid, record->arch, false);
	return role == CALL_CLONE3 && flags_in_memory(source, tid, record->args[0], false);
}

bool untraced_awaits(struct ptrace_source *source, const struct tracee *tracee)
{
	const struct call *call = tracee->call;
	uint64_t flags;

	if (!call || !call->restart || !source->feed)
		return false;
	if (call->role == CALL_CLONE)
		return call->record->args[0] & CLONE_UNTRACED;
	return call->role == CALL_CLONE3 &&
	       task_read(source, tracee->tid, call->record->args[0], &flags, sizeof flags) == sizeof flags &&
	       flags & CLONE_UNTRACED;
}

void untraced_restore(struct ptrace_source *source, pid_t tid, enum call_role role, unsigned arch)
{
	unsigned long address;

	if (role == CALL_CLONE)
		flags_in_register(tid, arch, true);
	else if (request(PTRACE_PEEKUSR, tid, first_register(arch), (uintptr_t)&address) == 0)
		flags_in_memory(source, tid, address, true);
}
