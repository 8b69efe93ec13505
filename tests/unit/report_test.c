/* SPDX-License-Identifier: MIT
 *
 * The writer of reports: bytes as FORMAT.md has them, any rows come back as they were, the file
 * appears whole or not at all, and nothing of a program is HTML.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../report_decoder.h"
#include "report/report.h"
#include "report/text.h"

static const struct report_page PAGE = {
	.head = "<title><!--TITLE--></title>\n",
	.tail = "<pre><!--SUMMARY--></pre>\n",
	.head_size = sizeof "<title><!--TITLE--></title>\n" - 1,
	.tail_size = sizeof "<pre><!--SUMMARY--></pre>\n" - 1,
};

static char folder[] = "/tmp/compendium-report.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/r.html", folder);
	return 0;
}

/* The n-th name in the folder that begins so, with the folder; NULL: there are fewer. Valid until
 * the next one. */
static const char *name_in_folder(const char *start, int n)
{
	static char name[512];
	bool is_found = false;
	DIR *dir = opendir(folder);

	for (struct dirent *entry; !is_found && (entry = readdir(dir));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    strncmp(entry->d_name, start, strlen(start)) || n-- > 0)
			continue;
		snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
		is_found = true;
	}
	closedir(dir);
	return is_found ? name : NULL;
}

static int remove_folder(void **state)
{
	(void)state;
	for (const char *name; (name = name_in_folder("", 0));)
		unlink(name);
	return rmdir(folder);
}

static char *read_file(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb");
	char *text = NULL;

	assert_non_null(file);
	FILE *out = open_memstream(&text, size);
	for (int c; (c = getc(file)) != EOF;)
		putc(c, out);
	fclose(out);
	fclose(file);
	return text;
}

/* How many names there are in the folder. */
static int count_files(void)
{
	int count = 0;

	while (name_in_folder("", count))
		count++;
	return count;
}

static const char PARTIAL[] = "r.html.partial-";

static struct report *open_report(const char *name)
{
	int error;
	struct report *report = report_open(name, &PAGE, &error);

	assert_non_null(report);
	return report;
}

static struct report_value number(int64_t n)
{
	return (struct report_value){.number = n};
}

static struct report_value bytes(const char *text)
{
	return (struct report_value){.bytes = text, .size = strlen(text)};
}

static const struct report_value NOTHING = {.is_nil = true};

/* --- golden bytes --------------------------------------------------------------------------------
 */

static void assert_payload(struct decoder *decoder, const char *kind, const char *expected,
			   size_t size)
{
	assert_true(decoder_next(decoder));
	assert_string_equal(decoder->kind, kind);
	assert_int_equal(decoder->payload.size, size);
	assert_memory_equal(decoder->payload.bytes, expected, size);
}

static void writes_what_the_format_says(void **state)
{
	static const enum report_coding columns[] = {REPORT_NUMBER, REPORT_DELTA, REPORT_STRING,
						     REPORT_TEXT};
	static const char strings[] = "\1\0\0\0"
				      "\2\0\0\0"
				      "\1\1\4"
				      "a"
				      "fd \1";
	/* none and -1, which is 1 in zigzag and one more; 300 and 100 less, in two planes; "a"; the
	 * template and its 3 */
	static const char rows[] = "\2\0\0\0"
				   "\4\0\0\0"
				   "\3\0\0\0"
				   "\1"
				   "\0\2"
				   "\5\0\0\0"
				   "\2"
				   "\x58\xc7"
				   "\2\0"
				   "\3\0\0\0"
				   "\1"
				   "\1\0"
				   "\16\0\0\0"
				   "\1"
				   "\2\0"
				   "\1\0\0\0"
				   "\1\3"
				   "\0\0\0\0"
				   "\0";
	struct report *report = open_report(path);
	size_t size;

	(void)state;
	int table = report_add_table(report, "t", columns, 4);
	report_start(report, "T", 1, "{}", 2);
	report_put(report, table,
		   (struct report_value[]){NOTHING, number(300), bytes("a"), bytes("fd 3")});
	report_put(report, table,
		   (struct report_value[]){number(-1), number(200), NOTHING, NOTHING});
	assert_true(report_finish(report, "[]", 2, "S", 1));
	report_free(report);

	char *text = read_file(path, &size);
	struct decoder decoder = {.next = text + strlen("<title>T</title>\n")};
	assert_memory_equal(text, "<title>T</title>\n", 17);
	assert_payload(&decoder, "start", "{}", 2);
	assert_payload(&decoder, "strings", strings, sizeof strings - 1);
	assert_payload(&decoder, "rows", rows, sizeof rows - 1);
	assert_string_equal(decoder.table, "t");
	assert_payload(&decoder, "end", "[]", 2);
	assert_string_equal(decoder.next, "<pre>S</pre>\n");
	decoder_free(&decoder);
	free(text);
}

