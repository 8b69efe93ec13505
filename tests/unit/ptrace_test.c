/* SPDX-License-Identifier: MIT
 *
 * The ptrace source on real programs: ptrace_tracees.h has them, each checks that it is not
 * disturbed, and here it is checked that the records tell what it did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <linux/audit.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "ptrace_tracees.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"
#include "source/source.h"
#include "syscalls/syscalls.h"

/* ---- a trace, kept ---- */

struct trace {
	struct source *source;
	struct record **records;
	size_t count, room;
	int status;
};

static struct interest everything;

static void keep(struct trace *trace, const struct record *record)
{
	if (trace->count == trace->room) {
		trace->room = trace->room ? 2 * trace->room : 1024;
		trace->records = realloc(trace->records, trace->room * sizeof(void *));
		assert_non_null(trace->records);
	}
	trace->records[trace->count] = malloc(record->size);
	assert_non_null(trace->records[trace->count]);
	memcpy(trace->records[trace->count++], record, record->size);
}

/* One record, waiting for it; NULL at the end. */
static const struct record *trace_next(struct trace *trace)
{
	const struct record *record;

	for (;;) {
		int n = trace->source->ops->next(trace->source, &record);
		if (n == 1) {
			keep(trace, record);
			return record;
		}
		if (n == -ENODATA)
			return NULL;
		assert_int_equal(n, 0);
		struct pollfd ready = {.fd = trace->source->ops->fd(trace->source),
				       .events = POLLIN};
		assert_true(poll(&ready, 1, -1) == 1);
	}
}

static void trace_finish(struct trace *trace)
{
	while (trace_next(trace))
		;
	trace->status = trace->source->ops->status(trace->source);
	trace->source->ops->close(trace->source);
}

static void trace_free(struct trace *trace)
{
	for (size_t i = 0; i < trace->count; i++)
		free(trace->records[i]);
	free(trace->records);
	*trace = (struct trace){0};
}

static void trace_open(struct trace *trace, const struct target *target)
{
	char why[512] = "";

	*trace = (struct trace){0};
	if (ptrace_source_open(target, &everything, &trace->source, why, sizeof why) != 0)
		fail_msg("%s", why);
}

static void trace_start(struct trace *trace, const char *tracee)
{
	char *command[] = {"/proc/self/exe", "tracee", (char *)tracee, NULL};
	struct target target = {.command = command};

	sigemptyset(&target.signal_mask);
	trace_open(trace, &target);
}

static struct trace trace_run(const char *tracee)
{
	struct trace trace;

	trace_start(&trace, tracee);
	trace_finish(&trace);
	return trace;
}

/* Calls of that name; nr is looked up in the table of each record's architecture. */
static bool is_call(const struct record *record, const char *name)
{
	return (record->kind == RECORD_CALL || record->kind == RECORD_ENTER) &&
	       record->nr == syscall_number(record->arch, name);
}

static const struct record *find_call(const struct trace *trace, const char *name, size_t nth)
{
	for (size_t i = 0; i < trace->count; i++)
		if (trace->records[i]->kind == RECORD_CALL && is_call(trace->records[i], name) &&
		    !nth--)
			return trace->records[i];
	return NULL;
}

static const struct record *find_kind(const struct trace *trace, enum record_kind kind, size_t nth)
{
	for (size_t i = 0; i < trace->count; i++)
		if (trace->records[i]->kind == kind && !nth--)
			return trace->records[i];
	return NULL;
}

static size_t count_kind(const struct trace *trace, enum record_kind kind)
{
	size_t count = 0;

	while (find_kind(trace, kind, count))
		count++;
	return count;
}

/* ---- what holds for every trace ---- */

struct life {
	pid_t tid;
	bool known, alive;
};

static struct life *life_of(struct life *lives, size_t *count, pid_t tid)
{
	for (size_t i = 0; i < *count; i++)
		if (lives[i].tid == tid)
			return &lives[i];
	assert_true(*count < 4096);
	lives[*count] = (struct life){.tid = tid};
	return &lives[(*count)++];
}

