/* SPDX-License-Identifier: MIT
 *
 * chaos: a seeded tree of processes that fork, execute, start threads, signal, stop, kill and end in every
 * way there is. What it does is drawn from its seed alone, never from time, so two runs of a seed must
 * have the same tree of exits. Each parent writes how each child ended, under the child's place in the tree.
 *     chaos SEED FILE                      the tree of SEED, written to FILE
 *     chaos node PLACE DRAW STEP FILE      a process of it, after an exec
 */
#include "trap.h"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/time.h>

enum { STEPS = 5, DEPTH = 4, PLACE_MAX = 256, STACK = 64 << 10 };

struct node {
	char place[PLACE_MAX]; /* "r.0.3": the fourth child of the first child of the root */
	uint64_t draw;         /* the state of its draws */
	int step, depth, children;
	const char *file;
	int log;
};

static struct node self;
static char self_path[4096];

/* A draw below n (xorshift64*). */
static unsigned draw(unsigned n)
{
	self.draw ^= self.draw >> 12;
	self.draw ^= self.draw << 25;
	self.draw ^= self.draw >> 27;
	return (unsigned)((self.draw * 0x2545f4914f6cdd1du) >> 33) % n;
}

static void put(const char *place, const char *what, int number)
{
	char line[PLACE_MAX + 64];
	int size = snprintf(line, sizeof line, "%s %s %d\n", place, what, number);

	MUST(write(self.log, line, (size_t)size) == size);
}

static void put_status(const char *place, int status)
{
	if (WIFEXITED(status))
		put(place, "exit", WEXITSTATUS(status));
	else
		put(place, "signal", WTERMSIG(status));
}

/* The place of the next child. */
static void child_place(char place[PLACE_MAX])
{
	MUST(snprintf(place, PLACE_MAX, "%.240s.%d", self.place, self.children) < PLACE_MAX);
}

static _Noreturn void node_run(void);

static _Noreturn void become(const char *place, uint64_t seed)
{
	memmove(self.place, place, strlen(place) + 1);
	self.draw = seed | 1;
	self.step = self.children = 0;
	self.depth++;
	node_run();
}

static void reap_child(pid_t pid)
{
	char place[PLACE_MAX];

	child_place(place);
	put_status(place, reap(pid));
	self.children++;
}

/* ---- what a step may be ---- */

static void step_fork(void)
{
	char place[PLACE_MAX];
	uint64_t seed = ((uint64_t)draw(1 << 30) << 30) + draw(1 << 30);

	child_place(place);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		become(place, seed);
	reap_child(pid);
}

static void step_many(void)
{
	pid_t pids[6];
	int count = 2 + (int)draw(5), first = self.children;

	for (int i = 0; i < count; i++) {
		int status = (int)draw(200);
		pids[i] = fork();
		if (pids[i] == 0) {
			syscall(SYS_getppid);
			_exit(status);
		}
	}
	for (int i = count - 1; i >= 0; i--) {
		self.children = first + i;
		reap_child(pids[i]);
	}
	self.children = first + count;
}

static void step_vfork(void)
{
	int status = (int)draw(200);
	pid_t pid = vfork();

	if (pid == 0)
		_exit(status);
	reap_child(pid);
}

static void step_spawn(void)
{
	char *bad[] = {"/bin/no-such-program", NULL}, *good[] = {"/bin/true", NULL};
	char **argv = draw(4) ? good : bad;
	pid_t pid;
	int error = posix_spawn(&pid, argv[0], NULL, NULL, argv, NULL);

	if (error)
		put(self.place, "spawn", error);
	else
		reap_child(pid);
}

static char stack[STACK] __attribute__((aligned(16)));

static int clone_body(void *status)
{
	return *(int *)status;
}

static void step_clone(void)
{
	static const int flags[] = {0, CLONE_VM, CLONE_FILES, CLONE_VM | CLONE_VFORK, CLONE_UNTRACED, CLONE_FS};
	int status = (int)draw(200), chosen = flags[draw(6)];
	pid_t pid = clone(clone_body, stack + STACK, chosen | SIGCHLD, &status);

	MUST(pid > 0);
	reap_child(pid);
}

static void *short_thread(void *context)
{
	for (int i = 0; i < 5; i++)
		close(open("/dev/null", O_RDONLY));
	return context;
}

static void step_threads(void)
{
	pthread_t threads[8];
	unsigned count = 1 + draw(8);

	for (unsigned i = 0; i < count; i++)
		threads[i] = thread_start(short_thread, NULL);
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void step_cancel(void)
{
	void *result;
	pthread_t thread = thread_start(sleep_thread, NULL);

	MUST(!pthread_cancel(thread) && !pthread_join(thread, &result) && result == PTHREAD_CANCELED);
}

/* A child is killed while it does something that never ends. */
static void *churn_thread(void *context)
{
	(void)context;
	for (;;)
		if (vfork() == 0)
			_exit(0);
		else
			waitpid(-1, NULL, 0);
	return NULL;
}

static void *storm_thread(void *context)
{
	char *argv[] = {self_path, "storm", NULL};

	execv(self_path, argv);
	return context;
}

static void step_kill(void)
{
	unsigned kind = draw(4), delay = draw(3000);
	pid_t pid = fork();

	if (pid == 0) {
		if (kind == 1)
			thread_start(spin_thread, NULL);
		if (kind == 2)
			churn_thread(NULL);
		if (kind == 3)
			storm_thread(NULL);
		spin_thread(NULL);
	}
	usleep(delay);
	kill(pid, SIGKILL);
	reap_child(pid);
}

/* A child ends by a signal of its own making. */
static void step_die(void)
{
	static const int signals[] = {SIGSEGV, SIGABRT, SIGTERM, SIGTRAP, SIGFPE, SIGUSR1, SIGKILL, SIGPIPE, 40, 64};
	int number = signals[draw(10)];
	bool threaded = draw(2);
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		if (threaded)
			thread_start(spin_thread, NULL);
		signal(number, SIG_DFL);
		raise(number);
		_exit(99);
	}
	reap_child(pid);
}

