/* SPDX-License-Identifier: MIT
 *
 * Reading the task's memory: runs a plan and appends what its steps point to to the event. Nothing is
 * made of the bytes here; the reader runs the same capture program on them. So reading too much is a
 * waste and no error, and what could not be read makes the event EVENT_INCOMPLETE: the reader then
 * gets it from the task itself.
 */
#ifndef SNIPPETS_BPF_H
#define SNIPPETS_BPF_H

#define SNIPPET_MAX 65536u
#define SNIPPETS_ROOM 131072u
#define STRING_ROOM 4104u /* more than CAPTURE_STRING_MAX and its NUL */
#define VECTORS_MAX 1024u
#define MESSAGES_MAX 256u
#define NAME_MAX 128u
#define CONTROL_MAX 4096u
#define STRINGS_MAX 512u

/* Keeps clang from reasoning about a value the verifier must see bounded. */
#define OPAQUE(value) asm volatile("" : "+r"(value))

const volatile __u32 data_limit = 0; /* bytes kept of each buffer, struct interest's */

struct slot {
	struct event event;
	char bytes[SNIPPETS_ROOM + SNIPPET_MAX + 64];
};

struct run {
	struct slot *slot;
	struct call_plan *plan;
	u32 phases;
};

/* What is not static here is so because the verifier looks at a global function once, and at others for
 * each way that leads to it. */

__noinline int snippet(struct slot *slot, u64 address, u64 size)
{
	if (!slot)
		return -1;
	u64 used = slot->event.bytes;

	if (size > SNIPPET_MAX) {
		size = SNIPPET_MAX;
		slot->event.flags |= EVENT_INCOMPLETE;
	}
	OPAQUE(used);
	OPAQUE(size);
	if (used > SNIPPETS_ROOM || size > SNIPPET_MAX)
		goto incomplete;
	struct snippet *head = (struct snippet *)(slot->bytes + used);
	head->address = address;
	head->size = size;
	head->is_whole = 0;
	if (bpf_probe_read_user(head + 1, size, (void *)address))
		goto incomplete;
	slot->event.bytes = used + sizeof *head + ((size + 7) & ~7ull);
	slot->event.record.pieces++;
	return 0;
incomplete:
	slot->event.flags |= EVENT_INCOMPLETE;
	return -1;
}

__noinline int snippet_string(struct slot *slot, u64 address)
{
	if (!slot)
		return -1;
	u64 used = slot->event.bytes;

	OPAQUE(used);
	if (used > SNIPPETS_ROOM)
		goto incomplete;
	struct snippet *head = (struct snippet *)(slot->bytes + used);
	long size = bpf_probe_read_user_str(head + 1, STRING_ROOM, (void *)address);
	if (size <= 0)
		goto incomplete;
	head->address = address;
	head->size = size < STRING_ROOM ? size : STRING_ROOM - 1;
	head->is_whole = 1;
	slot->event.bytes = used + sizeof *head + ((size + 7) & ~7ull);
	slot->event.record.pieces++;
	return 0;
incomplete:
	slot->event.flags |= EVENT_INCOMPLETE;
	return -1;
}

static __always_inline u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* A word of the program's, as wide as its long. */
static __always_inline int user_word(u64 address, u32 width, u64 *word)
{
	*word = 0;
	return width == 4 ? bpf_probe_read_user(word, 4, (void *)address)
			  : bpf_probe_read_user(word, 8, (void *)address);
}

static __always_inline u64 arg_word(const struct run *run, u32 slot)
{
	return run->slot->event.record.args[slot & 7]; /* there are six; what follows is ours, too */
}

static __always_inline u64 arg_pointer(const struct run *run, u32 slot)
{
	u64 value = arg_word(run, slot);

	return run->plan->long_bytes == 4 ? (u32)value : value;
}

/* ---- vectors ---- */

struct vector_run {
	struct slot *slot;
	u64 address, left;
	u32 width;
};

static int vector_element(u32 i, struct vector_run *run)
{
	u64 base, size, at = run->address + (u64)i * 2 * run->width;

	if (user_word(at, run->width, &base) || user_word(at + run->width, run->width, &size)) {
		run->slot->event.flags |= EVENT_INCOMPLETE;
		return 1;
	}
	size = least(size, run->left);
	run->left -= size;
	if (size && snippet(run->slot, base, size))
		return 1;
	return !run->left;
}

__noinline int payload(struct slot *slot, u32 width, u64 vector, u64 count, u64 most)
{
	if (!slot)
		return 0;
	struct vector_run elements = {slot, vector, least(most, data_limit), width};

	if (elements.left)
		bpf_loop(least(count, VECTORS_MAX), vector_element, &elements, 0);
	return 0;
}

static __always_inline int vector(struct slot *slot, u32 width, u64 address, u64 count)
{
	return address ? snippet(slot, address, least(count, VECTORS_MAX) * 2 * width) : 0;
}

/* ---- vectors of strings ---- */

struct strings_run {
	struct slot *slot;
	u64 address;
	u32 width, count;
};

static int strings_element(u32 i, struct strings_run *run)
{
	u64 string;

	if (user_word(run->address + (u64)i * run->width, run->width, &string)) {
		run->slot->event.flags |= EVENT_INCOMPLETE;
		return 1;
	}
	run->count = i + 1;
	return !string || snippet_string(run->slot, string);
}

/* An array up to its NULL: who reads on finds nothing. */
static __always_inline int snippet_array(struct slot *slot, u64 address, u64 size)
{
	u64 at = slot->event.bytes;
	int failed = snippet(slot, address, size);

	OPAQUE(at);
	if (!failed && at <= SNIPPETS_ROOM)
		((struct snippet *)(slot->bytes + at))->is_whole = 1;
	return failed;
}

__noinline int strings(struct slot *slot, u32 width, u64 address)
{
	if (!slot)
		return 0;
	struct strings_run elements = {slot, address, width, 0};

	bpf_loop(STRINGS_MAX, strings_element, &elements, 0);
	if (elements.count == STRINGS_MAX)
		slot->event.flags |= EVENT_INCOMPLETE;
	return elements.count ? snippet_array(slot, address, (u64)elements.count * elements.width) : 0;
}

#endif
