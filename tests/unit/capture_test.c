/* SPDX-License-Identifier: MIT
 *
 * Capture programs, run on a program made up for the test: what is read, when, and what is said of
 * memory that is not as it should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "tracee.h"

enum { PAGE = 4096 };

static const struct piece *piece_at(const struct tracee *tracee, unsigned arg, unsigned part,
				    unsigned index, unsigned at)
{
	for (const struct piece *p = record_piece(tracee->record, NULL); p;
	     p = record_piece(tracee->record, p))
		if (p->arg == arg && p->part == part && p->index == index &&
		    (p->flags & PIECE_AT_ENTRY) == at)
			return p;
	return NULL;
}

/* The piece exists, is these bytes, and has these flags. */
static void assert_piece(const struct piece *piece, const void *bytes, size_t size, unsigned flags)
{
	assert_non_null(piece);
	assert_int_equal(piece->flags, flags);
	assert_int_equal(piece->size, size);
	assert_memory_equal(piece_bytes(piece), bytes, size);
}

static void path_at_the_end_of_a_page(void **state)
{
	struct tracee *tracee = *state;

	tracee_map(tracee, 2 * PAGE - 10, "/etc/host\0", 10);
	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(2 * PAGE - 10), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), "/etc/host", 9,
		     PIECE_AT_ENTRY);
	assert_int_equal(tracee->reads, 1);
	assert_int_equal(tracee->cut, 0);
}

static void path_across_two_pages(void **state)
{
	static char text[PAGE + 100];
	struct tracee *tracee = *state;

	memset(text, 'a', sizeof text - 1);
	tracee_map(tracee, PAGE + 50, text, sizeof text);
	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(PAGE + 50), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), text, CAPTURE_STRING_MAX,
		     PIECE_AT_ENTRY | PIECE_TRUNCATED);
	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(PAGE + 150), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), text, PAGE - 1,
		     PIECE_AT_ENTRY);
}

/* No NUL before memory ends: the kernel says EFAULT, we keep what there is. */
static void path_that_runs_out(void **state)
{
	struct tracee *tracee = *state;

	tracee_map(tracee, 2 * PAGE - 3, "abc", 3);
	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(2 * PAGE - 3), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), "abc", 3,
		     PIECE_AT_ENTRY | PIECE_UNREADABLE);
}

static void null_and_unreadable(void **state)
{
	struct tracee *tracee = *state;

	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(0), 0);
	assert_int_equal(tracee->record->pieces, 0);
	assert_int_equal(tracee->reads, 0);
	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(0xdead), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), "", 0,
		     PIECE_AT_ENTRY | PIECE_UNREADABLE);
	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(UINT64_MAX), 0);
	assert_int_equal(tracee->record->pieces, 1);
}

static void read_is_payload_as_long_as_the_result(void **state)
{
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_enter(tracee, ARCH_X86_64, "read", ARGS(3, 1000, 10), 100);
	assert_int_equal(tracee->record->pieces, 0);
	tracee_leave(tracee, 4, 100);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, 0), "0123", 4, 0);
	tracee_enter(tracee, ARCH_X86_64, "read", ARGS(3, 1000, 10), 3);
	tracee_leave(tracee, 8, 3);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, 0), "012", 3, PIECE_TRUNCATED);
	assert_int_equal(piece_at(tracee, 1, PIECE_SELF, 0, 0)->count, 8);
}

static void nobody_asked_for_payload(void **state)
{
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_enter(tracee, ARCH_X86_64, "read", ARGS(3, 1000, 10), 0);
	tracee_leave(tracee, 10, 0);
	tracee_enter(tracee, ARCH_X86_64, "write", ARGS(3, 1000, 10), 0);
	tracee_leave(tracee, 10, 0);
	assert_int_equal(tracee->reads, 0);
	assert_false(capture_wants(tracee->row, CAPTURE_ENTRY, 0));
	assert_true(capture_wants(tracee->row, CAPTURE_ENTRY, 1));
	assert_false(capture_wants(tracee->row, CAPTURE_EXIT, 1));
}

