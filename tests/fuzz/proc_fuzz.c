/* SPDX-License-Identifier: MIT
 *
 * The parsers of /proc. The first byte says which file the rest is the text of; a socket's inode is the
 * next byte.
 */
#include "input.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/socket.h"
#include "source/usage/rollup.h"

#undef NDEBUG
#include <assert.h>

static void parse_status(char *text)
{
	struct proc_status status;

	proc_status_parse(text, &status);
}

static void parse_fdinfo(char *text)
{
	uint64_t flags, offset;

	proc_fdinfo_parse(text, &flags, &offset);
}

/* Line by line, as snapshot.c does. */
static void parse_maps(char *text)
{
	struct proc_map map;

	for (char *line = text, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (!proc_map_parse(line, &map))
			continue;
		assert(map.end >= map.start && map.path >= line && map.path + map.path_size <= end);
		assert(strlen(map.path) == map.path_size);
	}
}

static void parse_rollup(char *text)
{
	uint64_t values[ROLLUP_VALUES];

	rollup_parse(text, values);
}

static void (*const parsers[])(char *text) = {parse_status, parse_fdinfo, parse_maps, parse_rollup};
enum { PARSERS = sizeof parsers / sizeof *parsers };

static void find_socket(unsigned table, uint64_t inode, const char *text)
{
	static const char *const names[] = {"tcp", "tcp6", "udp", "udp6", "unix", "netlink"};
	struct socket_ends ends;

	if (!socket_find(names[table % (sizeof names / sizeof *names)], text, inode, &ends))
		return;
	assert(ends.local_size <= sizeof ends.local && ends.remote_size <= sizeof ends.remote);
	assert(ends.local.ss_family == ends.family);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	unsigned which = input_number(&input, 1);
	uint64_t inode = which < PARSERS ? 0 : input_number(&input, 1);
	char *text = input_text(input);

	if (which < PARSERS)
		parsers[which](text);
	else
		find_socket(which - PARSERS, inode, text);
	free(text);
	return 0;
}
