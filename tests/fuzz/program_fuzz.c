/* SPDX-License-Identifier: MIT
 *
 * A file that could not be executed, whose first line or headers are looked at for the interpreter
 * that is missing. The first byte says what execve's error was, the rest is the file.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"
#include "source/ptrace/command.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const int errors[] = {ENOENT, EACCES, ENOEXEC, ELIBBAD};
	static const size_t rooms[] = {512, 40, 1};
	static int fd = -1;
	struct command command = {.name = "file"};
	struct input input = {bytes, size};
	unsigned which = input_number(&input, 1);
	size_t room = rooms[which / 4 % (sizeof rooms / sizeof *rooms)];
	char *why = malloc(room);

	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	if (!why || fd < 0 || ftruncate(fd, 0) < 0 ||
	    pwrite(fd, input.bytes, input.size, 0) != (ssize_t)input.size)
		abort();
	snprintf(command.path, sizeof command.path, "/proc/self/fd/%d", fd);
	memset(why, 'x', room);
	command_explain(&command, errors[which % (sizeof errors / sizeof *errors)], why, room);
	assert(strnlen(why, room) < room);
	assert(room < 40 || strncmp(why, "cannot run file: ", 17) == 0);
	free(why);
	return 0;
}