static void step_stop(void)
{
	int status, seen[2];
	bool threaded = draw(2);

	MUST(pipe(seen) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		char byte;
		if (threaded)
			thread_start(sleep_thread, NULL);
		raise(SIGSTOP);
		close(seen[1]);
		_exit(read(seen[0], &byte, 1) == 1 ? 77 : 78);
	}
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	MUST(kill(pid, SIGCONT) == 0);
	MUST(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	MUST(write(seen[1], "", 1) == 1 && close(seen[0]) == 0 && close(seen[1]) == 0);
	reap_child(pid);
}

static void step_signals(void)
{
	sigset_t set, before;
	int number = SIGRTMIN + 1 + (int)draw(20), count = 1 + (int)draw(20);

	signals_seen = 0;
	handle(number, count_signal, 0);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, &before);
	for (int i = 0; i < count; i++)
		sigqueue(getpid(), number, (union sigval){.sival_int = i});
	sigprocmask(SIG_SETMASK, &before, NULL);
	put(self.place, "signals", signals_seen);
}

/* A sleep that signals wake goes on to its end when they are ignored, and fails when they are handled: then
 * it is so long that it cannot be over before the process, woken on a busy machine, has its turn. */
static void step_alarm(void)
{
	bool ignored = draw(2);
	struct timespec time = {.tv_sec = ignored ? 0 : 1000, .tv_nsec = 8000000};
	struct itimerval none = {0}, often = {.it_value.tv_usec = 900, .it_interval.tv_usec = 900};

	handle(SIGALRM, ignored ? SIG_IGN : count_signal, 0);
	setitimer(ITIMER_REAL, &often, NULL);
	int result = nanosleep(&time, NULL);
	setitimer(ITIMER_REAL, &none, NULL);
	put(self.place, "slept", result == 0 ? 0 : errno);
	handle(SIGALRM, SIG_IGN, 0);
}

/* The rest of this process's steps are another program's, or another thread's. */
static void *exec_self(void *context)
{
	char drawn[24], step[48];
	char *argv[] = {self_path, "node", self.place, drawn, step, (char *)self.file, NULL};

	snprintf(drawn, sizeof drawn, "%llx", (unsigned long long)self.draw);
	snprintf(step, sizeof step, "%d,%d,%d", self.step, self.depth, self.children);
	execv(self_path, argv);
	MUST(!"exec");
	return context;
}

static void step_exec(void)
{
	unsigned kind = draw(4);

	self.step++;
	if (kind == 0)
		exec_self(NULL);
	for (unsigned i = draw(3); i > 0; i--)
		thread_start(i % 2 ? spin_thread : sleep_thread, NULL);
	thread_start(exec_self, NULL);
	if (kind == 1)
		spin_thread(NULL);
	if (kind == 2)
		pthread_exit(NULL);
	sleep_thread(NULL);
}

/* A thread ends the process, while others run and the leader may be gone. */
static void *exit_thread(void *status)
{
	_exit((int)(intptr_t)status);
}

static void step_thread_exits(void)
{
	int status = (int)draw(200);
	unsigned kind = draw(3);
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			thread_start(spin_thread, NULL);
		thread_start(exit_thread, (void *)(intptr_t)status);
		if (kind == 0)
			pthread_exit(NULL);
		if (kind == 1)
			spin_thread(NULL);
		sleep_thread(NULL);
	}
	reap_child(pid);
}

/* A process nobody waits for. */
static void step_daemon(void)
{
	int ends[2];
	char byte;

	MUST(pipe(ends) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			setsid();
			usleep(1000);
			put(self.place, "daemon", 0);
			_exit(5); /* closes the pipe */
		}
		_exit(6);
	}
	close(ends[1]);
	reap_child(pid);
	MUST(read(ends[0], &byte, 1) == 0);
	close(ends[0]);
}

static void (*const steps[])(void) = {
	step_fork,   step_fork,	 step_fork, step_many,	step_vfork,  step_spawn, step_clone,
	step_threads, step_cancel, step_kill, step_die, step_stop, step_signals, step_alarm,
	step_exec,   step_thread_exits, step_daemon,
};

static _Noreturn void node_run(void)
{
	for (; self.step < STEPS; self.step++) {
		unsigned kind = draw(sizeof steps / sizeof *steps);
		if (self.depth >= DEPTH && kind < 3)
			continue;
		steps[kind]();
	}
	_exit((int)draw(256));
}

int main(int argc, char **argv)
{
	char *end = NULL;

	MUST(readlink("/proc/thread-self/exe", self_path, sizeof self_path - 1) > 0);
	if (argc == 2 && !strcmp(argv[1], "storm"))
		return thread_start(storm_thread, NULL) ? spin_thread(NULL) != NULL : 1;
	if (argc == 6 && !strcmp(argv[1], "node")) {
		snprintf(self.place, sizeof self.place, "%s", argv[2]);
		self.draw = strtoull(argv[3], &end, 16);
		MUST(sscanf(argv[4], "%d,%d,%d", &self.step, &self.depth, &self.children) == 3);
	} else if (argc == 3) {
		strcpy(self.place, "r");
		self.draw = strtoull(argv[1], &end, 10) * 0x9e3779b97f4a7c15u | 1;
	} else {
		return 2;
	}
	self.file = argv[argc - 1];
	self.log = open(self.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	MUST(self.log >= 0);
	node_run();
}