/* A task is told of before it does anything, does nothing after its exit, and exits; no call ends
 * with a number programs never see. */
static void assert_sound(const struct trace *trace)
{
	static struct life lives[4096];
	size_t count = 0;

	for (size_t i = 0; i < trace->count; i++) {
		const struct record *r = trace->records[i];
		struct life *life = life_of(lives, &count, r->tid);
		if (r->kind == RECORD_TASK || r->kind == RECORD_EXEC)
			life->known = life->alive = true;
		/* The child of a task that was killed in the middle of fork is told of late. */
		bool may_be = r->kind == RECORD_FORK ? life->known : life->alive;
		if (r->kind != RECORD_FD && r->kind != RECORD_MAP && !may_be)
			fail_msg("record %zu (%s) of unknown task %d", i, record_kind_name(r->kind),
				 r->tid);
		if (r->kind == RECORD_EXEC && (pid_t)r->args[0] != r->tid) {
			assert_true(life_of(lives, &count, (pid_t)r->args[0])->alive);
			life_of(lives, &count, (pid_t)r->args[0])->alive = false;
		}
		if (r->kind == RECORD_EXIT)
			life->alive = false;
		if (r->kind == RECORD_CALL)
			assert_false(r->ret <= -512 && r->ret >= -516);
		if (r->kind == RECORD_FORK) {
			struct life *child = life_of(lives, &count, (pid_t)r->args[0]);
			assert_false(child->alive);
			child->known = child->alive = true;
		}
		assert_true(r->kind == RECORD_FD || r->kind == RECORD_MAP || r->time_ns > 0);
	}
	for (size_t i = 0; i < count; i++)
		if (lives[i].alive)
			fail_msg("task %d never exits", lives[i].tid);
}

static void assert_exit(const struct trace *trace, int status)
{
	if (trace->status != status)
		fail_msg("ended with %x instead of %x", trace->status, status);
	assert_sound(trace);
	const struct record *last =
		find_kind(trace, RECORD_EXIT, count_kind(trace, RECORD_EXIT) - 1);
	assert_int_equal(last->ret, status);
	assert_int_equal(last->args[0], 1);
}

/* ---- launching ---- */

static void trace_begins_with_the_command(void **state)
{
	struct trace trace = trace_run("exit_3");
	size_t i = 1;
	(void)state;

	assert_exit(&trace, 3 << 8);
	assert_int_equal(trace.records[0]->kind, RECORD_TASK);
	const struct piece *argv = record_find(trace.records[0], 1, PIECE_STRING, 2);
	assert_non_null(argv);
	assert_memory_equal(piece_bytes(argv), "exit_3", 6);
	while (trace.records[i]->kind == RECORD_FD)
		i++;
	assert_true(i > 3);
	assert_int_equal(trace.records[i]->kind, RECORD_EXEC);
	const struct piece *path = record_find(trace.records[i], 0, PIECE_SELF, 0);
	assert_non_null(path);
	assert_memory_equal(piece_bytes(path), "/proc/self/exe", 14);
	while (trace.records[++i]->kind == RECORD_MAP)
		;
	assert_true(is_call(trace.records[i], "execve"));
	assert_int_equal(trace.records[i]->ret, 0);
	const struct record *end = find_call(&trace, "exit_group", 0);
	assert_true(end->flags & RECORD_UNFINISHED);
	assert_int_equal(end->args[0], 3);
	trace_free(&trace);
}

static void deaths_by_signal_are_told(void **state)
{
	struct trace trace = trace_run("killed");
	(void)state;

	assert_exit(&trace, SIGKILL);
	trace_free(&trace);
	trace = trace_run("segv");
	assert_int_equal(trace.status & 0x7f, SIGSEGV);
	const struct record *signal = find_kind(&trace, RECORD_SIGNAL, 0);
	assert_int_equal(signal->nr, SIGSEGV);
	assert_int_equal(signal->args[3], 8);
	trace_free(&trace);
}

