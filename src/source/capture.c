/* SPDX-License-Identifier: MIT
 *
 * The interpreter of capture programs: see capture.h and syscalls/steps.h. It runs while a task is
 * stopped at the entry or the exit of a call, and turns the task's memory into the record's pieces.
 * What the kernel is told at entry (a vector, a length) is taken from the piece of that time, as
 * another thread may have changed it since.
 */
#include "source/capturing.h"

enum { PAGE = 4096 };

/* Text is read page by page, since a string may end just where unmapped memory begins. */
struct window {
	uint64_t start;
	size_t size;
	char bytes[PAGE];
};

uint64_t capture_pointer(const struct capture *capture, unsigned slot)
{
	uint64_t value = capture->record->args[slot];

	return capture->row->long_bytes == 4 ? (uint32_t)value : value;
}

uint64_t capture_count(const struct capture *capture, const struct capture_step *step)
{
	uint64_t value = capture->record->args[step->length_slot];

	return step->length_bytes == 4 ? (uint32_t)value : value;
}

const struct piece *capture_find(const struct record *record, uint8_t arg, uint8_t part,
				 uint32_t index, uint8_t at)
{
	for (const struct piece *p = record_piece(record, NULL); p; p = record_piece(record, p))
		if (p->arg == arg && p->part == part && p->index == index &&
		    (p->flags & PIECE_AT_ENTRY) == at)
			return p;
	return NULL;
}

size_t capture_room(const struct record *record)
{
	size_t used = record->size + sizeof(struct piece) + 8;

	return used < RECORD_MAX ? RECORD_MAX - used : 0;
}

void capture_commit(struct capture *capture, size_t got, size_t wanted, uint64_t whole)
{
	uint8_t flags = capture->at;

	if (got < wanted)
		flags |= PIECE_UNREADABLE;
	if (whole > wanted)
		flags |= PIECE_TRUNCATED;
	record_commit(capture->record, got, whole > wanted ? least(whole, UINT32_MAX) : got, flags);
}

const void *capture_memory(struct capture *capture, uint8_t arg, uint8_t part, uint32_t index,
			   uint64_t address, uint64_t whole, uint64_t limit)
{
	size_t asked = least(whole, limit), wanted = least(asked, capture_room(capture->record));
	void *room = record_reserve(capture->record, arg, part, index, wanted);

	if (!room)
		return NULL;
	size_t got = wanted ? capture->memory->read(capture->memory, address, room, wanted) : 0;
	capture_commit(capture, got, wanted, whole);
	return got == asked ? room : NULL;
}

/* The value of a socklen_t the program points to, as it was captured; `otherwise` when it was not.
 */
static uint64_t pointed_length(const struct capture *capture, uint8_t arg, uint8_t at,
			       uint64_t otherwise)
{
	const struct piece *piece = capture_find(capture->record, arg, PIECE_SELF, 0, at);

	if (!piece || piece->size < 4)
		return otherwise;
	int32_t value = (int32_t)load(piece_bytes(piece), 4);
	return value > 0 ? (uint64_t)value : 0;
}

static uint64_t element_count(const struct capture *capture, const struct capture_step *step)
{
	uint64_t count = capture_count(capture, step);

	switch (step->length) {
	case LENGTH_COUNT:
		return count;
	case LENGTH_RESULT:
		return capture->exit ? least(count, (uint64_t)capture->record->ret) : count;
	case LENGTH_IF_RESULT:
		return capture->record->ret != 0;
	case LENGTH_POINTED:
		if (!capture->exit)
			return pointed_length(capture, step->length_arg, PIECE_AT_ENTRY, 0);
		return least(pointed_length(capture, step->length_arg, 0, 0),
			     pointed_length(capture, step->length_arg, PIECE_AT_ENTRY, UINT64_MAX));
	case LENGTH_BITS:
		return count / (8 * step->unit) + (count % (8 * step->unit) != 0);
	default:
		return 1;
	}
}

/* Bytes of all elements. Counts beyond 32 bits are nonsense, and would overflow. */
static uint64_t whole_size(const struct capture *capture, const struct capture_step *step)
{
	return least(element_count(capture, step), UINT32_MAX) * step->unit;
}

static void run_bytes(struct capture *capture, const struct capture_step *step)
{
	uint64_t address = capture_pointer(capture, step->slot);

	if (address)
		capture_memory(capture, step->arg, PIECE_SELF, 0, address,
			       whole_size(capture, step), step->max ? step->max : CAPTURE_LIMIT);
}

static void run_payload(struct capture *capture, const struct capture_step *step)
{
	uint64_t address = capture_pointer(capture, step->slot);

	if (address && capture->data_limit)
		capture_memory(capture, step->arg, PIECE_SELF, 0, address,
			       whole_size(capture, step), capture->data_limit);
}

/* The readable bytes from address to the end of its page, none when it is unreadable. */
static size_t window_at(struct capture *capture, struct window *window, uint64_t address,
			const char **bytes)
{
	if (address < window->start || address - window->start >= window->size) {
		window->start = address;
		window->size = capture->memory->read(capture->memory, address, window->bytes,
						     PAGE - address % PAGE);
	}
	*bytes = window->bytes + (address - window->start);
	return window->size - (address - window->start);
}

