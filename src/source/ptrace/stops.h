/* SPDX-License-Identifier: MIT
 *
 * stops: tasks that have stopped (tracee->status), in the order in which they were heard of. Each
 * is in the queue once.
 */
#ifndef PTRACE_STOPS_H
#define PTRACE_STOPS_H

struct ptrace_source;
struct tracee;

void stops_push(struct ptrace_source *source, struct tracee *tracee);
/* Out of the queue, wherever it is. */
void stops_drop(struct ptrace_source *source, struct tracee *tracee);
/* The first; NULL when there is none. */
struct tracee *stops_take(struct ptrace_source *source);

#endif
