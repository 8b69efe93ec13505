/* SPDX-License-Identifier: MIT
 *
 * seccomp's strict mode for tasks that have our filter, as the kernel refuses it to them (EINVAL):
 * read, write, exit and sigreturn are allowed, anything else is the end by SIGKILL. All calls of
 * such a process stop.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/user.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/act.h"

static bool asks_for_it(const struct ptrace_syscall_info *info)
{
	struct record call = {0};

	call_identify(&call, info->arch, info->entry.nr);
	if (call.nr == syscall_number(call.arch, "prctl"))
		return (uint32_t)info->entry.args[0] == PR_SET_SECCOMP &&
		       info->entry.args[1] == SECCOMP_MODE_STRICT;
	return (uint32_t)info->entry.args[0] == SECCOMP_SET_MODE_STRICT && !info->entry.args[1] &&
	       !info->entry.args[2];
}

/* Besides ours: then the kernel would refuse it without us as well. Old ones do not say how many there
 * are. */
static bool has_other_filter(const struct tracee *tracee)
{
	struct proc_status status;

	if (!proc_status(tracee->tid, &status) || status.filters < 0)
		return tracee->process->every_call;
	return status.filters > 1;
}

void strict_begin(struct tracee *tracee, const struct ptrace_syscall_info *info)
{
	if (!asks_for_it(info) || has_other_filter(tracee))
		return;
	tracee->strict = true;
	task_skip_call(tracee->tid, 0);
}

void strict_check(const struct tracee *tracee, const struct ptrace_syscall_info *info)
{
	static const char *const allowed[] = {"read", "write", "exit", "rt_sigreturn", "sigreturn"};
	struct record call = {0};

	call_identify(&call, info->arch, info->entry.nr);
	/* Where an architecture lacks one of them, its number is -1. */
	for (size_t i = 0; call.nr >= 0 && i < sizeof allowed / sizeof *allowed; i++)
		if (call.nr == syscall_number(call.arch, allowed[i]))
			return;
	kill(tracee_pid(tracee), SIGKILL);
}
