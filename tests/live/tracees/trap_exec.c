/* SPDX-License-Identifier: MIT
 *
 * trap_exec: exec from every task there is, and what it takes along.
 */
#include "trap.h"

#include <sys/mman.h>

static void exec_self(char *const argv[])
{
	execv("/proc/thread-self/exe", argv);
	_exit(9);
}

/* What is left after an exec: one task, whose id is the process's, and the descriptors that stay. */
static int run_report(char **arguments)
{
	int fds = 0;

	MUST(own_tasks() == 1 && gettid() == getpid());
	MUST(!arguments[0] || atoi(arguments[0]) == getpid());
	for (int fd = 3; fd < 64; fd++)
		fds += fcntl(fd, F_GETFD) >= 0;
	printf("one task, %d descriptors\n", fds);
	return 3;
}

static void *exec_thread(void *argv)
{
	exec_self(argv);
	return NULL;
}

static void *late_exec_thread(void *argv)
{
	wait_ms(30);
	exec_self(argv);
	return NULL;
}

/* LEADER is spinning, sleeping or gone when another thread executes. */
static int run_from_thread(char **arguments)
{
	char pid[16];
	char *argv[] = {"trap_exec", "report", pid, NULL};

	snprintf(pid, sizeof pid, "%d", getpid());
	MUST(open("/dev/null", O_RDONLY) == 3 && open("/dev/null", O_RDONLY | O_CLOEXEC) == 4);
	thread_start(spin_thread, NULL);
	thread_start(sleep_thread, NULL);
	thread_start(late_exec_thread, argv);
	if (!strcmp(arguments[0], "spinning"))
		spin_thread(NULL);
	if (!strcmp(arguments[0], "gone"))
		pthread_exit(NULL);
	sleep_thread(NULL);
	return 1;
}

/* Several threads, the leader among them, execute at once: one wins. While one executes the kernel lets no
 * other be made (EAGAIN), so all are there before. */
enum { RACERS = 4 };
static pthread_barrier_t start;

static void *racing_thread(void *argv)
{
	pthread_barrier_wait(&start);
	exec_self(argv);
	return NULL;
}

static int run_race(char **arguments)
{
	char *argv[] = {"trap_exec", "report", NULL};

	(void)arguments;
	pthread_barrier_init(&start, NULL, RACERS + 1);
	for (int i = 0; i < RACERS; i++)
		thread_start(racing_thread, argv);
	racing_thread(argv);
	return 1;
}

/* The leader ends long before the process, whose status comes from another thread. */
static void *late_exit_thread(void *context)
{
	wait_ms(30);
	(void)context;
	exit(7);
}

static int run_leader_first(char **arguments)
{
	pid_t pid = fork();

	(void)arguments;
	if (pid == 0) {
		thread_start(late_exit_thread, NULL);
		pthread_exit(NULL);
	}
	wait_ms(10);
	MUST(waitpid(pid, NULL, WNOHANG) == 0);
	MUST(WEXITSTATUS(reap(pid)) == 7);
	return 0;
}

/* ROUNDS times: a thread that is not the leader executes, while others make calls with memory to read. */
static void *path_thread(void *context)
{
	(void)context;
	for (;;)
		access("/nonexistent/for/a/while", F_OK);
	return NULL;
}

static int run_storm(char **arguments)
{
	int rounds = atoi(arguments[0]);
	char left[16];
	char *argv[] = {"trap_exec", "storm", left, NULL};

	if (rounds == 0)
		return own_tasks() == 1 ? 3 : 1;
	snprintf(left, sizeof left, "%d", rounds - 1);
	for (int i = 0; i < 3; i++)
		thread_start(path_thread, NULL);
	thread_start(exec_thread, argv);
	path_thread(NULL);
	return 1;
}

static int exec_error(const char *path, char **argv)
{
	MUST(execv(path, argv) == -1);
	return errno;
}

/* Every way to fail leaves everything as it was. FOLDER holds: garbage, a chain of scripts. */
static int run_fails(char **arguments)
{
	char *huge = malloc(256 << 10), *argv[] = {"x", huge, NULL}, *small[] = {"x", NULL}, byte;
	int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

	MUST(chdir(arguments[0]) == 0 && fd == 3);
	memset(huge, 'h', 256 << 10);
	huge[(256 << 10) - 1] = 0;
	MUST(exec_error("none", small) == ENOENT);
	MUST(exec_error("garbage", small) == ENOEXEC);
	MUST(exec_error("interpreter_is_gone", small) == ENOENT);
	MUST(exec_error("loop", small) == ELOOP);
	MUST(exec_error("/bin/true", argv) == E2BIG);
	free(huge);
	MUST(read(fd, &byte, 1) == 1);
	execv("chain", small);
	return 1;
}

/* The leader ends at once. When stdin does, another thread executes a program that opens /etc/hostname. */
static void *reading_thread(void *context)
{
	static char *const argv[] = {"cat", "/etc/hostname", NULL};
	char byte;

	(void)context;
	MUST(read(0, &byte, 1) == 0);
	execv("/bin/cat", argv);
	return NULL;
}

