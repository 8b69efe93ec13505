/* SPDX-License-Identifier: MIT
 *
 * Programs to trace, each a function: the test program runs itself again with the name of one. They
 * check for themselves that all is as it would be untraced, and end with status 0 when it is.
 */
#ifndef PTRACE_TRACEES_H
#define PTRACE_TRACEES_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A tracee that finds something wrong says what and ends. */
#define MUST(claim)                                                                         \
	((claim) ? (void)0                                                                  \
		 : (fprintf(stderr, "tracee: %s:%d: %s (%s)\n", __func__, __LINE__, #claim, \
			    strerror(errno)),                                               \
		    _exit(1)))

static int tracee_nothing(void)
{
	return 0;
}

static int tracee_exit_3(void)
{
	return 3;
}

static int tracee_killed(void)
{
	return raise(SIGKILL);
}

static int reap(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, __WALL) == pid);
	return status;
}

/* ---- births ---- */

static int tracee_forks(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(4);
	MUST(WEXITSTATUS(reap(pid)) == 4);
	pid = vfork(); /* NOLINT: it is what is tested */
	if (pid == 0)
		_exit(5);
	MUST(WEXITSTATUS(reap(pid)) == 5);
	return 0;
}

static void *thread_body(void *context)
{
	return context;
}

static int tracee_threads(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		MUST(pthread_create(&threads[i], NULL, thread_body, NULL) == 0);
	for (int i = 0; i < 8; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	return 0;
}

static int clone_body(void *context)
{
	(void)context;
	return 6;
}

/* A task that asks not to be traced, both ways; the flag must still be there afterwards. */
static int tracee_untraced(void)
{
	struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof args);

	MUST(pid >= 0);
	if (pid == 0)
		_exit(args.flags == CLONE_UNTRACED ? 6 : 7);
	MUST(WEXITSTATUS(reap((pid_t)pid)) == 6 && args.flags == CLONE_UNTRACED);

	register long flags __asm__("rdi") = CLONE_UNTRACED | SIGCHLD;
	register long a2 __asm__("rsi") = 0, a3 __asm__("rdx") = 0, a4 __asm__("r10") = 0;
	register long a5 __asm__("r8") = 0;
	__asm__ volatile("syscall"
			 : "=a"(pid), "+r"(flags)
			 : "a"(SYS_clone), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "rcx", "r11", "memory");
	long after = flags;
	if (pid == 0)
		_exit(after == (CLONE_UNTRACED | SIGCHLD) ? 6 : 7);
	MUST(after == (CLONE_UNTRACED | SIGCHLD));
	MUST(WEXITSTATUS(reap((pid_t)pid)) == 6);
	return 0;
}

/* Shares the address space without being a thread; another exit signal. */
static int tracee_clone_vm(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	signal(SIGUSR1, SIG_IGN);
	pid_t pid = clone(clone_body, stack + sizeof stack, CLONE_VM | CLONE_FILES | SIGUSR1, NULL);
	MUST(pid > 0);
	MUST(WEXITSTATUS(reap(pid)) == 6);
	return 0;
}

static int tracee_kills_newborns(void)
{
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		if (pid == 0)
			for (;;)
				pause();
		MUST(pid > 0 && kill(pid, SIGKILL) == 0);
		MUST(WTERMSIG(reap(pid)) == SIGKILL);
	}
	return 0;
}

/* Ends while what it started runs on. */
static int tracee_daemon(void)
{
	if (fork() == 0) {
		setsid();
		usleep(200000);
		_exit(0);
	}
	return 0;
}

/* ---- exec ---- */

static void exec_self(const char *name)
{
	execl("/proc/thread-self/exe", "tracee", "tracee", name, NULL);
	_exit(9);
}

static void *exec_thread(void *name)
{
	exec_self(name);
	return NULL;
}

static void *spin_thread(void *context)
{
	(void)context;
	for (;;)
		syscall(SYS_getppid);
	return NULL;
}

static void *sleep_thread(void *context)
{
	(void)context;
	for (;;)
		pause();
	return NULL;
}

