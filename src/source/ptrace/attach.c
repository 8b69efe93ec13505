/* SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include "source/ptrace/ptrace.h"
#include "source/ptrace/snapshot.h"

int attach(struct ptrace_source *source, const struct target *target, char *why, size_t room)
{
	(void)source;
	(void)target;
	snprintf(why, room, "attaching is not built in yet");
	return -ENOSYS;
}
bool snapshot_continue(struct ptrace_source *source)
{
	return source->snapshot != NULL;
}
void snapshot_free(struct ptrace_source *source)
{
	(void)source;
}
