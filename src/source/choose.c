/* SPDX-License-Identifier: MIT
 *
 * Which source it is to be: the one that is asked for by name, or the best there is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "source/source.h"

/* For what must a task be stopped at its call? NULL: for nothing. */
static const char *why_stopped(const struct interest *interest)
{
	if (interest_any(interest->enters))
		return "a script hooks calls before they run (\"enter:\")";
	if (interest_any(interest->stacks))
		return "a script wants the stack of calls";
	return NULL;
}

static int open_bpf(const struct target *target, const struct interest *interest,
		    struct source **result, bool *is_impossible, char *why, size_t room)
{
	const char *stopped = why_stopped(interest);

	if (stopped) {
		*is_impossible = true;
		snprintf(why, room, "%s", stopped);
		return -ENOTSUP;
	}
	return bpf_source_open(target, interest, result, is_impossible, why, room);
}

/* For what nothing else can do. */
static int open_bpf_only(const struct target *target, const struct interest *interest,
			 struct source **result, char *why, size_t room)
{
	const char *stopped = why_stopped(interest);
	char reason[512];

	if (stopped) {
		snprintf(why, room, "%s, for which programs must be stopped; that cannot be with %s", stopped,
			 target->all ? "-a" : "--backend bpf-only");
		return -ENOTSUP;
	}
	int error = bpf_only_source_open(target, interest, result, reason, sizeof reason);
	if (error == -EPERM && target->all && geteuid() != 0)
		snprintf(why, room, "-a is for root: %s", reason);
	else if (error)
		snprintf(why, room, "%s", reason);
	return error;
}

int source_open(const char *backend, const struct target *target, const struct interest *interest,
		struct source **result, char *why, size_t room)
{
	bool is_impossible = false, is_required = strcmp(backend, "bpf") == 0;
	char reason[512];

	*why = 0;
	if (target->all && (strcmp(backend, "ptrace") == 0 || strcmp(backend, "bpf") == 0)) {
		snprintf(why, room, "-a cannot stop all that runs: leave out --backend %s", backend);
		return -EINVAL;
	}
	if (target->all || strcmp(backend, "bpf-only") == 0)
		return open_bpf_only(target, interest, result, why, room);
	if (strcmp(backend, "ptrace") == 0)
		return ptrace_source_open(target, interest, result, why, room);
	int error = open_bpf(target, interest, result, &is_impossible, reason, sizeof reason);
	if (!is_impossible) {
		snprintf(why, room, "%s", error ? reason : "");
		return error;
	}
	if (is_required) {
		snprintf(why, room, "--backend bpf is not possible: %s; --backend ptrace is",
			 reason);
		return error;
	}
	error = ptrace_source_open(target, interest, result, why, room);
	if (!error)
		snprintf(why, room, ", as bpf is not possible: %s", reason);
	return error;
}