static void command_finds_what_it_would(void **state)
{
	char *command[] = {"/proc/self/exe", "tracee", "environment", NULL};
	char variable[40];
	char *changes[] = {"COMPENDIUM_SET=a=b", "COMPENDIUM_UNSET", variable, NULL};
	struct target target = {.command = command, .environment = changes};
	struct trace trace;
	int leak = fcntl(0, F_DUPFD, 100); /* as a script's io.open would leave it */
	(void)state;

	snprintf(variable, sizeof variable, "COMPENDIUM_LEAK=%d", leak);
	setenv("COMPENDIUM_UNSET", "1", 1);
	sigemptyset(&target.signal_mask);
	sigaddset(&target.signal_mask, SIGUSR2);
	trace_open(&trace, &target);
	trace_finish(&trace);
	close(leak);
	assert_exit(&trace, 0);
	for (size_t i = 0; i < trace.count; i++)
		assert_false(trace.records[i]->kind == RECORD_FD && trace.records[i]->nr == leak);
	trace_free(&trace);
}

static void assert_refused(const struct target *target, int error, const char *text)
{
	struct source *source = NULL;
	char why[512] = "";

	assert_int_equal(ptrace_source_open(target, &everything, &source, why, sizeof why), error);
	if (!strstr(why, text))
		fail_msg("no \"%s\" in: %s", text, why);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static void assert_cannot_run(const char *path, const char *contents, int mode, int error,
			      const char *text)
{
	char *command[] = {(char *)path, NULL};
	struct target target = {.command = command};

	if (contents) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_true(fd >= 0 &&
			    write(fd, contents, strlen(contents)) == (ssize_t)strlen(contents));
		fchmod(fd, mode);
		close(fd);
	}
	assert_refused(&target, error, text);
	if (contents)
		unlink(path);
}

static void commands_that_cannot_run_are_explained(void **state)
{
	char name[] = "/tmp/compendium-test-XXXXXX";
	char path[64];
	(void)state;

	assert_non_null(mkdtemp(name));
	snprintf(path, sizeof path, "%s/program", name);
	assert_cannot_run("no-such-command-anywhere", NULL, 0, -ENOENT, "command not found");
	assert_cannot_run(path, NULL, 0, -ENOENT, "no such file");
	assert_cannot_run("", NULL, 0, -ENOENT, "not found");
	assert_cannot_run(name, NULL, 0, -EACCES, "is a directory");
	assert_cannot_run(path, "#!/bin/sh\n", 0600, -EACCES, "not executable");
	assert_cannot_run(path, "hello", 0700, -ENOEXEC, "neither a program");
	assert_cannot_run(path, "#! /no/interpreter -x\n", 0700, -ENOENT,
			  "interpreter /no/interpreter is missing");
	rmdir(name);
}

static void unknown_users_are_refused(void **state)
{
	char *command[] = {"/bin/true", NULL};
	struct target target = {.command = command, .user = "no-such-user"};
	(void)state;

	if (geteuid() == 0)
		assert_refused(&target, -EINVAL, "no such user");
	else
		assert_refused(&target, -EPERM, "only root");
}

/* ---- births and exec ---- */

static void births_come_before_deeds(void **state)
{
	static const char *const names[] = {"forks",	"threads",	  "clone_vm",
					    "untraced", "kills_newborns", "leader_first"};
	static const size_t births[] = {2, 8, 1, 2, 50, 1};
	static const int statuses[] = {0, 0, 0, 0, 0, 3 << 8};
	(void)state;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct trace trace = trace_run(names[i]);
		assert_exit(&trace, statuses[i]);
		assert_int_equal(count_kind(&trace, RECORD_FORK), births[i]);
		assert_int_equal(count_kind(&trace, RECORD_EXIT), births[i] + 1);
		trace_free(&trace);
	}
}

