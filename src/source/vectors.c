/* SPDX-License-Identifier: MIT
 *
 * The part of the capture interpreter that follows iovec arrays and messages: see capturing.h. What
 * the kernel was given at entry is taken from the piece of that time, as another thread may have
 * changed it since.
 */
#include "source/capturing.h"

/* struct msghdr: in every ABI its members are as wide as a long, or padded to it. */
struct message {
	uint64_t name, name_size, vector, vector_count, control, control_size;
};

enum { MESSAGE_LONGS = 7, MESSAGE_ELEMENT_LONGS = 8 };

/* struct iovec number i of a captured array. */
static void vector_element(const struct capture *capture, const struct piece *vector, size_t i,
			   uint64_t *base, uint64_t *size)
{
	size_t width = capture->row->long_bytes;
	const char *element = (const char *)piece_bytes(vector) + 2 * width * i;

	*base = load(element, width);
	*size = load(element + width, width);
}

static uint64_t vector_bytes(const struct capture *capture, const struct piece *vector,
			     size_t count)
{
	uint64_t sum = 0, base, size;

	for (size_t i = 0; i < count; i++) {
		vector_element(capture, vector, i, &base, &size);
		sum = sum + size < sum ? UINT64_MAX : sum + size;
	}
	return sum;
}

/* What a vector points to, joined: `most` bytes went through it, those up to the limit are kept. */
static void capture_payload(struct capture *capture, uint8_t arg, uint32_t index, uint64_t most)
{
	const struct piece *vector =
		capture_find(capture->record, arg, PIECE_IOVEC, index, PIECE_AT_ENTRY);

	if (!vector)
		vector = capture_find(capture->record, arg, PIECE_IOVEC, index, 0);
	if (!vector || !capture->data_limit)
		return;
	size_t count = vector->size / (2u * capture->row->long_bytes);
	uint64_t whole = least(vector_bytes(capture, vector, count), most);
	size_t wanted = least(least(whole, capture->data_limit), capture_room(capture->record));
	char *room = record_reserve(capture->record, arg, PIECE_DATA, index, wanted);
	if (!room)
		return;
	size_t got = 0;
	for (size_t i = 0; i < count && got < wanted; i++) {
		uint64_t base, size;
		vector_element(capture, vector, i, &base, &size);
		size = least(size, wanted - got);
		size_t part =
			size ? capture->memory->read(capture->memory, base, room + got, size) : 0;
		got += part;
		if (part < size)
			break;
	}
	capture_commit(capture, got, wanted, whole);
}

static void capture_vector(struct capture *capture, uint8_t arg, uint32_t index, uint64_t address,
			   uint64_t count)
{
	size_t unit = 2u * capture->row->long_bytes;

	if (address)
		capture_memory(capture, arg, PIECE_IOVEC, index, address,
			       least(count, UINT32_MAX) * unit, CAPTURE_VECTORS * unit);
}

void run_vector(struct capture *capture, const struct capture_step *step)
{
	bool kernel_writes = step->flags & CAPTURE_KERNEL_WRITES;

	if (capture->entry)
		capture_vector(capture, step->arg, 0, capture_pointer(capture, step->slot),
			       capture_count(capture, step));
	if (kernel_writes ? capture->exit : capture->entry)
		capture_payload(capture, step->arg, 0,
				kernel_writes ? (uint64_t)capture->record->ret : UINT64_MAX);
}

static struct message parse_message(const struct capture *capture, const char *bytes)
{
	size_t width = capture->row->long_bytes;

	return (struct message){
		.name = load(bytes, width),
		.name_size = load(bytes + width, 4),
		.vector = load(bytes + 2 * width, width),
		.vector_count = load(bytes + 3 * width, width),
		.control = load(bytes + 4 * width, width),
		.control_size = load(bytes + 5 * width, width),
	};
}

/* What message number `index` points to. `sent` bytes of payload went through it. */
static void capture_message(struct capture *capture, const struct capture_step *step,
			    uint32_t index, const struct message *message, uint64_t sent)
{
	bool kernel_writes = step->flags & CAPTURE_KERNEL_WRITES;

	if (capture->entry)
		capture_vector(capture, step->arg, index, message->vector, message->vector_count);
	if (kernel_writes ? !capture->exit : !capture->entry)
		return;
	if (message->name && message->name_size)
		capture_memory(capture, step->arg, PIECE_NAME, index, message->name,
			       message->name_size, 128);
	if (message->control && message->control_size)
		capture_memory(capture, step->arg, PIECE_CONTROL, index, message->control,
			       message->control_size, CAPTURE_CONTROL_MAX);
	capture_payload(capture, step->arg, index, sent);
}

/* The message as the kernel took it, with the sizes it wrote: bounded by those it was given. */
static struct message written_message(const struct capture *capture, const char *before,
				      const char *after)
{
	struct message message = parse_message(capture, after);

	if (before) {
		struct message given = parse_message(capture, before);
		given.name_size = least(given.name_size, message.name_size);
		given.control_size = least(given.control_size, message.control_size);
		message = given;
	}
	return message;
}

void run_message(struct capture *capture, const struct capture_step *step)
{
	size_t size = (size_t)MESSAGE_LONGS * capture->row->long_bytes;
	const struct piece *entry =
		capture_find(capture->record, step->arg, PIECE_SELF, 0, PIECE_AT_ENTRY);
	uint64_t address = capture_pointer(capture, step->slot);
	const char *bytes =
		address ? capture_memory(capture, step->arg, PIECE_SELF, 0, address, size, size)
			: NULL;

	if (!bytes)
		return;
	const char *before = entry && entry->size == size ? piece_bytes(entry) : NULL;
	struct message message = written_message(capture, before, bytes);
	capture_message(capture, step, 0, &message,
			capture->exit ? (uint64_t)capture->record->ret : UINT64_MAX);
}

void run_messages(struct capture *capture, const struct capture_step *step)
{
	size_t width = capture->row->long_bytes, unit = MESSAGE_ELEMENT_LONGS * width;
	const struct piece *entry =
		capture_find(capture->record, step->arg, PIECE_SELF, 0, PIECE_AT_ENTRY);
	uint64_t address = capture_pointer(capture, step->slot);
	uint64_t count = least(capture_count(capture, step), CAPTURE_VECTORS);

	if (capture->exit)
		count = least(count, (uint64_t)capture->record->ret);
	if (!address)
		return;
	const char *bytes = capture_memory(capture, step->arg, PIECE_SELF, 0, address, count * unit,
					   CAPTURE_VECTORS * unit);
	for (uint32_t i = 0; bytes && i < count; i++) {
		const char *after = bytes + i * unit;
		bool given = entry && entry->size >= (i + 1) * unit;
		const char *before = given ? (const char *)piece_bytes(entry) + i * unit : NULL;
		struct message message = written_message(capture, before, after);
		capture_message(capture, step, i, &message,
				capture->exit ? load(after + MESSAGE_LONGS * width, 4)
					      : UINT64_MAX);
	}
}
