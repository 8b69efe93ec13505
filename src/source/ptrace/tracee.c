/* SPDX-License-Identifier: MIT
 *
 * The tables of tasks, processes and calls; see tracee.h.
 */
#include <stdlib.h>
#include <string.h>

#include "source/ptrace/tracee.h"

/* A call keeps its buffer when it goes back to the pool, unless one large capture blew it up. */
#define CALL_KEEP (16u << 10)
#define CALL_ROOM 512u

static unsigned bucket(pid_t id)
{
	return (unsigned)id % TRACEE_BUCKETS;
}

struct tracee *tracee_find(const struct tracees *tracees, pid_t tid)
{
	struct tracee *tracee = tracees->buckets[bucket(tid)];

	while (tracee && tracee->tid != tid)
		tracee = tracee->next;
	return tracee;
}

struct tracee *tracee_add(struct tracees *tracees, pid_t tid)
{
	struct tracee *tracee = calloc(1, sizeof *tracee);
	if (!tracee)
		return NULL;
	struct tracee **head = &tracees->buckets[bucket(tid)];
	*tracee = (struct tracee){.tid = tid, .next = *head};
	*head = tracee;
	tracees->count++;
	return tracee;
}

struct process *process_find(const struct tracees *tracees, pid_t pid)
{
	struct process *process = tracees->processes[bucket(pid)];

	while (process && process->pid != pid)
		process = process->next;
	return process;
}

bool tracee_join(struct tracees *tracees, struct tracee *tracee, pid_t pid)
{
	struct process *process = process_find(tracees, pid);

	if (!process) {
		process = calloc(1, sizeof *process);
		if (!process)
			return false;
		struct process **head = &tracees->processes[bucket(pid)];
		*process = (struct process){.pid = pid, .next = *head};
		*head = process;
	}
	process->tasks++;
	tracee->process = process;
	return true;
}

pid_t tracee_pid(const struct tracee *tracee)
{
	return tracee->process ? tracee->process->pid : tracee->tid;
}

static void process_leave(struct tracees *tracees, struct tracee *tracee)
{
	struct process *process = tracee->process;
	if (!process)
		return;
	process->tasks--;
	process->exiting -= tracee->exiting;
	process->parked -= tracee->parked;
	if (process->tasks)
		return;
	struct process **link = &tracees->processes[bucket(process->pid)];
	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	free(process);
}

void tracee_remove(struct tracees *tracees, struct tracee *tracee)
{
	struct tracee **link = &tracees->buckets[bucket(tracee->tid)];

	while (*link != tracee)
		link = &(*link)->next;
	*link = tracee->next;
	while (tracee->call)
		call_pop(tracees, tracee);
	process_leave(tracees, tracee);
	tracees->count--;
	free(tracee);
}

struct tracee *tracee_next(const struct tracees *tracees, const struct tracee *tracee)
{
	if (tracee && tracee->next)
		return tracee->next;
	for (unsigned i = tracee ? bucket(tracee->tid) + 1 : 0; i < TRACEE_BUCKETS; i++)
		if (tracees->buckets[i])
			return tracees->buckets[i];
	return NULL;
}

static bool call_reserve(struct call *call, size_t size)
{
	if (call->record && call->room >= size)
		return true;
	size_t room = size < CALL_ROOM ? CALL_ROOM : size;
	struct record *record = realloc(call->record, room);
	if (!record)
		return false;
	call->record = record;
	call->room = room;
	return true;
}

bool call_keep(struct call *call, const struct record *record)
{
	if (!call_reserve(call, record->size))
		return false;
	memcpy(call->record, record, record->size);
	return true;
}

static void call_free(struct call *call)
{
	free(call->record);
	free(call);
}

struct call *call_push(struct tracees *tracees, struct tracee *tracee, const struct record *record)
{
	struct call *call = tracees->pool;
	if (call)
		tracees->pool = call->below;
	else if (!(call = calloc(1, sizeof *call)))
		return NULL;
	if (!call_reserve(call, record->size)) {
		call_free(call);
		return NULL;
	}
	struct call fresh = {.record = call->record, .room = call->room, .below = tracee->call};
	memcpy(fresh.record, record, record->size);
	*call = fresh;
	tracee->call = call;
	return call;
}

void call_pop(struct tracees *tracees, struct tracee *tracee)
{
	struct call *call = tracee->call;

	tracee->call = call->below;
	free(call->tampering);
	if (call->room > CALL_KEEP) {
		call_free(call);
		return;
	}
	call->below = tracees->pool;
	tracees->pool = call;
}

void tracees_free(struct tracees *tracees)
{
	struct tracee *tracee;
	while ((tracee = tracee_next(tracees, NULL)))
		tracee_remove(tracees, tracee);
	while (tracees->pool) {
		struct call *call = tracees->pool;
		tracees->pool = call->below;
		call_free(call);
	}
}
