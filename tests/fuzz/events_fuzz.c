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

static void feed(struct trace *trace, struct input *input)
{
	while (input->size >= sizeof(struct record)) {
		struct record header;
		memcpy(&header, input->bytes, sizeof header);
		size_t size = header.size & ~7u, left = input->size & ~(size_t)7;
		if (size < sizeof header || size > left)
			size = left;
		dispatch(trace, input_block(input, size));
	}
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
