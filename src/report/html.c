/* SPDX-License-Identifier: MIT
 *
 * See html.h.
 */
#include "report/html.h"

#include <string.h>

#include "report/page_file.h"

/* What stands for a byte, or NULL: itself. */
static const char *reference(unsigned char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
	case '\t':
		return NULL;
	default:
		return byte < ' ' || byte == 0x7f ? "&#xfffd;" : NULL;
	}
}

void html_write(struct page_file *file, const char *bytes, size_t size)
{
	size_t start = 0;

	for (size_t i = 0; i < size; i++) {
		const char *other = reference(bytes[i]);
		if (!other)
			continue;
		page_file_write(file, bytes + start, i - start);
		page_file_write(file, other, strlen(other));
		start = i + 1;
	}
	page_file_write(file, bytes + start, size - start);
}

void html_write_at(struct page_file *file, const char *page, size_t page_size, const char *mark,
		   const char *text, size_t text_size)
{
	const char *at = memmem(page, page_size, mark, strlen(mark));

	if (at) {
		page_file_write(file, page, at - page);
		html_write(file, text, text_size);
		page_size -= at + strlen(mark) - page;
		page = at + strlen(mark);
	}
	page_file_write(file, page, page_size);
}
