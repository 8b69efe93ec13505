/* SPDX-License-Identifier: MIT
 *
 * Writes a trace file of as many calls as one likes, as fast as that goes: programs that open, read
 * and close one of 1000 files. For how long recording takes, and to have something large to replay.
 *
 *     record FILE CALLS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "syscalls/syscalls.h"
#include "tracefile/recorder.h"

static const char *const calls[] = {"openat", "fstat", "read", "close"};

enum { CALLS = sizeof calls / sizeof *calls, STEP_NS = 3000 };

/* Times and sizes are as uneven as real ones. */
static uint64_t random_number(void)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void fill(struct record *record, unsigned long long i, uint64_t time_ns)
{
	char path[32];
	struct {
		uint64_t words[18]; /* struct stat */
	} status = {{2049, i / CALLS % 1000, 1, 0100644}};

	record_begin(record, RECORD_CALL, 100, 100 + i / 64 % 4);
	record->nr = syscall_number(ARCH_X86_64, calls[i % CALLS]);
	record->time_ns = time_ns;
	record->duration_ns = 500 + random_number() % 2000;
	record->args[0] = i % CALLS ? 3 : (uint64_t)-100;
	record->args[1] = 0x7ffc00001000;
	record->ret = i % CALLS ? 0 : 3;
	if (i % CALLS == 0) {
		snprintf(path, sizeof path, "/srv/data/file-%llu", i / CALLS % 1000);
		record_add(record, 1, PIECE_SELF, 0, path, strlen(path), PIECE_AT_ENTRY);
	} else if (i % CALLS == 1) {
		record_add(record, 1, PIECE_SELF, 0, &status, sizeof status, 0);
	} else if (i % CALLS == 2) {
		record->args[2] = 4096;
		record->ret = random_number() % 4096;
	}
}

int main(int argc, char **argv)
{
	static _Alignas(8) char room[RECORD_MAX];
	struct record *record = (struct record *)room;
	char *command[] = {"bench", NULL};
	struct target target = {.command = command};
	struct interest interest = {0};
	struct run run = {.number = 1, .count = 1, .wallclock_ns = 1};
	struct recording recording = {
		.run = &run, .target = &target, .interest = &interest, .start_ns = 1};
	struct recorder *recorder = argc == 3 ? recorder_open(argv[1], &recording) : NULL;
	unsigned long long count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t time_ns = 1;

	if (!recorder)
		return fprintf(stderr, "usage: record FILE CALLS\n"), 2;
	recorder_widen(&interest);
	recorder_start(recorder, &(struct sight){.source = "bench"}, 100, 0);
	for (unsigned long long i = 0; i < count; i++) {
		fill(record, i, time_ns += random_number() % STEP_NS);
		recorder_add(recorder, record);
	}
	clock_t used = clock();
	recorder_finish(recorder, time_ns, 0, 0);
	recorder_close(recorder);
	printf("%.3f us a call\n", (double)used / CLOCKS_PER_SEC * 1e6 / (count ? count : 1));
	return 0;
}
