/* SPDX-License-Identifier: MIT
 *
 * trap_creation: every way to make a task.
 */
#include "trap.h"

#include <linux/sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

enum { STACK = 64 << 10 };

static char stack[STACK] __attribute__((aligned(16)));

static pid_t clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof *args);
}

static int body(void *status)
{
	return status ? *(int *)status : 0;
}

/* COUNT children end at once, and as many are killed at once. */
static int run_newborns(char **arguments)
{
	int count = atoi(arguments[0]);

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(i & 127);
		MUST(WEXITSTATUS(reap(pid)) == (i & 127));
		pid = fork();
		if (pid == 0)
			sleep_thread(NULL);
		MUST(pid > 0 && kill(pid, SIGKILL) == 0);
		MUST(WTERMSIG(reap(pid)) == SIGKILL);
	}
	return 0;
}

/* A child that shares memory until it executes; the parent waits in the kernel. SECONDS: for so long
 * the child only sleeps. Prints the child's id at once. */
static int run_vfork(char **arguments)
{
	char seconds[16] = "0.01";
	char *argv[] = {"sleep", seconds, NULL};

	if (arguments[0])
		snprintf(seconds, sizeof seconds, "%s", arguments[0]);
	pid_t pid = vfork();
	if (pid == 0) {
		if (arguments[0]) {
			dprintf(1, "%d\n", getpid());
			wait_ms(atol(arguments[0]) * 1000);
		}
		execv("/bin/sleep", argv);
		_exit(9);
	}
	MUST(reap(pid) == 0);
	return 0;
}

/* A child that sleeps instead of executing, until it is killed by another one. */
static int run_vfork_killed(char **arguments)
{
	(void)arguments;
	pid_t pid = vfork();
	if (pid == 0) {
		pid_t self = getpid();
		if (fork() == 0) {
			wait_ms(20);
			kill(self, SIGKILL);
			_exit(0);
		}
		sleep_thread(NULL);
	}
	MUST(WTERMSIG(reap(pid)) == SIGKILL);
	return 0;
}

/* The child executes, ends or is killed, again and again. */
enum ending { EXECUTES, KILLED, EXITS, ENDINGS };
static const int endings[ENDINGS] = {[EXECUTES] = 0, [KILLED] = SIGKILL, [EXITS] = 5 << 8};
static long vforks;

static pid_t vfork_to_end(enum ending how)
{
	static char *const argv[] = {"true", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		if (how == EXECUTES)
			execv("/bin/true", argv);
		if (how == KILLED)
			kill(getpid(), SIGKILL);
		_exit(5);
	}
	return pid;
}

