/* SPDX-License-Identifier: MIT
 *
 * See tag.h.
 */
#include "report/tag.h"

#include <string.h>

#include "report/page_file.h"

enum {
	LEVEL = 6, /* 9 leaves 2 % less, and takes twice as long */
	GZIP = 16, /* added to the window's bits: a gzip header and CRC */
	MEMORY = 9,
};

bool tag_init(struct tag *tag, struct page_file *file)
{
	tag->file = file;
	tag->stream = (z_stream){0};
	return deflateInit2(&tag->stream, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP, MEMORY,
			    Z_DEFAULT_STRATEGY) == Z_OK;
}

void tag_free(struct tag *tag)
{
	deflateEnd(&tag->stream);
}

static void write_text(struct tag *tag, const char *text)
{
	page_file_write(tag->file, text, strlen(text));
}

void tag_begin(struct tag *tag, const char *kind, const char *table)
{
	write_text(tag, "<script type=\"application/x-compendium\" data-k=\"");
	write_text(tag, kind);
	if (table) {
		write_text(tag, "\" data-t=\"");
		write_text(tag, table);
	}
	write_text(tag, "\">");
	deflateReset(&tag->stream);
	deflateTune(&tag->stream, 4, 16, 64, 64); /* a sixth less work than level 6, and 1.5 % more bytes */
	tag->stream.next_out = tag->packed;
	tag->stream.avail_out = TAG_PACKED;
}

static void write_quad(char *to, uint32_t bits, unsigned bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	to[0] = digits[bits >> 18 & 63];
	to[1] = digits[bits >> 12 & 63];
	to[2] = bytes > 1 ? digits[bits >> 6 & 63] : '=';
	to[3] = bytes > 2 ? digits[bits & 63] : '=';
}

/* Writes what is packed so far, which is whole groups of three bytes but at the end. */
static void write_packed(struct tag *tag)
{
	size_t size = TAG_PACKED - tag->stream.avail_out, used = 0;
	char text[4096];

	for (size_t i = 0; i < size; i += 3) {
		size_t bytes = size - i < 3 ? size - i : 3;
		uint32_t bits = tag->packed[i] << 16;
		if (bytes > 1)
			bits |= tag->packed[i + 1] << 8;
		if (bytes > 2)
			bits |= tag->packed[i + 2];
		write_quad(text + used, bits, bytes);
		used += 4;
		if (used == sizeof text) {
			page_file_write(tag->file, text, used);
			used = 0;
		}
	}
	page_file_write(tag->file, text, used);
	tag->stream.next_out = tag->packed;
	tag->stream.avail_out = TAG_PACKED;
}

void tag_write(struct tag *tag, const void *bytes, size_t size)
{
	const uint8_t *next = bytes;

	while (size) {
		uInt part = size < UINT32_MAX / 2 ? size : UINT32_MAX / 2;
		tag->stream.next_in = (Bytef *)next;
		tag->stream.avail_in = part;
		while (tag->stream.avail_in) {
			deflate(&tag->stream, Z_NO_FLUSH);
			if (!tag->stream.avail_out)
				write_packed(tag);
		}
		next += part;
		size -= part;
	}
}

void tag_write_u32(struct tag *tag, uint32_t value)
{
	tag_write(tag, (uint8_t[]){value, value >> 8, value >> 16, value >> 24}, 4);
}

void tag_write_u64(struct tag *tag, uint64_t value)
{
	tag_write_u32(tag, value);
	tag_write_u32(tag, value >> 32);
}

void tag_end(struct tag *tag)
{
	int result;

	do {
		result = deflate(&tag->stream, Z_FINISH);
		if (result != Z_STREAM_END && !tag->stream.avail_out)
			write_packed(tag);
	} while (result == Z_OK || result == Z_BUF_ERROR);
	write_packed(tag);
	write_text(tag, "</script>\n");
	page_file_mark(tag->file);
}
