/* SPDX-License-Identifier: MIT
 *
 * A whole trace file that is well-formed and says what no trace would: times that jump to the end of
 * time and back, ticks and ends anywhere, names of any bytes. It goes through --replay as such,
 * scripts with timers among them. The input:
 *
 *     settings: a byte | start, wall clock: 8 each | length of host, command: a byte each, their bytes
 *     records: kind, pid, tid: a byte each | nr: 2 | time: 8 | duration, ret: 2 each |
 *              two arguments: 8 each | size of a piece: 1 | its bytes
 *
 * No hook may fail, and the replay ends.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"
#include "replaying.h"
#include "tracefile/recorder.h"

#undef NDEBUG
#include <assert.h>

enum { JUMPS_MAX = 2 };

static const uint64_t JUMP_NS = UINT64_C(1) << 36;

enum { VERBOSE = 1, JSON = 2, TIMERS = 4, SAME_TIMERS = 8, PART = 16, RECORDS_MAX = 64 };

static const uint64_t NO_TIMERS = UINT64_C(0xcbf29ce484222325); /* what host_timers says of none */

/* As bytes of the file: names with a NUL behind them. */
static void take_text(struct input *input, char *text, size_t room)
{
	struct input bytes = input_block(input, input_number(input, 1) % room);

	memcpy(text, bytes.bytes, bytes.size);
	text[bytes.size] = 0;
}

/* A jump makes timers run as if all that time had passed, which takes long: there may be few. */
static uint64_t take_time(struct input *input, uint64_t *last, unsigned *jumps)
{
	uint64_t time_ns = input_number(input, 8);

	if (time_ns > *last && time_ns - *last > JUMP_NS && (*jumps)++ >= JUMPS_MAX)
		time_ns = *last;
	if (time_ns > *last)
		*last = time_ns;
	return time_ns;
}

static void add_record(struct recorder *recorder, struct input *input, uint64_t *last, unsigned *jumps)
{
	static _Alignas(8) char room[1024];
	struct record *record = (struct record *)room;

	record_begin(record, (enum record_kind)input_number(input, 1), 0, 0);
	record->pid = (int32_t)input_number(input, 1);
	record->tid = (int32_t)input_number(input, 1);
	record->nr = (int16_t)input_number(input, 2);
	record->time_ns = take_time(input, last, jumps);
	record->duration_ns = input_number(input, 2) << 20;
	record->ret = (int16_t)input_number(input, 2);
	record->args[0] = input_number(input, 8);
	record->args[1] = input_number(input, 8);
	struct input piece = input_block(input, input_number(input, 1));
	record_add(record, 0, PIECE_SELF, 0, piece.bytes, piece.size, 0);
	recorder_add(recorder, record);
}

static void write_file(const char *path, struct input *input, unsigned settings)
{
	static char command[256];
	struct interest interest = {.kinds = UINT32_MAX};
	struct run run = {.number = 1, .count = 1};
	const struct target target = {.command = (char *[]){command, NULL}};
	struct recording recording = {.run = &run, .target = &target, .interest = &interest};

	uint64_t last = recording.start_ns = input_number(input, 8);
	unsigned jumps = 0;
	run.wallclock_ns = input_number(input, 8);
	take_text(input, run.identity.host, sizeof run.identity.host);
	take_text(input, command, sizeof command);
	struct recorder *recorder = recorder_open(path, &recording);
	if (!recorder)
		abort();
	recorder_start(recorder, &(struct sight){.source = "fuzz"}, 1, settings & SAME_TIMERS ? NO_TIMERS : 0);
	for (unsigned i = 0; input->size && i < RECORDS_MAX; i++)
		add_record(recorder, input, &last, &jumps);
	recorder_finish(recorder, last, 0, 0);
	recorder_close(recorder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct script_option scripts[] = {
		{'s', "default.lua"},
		{'e', "local n = 0 on({'every:1000h', 'every:100000h'}, function() n = n + 1 end)"},
	};
	struct input input = {bytes, size};
	unsigned settings = input_number(&input, 1);
	int fd = memfd_create("fuzz", 0);
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	write_file(path, &input, settings);
	const struct options options = {
		.scripts = scripts,
		.script_count = settings & TIMERS ? 2 : 1,
		.color = "always",
		.backend = "auto",
		.replay = (const char *[]){path, NULL},
		.from = {settings & PART, true, JUMP_NS / 2},
		.verbose = settings & VERBOSE,
		.json = settings & JSON,
		.strict = true,
	};
	struct ending ending = replaying_run(&options);
	assert(!ending.status && !ending.signal);
	close_range((unsigned)fd, ~0u, 0); /* a program replays once, and leaves some open */
	return 0;
}