static void births_have_their_flags(void **state)
{
	struct trace trace = trace_run("forks");
	const struct record *fork = find_kind(&trace, RECORD_FORK, 0);
	(void)state;

	assert_int_equal(fork->args[0], fork->args[1]);
	assert_int_equal(fork->args[2] & 0xff, SIGCHLD);
	fork = find_kind(&trace, RECORD_FORK, 1);
	assert_int_equal(fork->args[2], CLONE_VFORK | CLONE_VM | SIGCHLD);
	trace_free(&trace);

	trace = trace_run("threads");
	fork = find_kind(&trace, RECORD_FORK, 7);
	assert_int_equal(fork->args[1], fork->pid);
	assert_true(fork->args[2] & CLONE_THREAD && fork->args[2] & CLONE_FILES);
	trace_free(&trace);

	trace = trace_run("clone_vm");
	fork = find_kind(&trace, RECORD_FORK, 0);
	assert_int_equal(fork->args[0], fork->args[1]);
	assert_int_equal(fork->args[2], CLONE_VM | CLONE_FILES | SIGUSR1);
	trace_free(&trace);
}

static void daemons_are_waited_for(void **state)
{
	struct trace trace = trace_run("daemon");
	(void)state;

	assert_int_equal(trace.status, 0);
	assert_int_equal(count_kind(&trace, RECORD_EXIT), 2);
	assert_sound(&trace);
	trace_free(&trace);
}

static void exec_leaves_one_task(void **state)
{
	static const char *const names[] = {"exec_from_thread", "exec_after_leader", "exec_race"};
	(void)state;

	for (int round = 0; round < 5; round++)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			struct trace trace = trace_run(names[i]);
			assert_exit(&trace, 3 << 8);
			const struct record *exec = find_kind(&trace, RECORD_EXEC, 1);
			assert_non_null(exec);
			assert_int_equal(exec->tid, exec->pid);
			if (i < 2)
				assert_true((pid_t)exec->args[0] != exec->tid);
			const struct piece *argv = record_find(exec, 1, PIECE_STRING, 2);
			assert_non_null(argv);
			assert_memory_equal(piece_bytes(argv), "exit_3", 6);
			size_t nth = 1;
			while (find_call(&trace, "execve", nth)->flags & RECORD_UNFINISHED)
				nth++; /* those that lost the race */
			assert_int_equal(find_call(&trace, "execve", nth)->tid, exec->tid);
			trace_free(&trace);
		}
}

static void failed_exec_changes_nothing(void **state)
{
	struct trace trace = trace_run("exec_fails");
	(void)state;

	assert_exit(&trace, 0);
	assert_int_equal(count_kind(&trace, RECORD_EXEC), 1);
	assert_int_equal(find_call(&trace, "execve", 1)->ret, -ENOENT);
	trace_free(&trace);
}

/* ---- signals ---- */

static void signals_arrive_once(void **state)
{
	static const struct {
		const char *name;
		int number;
		size_t count;
	} cases[] = {{"realtime", -3, 20}, {"cancel", 32, 1}, {"traps", SIGTRAP, 3}};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct trace trace = trace_run(cases[i].name);
		int number = cases[i].number < 0 ? SIGRTMIN - cases[i].number : cases[i].number;
		size_t count = 0;
		assert_exit(&trace, 0);
		for (size_t n = 0; n < trace.count; n++)
			count += trace.records[n]->kind == RECORD_SIGNAL &&
				 trace.records[n]->nr == number;
		assert_int_equal(count, cases[i].count);
		trace_free(&trace);
	}
}

static void stopping_works_as_without_us(void **state)
{
	struct trace trace = trace_run("group_stop");
	(void)state;

	assert_exit(&trace, 0);
	assert_int_equal(count_kind(&trace, RECORD_STOP), 2);
	assert_int_equal(find_kind(&trace, RECORD_STOP, 0)->nr, SIGSTOP);
	assert_int_equal(find_kind(&trace, RECORD_STOP, 1)->nr, SIGTSTP);
	trace_free(&trace);
}

