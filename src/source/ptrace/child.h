/* SPDX-License-Identifier: MIT
 *
 * child: the process that becomes the command. It waits at a gate, so that the trace can begin before
 * it does anything, then takes on all that the command is to find, and executes it. The gate is a
 * socket pair that exec closes.
 */
#ifndef PTRACE_CHILD_H
#define PTRACE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "source/ptrace/command.h"
#include "source/source.h"

struct ptrace_source;
struct sock_fprog;

/* What the child says through the gate. */
struct gate_report {
	enum { REPORT_READY, REPORT_FILTER, REPORT_USER, REPORT_EXEC } what;
	bool no_new_privileges; /* REPORT_FILTER */
	int error;
};

/* Starts it. Its pid, and our end of the gate; or a negative errno. `filter` may be empty. */
pid_t child_start(const struct command *command, const struct target *target, const struct sock_fprog *filter,
		  int *gate);

/* The next thing it says. REPORT_READY with ECHILD: it is dead, or executes the command. */
struct gate_report gate_read(int gate);
/* Lets it through. 0 or a negative errno. */
int gate_open(int gate);

/* Why it did not come to the exec, for the user. Returns a negative errno. */
int child_failed(const struct command *command, struct gate_report report, char *why, size_t room);

/* Makes its RECORD_TASK and, if wanted, those of its descriptors. It waits at the gate. */
void child_tell(struct ptrace_source *source, const struct target *target, const struct command *command);

#endif
