/* SPDX-License-Identifier: MIT
 *
 * What the tool says on stderr, of any bytes: one message, harmless to a terminal, that no other
 * text passes for. The first byte says which kind of message.
 */
#include <locale.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include "input.h"
#include "log.h"

#undef NDEBUG
#include <assert.h>

enum { SHOWN_MAX = 1 << 16 };

static void say(unsigned how, const char *text)
{
	if (how & 1)
		log_lines(LOG_ERROR, text);
	else
		log_error("%s", text);
}

/* Calls say with a stderr of our own; what was written there, with a NUL. */
static size_t shown(unsigned how, const char *text, char *bytes)
{
	static int file = -1;
	int saved = dup(STDERR_FILENO);

	if (file < 0)
		file = memfd_create("stderr", 0);
	if (saved < 0 || file < 0 || ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) ||
	    dup2(file, STDERR_FILENO) < 0)
		abort();
	say(how, text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t size = pread(file, bytes, SHOWN_MAX - 1, 0);
	assert(size >= 0);
	bytes[size] = 0;
	return (size_t)size;
}

static void check_character(wchar_t c)
{
	assert(c == '\t' || (c >= 0x20 && c != 0x7f));
	assert(c < 0x80 || c > 0x9f);     /* C1 controls */
	assert(c < 0x202a || c > 0x202e); /* directions */
	assert(c < 0x2066 || c > 0x2069);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *locale;
	static char told[SHOWN_MAX];
	struct input input = {bytes, size};
	unsigned how = input_number(&input, 1);
	char *text = input_text(input);
	mbstate_t state = {0};
	wchar_t c;

	if (!locale && !(locale = setlocale(LC_ALL, "C.UTF-8")))
		abort();
	size_t length = shown(how, text, told);
	assert(strncmp(told, "compendium: ", 12) == 0 && told[length - 1] == '\n');
	assert(strlen(told) == length);
	for (size_t at = 0, step; at < length - 1; at += step) {
		step = mbrtowc(&c, told + at, length - at, &state);
		assert(step > 0 && step <= length - at);
		if (c == '\n')
			assert(how & 1 && strncmp(told + at, "\n  ", 3) == 0);
		else
			check_character(c);
	}
	free(text);
	return 0;
}
