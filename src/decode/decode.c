/* SPDX-License-Identifier: MIT
 *
 * The value of a call's argument, from the record's registers and pieces: see decode.h. Everything
 * in a piece was written by the program, and may be short; what is not there is left out.
 */
#include <assert.h>
#include <string.h>

#include "decode/decode.h"

static uint64_t load(const void *bytes, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, bytes, size);
	return value;
}

static bool is_signed(enum arg_kind kind)
{
	return kind == ARG_INT || kind == ARG_FD || kind == ARG_DIRFD || kind == ARG_PID ||
	       kind == ARG_SIGNAL;
}

/* A number of 1, 2, 4 or 8 bytes in the lowest bits of value. */
static int64_t widen(uint64_t value, unsigned bytes, bool with_sign)
{
	assert(bytes >= 1 && bytes <= 8);
	unsigned shift = 64 - 8 * bytes;

	return with_sign ? (int64_t)(value << shift) >> shift : (int64_t)(value << shift >> shift);
}

static int64_t register_value(const struct record *record, const struct syscall_arg *arg)
{
	uint64_t value = record->args[arg->slot];

	if (arg->pair)
		value = (uint32_t)value | record->args[arg->slot + 1] << 32;
	return widen(value, arg->bytes, is_signed(arg->kind));
}

/* The piece that has the argument's value: that of the exit when the kernel wrote it. */
static const struct piece *value_piece(const struct record *record, unsigned arg, uint8_t part,
				       uint32_t index)
{
	const struct piece *best = NULL;

	for (const struct piece *p = record_piece(record, NULL); p; p = record_piece(record, p))
		if (p->arg == arg && p->part == part && p->index == index)
			best = p;
	return best;
}

static void give_bytes(struct visitor *visitor, const struct piece *piece)
{
	if (!piece || (!piece->size && piece->flags & PIECE_UNREADABLE))
		visitor->nothing(visitor);
	else
		visitor->bytes(visitor, piece_bytes(piece), piece->size);
}

/* The numbers of the bits that are set, counted from `first`. */
static void give_bits(struct visitor *visitor, const uint8_t *bytes, size_t size, int first)
{
	visitor->open_list(visitor, 0);
	for (size_t i = 0; i < size * 8; i++)
		if (bytes[i / 8] >> i % 8 & 1)
			visitor->integer(visitor, (int64_t)i + first);
	visitor->close(visitor);
}

static void give_struct(struct visitor *visitor, const struct struct_layout *layout,
			const uint8_t *bytes, size_t size);

static void give_field_list(struct visitor *visitor, const struct struct_field *field,
			    const uint8_t *bytes)
{
	size_t width = field->layout ? field->layout->size : field->bytes;

	visitor->open_list(visitor, field->size / width);
	for (size_t at = 0; at + width <= field->size; at += width) {
		if (field->layout)
			give_struct(visitor, field->layout, bytes + at, width);
		else
			visitor->integer(visitor, widen(load(bytes + at, width), field->bytes,
							is_signed(field->kind)));
	}
	visitor->close(visitor);
}

static void give_field(struct visitor *visitor, const struct struct_field *field,
		       const uint8_t *bytes)
{
	if (field->kind == ARG_STR)
		visitor->bytes(visitor, bytes, strnlen((const char *)bytes, field->size));
	else if (field->kind == ARG_BYTES)
		visitor->bytes(visitor, bytes, field->size);
	else if (field->kind == ARG_SIGSET)
		give_bits(visitor, bytes, field->size, 1);
	else if (field->list)
		give_field_list(visitor, field, bytes);
	else if (field->kind == ARG_STRUCT)
		give_struct(visitor, field->layout, bytes, field->size);
	else
		visitor->integer(visitor, widen(load(bytes, field->bytes), field->bytes,
						is_signed(field->kind)));
}

/* The fields that are wholly within `size` bytes. */
static void give_struct(struct visitor *visitor, const struct struct_layout *layout,
			const uint8_t *bytes, size_t size)
{
	visitor->open_struct(visitor, layout->field_count);
	for (unsigned i = 0; i < layout->field_count; i++) {
		const struct struct_field *field = &layout->fields[i];
		if ((size_t)field->offset + field->size > size)
			continue;
		visitor->field(visitor, field->name);
		give_field(visitor, field, bytes + field->offset);
	}
	visitor->close(visitor);
}

static void give_structs(struct visitor *visitor, const struct syscall_arg *arg,
			 const struct piece *piece)
{
	const uint8_t *bytes = piece_bytes(piece);
	size_t width = arg->layout->size;

	if (!arg->list) {
		give_struct(visitor, arg->layout, bytes, piece->size);
		return;
	}
	visitor->open_list(visitor, piece->size / width);
	for (size_t at = 0; at + width <= piece->size; at += width)
		give_struct(visitor, arg->layout, bytes + at, width);
	visitor->close(visitor);
}

/* Signed integers of `width` bytes: one, or a list. */
static void give_integers(struct visitor *visitor, const struct piece *piece, size_t width,
			  bool list)
{
	const uint8_t *bytes = piece_bytes(piece);

	if (!list && piece->size < width) {
		visitor->nothing(visitor);
	} else if (!list) {
		visitor->integer(visitor, widen(load(bytes, width), width, true));
	} else {
		visitor->open_list(visitor, piece->size / width);
		for (size_t at = 0; at + width <= piece->size; at += width)
			visitor->integer(visitor, widen(load(bytes + at, width), width, true));
		visitor->close(visitor);
	}
}