/* --- texts ---------------------------------------------------------------------------------------
 */

/* The template of a text, as the dictionary has it. Valid until the next one. */
static const char *template_of(const char *text, size_t size)
{
	static char template[256];
	struct dictionary dictionary;
	struct text_coder coder = {0};
	struct text_pool pool = {0};

	assert_true(dictionary_init(&dictionary));
	uint32_t id = text_code(&coder, &pool, &dictionary, text, size);
	assert_int_not_equal(id, 0);
	const struct dictionary_entry *entry = &dictionary.entries[id - 1];
	memcpy(template, dictionary.bytes + entry->offset, entry->length);
	template[entry->length] = 0;
	dictionary_free(&dictionary);
	text_coder_free(&coder);
	text_pool_free(&pool);
	return template;
}

static void takes_out_what_differs(void **state)
{
	static const struct {
		const char *text, *template;
	} cases[] = {
		{"", ""},
		{"fd: 3</etc/passwd>, buf: 0x7f00, count: 4096", "fd: \1<\3>, buf: \2, count: \1"},
		{"pathname: \"/a/b 1\", flags: O_RDONLY", "pathname: \"\3\", flags: O_RDONLY"},
		{"\"a\\\"b\" \"\"", "\"\3\" \"\3\""},
		{"\"open", "\"open"},
		{"tcp4, AF_INET6, x86_64", "tcp4, AF_INET6, x86_64"},
		{"0644 0 00 007", "0\1 \1 0\1 00\1"},
		{"1.000000005 -7", "\1.00000000\1 -\1"},
		{"0x0 0x00 0x0f 0xF 0x 0xffffffffffffffff 0x7fffffffffffffff",
		 "\2 \1x00 \1x0f \1xF \1x \1xffffffffffffffff \2"},
		{"9223372036854775807 9223372036854775808 99999999999999999999",
		 "\1 9223372036854775808 99999999999999999999"},
		{"3<no end, 4", "\1<no end, \1"},
		{"a \x01", "\3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(template_of(cases[i].text, strlen(cases[i].text)),
				    cases[i].template);
}

/* --- round trips ---------------------------------------------------------------------------------
 */

static const char CODINGS[] = "ndst"; /* as the decoder calls them; ORDER report_coding */

enum { ROWS = 70000, COLUMNS = 4 };

static uint64_t seed = 1;

static uint64_t next_random(void)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return seed >> 16;
}

/* Of a few shapes, so that widths differ and strings come again. */
static struct report_value random_value(char coding, char *room)
{
	static const char *const shapes[] = {"a %llu",	   "0x%llx",   "f \"%llu\", 0%llo",
					     "%llu<%llx>", "\x02%llu", ""};
	uint64_t value = next_random() >> next_random() % 48;

	if (coding != 'd' && next_random() % 8 == 0)
		return NOTHING;
	if (coding == 'n' && next_random() % 64 == 0)
		return number(next_random() % 2 ? INT64_MAX : INT64_MIN + 1);
	if (coding == 'n' || coding == 'd')
		return number(next_random() % 2 ? (int64_t)value : -(int64_t)value);
	snprintf(room, 64, shapes[next_random() % 6], (unsigned long long)value % 5000,
		 (unsigned long long)value);
	return bytes(room);
}

static void random_row(struct report_value *values, char (*rooms)[64])
{
	for (int i = 0; i < COLUMNS; i++)
		values[i] = random_value(CODINGS[i], rooms[i]);
}

static void assert_value(const struct decoder_value *got, const struct report_value *expected,
			 char coding)
{
	assert_int_equal(got->is_nil, expected->is_nil);
	if (coding == 'n' || coding == 'd') {
		assert_true(got->is_nil || got->number == expected->number);
		return;
	}
	assert_int_equal(got->bytes.size, expected->size);
	if (expected->size)
		assert_memory_equal(got->bytes.bytes, expected->bytes, expected->size);
}

