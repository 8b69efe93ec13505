/* SPDX-License-Identifier: MIT
 *
 * The writer of reports: rows of any values, as the input says, come back from the page as they
 * were. All texts of the input go through the coder of texts.
 */
#include <assert.h>
#include <unistd.h>

#include "../report_decoder.h"
#include "input.h"
#include "report/report.h"

enum { COLUMNS = 4, ROWS_MAX = 512, TEXT_MAX = 64 };

static const char CODINGS[] = "ndst"; /* as the decoder calls them */
static const enum report_coding coding_of[] = {REPORT_NUMBER, REPORT_DELTA, REPORT_STRING,
					       REPORT_TEXT};
static const struct report_page PAGE = {.head = "", .tail = "<!--SUMMARY-->", .tail_size = 14};

/* The rows of the input; their bytes are in it. */
static size_t read_rows(struct input input, struct report_value (*rows)[COLUMNS])
{
	size_t count = 0;

	for (; input.size && count < ROWS_MAX; count++)
		for (int i = 0; i < COLUMNS; i++) {
			struct report_value *value = &rows[count][i];
			unsigned what = input_number(&input, 1);
			*value = (struct report_value){.is_nil = what == 0 && i != 1};
			if (value->is_nil)
				continue;
			if (i < 2) {
				value->number = (int64_t)input_number(&input, 1 + what % 8);
				value->is_nil = i == 0 && value->number == INT64_MIN;
				continue;
			}
			struct input bytes = input_block(&input, what % TEXT_MAX);
			value->bytes = (const char *)bytes.bytes;
			value->size = bytes.size;
		}
	return count;
}

static void write_page(const char *path, struct report_value (*rows)[COLUMNS], size_t count,
		       size_t flush_at)
{
	int error;
	struct report *report = report_open(path, &PAGE, &error);

	assert(report);
	int table = report_add_table(report, "t", coding_of, COLUMNS);
	report_start(report, "", 0, "{}", 2);
	for (size_t i = 0; i < count; i++) {
		report_put(report, table, rows[i]);
		if (i == flush_at)
			report_flush(report);
	}
	assert(report_finish(report, "{}", 2, rows[0][2].bytes ? rows[0][2].bytes : "",
			     rows[0][2].size));
	report_free(report);
}

static void check_value(const struct decoder_value *got, const struct report_value *expected,
			char coding)
{
	assert(got->is_nil == expected->is_nil);
	if (got->is_nil)
		return;
	if (coding == 'n' || coding == 'd')
		assert(got->number == expected->number);
	else
		assert(got->bytes.size == expected->size &&
		       (!expected->size ||
			!memcmp(got->bytes.bytes, expected->bytes, expected->size)));
}

static size_t check_group(const struct decoder *decoder, struct report_value (*rows)[COLUMNS])
{
	const uint8_t *at = decoder->payload.bytes, *end = at + decoder->payload.size;
	size_t count = decoder_integer(&at, end, 4), columns = decoder_integer(&at, end, 4);

	assert(columns == COLUMNS);
	for (int i = 0; i < COLUMNS; i++) {
		struct decoder_value *values = decoder_column(decoder, &at, end, CODINGS[i], count);
		for (size_t row = 0; row < count; row++) {
			check_value(&values[row], &rows[row][i], CODINGS[i]);
			if (CODINGS[i] == 't')
				free(values[row].bytes.bytes);
		}
		free(values);
	}
	assert(at == end);
	return count;
}

/* What is behind the data is harmless, whatever it was made of. */
static void check_tail(const char *tail)
{
	for (; *tail; tail++)
		assert(*tail != '<' && *tail != '>' && *tail != '"' && *tail != '\'' &&
		       ((unsigned char)*tail >= ' ' || *tail == '\n' || *tail == '\t'));
}

static void check_page(const char *path, struct report_value (*rows)[COLUMNS], size_t count)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0, seen = 0;
	struct decoder decoder = {.next = text};

	assert(file && size && size < sizeof text - 1);
	fclose(file);
	text[size] = 0;
	while (decoder_next(&decoder))
		if (!strcmp(decoder.kind, "rows"))
			seen += check_group(&decoder, rows + seen);
	assert(seen == count);
	check_tail(decoder.next);
	decoder_free(&decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct report_value rows[ROWS_MAX][COLUMNS];
	static char path[64];
	struct input input = {bytes, size};
	size_t flush_at = input_number(&input, 1);

	if (!*path)
		snprintf(path, sizeof path, "/tmp/compendium-fuzz-report-%d.html", getpid());
	size_t count = read_rows(input, rows);
	if (!count)
		return 0;
	write_page(path, rows, count, flush_at);
	check_page(path, rows, count);
	unlink(path);
	return 0;
}
