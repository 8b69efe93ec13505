/* SPDX-License-Identifier: MIT
 *
 * Attaching was refused: EPERM has a dozen causes, and the kernel does not say which. The causes are
 * tried in the order of how certain they are; see refusal.h.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>

#include "source/ptrace/refusal.h"

#define DOCKER "docker run --cap-add=SYS_PTRACE --security-opt seccomp=unconfined"

static bool may_trace_all(const struct refusal *r)
{
	return r->us.capabilities >> CAP_SYS_PTRACE & 1;
}

static bool is_gone(const struct refusal *r)
{
	return r->error == -ESRCH || !r->it.tgid;
}

static bool is_executing(const struct refusal *r)
{
	return r->error == -EAGAIN;
}

static bool is_us(const struct refusal *r)
{
	return r->it.tgid == r->own_pid;
}

static bool is_our_tracer(const struct refusal *r)
{
	return r->us.tracer && r->us.tracer == r->it.tgid;
}

static bool is_traced(const struct refusal *r)
{
	return r->it.tracer != 0;
}

static bool is_dead(const struct refusal *r)
{
	return r->it.state == 'Z' || r->it.state == 'X';
}

/* Kernels before 6.8 do not say so; their threads are children of the second process. */
static bool is_kernel_thread(const struct refusal *r)
{
	return r->it.kernel_thread || (!r->it.has_memory && (r->it.ppid == 2 || r->it.tgid == 2));
}

static bool yama_forbids_all(const struct refusal *r)
{
	return r->yama == 3;
}

static bool is_other_users(const struct refusal *r)
{
	return !may_trace_all(r) && r->us.uid != 0 && r->it.uid != r->us.uid;
}

static bool yama_needs_root(const struct refusal *r)
{
	return r->yama == 2 && !may_trace_all(r) && r->us.uid != 0;
}

static bool yama_needs_parent(const struct refusal *r)
{
	return r->yama == 1 && !may_trace_all(r) && r->us.uid != 0;
}

static bool lacks_capability(const struct refusal *r)
{
	return r->us.uid == 0 && !may_trace_all(r);
}

static bool is_filtered(const struct refusal *r)
{
	return r->us.seccomp != 0;
}

static bool is_undumpable(const struct refusal *r)
{
	return !may_trace_all(r);
}

static bool always(const struct refusal *r)
{
	return r != NULL;
}

/* WHO: who traces it, or whose it is. */
static const struct {
	bool (*applies)(const struct refusal *refusal);
	const char *text;
} causes[] = {
	{is_gone, "there is no such process"},
	{is_executing, "it has been starting another program all the time; try again"},
	{is_us, "that is this tracer itself"},
	{is_our_tracer, "it traces this tracer, and two that trace each other could never be ended"},
	{is_traced, "it is already traced by WHO; end that first"},
	{is_dead, "it has already exited, only its parent has not taken notice yet"},
	{is_kernel_thread, "it is a thread of the kernel and runs no program"},
	{yama_forbids_all, "kernel.yama.ptrace_scope is 3: nobody may attach until the next boot"},
	{is_other_users, "it belongs to user WHO; use sudo"},
	{yama_needs_root, "kernel.yama.ptrace_scope is 2: only root may attach; use sudo"},
	{yama_needs_parent, "kernel.yama.ptrace_scope is 1: only programs started by the tracer may be "
			    "traced; use sudo, or allow it: sudo sysctl kernel.yama.ptrace_scope=0"},
	{lacks_capability, "root lacks the capability SYS_PTRACE here, as in a container; " DOCKER},
	{is_filtered, "the seccomp filter of a container or sandbox may forbid it; " DOCKER},
	{is_undumpable, "it has more rights than you or forbids it (setuid program, PR_SET_DUMPABLE); "
			"use sudo"},
	{always, "WHO: a security module (AppArmor, SELinux) may forbid it, see dmesg"},
};

static void name_person(const struct refusal *r, char *text, size_t room)
{
	char comm[PROC_COMM];

	if (is_traced(r)) {
		proc_comm(r->it.tracer, comm);
		snprintf(text, room, "%s (process %d)", *comm ? comm : "a process", r->it.tracer);
	} else if (is_other_users(r)) {
		const struct passwd *user = getpwuid(r->it.uid);
		if (user)
			snprintf(text, room, "%s", user->pw_name);
		else
			snprintf(text, room, "number %u", r->it.uid);
	} else {
		snprintf(text, room, "%s", strerror(-r->error));
	}
}

void refusal_text(const struct refusal *refusal, char *why, size_t room)
{
	char person[128];
	size_t i = 0;

	while (!causes[i].applies(refusal))
		i++;
	name_person(refusal, person, sizeof person);
	int size = snprintf(why, room, "cannot attach to %d: ", refusal->pid);
	if (size < 0 || (size_t)size >= room)
		return;
	const char *mark = strstr(causes[i].text, "WHO");
	if (mark)
		snprintf(why + size, room - size, "%.*s%s%s", (int)(mark - causes[i].text), causes[i].text,
			 person, mark + strlen("WHO"));
	else
		snprintf(why + size, room - size, "%s", causes[i].text);
}

static int yama_scope(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &scope) != 1)
		scope = -1;
	fclose(file);
	return scope;
}

void refusal_explain(pid_t pid, int error, char *why, size_t room)
{
	struct refusal refusal = {.pid = pid, .error = error, .own_pid = getpid(), .yama = yama_scope()};

	proc_status(pid, &refusal.it);
	proc_status(getpid(), &refusal.us);
	refusal_text(&refusal, why, room);
}