static void failed_calls_wrote_nothing(void **state)
{
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_enter(tracee, ARCH_X86_64, "read", ARGS(3, 1000, 10), 100);
	tracee_leave(tracee, -4, 100);
	assert_int_equal(tracee->record->pieces, 0);
	tracee->record->flags |= RECORD_UNFINISHED;
	tracee_leave(tracee, 0, 100);
	assert_int_equal(tracee->record->pieces, 0);
}

/* More than the room that was given is never read, whatever the result says (MSG_TRUNC). */
static void result_larger_than_the_buffer(void **state)
{
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_enter(tracee, ARCH_X86_64, "recvfrom", ARGS(3, 1000, 4, 0x20), 100);
	tracee_leave(tracee, 9000, 100);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, 0), "0123", 4, 0);
}

static void huge_counts(void **state)
{
	static char zeros[200000];
	struct tracee *tracee = *state;

	tracee_map(tracee, 0x10000, zeros, sizeof zeros);
	tracee_enter(tracee, ARCH_X86_64, "poll", ARGS(0x10000, UINT32_MAX), 0);
	const struct piece *piece = piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY);
	assert_int_equal(piece->size, CAPTURE_LIMIT);
	assert_int_equal(piece->flags, PIECE_AT_ENTRY | PIECE_TRUNCATED);
	assert_int_equal(piece->count, UINT32_MAX);
	tracee_enter(tracee, ARCH_X86_64, "writev", ARGS(1, 0x10000, UINT64_MAX), 10);
	piece = piece_at(tracee, 1, PIECE_IOVEC, 0, PIECE_AT_ENTRY);
	assert_int_equal(piece->size, CAPTURE_VECTORS * 16);
	tracee_enter(tracee, ARCH_X86_64, "write", ARGS(1, 0x10000, UINT64_MAX), UINT32_MAX);
	piece = piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY);
	assert_int_equal(piece->size, sizeof zeros);
	assert_int_equal(piece->flags, PIECE_AT_ENTRY | PIECE_TRUNCATED | PIECE_UNREADABLE);
	assert_true(tracee->record->size <= RECORD_MAX);
}

static void connect_and_accept(void **state)
{
	static struct sockaddr address = {.sa_family = AF_UNIX, .sa_data = "/run/x"};
	static int length = 16;
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, &address, sizeof address);
	tracee_map(tracee, 2000, &length, sizeof length);
	tracee_enter(tracee, ARCH_X86_64, "connect", ARGS(3, 1000, 9), 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY), &address, 9,
		     PIECE_AT_ENTRY);
	tracee_enter(tracee, ARCH_X86_64, "connect", ARGS(3, 1000, 9 | UINT64_C(7) << 32), 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY), &address, 9,
		     PIECE_AT_ENTRY);

	tracee_enter(tracee, ARCH_X86_64, "accept", ARGS(3, 1000, 2000), 0);
	assert_null(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY));
	length = 8; // the kernel: this long is the address
	tracee_leave(tracee, 5, 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, 0), &address, 8, 0);
	length = 5;
	tracee_enter(tracee, ARCH_X86_64, "accept", ARGS(3, 1000, 2000), 0);
	length = 110; // it is longer than the room it was given: only that much was written
	tracee_leave(tracee, 5, 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, 0), &address, 5, 0);
	length = -1;
	tracee_enter(tracee, ARCH_X86_64, "accept", ARGS(3, 1000, 2000), 0);
	tracee_leave(tracee, 5, 0);
	assert_int_equal(piece_at(tracee, 1, PIECE_SELF, 0, 0)->size, 0);
}

