/* SPDX-License-Identifier: MIT
 *
 * report_decoder: reads back what src/report wrote, by FORMAT.md and none of its code. Whatever is
 * not as it should be ends the program. For the unit tests and the fuzz targets.
 */
#ifndef REPORT_DECODER_H
#define REPORT_DECODER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define DECODER_CHECK(claim) \
	((claim) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #claim), abort()))

struct decoder_bytes {
	uint8_t *bytes;
	size_t size;
};

struct decoder {
	const char *next, *end; /* of the page */
	struct decoder_bytes *strings;
	uint32_t string_count;	  /* ids from 1 on */
	char kind[16], table[64]; /* of the tag that was read last, and its payload */
	struct decoder_bytes payload;
};

struct decoder_value {
	bool is_nil;
	int64_t number;
	struct decoder_bytes bytes;
};

static inline void decoder_free(struct decoder *decoder)
{
	for (uint32_t i = 0; i < decoder->string_count; i++)
		free(decoder->strings[i].bytes);
	free(decoder->strings);
	free(decoder->payload.bytes);
}

static inline struct decoder_bytes decoder_base64(const char *text, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct decoder_bytes out = {malloc(size + 1), 0};
	unsigned bits = 0, count = 0;

	DECODER_CHECK(size % 4 == 0);
	for (size_t i = 0; i < size; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
		if (text[i] == '=') {
			DECODER_CHECK(i + 2 >= size);
			continue;
		}
		DECODER_CHECK(digit);
		bits = bits << 6 | (unsigned)(digit - digits);
		count += 6;
		if (count >= 8) {
			count -= 8;
			out.bytes[out.size++] = bits >> count;
		}
	}
	return out;
}

static inline struct decoder_bytes decoder_gunzip(struct decoder_bytes packed)
{
	size_t room = 1024;
	struct decoder_bytes out = {malloc(room), 0};
	z_stream stream = {.next_in = packed.bytes, .avail_in = packed.size};
	int status;

	DECODER_CHECK(inflateInit2(&stream, 15 + 16) == Z_OK);
	do {
		if (out.size == room)
			out.bytes = realloc(out.bytes, room *= 2);
		stream.next_out = out.bytes + out.size;
		stream.avail_out = room - out.size;
		status = inflate(&stream, Z_NO_FLUSH);
		out.size = room - stream.avail_out;
	} while (status == Z_OK || (status == Z_BUF_ERROR && out.size == room));
	DECODER_CHECK(status == Z_STREAM_END && !stream.avail_in);
	inflateEnd(&stream);
	return out;
}

static inline uint64_t decoder_integer(const uint8_t **at, const uint8_t *end, size_t bytes)
{
	uint64_t value = 0;

	DECODER_CHECK((size_t)(end - *at) >= bytes);
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)(*at)[i] << 8 * i;
	*at += bytes;
	return value;
}

/* The values of a block, allocated. */
static inline uint64_t *decoder_block(const uint8_t **at, const uint8_t *end, size_t count)
{
	uint64_t *values = calloc(count + 1, sizeof *values);
	size_t width = decoder_integer(at, end, 1);

	DECODER_CHECK(width == 0 || width == 1 || width == 2 || width == 4);
	DECODER_CHECK((size_t)(end - *at) >= width * count);
	for (size_t plane = 0; plane < width; plane++)
		for (size_t i = 0; i < count; i++)
			values[i] |= (uint64_t) * (*at)++ << 8 * plane;
	for (size_t i = 0; width == 4 && i < count; i++)
		if (values[i] == UINT32_MAX)
			values[i] = decoder_integer(at, end, 8);
	return values;
}

static inline void decoder_take_strings(struct decoder *decoder)
{
	const uint8_t *at = decoder->payload.bytes, *end = at + decoder->payload.size;
	uint64_t first = decoder_integer(&at, end, 4), count = decoder_integer(&at, end, 4);
	uint64_t *sizes = decoder_block(&at, end, count);

	DECODER_CHECK(first == decoder->string_count + 1 && count);
	decoder->strings = realloc(decoder->strings, (first + count) * sizeof *decoder->strings);
	for (uint64_t i = 0; i < count; i++) {
		DECODER_CHECK((size_t)(end - at) >= sizes[i]);
		struct decoder_bytes string = {malloc(sizes[i] + 1), sizes[i]};
		memcpy(string.bytes, at, sizes[i]);
		at += sizes[i];
		decoder->strings[decoder->string_count++] = string;
	}
	DECODER_CHECK(at == end);
	free(sizes);
}

