/* SPDX-License-Identifier: MIT
 *
 * seeds: writes the records of a trace to a file, as a seed of fuzz-events: `seeds FILE COMMAND [ARG...]` or
 * `seeds FILE PID`. So that it is small, each call is there at most twice, and of other kinds of
 * record some.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"

enum { REPEATS = 5, SIZE_MAX_EACH = 800, SIZE_MAX_ALL = 8 << 10 };

struct seed {
	FILE *file;
	size_t size;
	unsigned seen[RECORD_KINDS][INTEREST_NRS];
};

static void keep(struct seed *seed, const struct record *record)
{
	unsigned nr = record->kind == RECORD_CALL ? (unsigned)record->nr % INTEREST_NRS : 0;
	unsigned most = record->kind == RECORD_CALL ? 2 : record->kind == RECORD_ENTER ? 0 : REPEATS;

	if (record->size > SIZE_MAX_EACH || seed->size + record->size > SIZE_MAX_ALL ||
	    ++seed->seen[record->kind][nr] > most)
		return;
	seed->size += fwrite(record, 1, record->size, seed->file);
}

static void run(struct source *source, struct seed *seed)
{
	const struct record *record;
	int got;

	while ((got = source->ops->next(source, &record)) >= 0) {
		struct pollfd wait = {.fd = source->ops->fd(source), .events = POLLIN};
		if (got)
			keep(seed, record);
		else
			poll(&wait, 1, -1);
	}
}

int main(int argc, char **argv)
{
	static struct seed seed;
	struct interest interest;
	struct target target = {.pid_count = 0};
	struct source *source;
	char why[256] = "";

	if (argc < 3)
		return 2;
	pid_t pid = (pid_t)strtol(argv[2], NULL, 10);
	if (pid > 0)
		target = (struct target){.pids = &pid, .pid_count = 1};
	else
		target.command = argv + 2;
	seed.file = fopen(argv[1], "wb");
	memset(&interest, 0xff, sizeof interest);
	interest.data_limit = 32;
	sigprocmask(SIG_SETMASK, NULL, &target.signal_mask);
	if (!seed.file || ptrace_source_open(&target, &interest, &source, why, sizeof why)) {
		fprintf(stderr, "%s: %s\n", argv[1], why);
		return 1;
	}
	fputc(0, seed.file); /* fuzz-events' options */
	run(source, &seed);
	source->ops->close(source);
	return fclose(seed.file) ? 1 : 0;
}
