/* SPDX-License-Identifier: MIT
 *
 * What the tool says on stderr. A message may quote names from the program, from /proc or from a
 * script, so what is not plain text in it is written as \xNN.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

enum {
	MESSAGE_MAX = 8192,		   /* bytes of a message; the rest is cut */
	ESCAPED_MAX = 4 * MESSAGE_MAX + 64 /* \xNN for each */
};

static enum log_level log_level = LOG_WARNING;

static const char *log_place;

void log_set_place(const char *place)
{
	log_place = place;
}

void log_set_level(enum log_level level)
{
	log_level = level;
}

/* Length of the well-formed UTF-8 sequence at p, and its character; 0 when there is none. */
static size_t utf8_sequence(const unsigned char *p, size_t left, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = *p >= 0xf8 ? 0 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 0;

	if (!length || length > left)
		return 0;
	uint32_t c = *p & (0xff >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	*character = c;
	return c >= smallest[length] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? length : 0;
}

/* Characters that change how others are shown: C1 controls, bidi controls, separators, tags. */
static bool is_harmful(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x80, 0x9f},	  {0xad, 0xad},	      {0x61c, 0x61c},	{0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f}, {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* How many bytes at p may be shown as they are: 0 when the first one may not. */
static size_t plain_bytes(const unsigned char *p, size_t left)
{
	uint32_t c;

	if (*p < 0x80)
		return *p >= 0x20 && *p != 0x7f;
	size_t length = utf8_sequence(p, left, &c);
	return length && !is_harmful(c) ? length : 0;
}

/* Writes the escaped text to `out`; returns its end. `newline` stands for a newline. */
static char *escape(char *out, const char *text, const char *newline)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = strlen(text);

	while (left) {
		size_t plain = plain_bytes(p, left);
		if (plain) {
			out = mempcpy(out, p, plain);
		} else {
			plain = 1;
			if (*p == '\n')
				out = stpcpy(out, newline);
			else if (*p == '\t')
				*out++ = '\t';
			else
				out += sprintf(out, "\\x%02x", *p);
		}
		p += plain;
		left -= plain;
	}
	return out;
}

/* All of it, unless stderr is closed, full or would block: then there is nobody to tell. */
static void put(const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(STDERR_FILENO, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		bytes += n;
		size -= n;
	}
}

static bool is_progress_shown;

void log_progress_end(void)
{
	static const char erase[] = "\r\33[K";

	if (is_progress_shown)
		put(erase, sizeof erase - 1);
	is_progress_shown = false;
}

/* Cut where a narrow terminal would wrap it: a wrapped line cannot be rewritten. */
void log_progress(const char *format, ...)
{
	char text[80];
	va_list args;

	log_progress_end();
	va_start(args, format);
	int length = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (length <= 0)
		return;
	put(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
	is_progress_shown = true;
}

static void write_message(const char *text, const char *newline)
{
	char line[ESCAPED_MAX];
	int saved = errno;
	char *end = stpcpy(line, "compendium: ");

	if (log_place)
		end = stpcpy(escape(end, log_place, newline), ": ");
	end = escape(end, text, newline);

	*end++ = '\n';
	log_progress_end();
	put(line, end - line);
	errno = saved;
}

static void message(enum log_level level, const char *format, va_list args)
{
	char text[MESSAGE_MAX];

	if (level > log_level)
		return;
	if (vsnprintf(text, sizeof text, format, args) >= (int)sizeof text)
		memcpy(text + sizeof text - 4, "...", 4);
	write_message(text, "\\n");
}

void log_lines(enum log_level level, const char *text)
{
	char cut[MESSAGE_MAX];

	if (level > log_level)
		return;
	snprintf(cut, sizeof cut, "%s", text);
	write_message(cut, "\n  ");
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(LOG_ERROR, format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(LOG_WARNING, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(LOG_INFO, format, args);
	va_end(args);
}
