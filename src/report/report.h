/* SPDX-License-Identifier: MIT
 *
 * report: writes the file of an HTML report: the page's head, the data, the page's tail
 * (FORMAT.md). It knows no events: who uses it declares tables of columns and puts rows into them.
 * Rows are written when there are 65,536 of a table, so memory is bounded.
 *
 * Nothing here fails the trace: what cannot be written is said once, and dropped from then on.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPORT_COLUMNS_MAX = 64, REPORT_TABLES_MAX = 256, REPORT_ROWS_MAX = 65536 };

/* See FORMAT.md. */
enum report_coding { REPORT_NUMBER, REPORT_DELTA, REPORT_STRING, REPORT_TEXT, REPORT_CODINGS };

/* A value of a row: a number, bytes, or none. */
struct report_value {
	bool is_nil;
	int64_t number;
	const char *bytes;
	size_t size;
};

/* The built page in two parts; they stay the caller's, who keeps them as long as the report. */
struct report_page {
	const char *head, *tail;
	size_t head_size, tail_size;
};

struct report;

/* Creates the file that becomes `path`, which is kept; "-" is stdout. NULL: *error is a negative
 * errno. */
struct report *report_open(const char *path, const struct report_page *page, int *error);

/* Declares a table, before report_start. Its number, or a negative errno: -EINVAL is a name that
 * cannot be, -E2BIG too many. */
int report_add_table(struct report *report, const char *name, const enum report_coding *columns,
		     size_t count);
/* How many columns it has; 0: there is no such table. */
size_t report_columns(const struct report *report, int table);
enum report_coding report_coding(const struct report *report, int table, size_t column);

/* Writes head and "start". title: text of any bytes. */
void report_start(struct report *report, const char *title, size_t title_size, const char *json,
		  size_t json_size);
/* One more row of the table of that number; a value for each column. */
void report_put(struct report *report, int number, const struct report_value *values);
/* Writes the rows there are. */
void report_flush(struct report *report);
/* Writes the rest, "end", and tail; the page takes its name. False: it is incomplete, which was
 * said. */
bool report_finish(struct report *report, const char *json, size_t json_size, const char *summary,
		   size_t summary_size);

/* Bytes of the file so far. */
uint64_t report_bytes(const struct report *report);
/* An incomplete file that has content stays where it is, and is said; an empty one goes. */
void report_free(struct report *report);

#endif