static void late_calls_are_read_at_exit(void **state)
{
	static int length = 4;
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "/etc/passwd", 12);
	tracee_map(tracee, 2000, &length, 4);
	tracee_enter(tracee, ARCH_X86_64, "open", ARGS(0), 0);
	tracee->record->args[0] = 1000;
	tracee->record->flags = RECORD_NO_ENTRY;
	tracee_leave(tracee, -2, 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, 0), "/etc/passwd", 11, 0);
	tracee_enter(tracee, ARCH_X86_64, "accept", ARGS(3), 0);
	tracee->record->args[1] = 1000;
	tracee->record->args[2] = 2000;
	tracee->record->flags = RECORD_NO_ENTRY;
	tracee_leave(tracee, 3, 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, 0), "/etc", 4, 0);
}

static void vectors_join_what_was_written(void **state)
{
	static const struct iovec vector[] = {
		{(void *)1000, 3}, {NULL, 0}, {(void *)1005, 4}, {(void *)0xdead, 100}};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_map(tracee, 2000, vector, sizeof vector);
	tracee_enter(tracee, ARCH_X86_64, "writev", ARGS(1, 2000, 3), 100);
	assert_piece(piece_at(tracee, 1, PIECE_IOVEC, 0, PIECE_AT_ENTRY), vector, 48,
		     PIECE_AT_ENTRY);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, PIECE_AT_ENTRY), "0125678", 7,
		     PIECE_AT_ENTRY);
	tracee_enter(tracee, ARCH_X86_64, "writev", ARGS(1, 2000, 4), 100);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, PIECE_AT_ENTRY), "0125678", 7,
		     PIECE_AT_ENTRY | PIECE_UNREADABLE | PIECE_TRUNCATED);
	tracee_enter(tracee, ARCH_X86_64, "readv", ARGS(1, 2000, 3), 100);
	assert_null(piece_at(tracee, 1, PIECE_DATA, 0, PIECE_AT_ENTRY));
	tracee_leave(tracee, 5, 100);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, 0), "01256", 5, 0);
	tracee_enter(tracee, ARCH_X86_64, "readv", ARGS(1, 2000, 3), 4);
	tracee_leave(tracee, 5, 4);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, 0), "0125", 4, PIECE_TRUNCATED);
}

/* Lengths that overflow when added, and addresses that do. */
static void vectors_that_wrap(void **state)
{
	static const struct iovec vector[] = {
		{(void *)1000, SIZE_MAX}, {(void *)SIZE_MAX, SIZE_MAX}, {(void *)1000, 10}};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_map(tracee, 2000, vector, sizeof vector);
	tracee_enter(tracee, ARCH_X86_64, "writev", ARGS(1, 2000, 3), 5);
	const struct piece *piece = piece_at(tracee, 1, PIECE_DATA, 0, PIECE_AT_ENTRY);
	assert_piece(piece, "01234", 5, PIECE_AT_ENTRY | PIECE_TRUNCATED);
	assert_int_equal(piece->count, UINT32_MAX);
}

static void vectors_of_i386(void **state)
{
	static const uint32_t vector[] = {1000, 2, 1008, 2};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_map(tracee, 2000, vector, sizeof vector);
	tracee_enter(tracee, ARCH_I386, "writev", ARGS(1, 2000 | UINT64_C(1) << 40, 2), 100);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, PIECE_AT_ENTRY), "0189", 4, PIECE_AT_ENTRY);
}

