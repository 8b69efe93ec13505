/* SPDX-License-Identifier: MIT
 *
 * The bpf source's reader: events in the shape that the programs in the kernel give them, with
 * registers, numbers, results and memory of the traced program's choice, in any order. There is no
 * such task, so what is missing of its memory cannot be read. The input:
 *
 *     what, arch: a byte each | nr: 2 | ret: 2 | place: 1 | flags: 1 | six arguments: 2 each
 *     what & 16: snippets: how many: 1 | address: 2 | whole, bytes: 1 each
 *     place & 128: a page fault instead, at the first argument; always in the ring
 *
 * An event's bytes are all there is behind it, so reading on is seen. With what & 32 it goes through
 * the ring, which may hold any heads.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture.skel.h"
#include "input.h"
#include "source/bpf/bpf.h"
#include "walk.h"

#undef NDEBUG
#include <assert.h>

/* The kernel's largest number of a task is 4194304. */
enum { TASK = 0x7ffffff0, TASKS = 3, DEPTH_MAX = 16, SNIPPETS = 8, RING = 1 << 16, HEAD = 8 };

static struct interest interest = {.data_limit = 4096};
static struct ptrace_source inner;
static struct capture_bpf kernel; /* its maps are not there */
static struct capture_bpf__bss bss;
static struct fault_feed faults;
static uint64_t happened, told; /* faults */
static bool is_blocked; /* the ring ends with a record that is being written */

static void source_make(struct bpf_source *source)
{
	static bool is_made;

	if (!is_made) {
		memset(interest.calls, 0xff, sizeof interest.calls);
		inner.interest = &interest;
		task_memory_init(&inner.memory);
		call_roles(&inner);
		kernel.bss = &bss;
		is_made = true;
	}
	faults = (struct fault_feed){0};
	happened = told = 0;
	is_blocked = false;
	*source = (struct bpf_source){.inner = &inner, .kernel = &kernel, .faults = &faults};
	inner.feed = &source->feed;
	feed_init(source);
	source->memory.source = &inner;
	for (int tid = TASK; tid < TASK + TASKS - 1; tid++) {
		struct tracee *tracee = tracee_add(&inner.tracees, tid);
		if (!tracee || !tracee_join(&inner.tracees, tracee, TASK))
			abort();
	}
}

static void source_free(struct bpf_source *source)
{
	for (int tid = TASK; tid < TASK + TASKS - 1; tid++) {
		struct tracee *tracee = tracee_find(&inner.tracees, tid);
		calls_abandon(&inner, tracee);
		for (const struct record *record; (record = outbox_take(&inner.outbox));)
			walk_record(record);
		tracee_remove(&inner.tracees, tracee);
	}
	source->last = NULL;
	faults_settle(source);
	assert(is_blocked ? happened >= told + faults.early.missed : happened == told + faults.early.missed);
	assert(!inner.tracees.count && !inner.passing);
}

/* The snippets behind an event, and how many bytes they are. */
static size_t add_snippets(struct input *input, struct event *event, char *at)
{
	unsigned count = input_number(input, 1) % SNIPPETS;
	char *begin = at;

	for (unsigned i = 0; i < count; i++) {
		struct snippet snippet = {.address = input_number(input, 2) * 64};
		snippet.is_whole = input_number(input, 1) & 1;
		struct input bytes = input_block(input, input_number(input, 1));
		snippet.size = bytes.size;
		memcpy(at, &snippet, sizeof snippet);
		memcpy(at + sizeof snippet, bytes.bytes, bytes.size);
		at += sizeof snippet + ((bytes.size + 7) & ~(size_t)7);
	}
	event->record.pieces = count;
	event->bytes = at - begin;
	return at - begin;
}

/* The same as a page fault. */
static size_t make_fault(struct event *event)
{
	const struct record record = event->record;
	struct fault_event fault = {
		.size = sizeof fault,
		.kind = EVENT_FAULT,
		.is_major = record.duration_ns & 1,
		.in_kernel = record.duration_ns >> 1 & 1,
		.paused_by = record.duration_ns >> 2 & 31,
		.time_ns = record.time_ns,
		.address = record.args[0] << 6,
		.ip = event->ip,
		.pid = record.pid,
		.tid = record.tid,
	};

	memcpy(event, &fault, sizeof fault);
	return sizeof fault;
}

