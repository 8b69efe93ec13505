/* SPDX-License-Identifier: MIT
 *
 * How long the script host takes for a record, for scripts that do more and more. Prints nanoseconds
 * for each; `make bench`. A counting hook is to stay below 350 ns.
 *
 *     dispatch [ROUNDS [CASE]]
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
	{"another call hooked", "on('syscall:getpid', function(e) end)"},
	{"count calls", "local n = 0 on('syscall:openat', function(e) n = n + 1 end)"},
	{"count by thread", "local t = {} on('syscall:openat', function(e) t[e.tid] = (t[e.tid] or 0) + 1 end)"},
	{"read three fields", "local n on('syscall:openat', function(e) n = e.pid n = e.ret n = e.error end)"},
	{"read an argument", "local n on('syscall:openat', function(e) n = e.args.pathname end)"},
	{"filter, then count", "local n = 0 filter('syscall:openat', function(e) return e.ret > 2 end) "
			       "on('syscall:openat', function(e) n = n + 1 end)"},
	{"count opens", "local n = 0 on('open', function(e) n = n + 1 end)"},
	{"read the path", "local n on('open', function(e) n = e.path end)"},
	{"keep 1000 copies", "local t, i = {}, 0 on('open', function(e) i = i % 1000 + 1 t[i] = e:copy() end)"},
	{"default.lua", "use 'default'"},
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

/* A file is opened, read and closed, again and again, under 1000 names. */
static void fill(struct record *record, const char *call, unsigned round, int64_t ret)
{
	char path[32];

	record_begin(record, RECORD_CALL, 100, 100);
	record->nr = syscall_number(ARCH_X86_64, call);
	record->time_ns = round;
	record->args[0] = !strcmp(call, "openat") ? (uint64_t)-100 : 3;
	record->args[1] = 0x1000;
	record->ret = ret;
	if (strcmp(call, "openat"))
		return;
	snprintf(path, sizeof path, "/srv/data/file-%u", round % 1000);
	record_add(record, 1, PIECE_SELF, 0, path, strlen(path), PIECE_AT_ENTRY);
}

/* Nanoseconds for an openat, and for the read and the close that follow. */
static void measure(struct host *host, unsigned rounds, double *open_ns, double *rest_ns)
{
	static _Alignas(8) char open[RECORD_MAX], read[RECORD_MAX], close[RECORD_MAX];
	uint64_t opens = 0, rests = 0;

	fill((struct record *)read, "read", 0, 4096);
	fill((struct record *)close, "close", 0, 0);
	for (unsigned i = 0; i < rounds; i++) {
		fill((struct record *)open, "openat", i, 3);
		uint64_t begin = now_ns();
		host_dispatch(host, (struct record *)open);
		uint64_t middle = now_ns();
		host_dispatch(host, (struct record *)read);
		host_dispatch(host, (struct record *)close);
		opens += middle - begin;
		rests += now_ns() - middle;
	}
	*open_ns = (double)opens / rounds;
	*rest_ns = (double)rests / rounds;
}

static bool run(const char *name, const char *code, unsigned rounds)
{
	struct script_option script = {'e', code};
	struct options options = {
		.scripts = &script, .script_count = 1, .color = "never", .backend = "auto", .output = "/dev/null"};
	struct host *host = host_new(&options);
	double open_ns, rest_ns;

	if (!host)
		return false;
	host_start(host, now_ns(), 100);
	measure(host, rounds / 10, &open_ns, &rest_ns);
	measure(host, rounds, &open_ns, &rest_ns);
	printf("%-20s openat %6.0f ns   read and close %6.0f ns\n", name, open_ns, rest_ns);
	host_free(host);
	return true;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (argc < 3 || !strcmp(argv[2], cases[i].name))
			if (!run(cases[i].name, cases[i].script, rounds))
				return 1;
	return 0;
}