static void strings_of_argv(void **state)
{
	static const uint64_t argv[] = {1000, 1003, 0xdead, 1000, 0};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "ls\0-l\0", 6);
	tracee_map(tracee, 2 * PAGE - sizeof argv, argv, sizeof argv); // ends with its page
	tracee_enter(tracee, ARCH_X86_64, "execve", ARGS(1000, 2 * PAGE - sizeof argv), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), "ls", 2, PIECE_AT_ENTRY);
	assert_piece(piece_at(tracee, 1, PIECE_STRING, 0, PIECE_AT_ENTRY), "ls", 2, PIECE_AT_ENTRY);
	assert_piece(piece_at(tracee, 1, PIECE_STRING, 1, PIECE_AT_ENTRY), "-l", 2, PIECE_AT_ENTRY);
	assert_piece(piece_at(tracee, 1, PIECE_STRING, 2, PIECE_AT_ENTRY), "", 0,
		     PIECE_AT_ENTRY | PIECE_UNREADABLE);
	assert_non_null(piece_at(tracee, 1, PIECE_STRING, 3, PIECE_AT_ENTRY));
	assert_null(piece_at(tracee, 1, PIECE_STRING, 4, PIECE_AT_ENTRY));
	assert_int_equal(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY)->count, 4);
	assert_null(piece_at(tracee, 2, PIECE_SELF, 0,
			     PIECE_AT_ENTRY)); // the environment is not our business
	assert_true(tracee->reads <= 6);
}

static void too_many_strings(void **state)
{
	static uint64_t argv[5000];
	static char text[100000];
	struct tracee *tracee = *state;

	memset(text, 'x', sizeof text - 1);
	for (size_t i = 0; i < 5000; i++)
		argv[i] = 0x100000 + sizeof text - 2;
	tracee_map(tracee, 0x10000, argv, sizeof argv);
	tracee_map(tracee, 0x100000, text, sizeof text);
	tracee_enter(tracee, ARCH_X86_64, "execve", ARGS(0, 0x10000), 0);
	const struct piece *whole = piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY);
	assert_int_equal(whole->count, CAPTURE_STRINGS_COUNT);
	assert_int_equal(whole->flags, PIECE_AT_ENTRY | PIECE_TRUNCATED);
	argv[1] = 0x100000;
	tracee_enter(tracee, ARCH_X86_64, "execve", ARGS(0, 0x10000), 0);
	const struct piece *cut = piece_at(tracee, 1, PIECE_STRING, 1, PIECE_AT_ENTRY);
	assert_int_equal(cut->size, CAPTURE_STRINGS_MAX - 1);
	assert_int_equal(cut->flags, PIECE_AT_ENTRY | PIECE_TRUNCATED);
	assert_null(piece_at(tracee, 1, PIECE_STRING, 2, PIECE_AT_ENTRY));
	argv[0] = 0x10000; // an array that is not even terminated
	tracee->regions[0].size = 8;
	tracee_enter(tracee, ARCH_X86_64, "execve", ARGS(0, 0x10000), 0);
	whole = piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY);
	assert_int_equal(whole->flags, PIECE_AT_ENTRY | PIECE_UNREADABLE);
}

static void message_sent(void **state)
{
	static const struct iovec vector[] = {{(void *)1000, 2}, {(void *)1008, 2}};
	static const struct msghdr message = {.msg_name = (void *)1000,
					      .msg_namelen = 6,
					      .msg_iov = (void *)2000,
					      .msg_iovlen = 2,
					      .msg_control = (void *)1002,
					      .msg_controllen = 5};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_map(tracee, 2000, vector, sizeof vector);
	tracee_map(tracee, 3000, &message, sizeof message);
	tracee_enter(tracee, ARCH_X86_64, "sendmsg", ARGS(3, 3000), 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY), &message, 56,
		     PIECE_AT_ENTRY);
	assert_piece(piece_at(tracee, 1, PIECE_NAME, 0, PIECE_AT_ENTRY), "012345", 6,
		     PIECE_AT_ENTRY);
	assert_piece(piece_at(tracee, 1, PIECE_CONTROL, 0, PIECE_AT_ENTRY), "23456", 5,
		     PIECE_AT_ENTRY);
	assert_piece(piece_at(tracee, 1, PIECE_IOVEC, 0, PIECE_AT_ENTRY), vector, 32,
		     PIECE_AT_ENTRY);
	assert_null(piece_at(tracee, 1, PIECE_DATA, 0, PIECE_AT_ENTRY));
	tracee_enter(tracee, ARCH_X86_64, "sendmsg", ARGS(3, 3000), 3);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, PIECE_AT_ENTRY), "018", 3,
		     PIECE_AT_ENTRY | PIECE_TRUNCATED);
}

