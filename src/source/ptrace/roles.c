/* SPDX-License-Identifier: MIT
 *
 * Which calls the source itself must know, by their numbers on each architecture, and what ptrace's
 * numbers mean.
 */
#include <linux/audit.h>

#include "source/ptrace/ptrace.h"

#define X32_BIT 0x40000000

static const struct {
	const char *name;
	enum call_role role;
} roles[] = {
	{"clone", CALL_CLONE},
	{"clone3", CALL_CLONE3},
	{"execve", CALL_EXECVE},
	{"execveat", CALL_EXECVEAT},
	{"exit_group", CALL_EXIT_GROUP},
	{"fork", CALL_FORK},
	{"prctl", CALL_PRCTL},
	{"restart_syscall", CALL_RESTART},
	{"rt_sigreturn", CALL_SIGRETURN},
	{"sched_getaffinity", CALL_AFFINITY},
	{"sched_setaffinity", CALL_AFFINITY},
	{"seccomp", CALL_SECCOMP},
	{"sigreturn", CALL_SIGRETURN},
	{"vfork", CALL_VFORK},
};

void call_roles(struct ptrace_source *source)
{
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		for (unsigned arch = 0; arch < ARCH_COUNT; arch++) {
			int nr = syscall_number(arch, roles[i].name);
			if (nr >= 0 && nr < INTEREST_NRS)
				source->roles[arch][nr] = roles[i].role;
		}
	repeat_roles(source);
}

void call_identify(struct record *record, uint32_t audit_arch, uint64_t nr)
{
	record->nr = (int32_t)nr;
	record->arch = audit_arch == AUDIT_ARCH_I386 ? ARCH_I386 : ARCH_X86_64;
	if (record->arch == ARCH_X86_64 && record->nr > 0 && record->nr & X32_BIT) {
		record->arch = ARCH_X32;
		record->nr &= ~X32_BIT;
	}
}
