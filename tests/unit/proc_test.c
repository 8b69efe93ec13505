/* SPDX-License-Identifier: MIT
 *
 * The parsers of /proc over good and hostile text, why attaching is refused, and the tables of tasks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "source/ptrace/outbox.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/refusal.h"
#include "source/ptrace/socket.h"
#include "source/ptrace/tracee.h"

/* ---- status, maps, fdinfo ---- */

static void status_is_read(void **state)
{
	struct proc_status status;
	(void)state;

	assert_true(proc_status_parse("Name:\tx\nState:\tt (tracing stop)\nTgid:\t12\nPid:\t13\nPPid:\t4\n"
				      "TracerPid:\t99\nUid:\t1\t1000\t2\t3\nVmSize:\t5 kB\nVmHWM:\t7 kB\n"
				      "CapEff:\t0000000000080000\nSeccomp:\t2\nSeccomp_filters:\t3\nKthread:\t0\n",
				      &status));
	assert_int_equal(status.state, 't');
	assert_int_equal(status.tgid, 12);
	assert_int_equal(status.ppid, 4);
	assert_int_equal(status.tracer, 99);
	assert_int_equal(status.uid, 1000);
	assert_int_equal(status.peak_rss, 7 * 1024);
	assert_int_equal(status.capabilities, 0x80000);
	assert_int_equal(status.seccomp, 2);
	assert_int_equal(status.filters, 3);
	assert_true(status.has_memory);
	assert_false(status.kernel_thread);
}

/* A process may be called "x\nTgid: 1": the kernel escapes that, and a prefix is no field. */
static void status_cannot_be_forged(void **state)
{
	struct proc_status status;
	(void)state;

	assert_true(proc_status_parse("Name:\tTgid:\\nTgid:\t1\nNStgid:\t3\nTgid:\t2\n", &status));
	assert_int_equal(status.tgid, 2);
	assert_false(proc_status_parse("Name:\tTgid: 1", &status));
	assert_false(proc_status_parse("", &status));
	assert_true(proc_status_parse("Tgid:", &status));
	assert_int_equal(status.tgid, 0);
	assert_int_equal(status.filters, -1);
}

static bool map_parse(const char *line, struct proc_map *map, char path[64])
{
	char text[256];

	snprintf(text, sizeof text, "%s", line);
	if (!proc_map_parse(text, map))
		return false;
	snprintf(path, 64, "%.*s", (int)map->path_size, map->path);
	return true;
}

static void maps_are_read(void **state)
{
	struct proc_map map;
	char path[64];
	(void)state;

	assert_true(map_parse("7f1c2000-7f1c4000 rw-p 00001000 fd:01 1234                       /a b\\012c", &map, path));
	assert_int_equal(map.start, 0x7f1c2000);
	assert_int_equal(map.end, 0x7f1c4000);
	assert_int_equal(map.offset, 0x1000);
	assert_int_equal(map.inode, 1234);
	assert_memory_equal(map.perms, "rw-p", 4);
	assert_string_equal(path, "/a b\nc");
	assert_true(map_parse("1000-2000 ---s 00000000 00:00 0 ", &map, path));
	assert_string_equal(path, "");
	assert_true(map_parse("1000-2000 ---s 00000000 00:00 0", &map, path));
	assert_true(map_parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]", &map, path));
	assert_string_equal(path, "[vsyscall]");
}

static void bad_maps_are_refused(void **state)
{
	static const char *const lines[] = {"", "-", "1000-", "1000-2000", "2000-1000 rw-p 0 0:0 0", "x",
					    "1000-2000 rw-p", "1000 rw-p 00000000 00:00 0"};
	struct proc_map map;
	char path[64];
	(void)state;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_false(map_parse(lines[i], &map, path));
}

static void fdinfo_is_read(void **state)
{
	uint64_t flags, offset;
	(void)state;

	assert_true(proc_fdinfo_parse("pos:\t77\nflags:\t02100002\nmnt_id:\t9\n", &flags, &offset));
	assert_int_equal(flags, 02100002);
	assert_int_equal(offset, 77);
	assert_false(proc_fdinfo_parse("pos:\t77\n", &flags, &offset));
	assert_false(proc_fdinfo_parse("", &flags, &offset));
}

/* ---- sockets ---- */