/* Reads a group of rows, which must be those that random_row makes now. Their number. */
static size_t check_group(const struct decoder *decoder)
{
	const uint8_t *at = decoder->payload.bytes, *end = at + decoder->payload.size;
	struct decoder_value *columns[COLUMNS];
	char rooms[COLUMNS][64];
	size_t rows = decoder_integer(&at, end, 4);

	assert_int_equal(decoder_integer(&at, end, 4), COLUMNS);
	for (int i = 0; i < COLUMNS; i++)
		columns[i] = decoder_column(decoder, &at, end, CODINGS[i], rows);
	assert_true(at == end);
	for (size_t row = 0; row < rows; row++) {
		struct report_value values[COLUMNS];
		random_row(values, rooms);
		for (int i = 0; i < COLUMNS; i++)
			assert_value(&columns[i][row], &values[i], CODINGS[i]);
	}
	for (size_t row = 0; row < rows; row++)
		free(columns[3][row].bytes.bytes);
	for (int i = 0; i < COLUMNS; i++)
		free(columns[i]);
	return rows;
}

static void any_rows_come_back(void **state)
{
	static const enum report_coding columns[] = {REPORT_NUMBER, REPORT_DELTA, REPORT_STRING,
						     REPORT_TEXT};
	struct report *report = open_report(path);
	char rooms[COLUMNS][64];
	size_t size, rows = 0;

	(void)state;
	int table = report_add_table(report, "t", columns, COLUMNS);
	report_start(report, "", 0, "{}", 2);
	for (int i = 0; i < ROWS; i++) {
		struct report_value values[COLUMNS];
		random_row(values, rooms);
		report_put(report, table, values);
		if (i == 100)
			report_flush(report);
	}
	assert_true(report_finish(report, "{}", 2, "", 0));
	report_free(report);

	char *text = read_file(path, &size);
	struct decoder decoder = {.next = text + strlen("<title></title>\n")};
	seed = 1;
	while (decoder_next(&decoder))
		if (!strcmp(decoder.kind, "rows"))
			rows += check_group(&decoder);
	assert_int_equal(rows, ROWS);
	assert_string_equal(decoder.next, "<pre></pre>\n");
	decoder_free(&decoder);
	free(text);
}

/* Values at the edges of a block's widths: as they are coded, in zigzag and one more. */
static void the_edges_of_widths_come_back(void **state)
{
	static const int64_t edges[] = {0,
					126,
					127,
					128,
					-128,
					0x7ffe,
					0x7fff,
					0x8000,
					0x7ffffffe,
					0x7fffffff,
					0x80000000,
					-0x7fffffff,
					-INT64_C(0x80000000),
					INT64_MAX,
					INT64_MIN + 1};
	static const enum report_coding columns[] = {REPORT_NUMBER};
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		struct report *report = open_report(path);
		int table = report_add_table(report, "t", columns, 1);
		report_start(report, "", 0, "{}", 2);
		struct report_value value = number(edges[i]);
		report_put(report, table, &value);
		assert_true(report_finish(report, "{}", 2, "", 0));
		report_free(report);
		char *text = read_file(path, &size);
		struct decoder decoder = {.next = text + strlen("<title></title>\n")};
		assert_true(decoder_next(&decoder) && decoder_next(&decoder));
		const uint8_t *at = decoder.payload.bytes + 8;
		struct decoder_value *got = decoder_column(
			&decoder, &at, decoder.payload.bytes + decoder.payload.size, 'n', 1);
		assert_true(got->number == edges[i]);
		free(got);
		decoder_free(&decoder);
		free(text);
	}
}

