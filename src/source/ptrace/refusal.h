/* SPDX-License-Identifier: MIT
 *
 * refusal: why the kernel would not let us trace a process, and what the user can do about it.
 */
#ifndef PTRACE_REFUSAL_H
#define PTRACE_REFUSAL_H

#include <stddef.h>
#include <sys/types.h>

#include "source/ptrace/proc.h"

/* What is known of both sides when attaching failed. */
struct refusal {
	pid_t pid;               /* the process to attach to */
	int error;               /* negative errno of PTRACE_SEIZE */
	struct proc_status it;   /* zero when it is gone */
	struct proc_status us;
	pid_t own_pid;
	int yama;                /* kernel.yama.ptrace_scope; -1: the kernel has none */
};

/* One line: the cause and the remedy. */
void refusal_explain(pid_t pid, int error, char *why, size_t room);
/* The same from given facts. */
void refusal_text(const struct refusal *refusal, char *why, size_t room);

#endif