/* A thread that is not the leader executes while the others sleep or spin. */
static int tracee_exec_from_thread(void)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		MUST(pthread_create(&thread, NULL, i % 2 ? spin_thread : sleep_thread, NULL) == 0);
	usleep(10000);
	MUST(pthread_create(&thread, NULL, exec_thread, (void *)"exit_3") == 0);
	spin_thread(NULL);
	return 1;
}

static int tracee_exec_race(void)
{
	pthread_t thread;

	/* One of those before may be quicker: then there are no more threads to be had. */
	for (int i = 0; i < 4 && pthread_create(&thread, NULL, exec_thread, (void *)"exit_3") == 0; i++)
		;
	exec_self("exit_3");
	return 1;
}

static void *late_exec_thread(void *name)
{
	usleep(50000);
	exec_self(name);
	return NULL;
}

/* The leader is dead when a thread takes its place. */
static int tracee_exec_after_leader(void)
{
	pthread_t thread;

	MUST(pthread_create(&thread, NULL, late_exec_thread, (void *)"exit_3") == 0);
	pthread_exit(NULL);
}

static void *late_exit_thread(void *context)
{
	(void)context;
	usleep(50000);
	exit(3);
}

static int tracee_leader_first(void)
{
	pthread_t thread;

	MUST(pthread_create(&thread, NULL, late_exit_thread, NULL) == 0);
	pthread_exit(NULL);
}

static int tracee_exec_fails(void)
{
	MUST(execl("/nonexistent/program", "x", NULL) == -1 && errno == ENOENT);
	return 0;
}

/* ---- signals ---- */

static volatile sig_atomic_t signals_seen;
static volatile int last_value;

static void count_signal(int number)
{
	(void)number;
	signals_seen++;
}

static void count_value(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code == SI_QUEUE && info->si_value.sival_int == last_value + 1)
		signals_seen++;
	last_value = info->si_value.sival_int;
}

static void handle(int number, void (*handler)(int), int flags)
{
	MUST(sigaction(number, &(struct sigaction){.sa_handler = handler, .sa_flags = flags},
		       NULL) == 0);
}

/* Real-time signals: each once, in order, with its value. */
static int tracee_realtime(void)
{
	sigset_t set;

	MUST(sigaction(SIGRTMIN + 3,
		       &(struct sigaction){.sa_sigaction = count_value, .sa_flags = SA_SIGINFO},
		       NULL) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 1; i <= 20; i++)
		MUST(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = i}) == 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	MUST(signals_seen == 20);
	return 0;
}

static volatile bool may_cancel;

static void *cancel_thread(void *context)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	may_cancel = true;
	return sleep_thread(context);
}

/* pthread_cancel uses signal 32. */
static int tracee_cancel(void)
{
	pthread_t thread;
	void *result;

	MUST(pthread_create(&thread, NULL, cancel_thread, NULL) == 0);
	while (!may_cancel)
		usleep(1000);
	MUST(pthread_cancel(thread) == 0);
	MUST(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
	return 0;
}

static int tracee_traps(void)
{
	handle(SIGTRAP, count_signal, 0);
	raise(SIGTRAP);
	__asm__ volatile("int3");
	raise(SIGTRAP);
	MUST(signals_seen == 3);
	return 0;
}

static int tracee_segv(void)
{
	volatile uintptr_t nowhere = 8;

	signal(SIGSEGV, SIG_DFL); /* a sanitizer may have caught it */
	*(volatile int *)nowhere = 1;
	return 0;
}

/* The parent sees its child stop and go on, as without a tracer. The child has a group of its own:
 * SIGTSTP does not stop an orphaned one, which ours is when nobody waits for the tests. */
static int tracee_group_stop(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;
		MUST(setpgid(0, 0) == 0);
		pthread_create(&thread, NULL, sleep_thread, NULL);
		raise(SIGSTOP);
		raise(SIGTSTP);
		_exit(8);
	}
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
	     WSTOPSIG(status) == SIGSTOP);
	usleep(20000);
	MUST(waitpid(pid, &status, WNOHANG) == 0);
	MUST(kill(pid, SIGCONT) == 0);
	MUST(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
	     WSTOPSIG(status) == SIGTSTP);
	MUST(kill(pid, SIGCONT) == 0);
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 8);
	return 0;
}

/* ---- interrupted calls ---- */