/* More than the dictionary may have, twice over. */
static void a_dictionary_that_is_full_begins_anew(void **state)
{
	static const enum report_coding columns[] = {REPORT_STRING};
	static char long_string[1000];
	struct report *report = open_report(path);
	uint32_t rows = 0;
	size_t size;

	(void)state;
	memset(long_string, 'x', sizeof long_string - 1);
	int table = report_add_table(report, "t", columns, 1);
	report_start(report, "", 0, "{}", 2);
	for (int i = 0; i < 30000; i++) {
		snprintf(long_string, 10, "%09d", i);
		long_string[9] = 'x';
		struct report_value value = bytes(i % 2 ? long_string : "again");
		report_put(report, table, &value);
	}
	assert_true(report_finish(report, "{}", 2, "", 0));
	report_free(report);

	char *text = read_file(path, &size);
	struct decoder decoder = {.next = text + strlen("<title></title>\n")};
	while (decoder_next(&decoder)) {
		const uint8_t *at = decoder.payload.bytes, *end = at + decoder.payload.size;
		if (strcmp(decoder.kind, "rows"))
			continue;
		size_t count = decoder_integer(&at, end, 4);
		decoder_integer(&at, end, 4);
		struct decoder_value *values = decoder_column(&decoder, &at, end, 's', count);
		for (size_t i = 0; i < count; i++, rows++)
			assert_true(rows % 2 ? (uint32_t)atoi((char *)values[i].bytes.bytes) == rows
					     : values[i].bytes.size == strlen("again"));
		free(values);
	}
	assert_int_equal(rows, 30000);
	assert_in_range(decoder.string_count, 15002, 15010); /* "again" has come again */
	decoder_free(&decoder);
	free(text);
}

/* --- HTML ----------------------------------------------------------------------------------------
 */

static void escapes_html(void **state)
{
	static const char hostile[] = "</title><!--<script>&\"'\x1b[0m\0\n\xff\xc3\xa9\x7f";
	static const char harmless[] =
		"<title>&lt;/title&gt;&lt;!--&lt;script&gt;&amp;&quot;&#39;&#xfffd;[0m&#xfffd;\n"
		"\xff\xc3\xa9&#xfffd;</title>\n";
	struct report *report = open_report(path);
	size_t size;

	(void)state;
	report_start(report, hostile, sizeof hostile - 1, "{}", 2);
	assert_true(report_finish(report, "{}", 2, hostile, sizeof hostile - 1));
	report_free(report);
	char *text = read_file(path, &size);
	assert_memory_equal(text, harmless, sizeof harmless - 1);
	assert_non_null(strstr(text, "<pre>&lt;/title&gt;"));
	free(text);
}

static void names_of_tables_are_words(void **state)
{
	static const enum report_coding columns[] = {REPORT_STRING};
	struct report *report = open_report(path);

	(void)state;
	assert_int_equal(report_add_table(report, "a\"><script>", columns, 1), -EINVAL);
	assert_int_equal(report_add_table(report, "", columns, 1), -EINVAL);
	assert_int_equal(report_add_table(report, "a_1-b", columns, 1), 0);
	assert_int_equal(report_add_table(report, "a_1-b", columns, 1), -EINVAL);
	assert_int_equal(report_add_table(report, "b", columns, 0), -E2BIG);
	assert_int_equal(report_columns(report, 1), 0);
	report_free(report);
}

/* --- the file ------------------------------------------------------------------------------------
 */

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	fputs(text, file);
	fclose(file);
}

static void assert_content(const char *name, const char *expected)
{
	size_t size;
	char *text = read_file(name, &size);

	assert_string_equal(text, expected);
	free(text);
}