static void give_strings(struct visitor *visitor, const struct record *record, unsigned arg)
{
	visitor->open_list(visitor, 0);
	for (const struct piece *p = record_piece(record, NULL); p; p = record_piece(record, p))
		if (p->arg == arg && p->part == PIECE_STRING)
			give_bytes(visitor, p);
	visitor->close(visitor);
}

static void give_vector(struct visitor *visitor, const struct piece *piece, size_t width)
{
	const uint8_t *bytes = piece ? piece_bytes(piece) : NULL;

	if (!piece || (!piece->size && piece->flags & PIECE_UNREADABLE)) {
		visitor->nothing(visitor);
		return;
	}
	visitor->open_list(visitor, piece->size / (2 * width));
	for (size_t at = 0; at + 2 * width <= piece->size; at += 2 * width) {
		visitor->open_struct(visitor, 2);
		visitor->field(visitor, "iov_base");
		visitor->integer(visitor, (int64_t)load(bytes + at, width));
		visitor->field(visitor, "iov_len");
		visitor->integer(visitor, (int64_t)load(bytes + at + width, width));
		visitor->close(visitor);
	}
	visitor->close(visitor);
}

/* The struct msghdr at `bytes`, as wide as 7 longs, with what it points to. */
static void give_message(struct visitor *visitor, const struct record *record, unsigned arg,
			 uint32_t index, const uint8_t *bytes, size_t width)
{
	const struct piece *name = value_piece(record, arg, PIECE_NAME, index);

	visitor->open_struct(visitor, 4);
	visitor->field(visitor, "msg_name");
	if (name)
		decode_sockaddr(piece_bytes(name), name->size, visitor);
	else
		visitor->nothing(visitor);
	visitor->field(visitor, "msg_iov");
	give_vector(visitor, value_piece(record, arg, PIECE_IOVEC, index), width);
	visitor->field(visitor, "msg_control");
	give_bytes(visitor, value_piece(record, arg, PIECE_CONTROL, index));
	visitor->field(visitor, "msg_flags");
	visitor->integer(visitor, (int64_t)load(bytes + 6 * width, 4));
	visitor->close(visitor);
}

static void give_messages(struct visitor *visitor, const struct record *record, unsigned arg,
			  const struct piece *piece, size_t width)
{
	const uint8_t *bytes = piece_bytes(piece);
	size_t unit = 8 * width;

	visitor->open_list(visitor, piece->size / unit);
	for (uint32_t i = 0; (i + 1) * unit <= piece->size; i++) {
		visitor->open_struct(visitor, 2);
		visitor->field(visitor, "msg_hdr");
		give_message(visitor, record, arg, i, bytes + i * unit, width);
		visitor->field(visitor, "msg_len");
		visitor->integer(visitor, (int64_t)load(bytes + i * unit + 7 * width, 4));
		visitor->close(visitor);
	}
	visitor->close(visitor);
}

/* Arguments in memory whose piece exists. */
static void give_memory(struct visitor *visitor, const struct record *record,
			const struct syscall_row *row, unsigned i, const struct piece *piece)
{
	const struct syscall_arg *arg = &row->args[i];
	size_t width = row->long_bytes;

	switch (arg->kind) {
	case ARG_SOCKADDR:
		decode_sockaddr(piece_bytes(piece), piece->size, visitor);
		break;
	case ARG_STRV:
		give_strings(visitor, record, i);
		break;
	case ARG_STRUCT:
		give_structs(visitor, arg, piece);
		break;
	case ARG_SIGSET:
		give_bits(visitor, piece_bytes(piece), piece->size, 1);
		break;
	case ARG_FDSET:
		give_bits(visitor, piece_bytes(piece), piece->size, 0);
		break;
	case ARG_STATUS:
	case ARG_INTS:
		give_integers(visitor, piece, 4, arg->list);
		break;
	case ARG_LONGS:
		give_integers(visitor, piece, width, arg->list);
		break;
	case ARG_INT64S:
		give_integers(visitor, piece, 8, arg->list);
		break;
	case ARG_MSGHDR:
		if (piece->size >= 7 * width)
			give_message(visitor, record, i, 0, piece_bytes(piece), width);
		else
			visitor->nothing(visitor);
		break;
	case ARG_MMSGHDR:
		give_messages(visitor, record, i, piece, width);
		break;
	default:
		give_bytes(visitor, piece);
	}
}

void decode_arg(const struct record *record, const struct syscall_row *row, unsigned i,
		struct visitor *visitor)
{
	row = syscall_variant(row, record->args);
	if (i >= row->arg_count) {
		visitor->nothing(visitor);
		return;
	}
	const struct syscall_arg *arg = &row->args[i];
	if (arg->kind < ARG_STR) {
		visitor->integer(visitor, register_value(record, arg));
		return;
	}
	if (arg->kind == ARG_IOVEC) {
		give_vector(visitor, value_piece(record, i, PIECE_IOVEC, 0), row->long_bytes);
		return;
	}
	const struct piece *piece = value_piece(record, i, PIECE_SELF, 0);
	if (!piece || (!piece->size && piece->flags & PIECE_UNREADABLE && arg->kind != ARG_STRV))
		visitor->nothing(visitor);
	else
		give_memory(visitor, record, row, i, piece);
}
