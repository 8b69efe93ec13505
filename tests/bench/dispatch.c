/* SPDX-License-Identifier: MIT
 *
 * How long the script host takes for a record, for hooks that do more and more. Prints a table of
 * nanoseconds; `make bench` builds and runs it. A counting hook is to stay below 350 ns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"
#include "script/host.h"
#include "syscalls/syscalls.h"

static const struct {
	const char *name, *script;
} cases[] = {
	{"nothing hooked", "local n = 0 on('close', function(e) n = n + 1 end)"},
	{"syscall: count", "local n = 0 on('syscall:getpid', function(e) n = n + 1 end)"},
	{"event: count", "local n = 0 on('open', function(e) n = n + 1 end)"},
	{"class: count", "local n = 0 on('syscall:%file', function(e) n = n + 1 end)"},
	{"count by tid", "local t = {} on('syscall:openat', function(e) local i = e.tid t[i] = (t[i] or 0) + 1 end)"},
	{"pid, ret, error", "local n on('syscall:openat', function(e) n = e.pid n = e.ret n = e.error end)"},
	{"args.pathname", "local n on('syscall:openat', function(e) n = e.args.pathname end)"},
	{"path", "local n on('open', function(e) n = e.path end)"},
	{"copy", "local n on('open', function(e) n = e:copy() end)"},
	{"keep 1000 copies", "local t, i = {}, 0 on('open', function(e) i = i % 1000 + 1 t[i] = e:copy() end)"},
	{"filter and count", "local n = 0 filter(function(e) return e.ret > 2 end) "
			     "on('open', function(e) n = n + 1 end)"},
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

static double measure(struct host *host, const struct record *record, unsigned rounds)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < rounds; i++)
		host_dispatch(host, record);
	return (double)(now_ns() - start) / rounds;
}

int main(int argc, char **argv)
{
	static _Alignas(8) char room[RECORD_MAX];
	struct record *record = (struct record *)room;
	unsigned rounds = argc > 1 ? atoi(argv[1]) : 1000000;

	record_begin(record, RECORD_CALL, 100, 100);
	record->nr = syscall_number(ARCH_X86_64, getenv("CALL"));
	record->args[0] = (uint64_t)-100;
	record->args[1] = 0x1000;
	record->ret = 3;
	record_add(record, 1, PIECE_SELF, 0, "/etc/passwd", 11, PIECE_AT_ENTRY);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (argc > 2 && strcmp(argv[2], cases[i].name))
			continue;
		struct script_option script = {'e', cases[i].script};
		struct options options = {
			.scripts = &script, .script_count = 1, .color = "never", .backend = "auto"};
		struct host *host = host_new(&options);
		if (!host)
			return 1;
		host_start(host, now_ns(), 100);
		measure(host, record, rounds / 10);
		printf("%-20s %7.0f ns\n", cases[i].name, measure(host, record, rounds));
		host_free(host);
	}
	return 0;
}
