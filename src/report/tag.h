/* SPDX-License-Identifier: MIT
 *
 * tag: one piece of data of the page: an inert script element that holds base64 of gzip, so that no
 * byte of a program is ever HTML. One is written at a time; each is a gzip member of its own.
 */
#ifndef REPORT_TAG_H
#define REPORT_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

struct page_file;

enum { TAG_PACKED = 3 << 12 }; /* of it base64 is whole characters */

struct tag {
	struct page_file *file;
	z_stream stream;
	uint8_t packed[TAG_PACKED];
};

/* The file stays the caller's. False: no memory. */
bool tag_init(struct tag *tag, struct page_file *file);
void tag_free(struct tag *tag);

/* kind and table (NULL: none) are words of letters, digits, - and _. */
void tag_begin(struct tag *tag, const char *kind, const char *table);
void tag_write(struct tag *tag, const void *bytes, size_t size);
void tag_write_u32(struct tag *tag, uint32_t value);
void tag_write_u64(struct tag *tag, uint64_t value);
void tag_end(struct tag *tag);

#endif
