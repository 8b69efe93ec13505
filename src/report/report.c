/* SPDX-License-Identifier: MIT
 *
 * See report.h; FORMAT.md has the layout.
 */
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "report/html.h"
#include "report/page_file.h"
#include "report/tag.h"
#include "report/text.h"

enum {
	POOL_MAX = 1 << 20
}; /* numbers or strings of a column's texts, before its rows are written */

struct column {
	enum report_coding coding;
	uint64_t previous; /* REPORT_DELTA: of the row before */
	struct block values;
	struct text_pool pool;
};

struct table {
	char *name;
	struct column *columns;
	size_t column_count;
	uint32_t rows;
	bool is_due; /* more than rows bounds: a pool is large */
};

struct report {
	const char *path;
	struct report_page page;
	struct page_file file;
	struct tag tag;
	struct dictionary dictionary;
	struct text_coder coder;
	struct table *tables;
	size_t table_count;
	bool is_started, is_finished, is_broken;
};

/* --- opening -------------------------------------------------------------------------------------
 */

struct report *report_open(const char *path, const struct report_page *page, int *error)
{
	struct report *report = calloc(1, sizeof *report);

	*error = -ENOMEM;
	if (!report)
		return NULL;
	report->path = path;
	report->page = *page;
	if (!tag_init(&report->tag, &report->file))
		goto without_tag;
	if (!dictionary_init(&report->dictionary))
		goto without_dictionary;
	*error = page_file_open(&report->file, path);
	if (!*error)
		return report;
	dictionary_free(&report->dictionary);
without_dictionary:
	tag_free(&report->tag);
without_tag:
	free(report);
	return NULL;
}

static void free_table(struct table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		block_free(&table->columns[i].values);
		text_pool_free(&table->columns[i].pool);
	}
	free(table->columns);
	free(table->name);
}

void report_free(struct report *report)
{
	if (!report)
		return;
	bool is_partial = report->is_started && !report->is_finished;
	if (is_partial)
		page_file_flush(&report->file);
	if (is_partial && report->file.partial && !report->is_broken)
		log_warning("--report %s: the report is incomplete; what there is of it is %s",
			    report->path, report->file.partial);
	page_file_close(&report->file, is_partial);
	for (size_t i = 0; i < report->table_count; i++)
		free_table(&report->tables[i]);
	free(report->tables);
	dictionary_free(&report->dictionary);
	text_coder_free(&report->coder);
	tag_free(&report->tag);
	free(report);
}

/* Says the first failure. */
static void check(struct report *report)
{
	const struct page_file *file = &report->file;

	if (!file->error || report->is_broken)
		return;
	report->is_broken = true;
	log_error("--report %s: %s; the trace goes on, the report ends here%s%s", report->path,
		  strerror(file->error), file->partial ? ": " : "",
		  file->partial ? file->partial : "");
}

static void no_memory(struct report *report)
{
	if (!report->file.error)
		report->file.error = ENOMEM;
	check(report);
}

/* --- tables --------------------------------------------------------------------------------------
 */

/* Names stand in the page as they are. */
static bool is_word(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return *name && name[strspn(name, allowed)] == '\0';
}

static bool is_known(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->table_count; i++)
		if (!strcmp(report->tables[i].name, name))
			return true;
	return false;
}

int report_add_table(struct report *report, const char *name, const enum report_coding *columns,
		     size_t count)
{
	if (!is_word(name) || is_known(report, name) || report->is_started)
		return -EINVAL;
	if (!count || count > REPORT_COLUMNS_MAX || report->table_count == REPORT_TABLES_MAX)
		return -E2BIG;
	struct table *tables =
		reallocarray(report->tables, report->table_count + 1, sizeof *tables);
	if (!tables)
		return -ENOMEM;
	report->tables = tables;
	struct table table = {
		.name = strdup(name),
		.columns = calloc(count, sizeof *table.columns),
	};
	if (!table.name || !table.columns) {
		free_table(&table);
		return -ENOMEM;
	}
	table.column_count = count;
	for (size_t i = 0; i < count; i++)
		table.columns[i].coding = columns[i];
	tables[report->table_count] = table;
	return (int)report->table_count++;
}

size_t report_columns(const struct report *report, int table)
{
	return (size_t)table < report->table_count ? report->tables[table].column_count : 0;
}

enum report_coding report_coding(const struct report *report, int table, size_t column)
{
	return report->tables[table].columns[column].coding;
}

/* --- writing -------------------------------------------------------------------------------------
 */