static void signal_soon(long microseconds)
{
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = microseconds}, NULL);
}

static int interrupted_pipe[2];

static void feed_pipe(int number)
{
	(void)number;
	signals_seen++;
	MUST(write(interrupted_pipe[1], "x", 1) == 1);
}

/* One read that goes on after a handler with SA_RESTART, one that does not. */
static int tracee_interrupted_reads(void)
{
	char byte;

	MUST(pipe(interrupted_pipe) == 0);
	handle(SIGALRM, feed_pipe, SA_RESTART);
	signal_soon(20000);
	MUST(read(interrupted_pipe[0], &byte, 1) == 1 && signals_seen == 1);
	handle(SIGALRM, count_signal, 0);
	signal_soon(20000);
	MUST(read(interrupted_pipe[0], &byte, 1) == -1 && errno == EINTR && signals_seen == 2);
	return 0;
}

/* Signals that are ignored wake a traced task, but must not end its calls. */
static int tracee_ignored_signals(void)
{
	struct timespec time = {.tv_nsec = 60000000};
	struct epoll_event event;
	int queue = epoll_create1(0);

	handle(SIGALRM, SIG_IGN, 0);
	signal_soon(20000);
	MUST(nanosleep(&time, NULL) == 0);
	signal_soon(20000);
	MUST(epoll_wait(queue, &event, 1, 60) == 0);
	signal_soon(20000);
	MUST(poll(NULL, 0, 60) == 0);
	return 0;
}

/* A handler that interrupts a sleep: EINTR, once. */
static int tracee_interrupted_sleeps(void)
{
	struct timespec time = {.tv_sec = 100};
	struct epoll_event event;
	int queue = epoll_create1(0);

	handle(SIGALRM, count_signal, SA_RESTART);
	signal_soon(20000);
	MUST(nanosleep(&time, NULL) == -1 && errno == EINTR);
	signal_soon(20000);
	MUST(epoll_wait(queue, &event, 1, 100000) == -1 && errno == EINTR);
	signal_soon(20000);
	MUST(pause() == -1 && errno == EINTR && signals_seen == 3);
	return 0;
}

/* ---- other ways into the kernel ---- */

static int tracee_int80(void)
{
	long pid;

	/* getpid of i386 */
	__asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	MUST(pid == getpid());
	return 0;
}

static int tracee_bad_number(void)
{
	MUST(syscall(-1) == -1 && errno == ENOSYS);
	MUST(syscall(9999) == -1 && errno == ENOSYS);
	return 0;
}

/* ---- what a command finds ---- */

static unsigned long long status_mask(const char *name)
{
	char line[256];
	unsigned long long mask = 0;
	FILE *file = fopen("/proc/self/status", "r");

	MUST(file);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			mask = strtoull(line + strlen(name), NULL, 16);
	fclose(file);
	return mask;
}

/* The descriptor COMPENDIUM_LEAK is closed, no signal blocked but SIGUSR2, SIGCHLD not ignored. */
static int tracee_environment(void)
{
	const char *leak = getenv("COMPENDIUM_LEAK");

	MUST(leak && fcntl(atoi(leak), F_GETFD) == -1);
	MUST(status_mask("SigBlk:") == 1ull << (SIGUSR2 - 1));
	MUST(!(status_mask("SigIgn:") & 1ull << (SIGCHLD - 1)));
	MUST(getenv("COMPENDIUM_SET") && strcmp(getenv("COMPENDIUM_SET"), "a=b") == 0);
	MUST(!getenv("COMPENDIUM_UNSET"));
	return 0;
}

/* ---- running processes ---- */

static void *epoll_thread(void *context)
{
	struct epoll_event event;
	int queue = epoll_create1(0);

	(void)context;
	for (;;)
		MUST(epoll_wait(queue, &event, 1, -1) >= 0);
	return NULL;
}

static void *nanosleep_thread(void *context)
{
	struct timespec time = {.tv_sec = 1000};

	(void)context;
	for (;;)
		MUST(nanosleep(&time, NULL) == 0);
	return NULL;
}

static void *semop_thread(void *context)
{
	struct sembuf operation = {0, -1, 0};
	int semaphore = semget(IPC_PRIVATE, 1, 0600);

	(void)context;
	for (;;)
		MUST(semop(semaphore, &operation, 1) == 0);
	return NULL;
}

