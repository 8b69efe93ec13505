/* SPDX-License-Identifier: MIT
 *
 * The calls of i386 that stand for several become the direct ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracee.h"

enum { WORDS = 1000 }; /* where the program keeps its arguments */

static const uint32_t words[] = {11, 22, 33, 44, 55, 66};

/* Makes the call, whose arguments in memory are 11 22 33 ...; true when it became another. */
static bool call(struct tracee *tracee, const char *name, const uint64_t *args)
{
	record_begin(tracee->record, RECORD_CALL, 1, 1);
	tracee->record->arch = ARCH_I386;
	tracee->record->nr = syscall_number(ARCH_I386, name);
	memcpy(tracee->record->args, args, sizeof tracee->record->args);
	if (!tracee->region_count)
		tracee_map(tracee, WORDS, words, sizeof words);
	return syscall_demultiplex(tracee->record, &tracee->memory);
}

static void assert_call(const struct tracee *tracee, const char *name, const uint64_t *args)
{
	assert_string_equal(syscall_row(ARCH_I386, tracee->record->nr)->name, name);
	for (int i = 0; i < RECORD_ARGS; i++)
		assert_int_equal(tracee->record->args[i], args[i]);
}

static void socketcalls(void **state)
{
	static const char *const names[] = {
		NULL,	       "socket",      "bind",	    "connect",	  "listen",   "accept4",
		"getsockname", "getpeername", "socketpair", "sendto",	  "recvfrom", "sendto",
		"recvfrom",    "shutdown",    "setsockopt", "getsockopt", "sendmsg",  "recvmsg",
		"accept4",     "recvmmsg",    "sendmmsg",
	};
	static const uint8_t counts[] = {0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4,
					 6, 6, 2, 5, 5, 3, 3, 4, 5, 4};

	for (uint32_t i = 1; i < sizeof counts; i++) {
		uint64_t expected[RECORD_ARGS] = {0};
		for (int j = 0; j < counts[i]; j++)
			expected[j] = words[j];
		assert_true(call(*state, "socketcall", ARGS(i, WORDS)));
		assert_call(*state, names[i], expected);
	}
}

static void socketcalls_that_are_none(void **state)
{
	assert_false(call(*state, "socketcall", ARGS(0, WORDS)));
	assert_false(call(*state, "socketcall", ARGS(21, WORDS)));
	assert_false(call(*state, "socketcall", ARGS(UINT32_MAX, WORDS)));
	assert_false(call(*state, "socketcall", ARGS(3, 0)));
	assert_false(call(*state, "socketcall", ARGS(3, WORDS + 16)));
	assert_call(*state, "socketcall", ARGS(3, WORDS + 16));
	assert_false(call(*state, "getpid", ARGS(3, WORDS)));
	((struct tracee *)*state)->record->arch = ARCH_X86_64;
	((struct tracee *)*state)->record->nr = 102; // getuid there
	assert_false(syscall_demultiplex(((struct tracee *)*state)->record,
					 &((struct tracee *)*state)->memory));
}

static void ipc_calls(void **state)
{
	assert_true(call(*state, "ipc", ARGS(2, 1, 2, 3)));
	assert_call(*state, "semget", ARGS(1, 2, 3));
	assert_true(call(*state, "ipc", ARGS(3, 1, 2, 3, WORDS)));
	assert_call(*state, "semctl", ARGS(1, 2, 3, 11));
	assert_false(call(*state, "ipc", ARGS(3, 1, 2, 3, 0)));
	assert_true(call(*state, "ipc", ARGS(11, 1, 2, 3, 4)));
	assert_call(*state, "msgsnd", ARGS(1, 4, 2, 3));
	assert_true(call(*state, "ipc", ARGS(12, 1, 2, 3, WORDS)));
	assert_call(*state, "msgrcv", ARGS(1, 11, 2, 22, 3));
	assert_true(call(*state, "ipc", ARGS(12 | 1 << 16, 1, 2, 3, 4, 5)));
	assert_call(*state, "msgrcv", ARGS(1, 4, 2, 5, 3));
	assert_true(call(*state, "ipc", ARGS(22, 1, 2, 3, 4)));
	assert_call(*state, "shmdt", ARGS(4));
	assert_true(call(*state, "ipc", ARGS(24, 1, 2, 3, 4)));
	assert_call(*state, "shmctl", ARGS(1, 2, 4));
	assert_false(call(*state, "ipc", ARGS(1, 1, 2, 3, 4)));
	assert_call(*state, "ipc", ARGS(1, 1, 2, 3, 4));
}

static void old_mmap_and_select(void **state)
{
	assert_true(call(*state, "mmap", ARGS(WORDS)));
	assert_call(*state, "mmap", ARGS(11, 22, 33, 44, 55, 66));
	assert_true(call(*state, "select", ARGS(WORDS)));
	assert_call(*state, "select", ARGS(11, 22, 33, 44, 55));
	assert_false(call(*state, "mmap", ARGS(WORDS + 4)));
}

/* The memory of what a call became is read, as that of the direct call. */
static void what_they_become_is_captured(void **state)
{
	static const uint32_t connect[] = {3, 2000, 8};
	struct tracee *tracee = *state;

	tracee_map(tracee, WORDS, connect, sizeof connect);
	tracee_map(tracee, 2000, "\2\0\0P\1\2\3\4", 8);
	assert_true(call(tracee, "socketcall", ARGS(3, WORDS)));
	capture_run(syscall_row(ARCH_I386, tracee->record->nr), tracee->record, CAPTURE_ENTRY,
		    &tracee->memory, 0);
	const struct piece *piece = record_find(tracee->record, 1, PIECE_SELF, 0);
	assert_non_null(piece);
	assert_int_equal(piece->size, 8);
	assert_memory_equal(piece_bytes(piece), "\2\0\0P\1\2\3\4", 8);
}

static void interest_in_what_they_become(void **state)
{
	uint64_t set[ARCH_COUNT][INTEREST_NRS / 64] = {{0}};

	(void)state;
	assert_false(syscall_multiplexes(set, ARCH_I386, 102));
	interest_add(set, ARCH_X86_64, (unsigned)syscall_number(ARCH_X86_64, "connect"));
	assert_false(syscall_multiplexes(set, ARCH_I386, 102));
	interest_add(set, ARCH_I386, (unsigned)syscall_number(ARCH_I386, "connect"));
	assert_true(syscall_multiplexes(set, ARCH_I386, 102));
	assert_false(syscall_multiplexes(set, ARCH_I386, 117));
	assert_false(syscall_multiplexes(set, ARCH_X86_64, 102));
	interest_add(set, ARCH_I386, (unsigned)syscall_number(ARCH_I386, "shmctl"));
	assert_true(syscall_multiplexes(set, ARCH_I386, 117));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracee_new, tracee_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(socketcalls),
		TEST(socketcalls_that_are_none),
		TEST(ipc_calls),
		TEST(old_mmap_and_select),
		TEST(what_they_become_is_captured),
		cmocka_unit_test(interest_in_what_they_become),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