static void write_json(struct report *report, const char *kind, const char *json, size_t size)
{
	tag_begin(&report->tag, kind, NULL);
	tag_write(&report->tag, json, size);
	tag_end(&report->tag);
	check(report);
}

void report_start(struct report *report, const char *title, size_t title_size, const char *json,
		  size_t json_size)
{
	report->is_started = true;
	html_write_at(&report->file, report->page.head, report->page.head_size, "<!--TITLE-->",
		      title, title_size);
	write_json(report, "start", json, json_size);
}

static size_t column_size(const struct column *column)
{
	size_t size = block_size(&column->values);

	if (column->coding == REPORT_TEXT)
		size += 2 * sizeof(uint32_t) + block_size(&column->pool.numbers) +
			block_size(&column->pool.strings);
	return size;
}

static void write_pool(struct tag *tag, struct block *pool)
{
	tag_write_u32(tag, pool->count);
	block_write(pool, tag);
	pool->count = 0;
}

static void write_column(struct tag *tag, struct column *column)
{
	tag_write_u32(tag, column_size(column));
	block_write(&column->values, tag);
	if (column->coding == REPORT_TEXT) {
		write_pool(tag, &column->pool.numbers);
		write_pool(tag, &column->pool.strings);
	}
	column->values.count = 0;
	column->previous = 0;
}

static void write_rows(struct report *report, struct table *table)
{
	if (!table->rows)
		return;
	dictionary_write(&report->dictionary, &report->tag);
	tag_begin(&report->tag, "rows", table->name);
	tag_write_u32(&report->tag, table->rows);
	tag_write_u32(&report->tag, table->column_count);
	for (size_t i = 0; i < table->column_count; i++)
		write_column(&report->tag, &table->columns[i]);
	tag_end(&report->tag);
	table->rows = 0;
	table->is_due = false;
	check(report);
}

void report_flush(struct report *report)
{
	for (size_t i = 0; i < report->table_count && !report->is_broken; i++)
		write_rows(report, &report->tables[i]);
}

/* The value as it stands in its column's block. False: no memory. */
static bool put_value(struct report *report, struct column *column,
		      const struct report_value *value)
{
	uint64_t coded = 0;

	switch (column->coding) {
	case REPORT_NUMBER:
		coded = value->is_nil ? 0 : zigzag(value->number) + 1;
		break;
	case REPORT_DELTA:
		coded = zigzag((int64_t)((uint64_t)value->number - column->previous));
		column->previous = value->number;
		break;
	case REPORT_STRING:
		if (!value->is_nil)
			coded = dictionary_id(&report->dictionary, value->bytes, value->size);
		break;
	case REPORT_TEXT:
		if (!value->is_nil)
			coded = text_code(&report->coder, &column->pool, &report->dictionary,
					  value->bytes, value->size);
		break;
	case REPORT_CODINGS:
		break;
	}
	bool is_string = column->coding == REPORT_STRING || column->coding == REPORT_TEXT;
	return (coded || !is_string || value->is_nil) && block_add(&column->values, coded);
}

void report_put(struct report *report, int number, const struct report_value *values)
{
	struct table *table = &report->tables[number];

	if (report->is_broken)
		return;
	for (size_t i = 0; i < table->column_count; i++) {
		struct column *column = &table->columns[i];
		if (!put_value(report, column, &values[i])) {
			no_memory(report);
			return;
		}
		table->is_due |= column->pool.numbers.count >= POOL_MAX ||
				 column->pool.strings.count >= POOL_MAX;
	}
	table->rows++;
	if (dictionary_is_pending(&report->dictionary) || dictionary_is_full(&report->dictionary))
		dictionary_write(&report->dictionary, &report->tag);
	if (dictionary_is_full(&report->dictionary))
		dictionary_begin_anew(&report->dictionary);
	if (table->rows == REPORT_ROWS_MAX || table->is_due)
		write_rows(report, table);
}

bool report_finish(struct report *report, const char *json, size_t json_size, const char *summary,
		   size_t summary_size)
{
	report_flush(report);
	if (report->is_broken)
		return false;
	write_json(report, "end", json, json_size);
	html_write_at(&report->file, report->page.tail, report->page.tail_size, "<!--SUMMARY-->",
		      summary, summary_size);
	page_file_finish(&report->file);
	check(report);
	report->is_finished = !report->is_broken;
	return report->is_finished;
}

uint64_t report_bytes(const struct report *report)
{
	return report->file.bytes;
}
