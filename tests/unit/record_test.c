/* SPDX-License-Identifier: MIT
 *
 * Records: built, walked, and walked when they are not what they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"

static int new_record(void **state)
{
	struct record *record = malloc(RECORD_MAX);

	if (!record)
		return -1;
	record_begin(record, RECORD_CALL, 10, 11);
	*state = record;
	return 0;
}

static int free_record(void **state)
{
	free(*state);
	return 0;
}

static void begins_empty(void **state)
{
	struct record *record = *state;

	assert_int_equal(record->size, sizeof *record);
	assert_int_equal(record->kind, RECORD_CALL);
	assert_int_equal(record->pid, 10);
	assert_int_equal(record->tid, 11);
	assert_null(record_piece(record, NULL));
	assert_null(record_find(record, 0, PIECE_SELF, 0));
}

static void keeps_pieces_in_order(void **state)
{
	struct record *record = *state;

	assert_true(record_add(record, 1, PIECE_STRING, 0, "ls", 2, 0));
	assert_true(record_add(record, 1, PIECE_STRING, 1, "-l", 2, 0));
	assert_true(record_add(record, 2, PIECE_SELF, 0, NULL, 0, PIECE_UNREADABLE));
	assert_int_equal(record->pieces, 3);
	assert_int_equal(record->size % 8, 0);
	const struct piece *first = record_piece(record, NULL);
	const struct piece *second = record_piece(record, first);
	const struct piece *third = record_piece(record, second);
	assert_memory_equal(piece_bytes(first), "ls\0\0\0\0\0\0", 8);
	assert_ptr_equal(second, record_find(record, 1, PIECE_STRING, 1));
	assert_int_equal(third->flags, PIECE_UNREADABLE);
	assert_int_equal(third->size, 0);
	assert_null(record_piece(record, third));
}

static void commits_less_than_reserved(void **state)
{
	struct record *record = *state;
	char *room = record_reserve(record, 0, PIECE_SELF, 0, 4096);

	assert_non_null(room);
	memset(room, 'x', 4096);
	record_commit(record, 3, 9000, PIECE_TRUNCATED);
	const struct piece *piece = record_piece(record, NULL);
	assert_int_equal(piece->size, 3);
	assert_int_equal(piece->count, 9000);
	assert_memory_equal(piece_bytes(piece), "xxx\0\0\0\0\0",
			    8); // padding is not what was in memory
	assert_int_equal(record->size, sizeof *record + sizeof *piece + 8);
}

static void refuses_what_does_not_fit(void **state)
{
	struct record *record = *state;

	assert_non_null(record_reserve(record, 0, PIECE_SELF, 0,
				       RECORD_MAX - sizeof *record - sizeof(struct piece)));
	assert_int_equal(record->flags, 0);
	assert_null(record_reserve(record, 0, PIECE_SELF, 0,
				   RECORD_MAX - sizeof *record - sizeof(struct piece) + 1));
	assert_int_equal(record->flags, RECORD_TRUNCATED);
	assert_int_equal(record->pieces, 0);
}

static void does_not_leave_a_hostile_record(void **state)
{
	struct record *record = *state;

	record_add(record, 0, PIECE_SELF, 0, "abc", 3, 0);
	record_add(record, 1, PIECE_SELF, 0, "def", 3, 0);
	struct piece *first = (struct piece *)record_piece(record, NULL);
	uint32_t sizes[] = {UINT32_MAX, UINT32_MAX - 7, 1000, 41, 25};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		first->size = sizes[i];
		const struct piece *next = record_piece(record, NULL);
		assert_true(!next || !record_piece(record, next));
	}
	first->size = 3;
	record->size -= 8; // the second piece's bytes are cut off
	assert_non_null(record_piece(record, NULL));
	assert_null(record_piece(record, first));
	record->size = sizeof *record + 8; // not even a whole struct piece
	assert_null(record_piece(record, NULL));
}

static void knows_failure_and_kinds(void **state)
{
	struct record *record = *state;

	record->ret = -4095;
	assert_true(record_failed(record));
	record->ret = -4096;
	assert_false(record_failed(record));
	record->ret = 0;
	assert_false(record_failed(record));
	assert_string_equal(record_kind_name(RECORD_CALL), "call");
	for (unsigned kind = RECORD_CALL; kind < RECORD_KINDS; kind++)
		assert_non_null(record_kind_name(kind));
	assert_null(record_kind_name(RECORD_KINDS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_record, free_record)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(begins_empty),
		TEST(keeps_pieces_in_order),
		TEST(commits_less_than_reserved),
		TEST(refuses_what_does_not_fit),
		TEST(does_not_leave_a_hostile_record),
		TEST(knows_failure_and_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
