/* SPDX-License-Identifier: MIT
 *
 * What is in the ring, one thing at a time. A record of a call that needs nothing goes to the
 * session as it lies there; an event is given to the ptrace source's call.c, as if the task had
 * stopped, with the memory the event brought along.
 */
#include <linux/audit.h>
#include <sched.h>
#include <string.h>

#include "source/bpf/bpf.h"

#define X32_BIT 0x40000000u

/* ---- memory ---- */

static size_t read_snippet(const struct snippet *snippet, uint64_t address, void *bytes,
			   size_t size)
{
	uint64_t skip = address - snippet->address;
	size_t count = snippet->size - skip < size ? snippet->size - skip : size;

	memcpy(bytes, (const char *)(snippet + 1) + skip, count);
	return count;
}

/* What the programs did not bring along is read from the task itself, if it waits for us. */
static size_t read_task(const struct event_memory *memory, uint64_t address, void *bytes, size_t size)
{
	if (!memory->source->feed || !memory->is_held)
		return 0;
	return task_read(memory->source, memory->tid, address, bytes, size);
}

static size_t read_event(struct memory *base, uint64_t address, void *bytes, size_t size)
{
	struct event_memory *memory = (struct event_memory *)base;
	const char *at = (const char *)(memory->event + 1);

	for (uint32_t i = 0; i < memory->event->record.pieces; i++) {
		const struct snippet *snippet = (const struct snippet *)at;
		if (address >= snippet->address && address - snippet->address < snippet->size) {
			size_t count = read_snippet(snippet, address, bytes, size);
			if (count == size || snippet->is_whole)
				return count;
			return count + read_task(memory, address + count, (char *)bytes + count,
						 size - count);
		}
		at += sizeof *snippet + ((snippet->size + 7u) & ~7u);
	}
	return read_task(memory, address, bytes, size);
}

/* ---- events ---- */

static void stop_begin(struct stop *stop, const struct event *event, enum stop_kind kind)
{
	const struct record *record = &event->record;

	stop->kind = kind;
	stop->time_ns = record->time_ns;
	stop->info.arch = record->arch == ARCH_I386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
	stop->info.instruction_pointer = event->ip;
	stop->info.stack_pointer = event->sp;
}

static void feed_enter(struct bpf_source *source, struct tracee *tracee, const struct event *event)
{
	const struct record *record = &event->record;
	struct stop stop = {0};

	/* A call that is still there has ended, and was counted as lost. */
	if (tracee->call && !tracee->call->restart)
		call_pop(&source->inner->tracees, tracee);
	stop_begin(&stop, event, STOP_ENTRY);
	stop.info.entry.nr =
		record->arch == ARCH_X32 ? (uint32_t)record->nr | X32_BIT : (uint32_t)record->nr;
	memcpy(stop.info.entry.args, record->args, sizeof stop.info.entry.args);
	call_enter(source->inner, tracee, &stop);
	if (record->flags & RECORD_NO_ENTRY && tracee->call)
		tracee->call->record->flags |= RECORD_NO_ENTRY;
}

static void feed_exit(struct bpf_source *source, struct tracee *tracee, const struct event *event)
{
	struct stop stop = {0};

	if (!tracee->call)
		return;
	stop_begin(&stop, event, STOP_RETURN);
	stop.time_ns += event->record.duration_ns;
	stop.info.exit.rval = event->record.ret;
	tracee->was_missing = event->record.ret == -ENOSYS;
	if (event->interrupted)
		tracee->interrupted = event->interrupted;
	call_return(source->inner, tracee, &stop);
}

static bool may_go_on(const struct tracee *tracee)
{
	for (const struct call *call = tracee->call; call; call = call->below)
		if (call->restart)
			return true;
	return false;
}

/* A task that is told of at a call's entry stops at the return of the call, if something is left to be read.
 * But exec takes its memory away. */
static bool is_held(const struct event *event)
{
	if (event->record.kind == EVENT_ENTER)
		return !(event->flags & EVENT_LATER);
	return event->paused_by;
}