/* The word behind `name="` at the place, which goes behind it. */
static inline bool decoder_attribute(struct decoder *decoder, const char *name, char *word,
				     size_t room)
{
	size_t length = strlen(name);

	if (strncmp(decoder->next, name, length))
		return false;
	const char *start = decoder->next + length, *stop = strchr(start, '"');
	DECODER_CHECK(stop && (size_t)(stop - start) < room);
	memcpy(word, start, stop - start);
	word[stop - start] = 0;
	decoder->next = stop + 1;
	return true;
}

/* Reads the next tag; strings are kept. False: there is none here. The page ends with a NUL. */
static inline bool decoder_next(struct decoder *decoder)
{
	*decoder->table = 0;
	if (!decoder_attribute(decoder, "<script type=\"application/x-compendium\" data-k=\"",
			       decoder->kind, sizeof decoder->kind))
		return false;
	decoder_attribute(decoder, " data-t=\"", decoder->table, sizeof decoder->table);
	DECODER_CHECK(*decoder->next == '>');
	const char *start = decoder->next + 1, *stop = strstr(start, "</script>\n");
	DECODER_CHECK(stop);
	decoder->next = stop + strlen("</script>\n");
	struct decoder_bytes packed = decoder_base64(start, stop - start);
	free(decoder->payload.bytes);
	decoder->payload = decoder_gunzip(packed);
	free(packed.bytes);
	if (!strcmp(decoder->kind, "strings"))
		decoder_take_strings(decoder);
	return true;
}

static inline struct decoder_value decoder_string(const struct decoder *decoder, uint64_t id)
{
	DECODER_CHECK(id <= decoder->string_count);
	if (!id)
		return (struct decoder_value){.is_nil = true};
	return (struct decoder_value){.bytes = decoder->strings[id - 1]};
}

static inline int64_t decoder_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ -(value & 1));
}

/* A template filled in from the pools; its bytes are allocated. */
static inline struct decoder_value decoder_text(const struct decoder *decoder, uint64_t id,
						const uint64_t **number, const uint64_t **string)
{
	struct decoder_value template = decoder_string(decoder, id);
	char *text = NULL;
	size_t size = 0;
	FILE *out = template.is_nil ? NULL : open_memstream(&text, &size);

	if (!out)
		return template;
	for (size_t i = 0; i < template.bytes.size; i++) {
		int byte = template.bytes.bytes[i];
		if (byte == 1)
			fprintf(out, "%lld", (long long)*(*number)++);
		else if (byte == 2)
			fprintf(out, "0x%llx", (unsigned long long)*(*number)++);
		else if (byte == 3) {
			struct decoder_value part = decoder_string(decoder, *(*string)++);
			DECODER_CHECK(!part.is_nil);
			fwrite(part.bytes.bytes, 1, part.bytes.size, out);
		} else
			putc(byte, out);
	}
	fclose(out);
	return (struct decoder_value){.bytes = {(uint8_t *)text, size}};
}

static inline void decoder_texts(const struct decoder *decoder, const uint8_t **at,
				 const uint8_t *end, const uint64_t *ids, size_t count,
				 struct decoder_value *values)
{
	uint64_t *pools[2], sizes[2];

	for (int i = 0; i < 2; i++) {
		sizes[i] = decoder_integer(at, end, 4);
		pools[i] = decoder_block(at, end, sizes[i]);
	}
	const uint64_t *number = pools[0], *string = pools[1];
	for (size_t i = 0; i < count; i++)
		values[i] = decoder_text(decoder, ids[i], &number, &string);
	DECODER_CHECK(number == pools[0] + sizes[0] && string == pools[1] + sizes[1]);
	free(pools[0]);
	free(pools[1]);
}

/* The column at the place: coding is 'n'umber, 'd'elta, 's'tring or 't'ext. `count` values,
 * allocated. */
static inline struct decoder_value *decoder_column(const struct decoder *decoder,
						   const uint8_t **at, const uint8_t *end,
						   char coding, size_t count)
{
	struct decoder_value *values = calloc(count, sizeof *values);
	uint64_t size = decoder_integer(at, end, 4), before = 0;
	const uint8_t *stop = *at + size;

	DECODER_CHECK((size_t)(end - *at) >= size);
	uint64_t *coded = decoder_block(at, stop, count);
	for (size_t i = 0; i < count; i++) {
		values[i].is_nil = coding == 'n' && !coded[i];
		if (coding == 'n' && coded[i])
			values[i].number = decoder_unzigzag(coded[i] - 1);
		else if (coding == 'd')
			values[i].number =
				(int64_t)(before += (uint64_t)decoder_unzigzag(coded[i]));
		else if (coding == 's')
			values[i] = decoder_string(decoder, coded[i]);
	}
	if (coding == 't')
		decoder_texts(decoder, at, stop, coded, count, values);
	DECODER_CHECK(*at == stop);
	free(coded);
	return values;
}

#endif
