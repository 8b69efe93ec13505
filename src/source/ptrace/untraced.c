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

enum untraced {
	UNTRACED_NOT, /* the flag is not there, or without effect */
	UNTRACED_CLEARED,
	UNTRACED_STAYS, /* it is in memory that cannot be written: shared, and only for reading */
};

/* The register of a call's first argument. */
static uintptr_t first_register(unsigned arch)
{
	return arch == ARCH_I386 ? offsetof(struct user_regs_struct, rbx)
				 : offsetof(struct user_regs_struct, rdi);
}

static bool set_register(pid_t tid, unsigned arch, uint64_t flags)
{
	return request(PTRACE_POKEUSR, tid, first_register(arch), flags) == 0;
}

/* Struct clone_args of clone3 has its flags at its start. */
static bool read_flags(struct ptrace_source *source, pid_t tid, uint64_t address, uint64_t *flags)
{
	return task_read(source, tid, address, flags, sizeof *flags) == sizeof *flags;
}

static enum untraced clear(struct ptrace_source *source, pid_t tid, enum call_role role,
			   const struct record *record)
{
	uint64_t flags = record->args[0];
	bool is_cleared;

	if (role != CALL_CLONE && (role != CALL_CLONE3 || !read_flags(source, tid, record->args[0], &flags)))
		return UNTRACED_NOT;
	if (!(flags & CLONE_UNTRACED))
		return UNTRACED_NOT;
	if (role == CALL_CLONE)
		is_cleared = set_register(tid, record->arch, flags & ~(uint64_t)CLONE_UNTRACED);
	else
		is_cleared = task_write(tid, record->args[0], flags & ~(uint64_t)CLONE_UNTRACED);
	if (is_cleared)
		return UNTRACED_CLEARED;
	return flags & CLONE_PTRACE ? UNTRACED_NOT : UNTRACED_STAYS;
}

void untraced_enter(struct ptrace_source *source, const struct tracee *tracee, struct call *call)
{
	enum untraced untraced = UNTRACED_NOT;

	if (!source->passing)
		untraced = clear(source, tracee->tid, call->role, call->record);
	call->untraced = untraced == UNTRACED_CLEARED;
	if (untraced != UNTRACED_NOT)
		note_once(source, tracee, untraced == UNTRACED_CLEARED ? NOTE_UNTRACED : NOTE_ESCAPED);
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
	       read_flags(source, tracee->tid, call->record->args[0], &flags) && flags & CLONE_UNTRACED;
}

void untraced_restore(struct ptrace_source *source, pid_t tid, enum call_role role, unsigned arch)
{
	unsigned long first;
	uint64_t flags;

	if (request(PTRACE_PEEKUSR, tid, first_register(arch), (uintptr_t)&first) < 0)
		return;
	if (role == CALL_CLONE)
		set_register(tid, arch, first | CLONE_UNTRACED);
	else if (read_flags(source, tid, first, &flags))
		task_write(tid, first, flags | CLONE_UNTRACED);
}