static void message_received(void **state)
{
	static const struct iovec vector[] = {{(void *)1000, 2}, {(void *)1008, 2}};
	static struct msghdr message;
	struct tracee *tracee = *state;

	message = (struct msghdr){.msg_name = (void *)1000,
				  .msg_namelen = 6,
				  .msg_iov = (void *)2000,
				  .msg_iovlen = 2,
				  .msg_control = (void *)1002,
				  .msg_controllen = 8};
	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_map(tracee, 2000, vector, sizeof vector);
	tracee_map(tracee, 3000, &message, sizeof message);
	tracee_enter(tracee, ARCH_X86_64, "recvmsg", ARGS(3, 3000), 10);
	assert_null(piece_at(tracee, 1, PIECE_NAME, 0, PIECE_AT_ENTRY));
	message.msg_namelen =
		100; // more than the room: the kernel says how long it would have been
	message.msg_controllen = 5;
	message.msg_iov = (void *)0xdead; // another thread plays tricks
	tracee_leave(tracee, 3, 10);
	assert_piece(piece_at(tracee, 1, PIECE_NAME, 0, 0), "012345", 6, 0);
	assert_piece(piece_at(tracee, 1, PIECE_CONTROL, 0, 0), "23456", 5, 0);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, 0), "018", 3, 0);
	message.msg_namelen = 6;
	message.msg_iov = (void *)2000;
	tracee_enter(tracee, ARCH_X86_64, "recvmsg", ARGS(3, 3000), 10);
	message.msg_namelen = 4;
	tracee_leave(tracee, 3, 10);
	assert_piece(piece_at(tracee, 1, PIECE_NAME, 0, 0), "0123", 4, 0);
	tracee_enter(tracee, ARCH_X86_64, "recvmsg", ARGS(3, 0xbad), 10);
	tracee_leave(tracee, 3, 10);
	assert_int_equal(tracee->record->pieces, 2);
}

static void many_messages(void **state)
{
	static const struct iovec vector[] = {{(void *)1000, 4}, {(void *)1004, 4}};
	static struct mmsghdr messages[3];
	struct tracee *tracee = *state;

	for (int i = 0; i < 3; i++)
		messages[i] = (struct mmsghdr){
			.msg_hdr = {.msg_name = (void *)(1000 + (uintptr_t)i),
				    .msg_namelen = 2,
				    .msg_iov = (void *)(2000 + 16 * (uintptr_t)(i % 2)),
				    .msg_iovlen = 1}};
	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_map(tracee, 2000, vector, sizeof vector);
	tracee_map(tracee, 3000, messages, sizeof messages);
	tracee_enter(tracee, ARCH_X86_64, "recvmmsg", ARGS(3, 3000, 3), 10);
	messages[0].msg_len = 1;
	messages[1].msg_len = 3;
	tracee_leave(tracee, 2, 10);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 0, 0), "0", 1, 0);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 1, 0), "456", 3, 0);
	assert_piece(piece_at(tracee, 1, PIECE_NAME, 1, 0), "12", 2, 0);
	assert_null(piece_at(tracee, 1, PIECE_NAME, 2, 0));
	tracee_enter(tracee, ARCH_X86_64, "sendmmsg", ARGS(3, 3000, 3), 10);
	assert_piece(piece_at(tracee, 1, PIECE_DATA, 2, PIECE_AT_ENTRY), "0123", 4, PIECE_AT_ENTRY);
	tracee_leave(tracee, 2, 10);
	assert_int_equal(piece_at(tracee, 1, PIECE_SELF, 0, 0)->size, 128);
	assert_null(piece_at(tracee, 1, PIECE_NAME, 0, 0));
}