static void *vfork_thread(void *context)
{
	(void)context;
	for (int how = 0; !signals_seen; how = (how + 1) % ENDINGS) {
		pid_t pid = vfork_to_end(how);
		MUST(pid > 0 && reap(pid) == endings[how]);
		__atomic_fetch_add(&vforks, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* THREADS do so until stdin ends. Prints how often. */
static int run_vforks(char **arguments)
{
	int count = atoi(arguments[0]);
	pthread_t threads[16];

	for (int i = 0; i < count; i++)
		threads[i] = thread_start(vfork_thread, NULL);
	printf("ready\n");
	while (read(0, &(char){0}, 1) == 1)
		;
	signals_seen = 1;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("%ld\n", vforks);
	return 0;
}

/* What clone3 writes to memory is there when the child begins and when the call returns. */
static int run_clone3(char **arguments)
{
	int pidfd = -1;
	pid_t parent_tid = 0, child_tid = 0, wanted = 0;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
		.pidfd = (uintptr_t)&pidfd,
		.parent_tid = (uintptr_t)&parent_tid,
		.child_tid = (uintptr_t)&child_tid,
		.exit_signal = SIGCHLD,
	};

	(void)arguments;
	if (geteuid() == 0) { /* a process id of our choice: one that has just been used */
		pid_t gone = fork();
		if (gone == 0)
			_exit(0);
		reap(gone);
		wanted = gone;
		args.set_tid = (uintptr_t)&wanted;
		args.set_tid_size = 1;
	}
	pid_t pid = clone3(&args);
	MUST(pid >= 0);
	if (pid == 0)
		_exit(child_tid == getpid() ? 5 : 6);
	MUST(pidfd >= 0 && parent_tid == pid && (!wanted || wanted == pid));
	siginfo_t info;
	MUST(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == 0 && info.si_status == 5);

	handle(SIGUSR1, SIG_IGN, 0);
	pid_t got = clone(body, stack + STACK, CLONE_VM | CLONE_FILES | SIGUSR1, &(int){4});
	MUST(got > 0 && WEXITSTATUS(reap(got)) == 4);
	return 0;
}

/* A child made not to be traced, in both ways; the flag is still there afterwards. */
static int run_untraced(char **arguments)
{
	struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};

	(void)arguments;
	for (int i = 0; i < 2; i++) {
		pid_t pid = clone3(&args);
		if (pid == 0) {
			MUST(args.flags == CLONE_UNTRACED && open("/etc/untraced", O_RDONLY) < 0);
			_exit(4);
		}
		MUST(WEXITSTATUS(reap(pid)) == 4 && args.flags == CLONE_UNTRACED);
	}
	pid_t pid = clone(body, stack + STACK, CLONE_UNTRACED | SIGCHLD, &(int){5});
	MUST(pid > 0 && WEXITSTATUS(reap(pid)) == 5);
	return 0;
}

/* The flags are where we can only read: in memory of our own, or in a file's that FLAGS (hexadecimal) are
 * written to. Prints what the child says of its tracer: 0, or another number. */
static int run_untraced_constant(char **arguments)
{
	struct clone_args args = {.flags = strtoull(arguments[1], NULL, 16), .exit_signal = SIGCHLD};
	int file = open(arguments[0], O_RDWR | O_CREAT, 0600);
	bool is_shared = !strcmp(arguments[2], "shared");
	char line[128], *tracer = NULL;

	MUST(write(file, &args, sizeof args) == sizeof args);
	struct clone_args *constant = mmap(NULL, sizeof args, PROT_READ, is_shared ? MAP_SHARED : MAP_PRIVATE,
					   open(arguments[0], O_RDONLY), 0);
	MUST(constant != MAP_FAILED);
	pid_t pid = clone3(constant);
	MUST(pid >= 0 && !memcmp(constant, &args, sizeof args));
	if (pid > 0)
		return WEXITSTATUS(reap(pid)) == 4 ? 0 : 1;
	FILE *status = fopen("/proc/self/status", "r");
	while (!tracer && fgets(line, sizeof line, status))
		if (!strncmp(line, "TracerPid:", 10))
			tracer = line;
	fprintf(stderr, "%s", tracer);
	_exit(4);
}

/* A child of our parent's: it is not ours to wait for. */
static int run_clone_parent(char **arguments)
{
	(void)arguments;
	if (fork() == 0) {
		struct clone_args args = {.flags = CLONE_PARENT}; /* with the exit signal of ours */
		pid_t pid = clone3(&args);
		if (pid == 0) {
			wait_ms(20);
			_exit(6);
		}
		MUST(pid > 0 && waitpid(pid, NULL, 0) == -1 && errno == ECHILD);
		_exit(5);
	}
	int first = wait(&(int){0}) > 0, status;
	MUST(first && wait(&status) > 0 && (WEXITSTATUS(status) == 6 || WEXITSTATUS(status) == 5));
	MUST(wait(NULL) == -1 && errno == ECHILD);
	return 0;
}

/* A child that is to have its parent's tracer, if it has one. */
static int run_clone_ptrace(char **arguments)
{
	struct clone_args args = {.flags = CLONE_PTRACE, .exit_signal = SIGCHLD};
	pid_t pid = clone3(&args);

	(void)arguments;
	if (pid == 0) {
		open("/etc/hostname", O_RDONLY);
		_exit(7);
	}
	MUST(WEXITSTATUS(reap(pid)) == 7);
	return 0;
}

/* A debugger and its child: whom the kernel lets trace is not for us to say, but nobody may hang. */
static int run_traceme(char **arguments)
{
	(void)arguments;
	pid_t pid = fork();
	if (pid == 0) {
		long result = ptrace(PTRACE_TRACEME, 0, 0, 0);
		_exit(result == 0 ? 1 : errno == EPERM ? 2 : 3);
	}
	int status = reap(pid);
	MUST(WIFEXITED(status));
	fprintf(stderr, "TRACEME %d\n", WEXITSTATUS(status));
	return 0;
}

static void *nothing_thread(void *context)
{
	return context;
}

/* What the flags say counts, not how the call is named: threads are those that share the group. */
static int run_kinds(char **arguments)
{
	pid_t pid;
	char *argv[] = {"true", NULL};

	(void)arguments;
	pthread_join(thread_start(nothing_thread, NULL), NULL);
	pid = clone(body, stack + STACK, CLONE_VM | SIGCHLD, &(int){1});
	MUST(WEXITSTATUS(reap(pid)) == 1);
	pid = clone(body, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_FILES, &(int){2});
	MUST(WEXITSTATUS(reap(pid)) == 2);
	handle(SIGUSR1, SIG_IGN, 0);
	pid = clone(body, stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES | SIGUSR1, &(int){3});
	MUST(WEXITSTATUS(reap(pid)) == 3);
	MUST(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == 0 && reap(pid) == 0);
	return 0;
}

/* COUNT children at once, some of which have children. */
static int run_many(char **arguments)
{
	int count = atoi(arguments[0]), sum = 0, status;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			if (i % 3 == 0 && fork() == 0)
				_exit(1);
			if (i % 3 == 0)
				wait(NULL);
			_exit(1);
		}
		MUST(pid > 0);
		if (i % 50 == 49) /* as many at a time as a user may have */
			while (wait(&status) > 0)
				sum += WEXITSTATUS(status);
	}
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	printf("%d\n", sum);
	return 0;
}