static void *recv_thread(void *context)
{
	struct timeval limit = {.tv_sec = 1000};
	int ends[2];
	char byte;

	(void)context;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	MUST(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
	for (;;)
		MUST(recv(ends[0], &byte, 1, 0) == 1);
	return NULL;
}

static void *sigwait_thread(void *context)
{
	sigset_t set;

	(void)context;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	for (;;)
		MUST(sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = 1000}) == SIGUSR2);
	return NULL;
}

static void *vfork_thread(void *context)
{
	(void)context;
	for (;;) {
		pid_t pid = vfork(); /* NOLINT: it is what is tested */
		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	return NULL;
}

/* One thread of each kind that a tracer could disturb. Ends with 1 when one was. All block SIGCHLD:
 * while some threads are attached to and others not yet, the kernel would wake the others for it.
 */
static int tracee_everything(void)
{
	static void *(*const bodies[])(void *) = {epoll_thread,	  nanosleep_thread, recv_thread,
						  sigwait_thread, semop_thread,	    spin_thread,
						  vfork_thread};
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		MUST(pthread_create(&thread, NULL, bodies[i], NULL) == 0);
	printf("ready\n");
	fflush(stdout);
	nanosleep_thread(NULL);
	return 0;
}

/* Descriptors of all sorts, a thread with a table of its own, and a child that shares. */
static void *unshare_thread(void *context)
{
	(void)context;
	MUST(unshare(CLONE_FILES) == 0);
	MUST(dup2(0, 50) == 50);
	printf("ready\n");
	fflush(stdout);
	return sleep_thread(NULL);
}

static int tracee_tables(void)
{
	pthread_t thread;

	MUST(open("/etc/hostname", O_RDONLY | O_CLOEXEC) >= 0);
	MUST(pthread_create(&thread, NULL, unshare_thread, NULL) == 0);
	sleep_thread(NULL);
	return 0;
}

/* A listening and two connected TCP sockets, and a pair of datagram ones. */
static int tracee_sockets(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int pair[2], server = socket(AF_INET, SOCK_STREAM, 0),
		     client = socket(AF_INET, SOCK_STREAM, 0);

	MUST(bind(server, (struct sockaddr *)&address, size) == 0 && listen(server, 1) == 0);
	MUST(getsockname(server, (struct sockaddr *)&address, &size) == 0);
	MUST(connect(client, (struct sockaddr *)&address, size) == 0);
	MUST(accept(server, NULL, NULL) >= 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	printf("ready\n");
	fflush(stdout);
	sleep_thread(NULL);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} tracees[] = {
	{"nothing", tracee_nothing},
	{"exit_3", tracee_exit_3},
	{"killed", tracee_killed},
	{"forks", tracee_forks},
	{"threads", tracee_threads},
	{"untraced", tracee_untraced},
	{"clone_vm", tracee_clone_vm},
	{"kills_newborns", tracee_kills_newborns},
	{"daemon", tracee_daemon},
	{"exec_from_thread", tracee_exec_from_thread},
	{"exec_race", tracee_exec_race},
	{"exec_after_leader", tracee_exec_after_leader},
	{"leader_first", tracee_leader_first},
	{"exec_fails", tracee_exec_fails},
	{"realtime", tracee_realtime},
	{"cancel", tracee_cancel},
	{"traps", tracee_traps},
	{"segv", tracee_segv},
	{"group_stop", tracee_group_stop},
	{"interrupted_reads", tracee_interrupted_reads},
	{"ignored_signals", tracee_ignored_signals},
	{"interrupted_sleeps", tracee_interrupted_sleeps},
	{"int80", tracee_int80},
	{"bad_number", tracee_bad_number},
	{"environment", tracee_environment},
	{"everything", tracee_everything},
	{"sockets", tracee_sockets},
	{"tables", tracee_tables},
};

static int tracee_run(const char *name)
{
	for (size_t i = 0; i < sizeof tracees / sizeof *tracees; i++)
		if (strcmp(name, tracees[i].name) == 0)
			return tracees[i].run();
	return 99;
}

#endif