static int run_leader_gone(char **arguments)
{
	(void)arguments;
	thread_start(reading_thread, NULL);
	pthread_exit(NULL);
}

/* What is there before an exec, and mostly not after it: a mapping at this place, a heap, descriptors.
 * Each asks for its parent's id when all is in place. FILE. */
#define PLACE ((void *)0x100000000000)
enum { CLOSED = 70 }; /* no new program opens so many */

static int run_resets(char **arguments)
{
	char *argv[] = {"trap_exec", "is_reset", NULL};

	MUST(open(arguments[0], O_WRONLY | O_CREAT, 0644) == 3 && open("/etc/hostname", O_RDONLY) == 4);
	MUST(fcntl(4, F_DUPFD_CLOEXEC, CLOSED) == CLOSED);
	MUST(mmap(PLACE, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == PLACE);
	MUST(sbrk(32 << 20) != (void *)-1);
	handle(SIGUSR1, count_signal, 0);
	syscall(SYS_getppid);
	exec_self(argv);
	return 1;
}

static int run_is_reset(char **arguments)
{
	struct sigaction action;

	(void)arguments;
	MUST(fcntl(3, F_GETFD) == 0 && fcntl(CLOSED, F_GETFD) == -1);
	MUST(msync(PLACE, 4096, MS_ASYNC) == -1 && errno == ENOMEM);
	MUST(sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
	syscall(SYS_getppid);
	return 0;
}

/* A 64-bit program becomes a 32-bit one. */
static int run_to_32(char **arguments)
{
	execv(arguments[0], arguments);
	return 1;
}

/* Each write goes through descriptor 9, which is another file in each table. */
static void put(const char *text)
{
	MUST(write(9, text, strlen(text)) == (ssize_t)strlen(text));
}

static void reopen(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);

	MUST(fd >= 0 && dup2(fd, 9) == 9);
	if (fd != 9)
		MUST(close(fd) == 0);
}

static int shares_files(void *context)
{
	(void)context;
	reopen("shared");
	return 0;
}

static void *unshares_files(void *context)
{
	(void)context;
	MUST(unshare(CLONE_FILES) == 0);
	reopen("thread");
	put("tt");
	return NULL;
}

static void *unshares_range(void *context)
{
	(void)context;
	MUST(syscall(SYS_close_range, 9, 9, 2 /* CLOSE_RANGE_UNSHARE */) == 0);
	MUST(fcntl(9, F_GETFD) == -1);
	reopen("range");
	put("rrr");
	return NULL;
}

static int run_tables(char **arguments)
{
	static char stack[65536] __attribute__((aligned(16)));
	char *argv[] = {"trap_exec", "write", NULL};

	MUST(chdir(arguments[0]) == 0);
	reopen("first");
	put("1");
	if (fork() == 0) {
		reopen("forked");
		put("ffff");
		_exit(0);
	}
	MUST(wait(NULL) > 0);
	put("1");
	pthread_join(thread_start(unshares_files, NULL), NULL);
	put("1");
	pthread_join(thread_start(unshares_range, NULL), NULL);
	put("1");
	pid_t pid = clone(shares_files, stack + sizeof stack, CLONE_FILES | SIGCHLD, NULL);
	MUST(pid > 0 && reap(pid) == 0);
	put("sssss");
	MUST(fcntl(9, F_SETFD, 0) == 0);
	execv("/proc/thread-self/exe", argv);
	return 1;
}

static int run_write(char **arguments)
{
	(void)arguments;
	put("after exec");
	return 0;
}

/* What exec is given, in a file that nobody has touched when it is mapped: at a fixed address, as it points to itself. */
struct words {
	char path[64], name[64], mode[64];
	char *argv[3];
};

static struct words *map_words(const char *folder, const char *path)
{
	struct words *at = (struct words *)0x200000000000;
	struct words words = {.name = "unseen", .mode = "report", .argv = {at->name, at->mode, NULL}};
	char name[4096];

	snprintf(words.path, sizeof words.path, "%s", path);
	snprintf(name, sizeof name, "%s/words", folder);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(write(fd, &words, sizeof words) == sizeof words);
	MUST(mmap(at, sizeof words, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == at);
	MUST(close(fd) == 0);
	return at;
}

static int run_unseen(char **arguments)
{
	struct words *words = map_words(arguments[0], "/none");

	MUST(execv(words->path, words->argv) == -1 && errno == ENOENT);
	words = map_words(arguments[0], "/proc/thread-self/exe");
	execv(words->path, words->argv);
	return 1;
}

static const struct trap traps[] = {
	{"fails", run_fails},		  {"from_thread", run_from_thread}, {"is_reset", run_is_reset},
	{"leader_first", run_leader_first}, {"leader_gone", run_leader_gone}, {"race", run_race},
	{"report", run_report},		  {"resets", run_resets},	    {"storm", run_storm},
	{"tables", run_tables},		  {"to_32", run_to_32},		    {"unseen", run_unseen},
	{"write", run_write},
};

TRAP_MAIN(traps)