static void interrupted_calls_are_one_call(void **state)
{
	struct trace trace = trace_run("interrupted_reads");
	size_t count = 0;
	(void)state;

	assert_exit(&trace, 0);
	for (size_t i = 0; i < trace.count; i++) {
		const struct record *r = trace.records[i];
		if (!is_call(r, "read") || r->kind != RECORD_CALL || r->args[2] != 1)
			continue;
		assert_int_equal(r->ret, count++ ? -EINTR : 1);
		assert_true(r->duration_ns >= 10000000);
	}
	assert_int_equal(count, 2);
	trace_free(&trace);

	trace = trace_run("ignored_signals");
	assert_exit(&trace, 0);
	assert_null(find_call(&trace, "restart_syscall", 0));
	assert_int_equal(find_call(&trace, "epoll_wait", 0)->ret, 0);
	assert_null(find_call(&trace, "epoll_wait", 1));
	trace_free(&trace);

	trace = trace_run("interrupted_sleeps");
	assert_exit(&trace, 0);
	assert_int_equal(find_call(&trace, "epoll_wait", 0)->ret, -EINTR);
	assert_int_equal(find_call(&trace, "pause", 0)->ret, -EINTR);
	assert_null(find_call(&trace, "restart_syscall", 0));
	trace_free(&trace);
}

/* Linux can be built and booted without 32-bit code (ia32_emulation=off): int 0x80 is a fault then.
 */
static bool kernel_runs_32bit(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);  /* cmocka has a handler */
		prctl(PR_SET_DUMPABLE, 0); /* no core */
		_exit(tracee_int80());
	}
	int status = reap(pid);
	return !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV;
}

static void other_tables_are_known(void **state)
{
	(void)state;
	if (!kernel_runs_32bit()) {
		print_message("# this kernel runs no 32-bit code\n");
		skip();
	}
	struct trace trace = trace_run("int80");
	const struct record *call;
	size_t nth = 0;

	assert_exit(&trace, 0);
	do
		call = find_call(&trace, "getpid", nth++);
	while (call && call->arch != ARCH_I386);
	assert_true(call && call->flags & RECORD_INT80 && call->ret == call->pid);
	trace_free(&trace);
}

/* What the kernel says of a stop names the table, but for x32: that is a bit of the number. */
static void architectures_are_told_apart(void **state)
{
	struct record record;

	(void)state;
	call_identify(&record, AUDIT_ARCH_X86_64, 20);
	assert_true(record.arch == ARCH_X86_64 &&
		    record.nr == syscall_number(ARCH_X86_64, "writev"));
	call_identify(&record, AUDIT_ARCH_I386, 20);
	assert_true(record.arch == ARCH_I386 && record.nr == syscall_number(ARCH_I386, "getpid"));
	call_identify(&record, AUDIT_ARCH_X86_64, 0x40000000 | 39);
	assert_true(record.arch == ARCH_X32 && record.nr == syscall_number(ARCH_X32, "getpid"));
	assert_int_equal(record.nr, 39); /* the bit is no part of it */
	call_identify(&record, AUDIT_ARCH_X86_64, UINT64_MAX);
	assert_true(record.arch == ARCH_X86_64 && record.nr == -1);
	call_identify(&record, AUDIT_ARCH_I386, UINT32_MAX);
	assert_true(record.arch == ARCH_I386 && record.nr == -1);
}

/* Calls no table knows are calls, and failed. */
static void numbers_beyond_tables_are_calls(void **state)
{
	struct trace trace = trace_run("bad_number");
	const int numbers[] = {-1, 9999};

	(void)state;
	assert_exit(&trace, 0);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		size_t nth = 0;
		const struct record *call;
		do
			call = find_kind(&trace, RECORD_CALL, nth++);
		while (call && call->nr != numbers[i]);
		assert_true(call && call->arch == ARCH_X86_64 && call->ret == -ENOSYS);
	}
	trace_free(&trace);
}

