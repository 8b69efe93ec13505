/* SPDX-License-Identifier: MIT
 *
 * What a user writes for -s, --set and -f. The input is words that end with NUL, each with its letter first
 * (s, =, f). They are understood, or refused with one line that is not from inside the library; the filters
 * then see some events.
 */
#include "fuzz_host.h"
#include "input.h"

enum { WORDS = 16 };

/* Errors in an expression are the user's, and counted; those of the library have its place. */
static void check_failures(const struct host *host, const struct limits *limits)
{
	if (host->failures && !limits->is_hit && !strncmp(host->first_failure, "lua/", 4))
		fuzz_fail(host->first_failed, host->first_failure);
}

static void dispatch_open(struct host *host, int64_t ret)
{
	static _Alignas(8) char room[4096];
	struct record *record = (struct record *)room;

	record_begin(record, RECORD_CALL, 1, 1);
	record->nr = syscall_number(ARCH_X86_64, "openat");
	record->args[0] = (uint64_t)-100;
	record->ret = ret;
	record_add(record, 1, PIECE_SELF, 0, "/a\xff", 3, PIECE_AT_ENTRY);
	host_dispatch(host, record);
}

static void run(struct host *host, const struct limits *limits)
{
	limits_watch(host->L);
	if (!fuzz_host_load(host)) {
		const char *text = lua_type(host->L, -1) == LUA_TSTRING ? lua_tostring(host->L, -1) : NULL;
		if (!limits->is_hit && (!text || !strncmp(text, "lua/", 4)))
			fuzz_fail("loading", text);
		return;
	}
	host_start(host, 0, 1);
	dispatch_open(host, 3);
	dispatch_open(host, -2);
	host_finish(host, 1000000000, 0, 0);
	check_failures(host, limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char *command[] = {"fuzz", NULL};
	struct script_option words[WORDS];
	struct options options = {.color = "never", .backend = "auto", .scripts = words};
	char *text = input_text((struct input){bytes, size});
	struct limits limits;

	options.target.command = command;
	for (char *word = text; word < text + size && options.script_count < WORDS; word += strlen(word) + 1)
		if (*word && strchr("s=f", *word))
			words[options.script_count++] = (struct script_option){*word, word + 1};
	struct host *host = fuzz_host_open(&options, &limits);
	run(host, &limits);
	host_free(host);
	free(text);
	return 0;
}
