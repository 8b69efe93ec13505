/* SPDX-License-Identifier: MIT
 *
 * The queue of tasks that have stopped: see stops.h.
 */
#include "source/ptrace/stops.h"

#include "source/ptrace/ptrace.h"

void stops_push(struct ptrace_source *source, struct tracee *tracee)
{
	if (tracee->queued)
		return;
	tracee->queued = true;
	tracee->behind = NULL;
	*source->last = tracee;
	source->last = &tracee->behind;
}

struct tracee *stops_take(struct ptrace_source *source)
{
	struct tracee *tracee = source->first;

	if (!tracee)
		return NULL;
	source->first = tracee->behind;
	if (!source->first)
		source->last = &source->first;
	tracee->queued = false;
	return tracee;
}

void stops_drop(struct ptrace_source *source, struct tracee *tracee)
{
	if (!tracee->queued)
		return;
	struct tracee **link = &source->first;
	while (*link != tracee)
		link = &(*link)->behind;
	*link = tracee->behind;
	if (!tracee->behind)
		source->last = link;
	tracee->queued = false;
}