/* ---- the end of a trace ---- */

/* Not even a child of a task that was killed in the middle of fork. */
static void assert_no_task_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static void killing_ends_all(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct trace trace;
		trace_start(&trace, "everything");
		for (int i = 0; i < 40 * round && trace_next(&trace); i++)
			;
		trace.source->ops->stop(trace.source, SOURCE_KILL);
		trace_finish(&trace);
		assert_int_equal(trace.status, SIGKILL);
		assert_sound(&trace);
		assert_no_task_left();
		trace_free(&trace);
	}
}

/* Killed by others, at any moment and so in any stop. */
static void death_at_any_moment_is_survived(void **state)
{
	(void)state;
	for (int round = 0; round < 30; round++) {
		struct trace trace;
		trace_start(&trace, round % 2 ? "everything" : "exec_from_thread");
		pid_t pid = trace_next(&trace)->pid;
		for (int i = 0; i < 23 * round && trace_next(&trace); i++)
			;
		kill(pid, SIGKILL);
		trace_finish(&trace);
		assert_sound(&trace);
		assert_no_task_left();
		trace_free(&trace);
	}
}

static void closing_early_leaves_nothing(void **state)
{
	struct trace trace;
	(void)state;

	trace_start(&trace, "everything");
	for (int i = 0; i < 300; i++)
		trace_next(&trace);
	trace.source->ops->close(trace.source);
	trace_free(&trace);
	assert_no_task_left();
}

/* ---- attaching ---- */

/* A tracee that is not traced, and has said "ready". */
static pid_t run_alone(const char *name)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t none;
		dup2(ends[1], 1);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execl("/proc/self/exe", "tracee", "tracee", name, NULL);
		_exit(9);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

static void end_alone(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it found nothing wrong */
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static int count_lines(const char *name, const char *prefix, const char *wanted)
{
	char line[256];
	FILE *file = fopen(name, "r");
	int count = 0;

	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, prefix, strlen(prefix)) == 0)
			count += strstr(line, wanted) != NULL;
	if (file)
		fclose(file);
	return count;
}

struct check {
	pid_t pid;
	const char *forbidden_state;
};

static bool task_is_free(void *context, int tid)
{
	const struct check *check = context;
	char name[64];

	snprintf(name, sizeof name, "/proc/%d/task/%d/status", check->pid, tid);
	if (count_lines(name, "TracerPid:", "\t0") != 1 ||
	    count_lines(name, "State:", check->forbidden_state))
		fail_msg("task %d was not let go", tid);
	return true;
}

static void assert_free(pid_t pid)
{
	struct check check = {pid, "\tt"};

	proc_each(pid, "task", task_is_free, &check);
	check.forbidden_state = "\tT";
	proc_each(pid, "task", task_is_free, &check);
}

static void trace_attach(struct trace *trace, pid_t pid)
{
	struct target target = {.pids = &pid, .pid_count = 1};

	trace_open(trace, &target);
}

/* Sleeping, busy, blocked, threaded and vforking tasks, fifty times; the tracee ends if a call of
 * it fails that would not have. */
static void letting_go_leaves_no_trace(void **state)
{
	pid_t pid = run_alone("everything");
	(void)state;

	for (int round = 0; round < 50; round++) {
		struct trace trace;
		trace_attach(&trace, pid);
		for (int i = 0; i < 13 * round; i++)
			assert_non_null(trace_next(&trace));
		trace.source->ops->stop(trace.source, SOURCE_DETACH);
		trace_finish(&trace);
		assert_int_equal(trace.status, -1);
		assert_free(pid);
		assert_true(count_kind(&trace, RECORD_TASK) >= 8);
		trace_free(&trace);
	}
	end_alone(pid);
}