static void takes_its_name_when_it_is_whole(void **state)
{
	struct stat status;

	(void)state;
	write_text(path, "before");
	struct report *report = open_report(path);
	report_start(report, "", 0, "{}", 2);
	assert_content(path, "before");
	assert_int_equal(count_files(), 2);
	assert_true(report_finish(report, "{}", 2, "", 0));
	report_free(report);
	assert_int_equal(count_files(), 1);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void leaves_nothing_when_nothing_was_written(void **state)
{
	(void)state;
	unlink(path);
	report_free(open_report(path));
	assert_int_equal(count_files(), 0);
}

static void keeps_what_there_is_of_it(void **state)
{
	size_t size;

	(void)state;
	write_text(path, "before");
	struct report *report = open_report(path);
	report_start(report, "", 0, "{}", 2);
	report_free(report); /* without an end, as when we are killed */
	assert_content(path, "before");
	const char *partial = name_in_folder(PARTIAL, 0);
	assert_non_null(partial);
	char *text = read_file(partial, &size);
	struct decoder decoder = {.next = text + strlen("<title></title>\n")};
	assert_payload(&decoder, "start", "{}", 2);
	decoder_free(&decoder);
	free(text);
	unlink(partial);
}

static void follows_no_link(void **state)
{
	char victim[64];
	struct stat status;

	(void)state;
	snprintf(victim, sizeof victim, "%s/victim", folder);
	write_text(victim, "mine");
	unlink(path);
	assert_int_equal(symlink(victim, path), 0);
	struct report *report = open_report(path);
	report_start(report, "", 0, "{}", 2);
	assert_true(report_finish(report, "{}", 2, "", 0));
	report_free(report);
	assert_content(victim, "mine");
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	unlink(victim);
}

static void says_at_once_that_it_cannot_be(void **state)
{
	int error;

	(void)state;
	assert_null(report_open("/nonexistent/r.html", &PAGE, &error));
	assert_int_equal(error, -ENOENT);
	assert_null(report_open(folder, &PAGE, &error));
	assert_int_equal(error, -EISDIR);
}

/* Rows that do not shrink, so that they reach the disk. */
static void put_noise(struct report *report, int table, int rows)
{
	for (int i = 0; i < rows; i++) {
		struct report_value value = number((int64_t)next_random() << 8);
		report_put(report, table, &value);
	}
}

static void a_full_disk_ends_the_report_alone(void **state)
{
	static const enum report_coding columns[] = {REPORT_NUMBER};

	(void)state;
	struct report *report = open_report("/dev/full");
	int table = report_add_table(report, "t", columns, 1);
	report_start(report, "", 0, "{}", 2);
	put_noise(report, table, 70000);
	assert_false(report_finish(report, "{}", 2, "", 0));
	report_free(report);
}

/* Whole tags only are left: the limit of a file's size is a disk that is full. */
static void what_is_left_of_it_can_be_read(void **state)
{
	static const enum report_coding columns[] = {REPORT_NUMBER};
	struct rlimit limit = {.rlim_max = RLIM_INFINITY, .rlim_cur = 900000};
	size_t size;

	(void)state;
	unlink(path);
	signal(SIGXFSZ, SIG_IGN);
	struct report *report = open_report(path);
	int table = report_add_table(report, "t", columns, 1);
	report_start(report, "", 0, "{}", 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put_noise(report, table, 200000);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_false(report_finish(report, "{}", 2, "", 0));
	report_free(report);
	assert_int_equal(access(path, F_OK), -1);
	const char *partial = name_in_folder(PARTIAL, 0);
	assert_non_null(partial);
	char *text = read_file(partial, &size);
	struct decoder decoder = {.next = text + strlen("<title></title>\n")};
	int tags = 0;
	while (decoder_next(&decoder))
		tags++;
	assert_int_equal(tags, 2); /* start, and the first rows */
	assert_string_equal(decoder.next, "");
	decoder_free(&decoder);
	free(text);
	unlink(partial);
}

static void writes_to_a_pipe_as_it_is(void **state)
{
	char fifo[64], line[64] = "";

	(void)state;
	snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	int reader = open(fifo, O_RDONLY | O_NONBLOCK);
	struct report *report = open_report(fifo);
	report_start(report, "pipe", 4, "{}", 2);
	assert_true(report_finish(report, "{}", 2, "", 0));
	report_free(report);
	assert_true(read(reader, line, sizeof line - 1) > 20);
	assert_memory_equal(line, "<title>pipe</title>\n<script", 27);
	close(reader);
	struct stat status;
	assert_int_equal(stat(fifo, &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
	unlink(fifo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_the_format_says),
		cmocka_unit_test(takes_out_what_differs),
		cmocka_unit_test(any_rows_come_back),
		cmocka_unit_test(the_edges_of_widths_come_back),
		cmocka_unit_test(a_dictionary_that_is_full_begins_anew),
		cmocka_unit_test(escapes_html),
		cmocka_unit_test(names_of_tables_are_words),
		cmocka_unit_test(takes_its_name_when_it_is_whole),
		cmocka_unit_test(leaves_nothing_when_nothing_was_written),
		cmocka_unit_test(keeps_what_there_is_of_it),
		cmocka_unit_test(follows_no_link),
		cmocka_unit_test(says_at_once_that_it_cannot_be),
		cmocka_unit_test(a_full_disk_ends_the_report_alone),
		cmocka_unit_test(what_is_left_of_it_can_be_read),
		cmocka_unit_test(writes_to_a_pipe_as_it_is),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