static const char tcp[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 x\n"
	"   1: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 101 1 x\n";

static void tcp_ends_are_found(void **state)
{
	struct socket_ends ends;
	const struct sockaddr_in *local = (const struct sockaddr_in *)&ends.local;
	const struct sockaddr_in *remote = (const struct sockaddr_in *)&ends.remote;
	(void)state;

	assert_true(socket_find("tcp", tcp, 100, &ends));
	assert_int_equal(ends.family, AF_INET);
	assert_int_equal(ends.type, SOCK_STREAM);
	assert_int_equal(ends.protocol, IPPROTO_TCP);
	assert_int_equal(ntohs(local->sin_port), 8080);
	assert_int_equal(ntohl(local->sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(ends.remote_size, 0);
	assert_true(socket_find("tcp", tcp, 101, &ends));
	assert_int_equal(ends.remote_size, sizeof *remote);
	assert_int_equal(ntohs(remote->sin_port), 50000);
	assert_false(socket_find("tcp", tcp, 1, &ends));
	assert_false(socket_find("nothing", tcp, 100, &ends));
}

static void tcp6_ends_are_found(void **state)
{
	static const char text[] = "head\n 0: 00000000000000000000000001000000:0050 "
				   "00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 55 1\n";
	struct socket_ends ends;
	const struct sockaddr_in6 *local = (const struct sockaddr_in6 *)&ends.local;
	(void)state;

	assert_true(socket_find("tcp6", text, 55, &ends));
	assert_int_equal(ends.family, AF_INET6);
	assert_int_equal(ntohs(local->sin6_port), 80);
	assert_true(IN6_IS_ADDR_LOOPBACK(&local->sin6_addr));
}

/* Names are the program's own: a path cannot pass for a line, an abstract name starts with NUL. */
static void unix_names_are_found(void **state)
{
	static const char text[] = "Num       RefCount Protocol Flags    Type St Inode Path\n"
				   "0000: 00000002 00000000 00010000 0001 01 200 /run/my socket\n"
				   "0000: 00000002 00000000 00010000 0005 01 201 @abstract\n"
				   "0000: 00000003 00000000 00000000 0002 03 202\n";
	struct socket_ends ends;
	const struct sockaddr_un *local = (const struct sockaddr_un *)&ends.local;
	(void)state;

	assert_true(socket_find("unix", text, 200, &ends));
	assert_int_equal(ends.type, SOCK_STREAM);
	assert_int_equal(ends.local_size, 2 + strlen("/run/my socket"));
	assert_memory_equal(local->sun_path, "/run/my socket", 14);
	assert_true(socket_find("unix", text, 201, &ends));
	assert_int_equal(ends.type, SOCK_SEQPACKET);
	assert_memory_equal(local->sun_path, "\0abstract", 9);
	assert_true(socket_find("unix", text, 202, &ends));
	assert_int_equal(ends.local_size, 2);
	assert_false(socket_find("unix", text, 1, &ends));
}

static void netlink_is_found(void **state)
{
	static const char text[] = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
				   "0000000000000000 15  412        00000002 0        0        0     2        0        300\n";
	struct socket_ends ends;
	const struct sockaddr_nl *local = (const struct sockaddr_nl *)&ends.local;
	(void)state;

	assert_true(socket_find("netlink", text, 300, &ends));
	assert_int_equal(ends.protocol, 15);
	assert_int_equal(local->nl_pid, 412);
	assert_int_equal(local->nl_groups, 2);
}

/* Whatever the text, there is an answer: every prefix and every changed byte of a good table. */
static void hostile_tables_are_survived(void **state)
{
	struct socket_ends ends;
	char text[sizeof tcp];
	(void)state;

	for (size_t i = 0; i < sizeof tcp - 1; i++) {
		memcpy(text, tcp, i);
		text[i] = 0;
		socket_find("tcp", text, 101, &ends);
		socket_find("unix", text, 101, &ends);
		socket_find("netlink", text, 101, &ends);
		memcpy(text, tcp, sizeof tcp);
		text[i] = 'F';
		if (socket_find("tcp6", text, 101, &ends))
			assert_true(ends.local_size <= sizeof ends.local);
	}
}

/* ---- why attaching is refused ---- */

static void refusals_name_cause_and_remedy(void **state)
{
	const struct proc_status user = {.tgid = 50, .uid = 1000, .state = 'S', .has_memory = true};
	const struct proc_status it = {.tgid = 60, .uid = 1000, .state = 'S', .ppid = 1, .has_memory = true};
	const struct proc_status root = {.tgid = 50, .capabilities = ~0ull};
	const struct {
		struct proc_status it, us;
		int error, yama;
		const char *text;
	} cases[] = {
		{it, user, -ESRCH, -1, "no such process"},
		{{0}, user, -EPERM, -1, "no such process"},
		{it, user, -EAGAIN, -1, "starting another program"},
		{{.tgid = 50}, user, -EPERM, -1, "this tracer itself"},
		{it, {.tgid = 50, .tracer = 60}, -EPERM, -1, "trace each other"},
		{{.tgid = 60, .tracer = 70}, user, -EPERM, -1, "(process 70)"},
		{{.tgid = 60, .state = 'Z'}, root, -EPERM, -1, "already exited"},
		{{.tgid = 60, .kernel_thread = true}, root, -EPERM, -1, "thread of the kernel"},
		{{.tgid = 60, .ppid = 2, .state = 'S'}, root, -EPERM, -1, "thread of the kernel"},
		{it, root, -EPERM, 3, "ptrace_scope is 3"},
		{{.tgid = 60, .uid = 77777, .has_memory = true}, user, -EPERM, 1, "belongs to user number 77777; use sudo"},
		{it, user, -EPERM, 2, "ptrace_scope is 2"},
		{it, user, -EPERM, 1, "sysctl kernel.yama.ptrace_scope=0"},
		{it, {.tgid = 50, .uid = 0}, -EPERM, -1, "--cap-add=SYS_PTRACE"},
		{it, {.tgid = 50, .capabilities = ~0ull, .seccomp = 2}, -EPERM, -1, "seccomp filter"},
		{it, user, -EPERM, 0, "setuid program"},
		{it, root, -EPERM, 0, "security module"},
	};
	char why[512];
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct refusal refusal = {.pid = 60, .error = cases[i].error, .it = cases[i].it,
					  .us = cases[i].us, .own_pid = 50, .yama = cases[i].yama};
		refusal_text(&refusal, why, sizeof why);
		if (!strstr(why, cases[i].text))
			fail_msg("case %zu: %s", i, why);
		char small[20];
		refusal_text(&refusal, small, sizeof small);
		assert_true(strlen(small) < sizeof small);
	}
}

/* ---- outbox and tables ---- */

static void records_leave_in_order(void **state)
{
	struct outbox outbox = {0};
	char payload[1000] = "";
	(void)state;

	for (int i = 0; i < 2000; i++) {
		struct record *record = outbox_begin(&outbox, RECORD_NOTE, 1, i);
		record_add(record, 0, PIECE_SELF, 0, payload, sizeof payload, 0);
		outbox_send(&outbox);
		outbox_begin(&outbox, RECORD_CALL, 0, 0); /* never sent */
	}
	for (int i = 0; i < 2000; i++) {
		const struct record *record = outbox_take(&outbox);
		assert_non_null(record);
		assert_int_equal(record->tid, i);
		assert_int_equal(record->kind, RECORD_NOTE);
	}
	assert_null(outbox_take(&outbox));
	assert_int_equal(outbox.size, 0);
	outbox_free(&outbox);
}

static void tables_find_what_they_hold(void **state)
{
	struct tracees all = {0};
	struct record record;
	unsigned count = 0;
	(void)state;

	for (int tid = 1; tid <= 5000; tid++) {
		struct tracee *tracee = tracee_add(&all, tid);
		assert_non_null(tracee);
		assert_true(tracee_join(&all, tracee, tid - tid % 10));
	}
	assert_int_equal(process_find(&all, 20)->tasks, 10);
	for (const struct tracee *t = tracee_next(&all, NULL); t; t = tracee_next(&all, t))
		count++;
	assert_int_equal(count, 5000);
	record_begin(&record, RECORD_CALL, 1, 1);
	assert_non_null(call_push(&all, tracee_find(&all, 4999), &record));
	for (int tid = 1; tid <= 5000; tid++)
		tracee_remove(&all, tracee_find(&all, tid));
	assert_int_equal(all.count, 0);
	assert_null(process_find(&all, 20));
	assert_non_null(all.pool);
	tracees_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_read),
		cmocka_unit_test(status_cannot_be_forged),
		cmocka_unit_test(maps_are_read),
		cmocka_unit_test(bad_maps_are_refused),
		cmocka_unit_test(fdinfo_is_read),
		cmocka_unit_test(tcp_ends_are_found),
		cmocka_unit_test(tcp6_ends_are_found),
		cmocka_unit_test(unix_names_are_found),
		cmocka_unit_test(netlink_is_found),
		cmocka_unit_test(hostile_tables_are_survived),
		cmocka_unit_test(refusals_name_cause_and_remedy),
		cmocka_unit_test(records_leave_in_order),
		cmocka_unit_test(tables_find_what_they_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
