/* SPDX-License-Identifier: MIT
 *
 * Writes a report of as many rows as one likes, as fast as that goes: calls as real programs make
 * them, with times, names of files, arguments. For what the writer alone costs, and to have large
 * pages to look at.
 *
 *     report FILE ROWS [HEAD TAIL]       HEAD, TAIL: the halves of the built page; without them
 * there is none
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "report/report.h"

static const char *const names[] = {"openat", "newfstatat", "read", "close", "mmap", "futex"};
static const char *const types[] = {"open", "stat", "read", "close", "mmap", NULL};
static const char *const forms[] = {
	"dirfd: AT_FDCWD, pathname: \"%s\", flags: O_RDONLY|O_CLOEXEC",
	"dirfd: %2$d<%1$s>, pathname: \"\", statbuf: {st_mode: S_IFREG|0644, st_size: %3$llu, ...}",
	"fd: %2$d<%1$s>, buf: 0x7ffd%4$08llx, count: 4096",
	"fd: %2$d<%1$s>",
	"addr: 0x0, length: %3$llu, prot: PROT_READ, flags: MAP_PRIVATE, fd: %2$d<%1$s>",
	"uaddr: 0x7f23%4$08llx, op: FUTEX_WAKE|FUTEX_PRIVATE_FLAG, val: 1",
};

static const enum report_coding columns[] = {
	REPORT_DELTA,  REPORT_NUMBER, REPORT_NUMBER, REPORT_STRING, REPORT_STRING, REPORT_STRING,
	REPORT_NUMBER, REPORT_STRING, REPORT_NUMBER, REPORT_NUMBER, REPORT_NUMBER, REPORT_STRING,
	REPORT_STRING, REPORT_TEXT,   REPORT_NUMBER, REPORT_STRING, REPORT_STRING,
};

static const char START[] =
	"{\"format\":1,\"version\":\"bench\",\"title\":\"bench\",\"command\":[\"bench\"],"
	"\"started\":1,"
	"\"redacted\":false,\"tables\":{\"events\":[[\"time\",\"delta\"],[\"duration\",\"number\"],"
	"[\"task\",\"number\"],[\"name\",\"string\"],[\"type\",\"string\"],[\"class\",\"string\"],"
	"[\"ret\",\"number\"],[\"error\",\"string\"],[\"bytes\",\"number\"],[\"object\",\"number\"]"
	","
	"[\"to\",\"number\"],[\"path\",\"string\"],[\"remote\",\"string\"],[\"args\",\"text\"],"
	"[\"flags\",\"number\"],[\"hidden\",\"string\"],[\"note\",\"string\"]]}}";

enum {
	COLUMNS = sizeof columns / sizeof *columns,
	NAMES = sizeof names / sizeof *names,
	TEXT = 256
};

/* Times and sizes are as uneven as real ones. */
static uint64_t random_number(void)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static struct report_value number(int64_t value)
{
	return (struct report_value){.number = value};
}

static struct report_value bytes(const char *text)
{
	if (!text)
		return (struct report_value){.is_nil = true};
	return (struct report_value){.bytes = text, .size = strlen(text)};
}

/* Row i, whose texts are in the rooms. */
static void fill(struct report_value *values, unsigned long long i, int64_t time_ns, char *path,
		 char *args)
{
	unsigned which = i % NAMES;
	unsigned long long file = i / NAMES % 30000, size = random_number() % 65536;

	snprintf(path, TEXT, "/usr/share/data/%llu/file-%llu.txt", file % 300, file);
	snprintf(args, TEXT, forms[which], path, 3 + (int)(i / NAMES % 3), size,
		 random_number() % 4096 * 64);
	for (int column = 0; column < COLUMNS; column++)
		values[column] = (struct report_value){.is_nil = true};
	values[0] = number(time_ns);
	values[1] = number(300 + random_number() % 6000);
	values[2] = number(1 + i / 64 % 40);
	values[3] = bytes(names[which]);
	values[4] = bytes(types[which]);
	values[5] = bytes(types[which] ? "file" : "process");
	values[6] = number(which == 2 ? (int64_t)(size % 4096) : which == 0 ? 3 : 0);
	if (which == 1 && size % 8 == 0)
		values[7] = bytes("ENOENT");
	if (which == 2)
		values[8] = values[6];
	if (which != 5)
		values[9] = number(1 + i / NAMES);
	if (which == 1)
		values[11] = bytes(path);
	values[13] = bytes(args);
	values[15] = bytes(which == 5 ? "other calls" : which > 2 ? "closes" : NULL);
}

static char *read_half(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb"), *out;
	char *text = NULL;

	if (!file || !(out = open_memstream(&text, size)))
		exit(2);
	for (int c; (c = getc(file)) != EOF;)
		putc(c, out);
	fclose(out);
	fclose(file);
	return text;
}

static long resident_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static double seconds_used(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
	static struct report_value values[1024][COLUMNS];
	static char paths[1024][TEXT], args[1024][TEXT];
	struct report_page page = {.head = "", .tail = ""};
	unsigned long long rows = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	int error = 0;

	if (argc == 5) {
		page.head = read_half(argv[3], &page.head_size);
		page.tail = read_half(argv[4], &page.tail_size);
	}
	long before_kib = resident_kib();
	struct report *report = rows ? report_open(argv[1], &page, &error) : NULL;
	if (!report)
		return fprintf(stderr, "usage: report FILE ROWS [HEAD TAIL]\n"), 2;
	int table = report_add_table(report, "events", columns, COLUMNS);
	report_start(report, "bench", 5, START, sizeof START - 1);
	int64_t time_ns = 1;
	double used = 0;
	for (unsigned long long i = 0; i < rows;) { /* making them up is not counted */
		unsigned count = 0;
		for (; count < 1024 && i < rows; i++)
			fill(values[count], i, time_ns += 500 + (int64_t)(random_number() % 9000),
			     paths[count], args[count]),
				count++;
		double begin = seconds_used();
		for (unsigned k = 0; k < count; k++)
			report_put(report, table, values[k]);
		used += seconds_used() - begin;
	}
	double begin = seconds_used();
	bool is_whole = report_finish(report, "{\"time\":1}", 10, "", 0);
	used += seconds_used() - begin;
	printf("%.2f s for %llu rows, %.2f us a row; %.2f bytes a row; %ld KiB\n", used, rows,
	       used * 1e6 / rows, (double)report_bytes(report) / rows, resident_kib() - before_kib);
	report_free(report);
	return !is_whole;
}
