/* SPDX-License-Identifier: MIT
 *
 * smaps_rollup as numbers: see rollup.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/usage/rollup.h"

#define ROOM 4096 /* of the text, which has some 25 lines */
#define KB   1024u

static const struct {
	const char *name;
	enum rollup_value value;
} rollup_rows[] = {
	{"Rss:", ROLLUP_RSS},
	{"Pss:", ROLLUP_PSS},
	{"Anonymous:", ROLLUP_ANONYMOUS},
	{"Swap:", ROLLUP_SWAP},
	{"AnonHugePages:", ROLLUP_HUGE},
	{"ShmemPmdMapped:", ROLLUP_HUGE},
	{"FilePmdMapped:", ROLLUP_HUGE},
	{"Shared_Hugetlb:", ROLLUP_HUGE},
	{"Private_Hugetlb:", ROLLUP_HUGE},
};

static void take_line(const char *line, uint64_t values[ROLLUP_VALUES])
{
	for (size_t i = 0; i < sizeof rollup_rows / sizeof *rollup_rows; i++) {
		size_t length = strlen(rollup_rows[i].name);
		if (strncmp(line, rollup_rows[i].name, length) == 0)
			values[rollup_rows[i].value] += strtoull(line + length, NULL, 10) * KB;
	}
}

bool rollup_parse(const char *text, uint64_t values[ROLLUP_VALUES])
{
	bool found = false;

	memset(values, 0, ROLLUP_VALUES * sizeof *values);
	for (const char *line = text; line && *line;) {
		found |= strncmp(line, rollup_rows[0].name, strlen(rollup_rows[0].name)) == 0;
		take_line(line, values);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return found;
}

bool rollup_read(pid_t pid, uint64_t values[ROLLUP_VALUES])
{
	char path[64], text[ROOM];

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t size = read(fd, text, sizeof text - 1);
	close(fd);
	text[size > 0 ? size : 0] = 0;
	return rollup_parse(text, values);
}
