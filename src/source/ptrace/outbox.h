/* SPDX-License-Identifier: MIT
 *
 * outbox: records on their way out. One stop of a task may make many (an exec ends other threads,
 * an attach lists descriptors); they wait here, one after the other as plain bytes, and leave one
 * by one. The memory is kept, so nothing is allocated per record.
 */
#ifndef PTRACE_OUTBOX_H
#define PTRACE_OUTBOX_H

#include "record.h"

struct outbox {
	char *bytes;
	size_t size, room; /* filled, allocated */
	size_t taken;      /* given out already */
	uint64_t lost;     /* records there was no memory for, since the last RECORD_LOST */
	bool failed;       /* the record begun last is one of them */
};

/* Starts a record with room for RECORD_MAX behind all others; never NULL. It is valid until the next
 * begin. Not sent unless outbox_send follows: an unsent record is a scratch buffer. */
struct record *outbox_begin(struct outbox *outbox, enum record_kind kind, int32_t pid, int32_t tid);
void outbox_send(struct outbox *outbox);

/* The next record, valid until outbox_take finds none or outbox_begin is called; NULL when empty. */
const struct record *outbox_take(struct outbox *outbox);

void outbox_free(struct outbox *outbox);

#endif
