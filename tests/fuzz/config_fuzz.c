/* SPDX-License-Identifier: MIT
 *
 * A configuration file: the input is its text. Its options are taken with a command line, the rest by the
 * library, then some events are shown. What is wrong is one line that names the file and is not from
 * inside the library; what was taken fails no more.
 */
#include "config.h"
#include "fuzz_host.h"
#include "input.h"

static void dispatch_open(struct host *host, const char *path, int64_t ret)
{
	static _Alignas(8) char room[4096];
	struct record *record = (struct record *)room;

	record_begin(record, RECORD_CALL, 1, 1);
	record->nr = syscall_number(ARCH_X86_64, "openat");
	record->args[0] = (uint64_t)-100;
	record->ret = ret;
	record_add(record, 1, PIECE_SELF, 0, path, strlen(path), PIECE_AT_ENTRY);
	host_dispatch(host, record);
}

/* Ours are "lua/NAME.lua:LINE: ", also behind the place in the file. */
static void check_text(const char *what, const char *text)
{
	const char *rest = text ? strstr(text, ": lua/") : NULL;

	if (!text || strncmp(text, "lua/", 4) == 0 || (rest && strstr(rest, ".lua:")))
		fuzz_fail(what, text);
}

static void run(struct host *host, const struct limits *limits)
{
	static const char *const paths[] = {"/etc/passwd", "a[b]-^%\xff", "/lib/a.so", ""};

	limits_watch(host->L);
	if (!fuzz_host_load(host)) {
		if (!limits->is_hit)
			check_text("loading", lua_tostring(host->L, -1));
		return;
	}
	host_start(host, 0, 1);
	for (int i = 0; i < 8; i++)
		dispatch_open(host, paths[i / 2], i & 1 ? -2 : 3);
	host_finish(host, 1000000000, 0, 0);
	if (host->failures && !limits->is_hit)
		fuzz_fail(host->first_failed, host->first_failure);
}

/* Nothing is written, and nobody's files are read. */
static void keep_in(struct options *options)
{
	options->output = options->record = options->report = NULL;
	options->replay = NULL;
	options->target.user = NULL;
	options->color = "always";
}

/* Many wildcards in a row take for ever, as everywhere; who writes them may wait. */
static bool has_many_wildcards(const uint8_t *bytes, size_t size)
{
	unsigned count = 0;

	for (size_t i = 0; i < size; i++)
		count += bytes[i] && strchr("*+?", bytes[i]) != NULL;
	for (size_t i = 1; i < size; i++) /* not those of YAML's lists */
		count += bytes[i] == '-' && bytes[i - 1] != '\n' && bytes[i - 1] != ' ';
	return count > 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char *argv[] = {"compendium", "fuzz", NULL};
	struct config config = {0};
	struct options options = {0};
	struct limits limits;

	if (has_many_wildcards(bytes, size))
		return -1;
	if (config_add(&config, "config.yaml", (const char *)bytes, size) &&
	    !options_parse_after(&options, &config, 2, argv)) {
		keep_in(&options);
		struct host *host = fuzz_host_open(&options, &limits);
		run(host, &limits);
		host_free(host);
	}
	options_free(&options);
	config_free(&config);
	return 0;
}
