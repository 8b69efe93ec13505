/* SPDX-License-Identifier: MIT
 *
 * decode: bytes of a record -> values. A value is a number, a byte string, a list or a struct with
 * named fields; never a text for people. Values are given one by one to a visitor, so nothing is
 * allocated here.
 */
#ifndef DECODE_H
#define DECODE_H

#include "record.h"
#include "syscalls/syscalls.h"

/* Who receives values. A struct is open_struct, then field + a value for each, then close; a list
 * is open_list, then values, then close. */
struct visitor {
	void (*integer)(struct visitor *visitor, int64_t value);
	void (*bytes)(struct visitor *visitor, const void *bytes, size_t size);
	void (*nothing)(struct visitor *visitor); /* NULL pointer, unreadable or not captured */
	void (*open_list)(struct visitor *visitor, size_t size_hint);
	void (*open_struct)(struct visitor *visitor, size_t size_hint);
	void (*field)(struct visitor *visitor, const char *name);
	void (*close)(struct visitor *visitor);
};

/* The value of argument i (0 .. arg_count-1) of a call's record: scalars from the registers, with
 * the width the table gives; the rest from the pieces. Sockaddrs are structs: family (integer),
 * and port, address (4 or 16 raw bytes), scope, path (bytes; abstract names start with NUL) ...
 * Exactly one value is given to the visitor. Bytes may be hostile and short. */
void decode_arg(const struct record *record, const struct syscall_row *row, unsigned i,
		struct visitor *visitor);

/* A sockaddr of any family, as above; used for RECORD_FD's pieces too. */
void decode_sockaddr(const void *bytes, size_t size, struct visitor *visitor);

/* The descriptors passed in the SCM_RIGHTS messages of a control buffer, as a list of integers. */
void decode_rights(const void *bytes, size_t size, unsigned arch, struct visitor *visitor);

#endif