static void calls_under_way_are_known(void **state)
{
	static const char *const names[] = {"epoll_wait", "recvfrom", "rt_sigtimedwait",
					    "clock_nanosleep"};
	pid_t pid = run_alone("everything");
	struct trace trace;
	(void)state;

	usleep(50000);
	trace_attach(&trace, pid);
	trace.source->ops->stop(trace.source, SOURCE_DETACH);
	trace_finish(&trace);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct record *call = find_call(&trace, names[i], 0);
		assert_non_null(call);
		assert_true(call->flags & RECORD_NO_ENTRY && call->flags & RECORD_UNFINISHED);
	}
	trace_free(&trace);
	end_alone(pid);
}

static void stopped_processes_stay_stopped(void **state)
{
	pid_t pid = run_alone("everything");
	struct check check = {pid, "\tS"};
	struct trace trace;
	int status;
	(void)state;

	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	for (int round = 0; round < 5; round++) {
		trace_attach(&trace, pid);
		while (!find_kind(&trace, RECORD_STOP, 0))
			trace_next(&trace);
		trace.source->ops->stop(trace.source, SOURCE_DETACH);
		trace_finish(&trace);
		trace_free(&trace);
		usleep(10000);
		proc_each(pid, "task", task_is_free, &check);
	}
	kill(pid, SIGCONT);
	usleep(10000);
	assert_free(pid);
	end_alone(pid);
}

static void tables_are_told(void **state)
{
	pid_t pid = run_alone("tables");
	struct trace trace;
	const struct record *own = NULL, *file = NULL, *first, *second;
	(void)state;

	trace_attach(&trace, pid);
	trace.source->ops->stop(trace.source, SOURCE_DETACH);
	trace_finish(&trace);
	first = find_kind(&trace, RECORD_TASK, 0);
	second = find_kind(&trace, RECORD_TASK, 1);
	assert_true(first && second);
	assert_int_equal(first->args[0], getpid());
	assert_true(first->args[1] != second->args[1]); /* descriptors */
	assert_int_equal(first->args[2], second->args[2]);
	assert_int_equal(first->args[3], second->args[3]);
	for (size_t i = 0; i < trace.count; i++) {
		const struct record *r = trace.records[i];
		const struct piece *link = record_find(r, 0, PIECE_SELF, 0);
		if (r->kind == RECORD_FD && r->nr == 50)
			own = r;
		if (r->kind == RECORD_FD && r->tid == pid && link && link->size == 13 &&
		    memcmp(piece_bytes(link), "/etc/hostname", 13) == 0)
			file = r;
	}
	assert_true(own && own->tid == second->tid);
	assert_true(file && file->args[0] & O_CLOEXEC && S_ISREG(file->args[2]));
	assert_true(count_kind(&trace, RECORD_MAP) > 5);
	trace_free(&trace);
	end_alone(pid);
}

static void sockets_are_told(void **state)
{
	pid_t pid = run_alone("sockets");
	struct trace trace;
	size_t tcp = 0, connected = 0, local = 0;
	(void)state;

	trace_attach(&trace, pid);
	trace.source->ops->stop(trace.source, SOURCE_DETACH);
	trace_finish(&trace);
	for (size_t i = 0; i < trace.count; i++) {
		const struct record *r = trace.records[i];
		if (r->kind != RECORD_FD || !S_ISSOCK(r->args[2]))
			continue;
		tcp += r->args[3] == AF_INET && r->args[4] == SOCK_STREAM &&
		       r->args[5] == IPPROTO_TCP;
		connected += r->args[3] == AF_INET && record_find(r, 2, PIECE_SELF, 0) != NULL;
		local += r->args[3] == AF_UNIX && r->args[4] == SOCK_DGRAM;
		assert_non_null(record_find(r, 1, PIECE_SELF, 0));
	}
	assert_int_equal(tcp, 3);
	assert_int_equal(connected, 2);
	assert_int_equal(local, 2);
	trace_free(&trace);
	end_alone(pid);
}