static void wait_without_a_child_tells_nothing(void **state)
{
	static const int status = 0x100;
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, &status, 4);
	tracee_enter(tracee, ARCH_X86_64, "wait4", ARGS(-1, 1000, 1, 0), 0);
	tracee_leave(tracee, 0, 0);
	assert_int_equal(piece_at(tracee, 1, PIECE_SELF, 0, 0)->size, 0);
	tracee_enter(tracee, ARCH_X86_64, "wait4", ARGS(-1, 1000, 1, 0), 0);
	tracee_leave(tracee, 77, 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, 0), &status, 4, 0);
}

static void select_has_bits_in_longs(void **state)
{
	static const uint64_t bits[] = {1, 2};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, bits, sizeof bits);
	tracee_enter(tracee, ARCH_X86_64, "select", ARGS(65, 1000), 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY), bits, 16, PIECE_AT_ENTRY);
	tracee_enter(tracee, ARCH_I386, "_newselect", ARGS(33, 1000), 0);
	assert_piece(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY), bits, 8, PIECE_AT_ENTRY);
	tracee_enter(tracee, ARCH_X86_64, "select", ARGS(0, 1000), 0);
	assert_int_equal(piece_at(tracee, 1, PIECE_SELF, 0, PIECE_AT_ENTRY)->size, 0);
}

static void structs_newer_and_older_than_ours(void **state)
{
	static const uint64_t clone_args[] = {0x100, 1, 2, 3, 17, 5, 6, 7, 8, 9, 10, 11, 12, 13};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, clone_args, sizeof clone_args);
	tracee_enter(tracee, ARCH_X86_64, "clone3", ARGS(1000, 64), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), clone_args, 64,
		     PIECE_AT_ENTRY);
	tracee_enter(tracee, ARCH_X86_64, "clone3", ARGS(1000, sizeof clone_args), 0);
	assert_piece(piece_at(tracee, 0, PIECE_SELF, 0, PIECE_AT_ENTRY), clone_args, 88,
		     PIECE_AT_ENTRY | PIECE_TRUNCATED);
}

static void full_records_say_so(void **state)
{
	static char text[RECORD_MAX];
	static struct mmsghdr messages[1000];
	static const struct iovec vector = {(void *)0x100000, sizeof text};
	struct tracee *tracee = *state;

	for (size_t i = 0; i < 1000; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = (void *)2000,
						      .msg_iovlen = 1,
						      .msg_control = (void *)0x100000,
						      .msg_controllen = sizeof text};
	tracee_map(tracee, 2000, &vector, sizeof vector);
	tracee_map(tracee, 0x100000, text, sizeof text);
	tracee_map(tracee, 0x200000, messages, sizeof messages);
	tracee_enter(tracee, ARCH_X86_64, "sendmmsg", ARGS(3, 0x200000, 1000), 1000);
	assert_true(tracee->record->flags & RECORD_TRUNCATED);
	assert_true(tracee->record->size <= RECORD_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracee_new, tracee_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(path_at_the_end_of_a_page),
		TEST(path_across_two_pages),
		TEST(path_that_runs_out),
		TEST(null_and_unreadable),
		TEST(read_is_payload_as_long_as_the_result),
		TEST(nobody_asked_for_payload),
		TEST(failed_calls_wrote_nothing),
		TEST(result_larger_than_the_buffer),
		TEST(huge_counts),
		TEST(connect_and_accept),
		TEST(late_calls_are_read_at_exit),
		TEST(vectors_join_what_was_written),
		TEST(vectors_that_wrap),
		TEST(vectors_of_i386),
		TEST(strings_of_argv),
		TEST(too_many_strings),
		TEST(message_sent),
		TEST(message_received),
		TEST(many_messages),
		TEST(wait_without_a_child_tells_nothing),
		TEST(select_has_bits_in_longs),
		TEST(structs_newer_and_older_than_ours),
		TEST(full_records_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
