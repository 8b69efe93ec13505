/* SPDX-License-Identifier: MIT
 *
 * See text.h. Whatever is replaced gives the same bytes again, so what is not understood only costs
 * room.
 */
#include "report/text.h"

#include <stdlib.h>
#include <string.h>

enum { DECIMAL_DIGITS = 19, HEX_DIGITS = 16 };

/* The bytes, how far they were read, and the template so far: longer by a mark for each "", so half
 * as long again at most. */
struct text {
	const char *next, *end;
	char *to;
	struct text_pool *pool;
	struct dictionary *dictionary;
};

void text_coder_free(struct text_coder *coder)
{
	free(coder->template);
}

void text_pool_free(struct text_pool *pool)
{
	block_free(&pool->numbers);
	block_free(&pool->strings);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void keep(struct text *text, size_t size)
{
	memcpy(text->to, text->next, size);
	text->to += size;
	text->next += size;
}

/* `size` bytes become one of the template. False: no memory. */
static bool take_number(struct text *text, char kind, uint64_t value, size_t size)
{
	*text->to++ = kind;
	text->next += size;
	return block_add(&text->pool->numbers, value);
}

static bool take_string(struct text *text, size_t size)
{
	uint32_t id = dictionary_id(text->dictionary, text->next, size);

	*text->to++ = TEXT_STRING;
	text->next += size;
	return id && block_add(&text->pool->strings, id);
}

/* "0x7f00": with a small prefix, and no digit that would be lost. */
static bool code_hex(struct text *text, bool *is_taken)
{
	uint64_t value = 0;
	size_t size = 2;

	for (int digit; text->next + size < text->end && size < HEX_DIGITS + 2 &&
			(digit = hex_value(text->next[size])) >= 0;
	     size++)
		value = value << 4 | (unsigned)digit;
	bool is_cut = text->next + size < text->end && hex_value(text->next[size]) >= 0;
	*is_taken =
		size > 2 && !is_cut && value <= INT64_MAX && (size == 3 || text->next[2] != '0');
	return !*is_taken || take_number(text, TEXT_HEX, value, size);
}

/* Digits. Zeros in front stay, but for a zero alone. */
static bool code_decimal(struct text *text)
{
	uint64_t value = 0;
	size_t size = 0;

	while (text->next + 1 < text->end && text->next[0] == '0' && is_digit(text->next[1]))
		keep(text, 1);
	while (text->next + size < text->end && is_digit(text->next[size])) {
		value = value * 10 +
			(unsigned)(text->next[size] - '0'); /* of too many, nobody asks */
		size++;
	}
	/* 2^63 has 19 digits too, but ten times as many fit into a uint64_t */
	if (size <= DECIMAL_DIGITS && value <= INT64_MAX)
		return take_number(text, TEXT_DECIMAL, value, size);
	keep(text, size);
	return true;
}

static bool code_number(struct text *text)
{
	bool is_taken = false;

	if (text->next + 2 < text->end && text->next[0] == '0' && text->next[1] == 'x' &&
	    !code_hex(text, &is_taken))
		return false;
	return is_taken || code_decimal(text);
}

/* What stands between an opening byte, which is next, and a closing one. A backslash takes the byte
 * behind it along. */
static bool code_between(struct text *text, char close)
{
	const char *at = text->next + 1;

	while (at < text->end && *at != close)
		at += *at == '\\' && at + 1 < text->end ? 2 : 1;
	keep(text, 1);
	if (at >= text->end)
		return true;
	if (!take_string(text, at - text->next))
		return false;
	keep(text, 1);
	return true;
}

enum { PLAIN, NAME, DIGIT, QUOTE, ANGLE };

/* What a byte is. Most are copied. */
static const uint8_t kinds[256] = {
	['0' ... '9'] = DIGIT, ['a' ... 'z'] = NAME, ['A' ... 'Z'] = NAME,
	['_'] = NAME,	       ['"'] = QUOTE,	     ['<'] = ANGLE,
};

static int kind_of(char c)
{
	return kinds[(unsigned char)c];
}

/* Copies up to the next byte that may begin something. */
static void keep_run(struct text *text)
{
	const char *at = text->next;
	char *to = text->to;

	while (at < text->end && kind_of(*at) <= NAME)
		*to++ = *at++;
	text->next = at;
	text->to = to;
}

/* Digits of a name (tcp4, O_RDWR2) are no number; the name goes on behind them. */
static void keep_digits(struct text *text)
{
	while (text->next < text->end && kind_of(*text->next) == DIGIT)
		keep(text, 1);
	if (text->next < text->end && kind_of(*text->next) == ANGLE)
		keep(text, 1);
}

static bool code(struct text *text)
{
	const char *begin = text->next;

	for (keep_run(text); text->next < text->end; keep_run(text)) {
		int kind = kind_of(*text->next),
		    before = text->next > begin ? kind_of(text->next[-1]) : PLAIN;
		bool is_fine = true;
		if (kind == QUOTE)
			is_fine = code_between(text, '"');
		else if (kind == ANGLE && before == DIGIT) /* 3</etc/passwd> */
			is_fine = code_between(text, '>');
		else if (kind == DIGIT && before == NAME)
			keep_digits(text);
		else if (kind == DIGIT)
			is_fine = code_number(text);
		else
			keep(text, 1);
		if (!is_fine)
			return false;
	}
	return true;
}

static bool has_marks(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)bytes[i] <= TEXT_STRING)
			return true;
	return false;
}

uint32_t text_code(struct text_coder *coder, struct text_pool *pool, struct dictionary *dictionary,
		   const char *bytes, size_t size)
{
	size_t room = size + size / 2 + 1;

	if (room > coder->room) {
		char *template = realloc(coder->template, room);
		if (!template)
			return 0;
		coder->template = template;
		coder->room = room;
	}
	struct text text = {bytes, bytes + size, coder->template, pool, dictionary};
	bool is_fine = has_marks(bytes, size) ? take_string(&text, size) : code(&text);
	return is_fine ? dictionary_id(dictionary, coder->template, text.to - coder->template) : 0;
}
