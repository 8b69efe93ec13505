/* SPDX-License-Identifier: MIT
 *
 * Which source it is to be: the one that is asked for by name, or the best there is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/source.h"

/* Until it has stood every test that ptrace has, bpf is for those who ask for it. */
static const bool auto_takes_bpf = false;

/* Hooks that run before the kernel does the call need its task stopped there. */
static bool hooks_entries(const struct interest *interest)
{
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (unsigned i = 0; i < INTEREST_NRS / 64; i++)
			if (interest->enters[arch][i])
				return true;
	return false;
}

static int open_bpf(const struct target *target, const struct interest *interest,
		    struct source **result, bool *is_impossible, char *why, size_t room)
{
	if (hooks_entries(interest)) {
		*is_impossible = true;
		snprintf(why, room, "a script hooks calls before they run (\"enter:\")");
		return -ENOTSUP;
	}
	return bpf_source_open(target, interest, result, is_impossible, why, room);
}

int source_open(const char *backend, const struct target *target, const struct interest *interest,
		struct source **result, char *why, size_t room)
{
	bool is_impossible = false, is_required = strcmp(backend, "bpf") == 0;
	char reason[512];

	*why = 0;
	if (strcmp(backend, "ptrace") == 0 || (!is_required && !auto_takes_bpf))
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
