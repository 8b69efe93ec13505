/* SPDX-License-Identifier: MIT
 *
 * html: text of unknown origin as text of a page.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <stddef.h>

struct page_file;

/* Writes the bytes so that they are text wherever text may stand: & < > " ' as character
 * references, control bytes but newline and tab as U+FFFD. */
void html_write(struct page_file *file, const char *bytes, size_t size);

/* Writes a part of the page in which a mark (an HTML comment) stands for that text; without the
 * mark, the text is left out. */
void html_write_at(struct page_file *file, const char *page, size_t page_size, const char *mark,
		   const char *text, size_t text_size);

#endif