/* A piece with the string at address, of at most `limit` bytes. Returns how many it has. */
static size_t capture_string(struct capture *capture, struct window *window, uint8_t arg,
			     uint8_t part, uint32_t index, uint64_t address, size_t limit)
{
	size_t wanted = least(limit, capture_room(capture->record));
	char *room = record_reserve(capture->record, arg, part, index, wanted);
	size_t size = 0;
	uint8_t flags = capture->at;

	if (!room)
		return 0;
	for (;;) {
		const char *bytes;
		size_t available = window_at(capture, window, address + size, &bytes);
		const char *end = memchr(bytes, 0, available);
		size_t length = end ? (size_t)(end - bytes) : available;
		if (!available)
			flags |= PIECE_UNREADABLE;
		if (length > wanted - size) {
			length = wanted - size;
			flags |= PIECE_TRUNCATED;
		}
		memcpy(room + size, bytes, length);
		size += length;
		if (end || flags != capture->at)
			break;
	}
	record_commit(capture->record, size, size, flags);
	return size;
}

static void run_string(struct capture *capture, const struct capture_step *step)
{
	struct window window;
	uint64_t address = capture_pointer(capture, step->slot);

	window.start = window.size = 0;
	if (address)
		capture_string(capture, &window, step->arg, PIECE_SELF, 0, address,
			       CAPTURE_STRING_MAX);
}

/* A pointer of the program at address; false when it cannot be read. It may lie across two pages.
 */
static bool read_pointer(struct capture *capture, struct window *window, uint64_t address,
			 uint64_t *pointer)
{
	*pointer = 0;
	for (size_t done = 0; done < capture->row->long_bytes;) {
		const char *bytes;
		size_t size = window_at(capture, window, address + done, &bytes);
		size = least(size, capture->row->long_bytes - done);
		if (!size)
			return false;
		memcpy((char *)pointer + done, bytes, size);
		done += size;
	}
	return true;
}

/* The strings, then an empty piece that tells how many there were and whether that is all. */
static void run_strings(struct capture *capture, const struct capture_step *step)
{
	struct window pointers, text;
	uint64_t address = capture_pointer(capture, step->slot), string;
	size_t total = 0;
	uint32_t count = 0;
	uint8_t flags = capture->at;

	pointers.start = pointers.size = text.start = text.size = 0;
	if (!address)
		return;
	for (;; count++) {
		if (!read_pointer(capture, &pointers, address + count * capture->row->long_bytes,
				  &string))
			flags |= PIECE_UNREADABLE;
		else if (string && (count == CAPTURE_STRINGS_COUNT || total >= CAPTURE_STRINGS_MAX))
			flags |= PIECE_TRUNCATED;
		if (!string || flags != capture->at)
			break;
		total += capture_string(capture, &text, step->arg, PIECE_STRING, count, string,
					CAPTURE_STRINGS_MAX - total);
	}
	if (record_reserve(capture->record, step->arg, PIECE_SELF, 0, 0))
		record_commit(capture->record, 0, count, flags);
}

static void (*const runs[])(struct capture *, const struct capture_step *) = {
	[CAPTURE_STRING] = run_string,	   [CAPTURE_STRINGS] = run_strings,
	[CAPTURE_BYTES] = run_bytes,	   [CAPTURE_PAYLOAD] = run_payload,
	[CAPTURE_IOVEC] = run_vector,	   [CAPTURE_MESSAGE] = run_message,
	[CAPTURE_MESSAGES] = run_messages,
};

static bool step_wanted(const struct capture_step *step, enum capture_phase phase,
			uint32_t data_limit)
{
	if (!(step->flags & (phase == CAPTURE_ENTRY ? CAPTURE_AT_ENTRY : CAPTURE_AT_EXIT)))
		return false;
	if (step->op == CAPTURE_PAYLOAD || (step->op == CAPTURE_IOVEC && phase == CAPTURE_EXIT))
		return data_limit != 0;
	return true;
}

bool capture_wants(const struct syscall_row *row, enum capture_phase phase, uint32_t data_limit)
{
	for (unsigned i = 0; i < row->step_count; i++)
		if (step_wanted(&row->steps[i], phase, data_limit))
			return true;
	for (unsigned i = 0; i < row->variant_count; i++)
		if (capture_wants(row->variants[i].row, phase, data_limit))
			return true;
	return false;
}

/* A call whose entry was not seen: what it was told is read at its exit, which is late but mostly
 * the same. `failed` calls wrote nothing. */
static void run_late(struct capture *capture, bool failed)
{
	for (unsigned i = 0; i < capture->row->step_count; i++) {
		const struct capture_step *step = &capture->row->steps[i];
		capture->exit = step->flags & CAPTURE_AT_EXIT;
		capture->entry = step->flags & CAPTURE_AT_ENTRY;
		if (!failed || !capture->exit)
			runs[step->op](capture, step);
	}
}

void capture_run(const struct syscall_row *row, struct record *record, enum capture_phase phase,
		 struct memory *memory, uint32_t data_limit)
{
	struct capture capture = {
		.row = syscall_variant(row, record->args),
		.record = record,
		.memory = memory,
		.data_limit = data_limit,
		.entry = phase == CAPTURE_ENTRY,
		.exit = phase == CAPTURE_EXIT,
		.at = phase == CAPTURE_ENTRY ? PIECE_AT_ENTRY : 0,
	};

	if (capture.exit && record->flags & RECORD_UNFINISHED)
		return;
	if (capture.exit && record->flags & RECORD_NO_ENTRY) {
		run_late(&capture, record_failed(record));
		return;
	}
	if (capture.exit && record_failed(record))
		return;
	for (unsigned i = 0; i < capture.row->step_count; i++)
		if (step_wanted(&capture.row->steps[i], phase, data_limit))
			runs[capture.row->steps[i].op](&capture, &capture.row->steps[i]);
}
