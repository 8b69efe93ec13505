/* SPDX-License-Identifier: MIT
 *
 * The library: records as a file might hold them go through the models, events, noise, lines, summary and
 * JSON of the default script. Nothing in there may fail, whatever they are. The input:
 *
 *     options: a byte | records
 *
 * A record's size is cut to what is left. Loading the library takes longer than all else, so a host goes on
 * with several inputs, as with a longer trace; when it fails, build/fuzz/failed/events-joined is the input
 * with all that it was given. With $FUZZ_FRESH, as when seeds are run, each input has its own.
 */
#include <stdio.h>

#include "fuzz_host.h"
#include "input.h"

enum { VERBOSE = 1, JSON = 2, COLOUR = 4, SETTINGS = 8 };
enum { USES_MAX = 100, JOURNAL_MAX = 4 << 20, MEMORY_MAX = 20 << 20 };

struct trace {
	struct host *host;
	struct options options;
	struct limits limits;
	unsigned uses;
	uint64_t now;
	char *journal; /* the input that does all that was done, JOURNAL_MAX bytes */
	size_t used;
};

static struct trace traces[SETTINGS];

_Noreturn static void fail(const struct trace *trace, const char *what, const char *why)
{
	FILE *file = fopen("build/fuzz/failed/events-joined", "wb");

	if (file) {
		fwrite(trace->journal, 1, trace->used, file);
		fclose(file);
	}
	fuzz_fail(what, why);
}

static void check(const struct trace *trace)
{
	if (trace->host->failures || trace->limits.is_hit)
		fail(trace, trace->host->first_failed, trace->host->first_failure);
}

static void trace_open(struct trace *trace, unsigned settings)
{
	static char *command[] = {"fuzz", NULL};

	trace->options = (struct options){
		.target.command = command,
		.color = settings & COLOUR ? "always" : "never",
		.backend = "auto",
		.verbose = settings & VERBOSE,
		.json = settings & JSON,
	};
	trace->journal = trace->journal ? trace->journal : malloc(JOURNAL_MAX);
	if (!trace->journal)
		abort();
	trace->journal[0] = (char)settings;
	trace->used = 1;
	trace->uses = 0;
	trace->now = 0;
	trace->host = fuzz_host_open(&trace->options, &trace->limits);
	if (!fuzz_host_load(trace->host))
		fail(trace, "loading", lua_tostring(trace->host->L, -1));
	limits_watch(trace->host->L);
	host_start(trace->host, 0, 1);
}

/* A copy with nothing readable after it. */
static void dispatch(struct trace *trace, struct input block)
{
	struct record *record = malloc(block.size);

	if (!record)
		abort();
	memcpy(record, block.bytes, block.size);
	record->size = block.size;
	memcpy(trace->journal + trace->used, record, block.size);
	trace->used += block.size;
	host_dispatch(trace->host, record);
	free(record);
	trace->now += 10000000;
	host_tick(trace->host, trace->now);
	check(trace);
}

/* The size of the record that begins here, of which `left` bytes are there. */
static size_t record_size(const uint8_t *bytes, size_t left)
{
	struct record header;

	memcpy(&header, bytes, sizeof header);
	size_t size = header.size & ~7u;
	left &= ~(size_t)7;
	return size < sizeof header || size > left ? left : size;
}

static void feed(struct trace *trace, struct input *input)
{
	while (input->size >= sizeof(struct record))
		dispatch(trace, input_block(input, record_size(input->bytes, input->size)));
}

static void trace_close(struct trace *trace)
{
	host_finish(trace->host, trace->now, 0, 0);
	check(trace);
	host_free(trace->host);
	trace->host = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	unsigned settings = input_number(&input, 1) % SETTINGS;
	struct trace *trace = &traces[settings];

	if (!trace->host)
		trace_open(trace, settings);
	trace->limits.instructions = 0;
	feed(trace, &input);
	if (++trace->uses == USES_MAX || getenv("FUZZ_FRESH") || trace->limits.used > MEMORY_MAX ||
	    trace->used > JOURNAL_MAX / 2)
		trace_close(trace);
	return 0;
}

/* ---- changing an input: half of the time, its records rather than its bytes ---- */

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);

enum { PLACES = 256 };

struct places {
	size_t count, at[PLACES + 1]; /* where each record begins, and where the last one ends */
};

static struct places find_places(const uint8_t *bytes, size_t size)
{
	struct places places = {.at = {1}};

	while (places.count < PLACES && size - places.at[places.count] >= sizeof(struct record)) {
		size_t at = places.at[places.count];
		places.at[++places.count] = at + record_size(bytes + at, size - at);
	}
	return places;
}

static size_t remove_record(uint8_t *bytes, size_t size, const struct places *places, size_t i)
{
	memmove(bytes + places->at[i], bytes + places->at[i + 1], size - places->at[i + 1]);
	return size - (places->at[i + 1] - places->at[i]);
}

/* A copy of record i before record j. */
static size_t repeat_record(uint8_t *bytes, size_t size, size_t room, const struct places *places, size_t i,
			    size_t j)
{
	size_t length = places->at[i + 1] - places->at[i], to = places->at[j];
	uint8_t *copy = malloc(length);

	if (!copy || size + length > room) {
		free(copy);
		return size;
	}
	memcpy(copy, bytes + places->at[i], length);
	memmove(bytes + to + length, bytes + to, size - to);
	memcpy(bytes + to, copy, length);
	free(copy);
	return size + length;
}

/* Gives record i a number that record j has, or a small one. */
static void relate(struct record *record, const struct record *other, unsigned seed)
{
	uint64_t *arg = &record->args[seed / 8 % RECORD_ARGS];

	switch (seed % 8) {
	case 0:
		record->pid = other->pid;
		break;
	case 1:
		record->tid = other->tid;
		break;
	case 2:
		*arg = other->args[seed / 64 % RECORD_ARGS];
		break;
	case 3:
		*arg = (uint64_t)other->tid;
		break;
	case 4:
		*arg = seed / 64 % 9;
		break;
	case 5:
		record->ret = (int64_t)(seed / 64 % 40) - 20;
		break;
	case 6:
		record->nr = other->nr;
		break;
	default:
		record->flags = seed / 64 % 32;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	struct places places = {0};
	struct record record, other;

	if (seed % 2 && size)
		places = find_places(bytes, size);
	if (!places.count)
		return LLVMFuzzerMutate(bytes, size, room);
	size_t i = seed / 16 % places.count, j = seed / 4096 % places.count;
	if (seed % 16 < 4)
		return remove_record(bytes, size, &places, i);
	if (seed % 16 < 8)
		return repeat_record(bytes, size, room, &places, i, j);
	memcpy(&record, bytes + places.at[i], sizeof record);
	memcpy(&other, bytes + places.at[j], sizeof other);
	relate(&record, &other, seed / 65536);
	memcpy(bytes + places.at[i], &record, sizeof record);
	return size;
}