static pthread_barrier_t barrier;

static void *barrier_thread(void *context)
{
	pthread_barrier_wait(&barrier);
	syscall(SYS_getppid);
	return context;
}

/* COUNT threads, all alive at the same time. */
static int run_threads(char **arguments)
{
	int count = atoi(arguments[0]);
	pthread_t *threads = calloc((size_t)count, sizeof *threads);
	pthread_attr_t attributes;

	pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	for (int i = 0; i < count; i++)
		MUST(pthread_create(&threads[i], &attributes, barrier_thread, NULL) == 0);
	MUST(own_tasks() == count + 1);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < count; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	return 0;
}

/* Many processes spin while another makes its ROUNDS calls: they must not keep it from its turn. */
static int run_fair(char **arguments)
{
	enum { SPINNERS = 12 };
	pid_t pids[SPINNERS];

	for (int i = 0; i < SPINNERS; i++)
		if ((pids[i] = fork()) == 0)
			spin_thread(NULL);
	for (int i = atoi(arguments[0]); i > 0; i--)
		syscall(SYS_getuid);
	for (int i = 0; i < SPINNERS; i++) {
		MUST(kill(pids[i], SIGKILL) == 0);
		MUST(WTERMSIG(reap(pids[i])) == SIGKILL);
	}
	return 0;
}

static const struct trap traps[] = {
	{"clone3", run_clone3},	      {"clone_parent", run_clone_parent}, {"clone_ptrace", run_clone_ptrace},
	{"fair", run_fair},	      {"kinds", run_kinds},		  {"many", run_many},
	{"newborns", run_newborns},   {"threads", run_threads},		  {"traceme", run_traceme},
	{"untraced", run_untraced},   {"untraced_constant", run_untraced_constant},
	{"vfork", run_vfork},	      {"vfork_killed", run_vfork_killed}, {"vforks", run_vforks},
};

TRAP_MAIN(traps)
