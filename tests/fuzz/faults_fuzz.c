/* SPDX-License-Identifier: MIT
 *
 * The rings of perf events and the records made of them. The input is what the kernel does to two
 * rings, and what the other source tells meanwhile: a byte each, and what follows it.
 *
 * As long as it only does what the kernel does, no fault may be missing: each sample is part of a
 * record, or counted as lost. With bytes in a ring that are no record, the rest need only end.
 */
#include "input.h"
#include "source/faults/merge.h"
#include "walk.h"

#undef NDEBUG
#include <assert.h>

enum { RINGS = 2, PAGE = 4096, ROOM = 512, TASKS = 4 };

enum act { SAMPLE, SAMPLES, LOST, OTHER, FORK, EXIT, TAKE, BYTES, HEAD, ACTS };

struct kernel {
	struct perf_ring rings[RINGS];
	struct watched watched;
	struct merge *merge;
	uint64_t time_ns, horizon_ns;
	uint64_t faults;  /* that happened: in a ring, or dropped as the ring said */
	uint64_t told;    /* of them, by records */
	bool is_hostile;  /* a ring has had what the kernel does not write */
};

static void ring_make(struct perf_ring *ring, int cpu)
{
	*ring = (struct perf_ring){.cpu = cpu, .fd = -1, .page = calloc(1, PAGE + ROOM), .size = ROOM};
	if (!ring->page)
		abort();
	ring->page->data_offset = PAGE;
	/* So that records are cut by the ring's end. */
	ring->head = ring->tail = ring->page->data_head = ring->page->data_tail = ROOM - 24;
}

/* What does not fit is dropped; true when it did. */
static bool ring_write(struct perf_ring *ring, const void *bytes, size_t size)
{
	uint64_t head = ring->page->data_head;
	uint8_t *data = (uint8_t *)ring->page + PAGE;

	if (head + size - ring->page->data_tail > ROOM)
		return false;
	size_t at = head % ROOM, first = size < ROOM - at ? size : ROOM - at;
	memcpy(data + at, bytes, first);
	memcpy(data, (const uint8_t *)bytes + first, size - first);
	ring->page->data_head = head + size;
	return true;
}

/* By bits: which task, whether major, in the kernel, on another page than the next, how much later. */
static void write_sample(struct kernel *kernel, struct perf_ring *ring, unsigned how)
{
	struct {
		struct perf_event_header header;
		uint64_t ip;
		uint32_t pid, tid;
		uint64_t time, address, cpu;
	} sample = {.ip = 1, .pid = 1, .tid = 1 + how % TASKS, .time = kernel->time_ns += how >> 6};

	sample.header.type = PERF_RECORD_SAMPLE;
	sample.header.size = how & 4 ? sizeof sample : sizeof sample - sizeof sample.cpu;
	sample.header.misc = how & 8 ? PERF_RECORD_MISC_KERNEL : PERF_RECORD_MISC_USER;
	sample.address = (how & 16 ? 7 : ring->page->data_head / 48) * PAGE;
	kernel->faults += ring_write(ring, &sample, sample.header.size);
}

static void write_lost(struct kernel *kernel, struct perf_ring *ring, unsigned count)
{
	struct {
		struct perf_event_header header;
		uint64_t id, lost;
	} lost = {{PERF_RECORD_LOST, 0, sizeof lost}, 1, count};

	if (ring_write(ring, &lost, sizeof lost))
		kernel->faults += count;
}

static void write_other(struct perf_ring *ring, unsigned type)
{
	uint64_t words[3] = {0};
	struct perf_event_header header = {PERF_RECORD_THROTTLE + type % 4, 0, sizeof words};

	memcpy(words, &header, sizeof header);
	ring_write(ring, words, sizeof words);
}

static void note(struct kernel *kernel, enum record_kind kind, int tid)
{
	struct record record;

	record_begin(&record, kind, tid, tid);
	record.args[0] = (uint64_t)tid;
	merge_note(kernel->merge, &record);
}

static void check(struct kernel *kernel)
{
	struct record *record = &kernel->merge->runs.out;

	walk_record(record);
	assert(record->size == sizeof *record);
	if (record->kind == RECORD_LOST) {
		assert(record->args[0] && record->args[1] == RECORD_FAULT);
		kernel->told += record->args[0];
		return;
	}
	assert(record->kind == RECORD_FAULT && record->args[4]);
	assert(record->tid > 0 && record->time_ns <= kernel->horizon_ns);
	assert(kernel->is_hostile || record->time_ns + record->duration_ns <= kernel->horizon_ns);
	kernel->told += record->args[4];
}

static void take(struct kernel *kernel, uint64_t horizon_ns)
{
	if (horizon_ns > kernel->horizon_ns)
		kernel->horizon_ns = horizon_ns;
	while (merge_take(kernel->merge, kernel->horizon_ns))
		check(kernel);
}

static void act(struct kernel *kernel, struct input *input)
{
	unsigned what = input_number(input, 1), how = input_number(input, 1);
	struct perf_ring *ring = &kernel->rings[what & 1];
	struct input bytes;

	switch (what / 2 % ACTS) {
	case SAMPLE:
		write_sample(kernel, ring, how);
		break;
	case SAMPLES:
		for (unsigned i = how >> 5; i; i--)
			write_sample(kernel, ring, how & 31);
		break;
	case LOST:
		write_lost(kernel, ring, how);
		break;
	case OTHER:
		write_other(ring, how);
		break;
	case FORK:
	case EXIT:
		note(kernel, what / 2 % ACTS == FORK ? RECORD_FORK : RECORD_EXIT, (int)how % TASKS + 1);
		break;
	case TAKE:
		take(kernel, kernel->time_ns - (how < kernel->time_ns ? how : 0));
		break;
	case BYTES:
		kernel->is_hostile = true;
		bytes = input_block(input, how);
		ring_write(ring, bytes.bytes, bytes.size);
		break;
	case HEAD:
		kernel->is_hostile = true;
		ring->page->data_head += input_number(input, how & 7);
		break;
	}
}

/* As new; its table of all tasks there can be is too large to be made again each time. */
static void merge_renew(struct kernel *kernel)
{
	static struct merge merge;

	if (!merge.told.bits && !merge_open(&merge, &kernel->watched))
		abort();
	merge = (struct merge){.watched = &kernel->watched, .told = merge.told};
	kernel->merge = &merge;
	for (int tid = 1; tid <= TASKS; tid++)
		note(kernel, RECORD_EXIT, tid);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	struct kernel kernel = {0};

	for (int i = 0; i < RINGS; i++)
		ring_make(&kernel.rings[i], i);
	kernel.watched = (struct watched){.rings = kernel.rings, .ring_count = RINGS};
	merge_renew(&kernel);
	while (input.size)
		act(&kernel, &input);
	take(&kernel, UINT64_MAX);
	if (merge_settle(kernel.merge))
		check(&kernel);
	assert(kernel.is_hostile || kernel.told == kernel.faults);
	for (int i = 0; i < RINGS; i++)
		free(kernel.rings[i].page);
	return 0;
}