/* One event as capture.bpf.c makes it; its size. */
static size_t make_event(struct input *input, unsigned what, struct event *event)
{
	static const uint8_t kinds[] = {EVENT_ENTER, EVENT_EXIT, EVENT_BOTH, RECORD_CALL};
	struct record *record = &event->record;

	*event = (struct event){0};
	record->size = sizeof *record;
	record->kind = kinds[what & 3];
	record->tid = TASK + (int)(what >> 2 & 3) % TASKS;
	record->pid = TASK;
	unsigned arch = input_number(input, 1);
	record->arch = arch % ARCH_COUNT;
	record->flags = arch & 128 ? RECORD_INT80 : 0;
	record->nr = (int16_t)input_number(input, 2);
	record->ret = (int16_t)input_number(input, 2);
	unsigned place = input_number(input, 1), flags = input_number(input, 1);
	event->ip = place & 15;
	event->sp = place >> 4;
	event->flags = flags & 3;
	event->interrupted = flags >> 2;
	record->time_ns = input->size;
	record->duration_ns = flags;
	for (int i = 0; i < RECORD_ARGS; i++)
		record->args[i] = (uint64_t)(int16_t)input_number(input, 2) << (i & 1 ? 6 : 0);
	if (place & 128)
		return make_fault(event);
	if (record->kind == RECORD_CALL)
		return sizeof *record;
	return sizeof *event + (what & 16 ? add_snippets(input, event, (char *)(event + 1)) : 0);
}

/* The runs that the feed gives: they have each fault of a task that is known. */
static void check_fault(const struct record *record)
{
	if (record->kind != RECORD_FAULT)
		return;
	assert(record->args[4] && record->size == sizeof *record);
	told += record->args[4];
}

static void take(struct bpf_source *source, const struct record *given)
{
	if (given) {
		walk_record(given);
		check_fault(given);
	}
	for (const struct record *record; (record = outbox_take(&inner.outbox));) {
		assert(record->size <= RECORD_MAX && record->tid >= TASK);
		walk_record(record);
	}
	for (int tid = TASK; tid < TASK + TASKS - 1; tid++) {
		unsigned depth = 0;
		const struct call *call = tracee_find(&inner.tracees, tid)->call;
		for (; call; call = call->below)
			depth++;
		assert(depth <= DEPTH_MAX);
	}
	source->last = NULL;
}

static void feed(struct bpf_source *source, const void *event, size_t size)
{
	void *copy = malloc(size);

	if (!copy)
		abort();
	memcpy(copy, event, size);
	take(source, feed_one(source, copy));
	free(copy);
}

/* ---- the ring ---- */

static uint64_t consumer, producer;

/* The same bytes twice, one behind the other, as the kernel maps them. */
static char *ring_bytes(void)
{
	static char *bytes;

	if (bytes)
		return bytes;
	int fd = memfd_create("ring", 0);
	bytes = mmap(NULL, 2 * RING, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || ftruncate(fd, RING) < 0 || bytes == MAP_FAILED)
		abort();
	for (int i = 0; i < 2; i++)
		if (mmap(bytes + i * RING, RING, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
		    MAP_FAILED)
			abort();
	close(fd);
	return bytes;
}

/* By `flags`: also one that was discarded, and one that is being written. */
static void write_ring(const void *event, size_t size, unsigned flags)
{
	uint32_t head[2] = {size | (flags & 1 ? BPF_RINGBUF_DISCARD_BIT : 0) |
			    (flags & 2 ? BPF_RINGBUF_BUSY_BIT : 0)};
	char *at = ring_bytes() + producer % RING;

	if (producer - consumer + HEAD + size > RING)
		return;
	memcpy(at, head, HEAD);
	memcpy(at + HEAD, event, size);
	happened += ((const struct record *)event)->kind == EVENT_FAULT && !(flags & 1);
	is_blocked |= flags & 2;
	producer += (HEAD + size + 7) & ~(size_t)7;
}

static void drain(struct bpf_source *source)
{
	struct ring *ring = &source->ring;
	uint64_t end = ring_end(ring);

	for (;;) {
		for (const struct record *record; (record = faults_next(source, end));)
			take(source, record);
		const struct record *record = ring_peek(ring, end);
		if (!record)
			break;
		take(source, feed_one(source, record));
		ring_skip(ring);
	}
	assert(ring->position <= end);
	ring_settle(ring);
	assert(consumer == ring->position);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static _Alignas(8) char room[sizeof(struct event) + SNIPPETS * (sizeof(struct snippet) + 256)];
	struct input input = {bytes, size};
	struct bpf_source source;

	source_make(&source);
	consumer = producer = RING - 128;
	source.ring = (struct ring){.consumer = &consumer, .producer = &producer, .bytes = ring_bytes(),
				    .size = RING, .position = producer, .told = producer};
	while (input.size) {
		unsigned what = input_number(&input, 1);
		size_t made = make_event(&input, what, (struct event *)room);
		if (what & 32 || ((struct event *)room)->record.kind == EVENT_FAULT)
			write_ring(room, made, what >> 6);
		else
			feed(&source, room, made);
		if (what & 64)
			drain(&source);
	}
	drain(&source);
	source_free(&source);
	return 0;
}