static void feed_kind(struct bpf_source *source, struct tracee *tracee, const struct event *event)
{
	uint8_t kind = event->record.kind;

	if (kind == EVENT_ENTER || kind == EVENT_BOTH)
		feed_enter(source, tracee, event);
	else if (tracee->call && tracee->call->unread)
		call_read_again(source->inner, tracee);
	if (tracee->call && event->flags & EVENT_LATER)
		tracee->call->unread = true;
	if (kind == EVENT_EXIT || kind == EVENT_BOTH)
		feed_exit(source, tracee, event);
}

static void feed_event(struct bpf_source *source, struct tracee *tracee, const struct event *event)
{
	source->memory.event = event;
	source->memory.tid = tracee->tid;
	source->memory.is_held = is_held(event);
	source->passing.refused = event->flags & EVENT_REFUSED;
	source->passing.int80 = event->record.flags & RECORD_INT80;
	source->inner->passing = &source->passing;
	if (event->record.kind != EVENT_EXIT || event->paused_by)
		tracee->paused_by = (uint8_t)event->paused_by;
	feed_kind(source, tracee, event);
	source->inner->passing = NULL;
	if (tracee->interrupted && !may_go_on(tracee)) {
		kernel_settle(source, tracee->tid, tracee->interrupted);
		tracee->interrupted = 0;
	}
}

/* Of tasks that were let go, and of those that are not ours (CLONE_UNTRACED), nothing is told. */
struct tracee *feed_tracee(struct bpf_source *source, pid_t tid)
{
	if (!source->last || source->last->tid != tid)
		source->last = tracee_find(&source->inner->tracees, tid);
	return source->last && source->last->process ? source->last : NULL;
}

const struct record *feed_one(struct bpf_source *source, const struct record *record)
{
	struct tracee *tracee = feed_tracee(source, record->tid);

	if (!tracee || tracee->by_stops)
		return NULL;
	if (record->kind == RECORD_CALL) {
		tracee->paused_by = 0; /* that stop is over, or was another's */
		tracee->was_missing = record->ret == -ENOSYS;
		if (tracee->call && !tracee->call->restart)
			call_pop(&source->inner->tracees, tracee);
		return record;
	}
	feed_event(source, tracee, (const struct event *)record);
	return NULL;
}

/* ---- all at once ---- */

static bool tell_lost(struct bpf_source *source, uint64_t *told, uint64_t all, enum record_kind kind)
{
	if (all == *told)
		return false;
	struct record *record = outbox_begin(&source->inner->outbox, RECORD_LOST, 0, 0);
	record->time_ns = clock_ns();
	record->args[0] = all - *told;
	record->args[1] = kind;
	outbox_send(&source->inner->outbox);
	*told = all;
	return true;
}

bool feed_tell_lost(struct bpf_source *source)
{
	bool has_lost = tell_lost(source, &source->lost, kernel_lost(source), RECORD_CALL);

	return tell_lost(source, &source->lost_faults, faults_lost(source), RECORD_FAULT) || has_lost;
}

static void send(struct bpf_source *source, const struct record *record)
{
	struct outbox *outbox = &source->inner->outbox;

	if (!record)
		return;
	memcpy(outbox_begin(outbox, RECORD_NONE, 0, 0), record, sizeof *record);
	outbox_send(outbox);
}

static void drain_faults(struct bpf_source *source, uint64_t end)
{
	for (const struct record *record; (record = faults_next(source, end));)
		send(source, record);
}

static void feed_drain(struct call_feed *feed, struct ptrace_source *inner)
{
	struct bpf_source *source =
		(struct bpf_source *)((char *)feed - offsetof(struct bpf_source, feed));
	uint64_t end = source->kernel ? ring_end(&source->ring) : 0;

	(void)inner;
	for (;;) {
		drain_faults(source, end);
		if (source->ring.position >= end)
			break;
		const struct record *record = ring_peek(&source->ring, end);
		if (!record) /* one that another CPU is just writing */
			sched_yield();
		if (!record || record->kind == EVENT_FAULT)
			continue;
		send(source, feed_one(source, record));
		ring_skip(&source->ring);
	}
	ring_settle(&source->ring);
	feed_tell_lost(source);
	source->last = NULL; /* the stop may be its end */
}

void feed_init(struct bpf_source *source)
{
	source->feed.drain = feed_drain;
	source->memory.memory.read = read_event;
	source->memory.source = source->inner;
	source->passing.memory = &source->memory.memory;
}
