/* SPDX-License-Identifier: MIT
 *
 * text: lines of much the same shape, such as the arguments of calls, as a template and what
 * differs: numbers and quoted strings. See FORMAT.md, column coding "text".
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "report/dictionary.h"

/* What stands in a template for what was taken out. */
enum { TEXT_DECIMAL = 1, TEXT_HEX, TEXT_STRING };

struct text_pool {
	struct block numbers, strings; /* what was taken out, in order */
};

struct text_coder {
	char *template; /* scratch */
	size_t room;
};

void text_coder_free(struct text_coder *coder);
void text_pool_free(struct text_pool *pool);

/* Adds what differs to the pool; returns the id of the template, or 0: no memory. */
uint32_t text_code(struct text_coder *coder, struct text_pool *pool, struct dictionary *dictionary,
		   const char *bytes, size_t size);

#endif