static void refused_processes_leave_none_attached(void **state)
{
	pid_t pid = run_alone("everything");
	pid_t pids[] = {pid, 0x3ffffff};
	struct target target = {.pids = pids, .pid_count = 2};
	struct source *source;
	char why[512];
	(void)state;

	assert_int_equal(ptrace_source_open(&target, &everything, &source, why, sizeof why),
			 -ESRCH);
	assert_non_null(strstr(why, "no such process"));
	assert_free(pid);
	pids[1] = getpid();
	assert_int_equal(ptrace_source_open(&target, &everything, &source, why, sizeof why),
			 -EPERM);
	assert_non_null(strstr(why, "this tracer itself"));
	assert_free(pid);
	end_alone(pid);
}

/* ---- memory ---- */

/* Each way to read memory gives what there is, up to the first page that is not. */
static void memory_is_read_up_to_its_end(void **state)
{
	char *pages =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char copy[3 * 4096];
	struct ptrace_source *source = calloc(1, sizeof *source);
	int status;
	(void)state;

	memset(pages, 'x', 3 * 4096);
	munmap(pages + 2 * 4096, 4096);
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	assert_int_equal(request(PTRACE_SEIZE, pid, 0, 0), 0);
	assert_int_equal(request(PTRACE_INTERRUPT, pid, 0, 0), 0);
	waitpid(pid, &status, __WALL);
	task_memory_init(&source->memory);
	for (int way = 0; way < 2; way++) {
		source->memory.no_vm_readv = way;
		assert_int_equal(task_read(source, pid, (uintptr_t)pages + 100, copy, sizeof copy),
				 8192 - 100);
		assert_int_equal(copy[8191 - 100], 'x');
		assert_int_equal(task_read(source, pid, (uintptr_t)pages + 8000, copy, 192), 192);
		assert_int_equal(task_read(source, pid, (uintptr_t)pages + 8192, copy, 8), 0);
		assert_int_equal(task_read(source, pid, 0, copy, 8), 0);
		assert_int_equal(task_read(source, pid, UINT64_MAX - 3, copy, 8), 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	munmap(pages, 2 * 4096);
	free(source);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace_begins_with_the_command),
		cmocka_unit_test(deaths_by_signal_are_told),
		cmocka_unit_test(command_finds_what_it_would),
		cmocka_unit_test(commands_that_cannot_run_are_explained),
		cmocka_unit_test(unknown_users_are_refused),
		cmocka_unit_test(births_come_before_deeds),
		cmocka_unit_test(births_have_their_flags),
		cmocka_unit_test(daemons_are_waited_for),
		cmocka_unit_test(exec_leaves_one_task),
		cmocka_unit_test(failed_exec_changes_nothing),
		cmocka_unit_test(signals_arrive_once),
		cmocka_unit_test(stopping_works_as_without_us),
		cmocka_unit_test(interrupted_calls_are_one_call),
		cmocka_unit_test(other_tables_are_known),
		cmocka_unit_test(architectures_are_told_apart),
		cmocka_unit_test(numbers_beyond_tables_are_calls),
		cmocka_unit_test(killing_ends_all),
		cmocka_unit_test(death_at_any_moment_is_survived),
		cmocka_unit_test(closing_early_leaves_nothing),
		cmocka_unit_test(letting_go_leaves_no_trace),
		cmocka_unit_test(calls_under_way_are_known),
		cmocka_unit_test(stopped_processes_stay_stopped),
		cmocka_unit_test(tables_are_told),
		cmocka_unit_test(sockets_are_told),
		cmocka_unit_test(refused_processes_leave_none_attached),
		cmocka_unit_test(memory_is_read_up_to_its_end),
	};
	if (argc == 3 && strcmp(argv[1], "tracee") == 0)
		return tracee_run(argv[2]);
	memset(everything.calls, 0xff, sizeof everything.calls);
	everything.kinds = ~0u;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
