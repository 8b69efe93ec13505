/* SPDX-License-Identifier: MIT
 *
 * trap_signals: signals, stops, and calls that are interrupted.
 */
#include "trap.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/time.h>

/* ---- SIGTRAP of the program's own ---- */

static void print_code(int number, siginfo_t *info, void *context)
{
	(void)context;
	printf("signal %d code %d\n", number, info->si_code);
	signals_seen++;
}

static void handle_info(int number, void (*handler)(int, siginfo_t *, void *))
{
	MUST(!sigaction(number, &(struct sigaction){.sa_sigaction = handler, .sa_flags = SA_SIGINFO}, NULL));
}

static void stepped(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	ucontext_t *user = context;
	user->uc_mcontext.gregs[REG_EFL] &= ~0x100L; /* no further step */
	signals_seen++;
}

static int run_traps(char **arguments)
{
	(void)arguments;
	handle_info(SIGTRAP, print_code);
	raise(SIGTRAP);
	getppid();
	__asm__ volatile("int3");
	getppid();
	kill(getpid(), SIGTRAP);
	MUST(signals_seen == 3);
	handle_info(SIGTRAP, stepped);
	__asm__ volatile("sub $128, %%rsp; pushf; orl $0x100, (%%rsp); popf; nop; nop; add $128, %%rsp" ::: "memory", "cc");
	MUST(signals_seen == 4);
	return 0;
}

static int run_trap_dies(char **arguments)
{
	(void)arguments;
	__asm__ volatile("int3");
	return 0;
}

/* ---- stops ---- */

static char task_state(pid_t pid, pid_t tid)
{
	char path[64], state = '?';

	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
	FILE *file = fopen(path, "r");
	MUST(file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1);
	fclose(file);
	return state;
}

/* Waits until the child is stopped or runs. */
static void until_stopped(pid_t pid, bool stopped)
{
	while ((task_state(pid, pid) == 'T' || task_state(pid, pid) == 't') != stopped)
		wait_ms(1);
}

/* Between two stops the parent must have seen the first one's end, or it never will. */
static int seen[2];

static _Noreturn void stopping_child(void)
{
	sigset_t set;
	char byte;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT); /* the handler is this thread's */
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 4; i++)
		thread_start(i % 2 ? spin_thread : sleep_thread, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	handle(SIGCONT, count_signal, 0);
	raise(SIGSTOP);
	MUST(signals_seen == 1 && read(seen[0], &byte, 1) == 1);
	raise(SIGTSTP);
	MUST(signals_seen == 2);
	raise(SIGTTIN);
	_exit(8);
}

/* The parent sees its threaded child stop and go on, by each kind of wait. */
static int run_group_stop(char **arguments)
{
	siginfo_t info;
	int status;

	(void)arguments;
	MUST(pipe(seen) == 0);
	pid_t pid = fork();
	if (pid == 0)
		stopping_child();
	MUST(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT) == 0 && info.si_status == SIGSTOP);
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	wait_ms(20);
	MUST(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0); /* told once */
	MUST(kill(pid, SIGCONT) == 0);
	MUST(waitid(P_PID, (id_t)pid, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED);
	MUST(write(seen[1], "", 1) == 1);
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WSTOPSIG(status) == SIGTSTP);
	MUST(kill(pid, SIGCONT) == 0);
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WSTOPSIG(status) == SIGTTIN);
	MUST(kill(pid, SIGCONT) == 0);
	MUST(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 8);
	return 0;
}

/* ROUNDS of stop and continue as fast as they go, over threads that run and threads that sleep. */
static int run_herd(char **arguments)
{
	int status, rounds = atoi(arguments[0]);
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 8; i++)
			thread_start(i % 2 ? spin_thread : sleep_thread, NULL);
		sleep_thread(NULL);
	}
	wait_ms(10);
	for (int i = 0; i < rounds; i++) {
		MUST(kill(pid, i % 2 ? SIGSTOP : SIGTSTP) == 0);
		MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		MUST(kill(pid, SIGCONT) == 0);
		MUST(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	}
	kill(pid, SIGKILL);
	MUST(WTERMSIG(reap(pid)) == SIGKILL);
	return 0;
}

/* Ctrl-Z as an editor takes it: its handler runs, then it stops for good. */
static void suspend_nicely(int number)
{
	signals_seen++;
	signal(number, SIG_DFL);
	raise(number);
}

static int run_tstp_handler(char **arguments)
{
	int status;
	pid_t pid = fork();

	(void)arguments;
	if (pid == 0) {
		/* While it is handled the signal is blocked: it stops on return. */
		handle(SIGTSTP, suspend_nicely, 0);
		raise(SIGTSTP);
		_exit(signals_seen == 1 ? 4 : 5);
	}
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
	kill(pid, SIGCONT);
	MUST(WEXITSTATUS(reap(pid)) == 4);
	return 0;
}

/* Stopped, it is killed all the same. */
static int run_killed_in_stop(char **arguments)
{
	int status;
	pid_t pid = fork();

	(void)arguments;
	if (pid == 0) {
		thread_start(sleep_thread, NULL);
		raise(SIGSTOP);
		_exit(1);
	}
	MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	MUST(kill(pid, SIGKILL) == 0);
	MUST(WTERMSIG(reap(pid)) == SIGKILL);
	return 0;
}

/* ---- interrupted calls ---- */

/* Stops this process, and continues it. */
static pid_t stop_soon(void)
{
	pid_t pid = getpid(), child = fork();

	if (child == 0) {
		for (int i = 0; i < 3; i++) {
			wait_ms(10);
			kill(pid, SIGSTOP);
			until_stopped(pid, true);
			kill(pid, SIGCONT);
		}
		_exit(0);
	}
	return child;
}

/* A stop interrupts every wait, and every wait that can goes on, with the time it had left. */
static int run_restarts(char **arguments)
{
	int ends[2];
	struct timespec time = {.tv_nsec = 300000000};
	pid_t child = stop_soon();

	(void)arguments;
	MUST(nanosleep(&time, NULL) == 0);
	MUST(WEXITSTATUS(reap(child)) == 0);
	child = stop_soon();
	MUST(poll(NULL, 0, 300) == 0);
	MUST(WEXITSTATUS(reap(child)) == 0);
	child = stop_soon();
	MUST(WEXITSTATUS(reap(child)) == 0);
	MUST(pipe(ends) == 0);
	child = stop_soon();
	if (fork() == 0) {
		wait_ms(200);
		MUST(write(ends[1], "x", 1) == 1);
		_exit(0);
	}
	MUST(read(ends[0], &(char){0}, 1) == 1);
	while (wait(NULL) > 0)
		;
	return 0;
}

static int feeding[2];

static void feed(int number)
{
	(void)number;
	signals_seen++;
	MUST(write(feeding[1], "x", 1) == 1);
}

static void alarm_ms(long ms, bool again)
{
	struct timeval time = {.tv_usec = ms * 1000};

	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = time, .it_interval = again ? time : (struct timeval){0}},
		  NULL);
}

/* Handlers: with SA_RESTART the read goes on, without it fails, and sleeps always fail. */
static int run_handlers(char **arguments)
{
	struct timespec time = {.tv_sec = 100};
	char byte;

	(void)arguments;
	MUST(pipe(feeding) == 0);
	handle(SIGALRM, feed, SA_RESTART);
	alarm_ms(15, false);
	MUST(read(feeding[0], &byte, 1) == 1 && signals_seen == 1);
	alarm_ms(15, false);
	MUST(nanosleep(&time, &time) == -1 && errno == EINTR && time.tv_sec >= 98);
	MUST(read(feeding[0], &byte, 1) == 1);
	handle(SIGALRM, count_signal, 0);
	alarm_ms(15, false);
	MUST(read(feeding[0], &byte, 1) == -1 && errno == EINTR && signals_seen == 3);
	alarm_ms(15, false);
	MUST(poll(NULL, 0, 100000) == -1 && errno == EINTR && signals_seen == 4);
	return 0;
}

/* Signals that nobody handles come all the time, and no call may notice. */
static int run_ignored(char **arguments)
{
	struct timespec time = {.tv_nsec = 5000000};
	struct epoll_event event;
	int queue = epoll_create1(0);

	(void)arguments;
	handle(SIGALRM, SIG_IGN, 0);
	alarm_ms(2, true);
	for (int i = 0; i < 20; i++) {
		MUST(epoll_wait(queue, &event, 1, 5) == 0);
		MUST(nanosleep(&time, NULL) == 0);
		MUST(poll(NULL, 0, 5) == 0);
	}
	return 0;
}

/* ---- delivery ---- */

static int last_value;

static void check_value(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	MUST(info->si_code == SI_QUEUE && info->si_pid == getpid() && info->si_uid == getuid());
	MUST(info->si_value.sival_int > last_value);
	last_value = info->si_value.sival_int;
	signals_seen++;
}

/* Real-time signals queue, in order, with their values, lowest number first. */
static int run_realtime(char **arguments)
{
	sigset_t set;

	(void)arguments;
	sigemptyset(&set);
	for (int n = SIGRTMIN; n <= SIGRTMAX; n++) {
		handle_info(n, check_value);
		sigaddset(&set, n);
	}
	/* While one is handled, no other may come. */
	for (int n = SIGRTMIN; n <= SIGRTMAX; n++)
		MUST(!sigaction(n, &(struct sigaction){.sa_sigaction = check_value, .sa_flags = SA_SIGINFO,
						       .sa_mask = set}, NULL));
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int n = SIGRTMAX; n >= SIGRTMIN; n--)
		for (int i = 1; i <= 3; i++)
			MUST(sigqueue(getpid(), n, (union sigval){.sival_int = n * 10 + i}) == 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	MUST(signals_seen == 3 * (SIGRTMAX - SIGRTMIN + 1));
	return 0;
}

/* The signals that the C library keeps for itself. */
static int run_internal(char **arguments)
{
	void *result;
	pthread_t thread = thread_start(sleep_thread, NULL);

	(void)arguments;
	wait_ms(5);
	MUST(setgid(getgid()) == 0 && setuid(getuid()) == 0); /* signal 33 to all threads */
	MUST(pthread_cancel(thread) == 0);                    /* signal 32 */
	MUST(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
	return 0;
}

/* Blocked and ignored signals, each sent once. */
static int run_quiet(char **arguments)
{
	sigset_t set;
	siginfo_t info;

	(void)arguments;
	handle(SIGUSR1, SIG_IGN, 0);
	raise(SIGUSR1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	MUST(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_pid == getpid());
	raise(SIGUSR2);
	handle(SIGUSR2, count_signal, 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	MUST(signals_seen == 1);
	return 0;
}

/* The exit signal is another one; the parent's end sends one. */
static int run_exit_signals(char **arguments)
{
	static char stack[65536] __attribute__((aligned(16)));
	int ends[2];
	char text[8] = "";

	(void)arguments;
	handle(SIGUSR1, count_signal, 0);
	pid_t pid = clone((int (*)(void *))(void *)getpid, stack + sizeof stack, CLONE_VM | SIGUSR1, NULL);
	MUST(pid > 0 && waitpid(pid, NULL, 0) == -1 && errno == ECHILD);
	MUST(waitpid(pid, NULL, __WCLONE) == pid && signals_seen == 1);

	MUST(pipe(ends) == 0);
	if (fork() == 0) {
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		pid_t parent = getpid();
		if (fork() == 0) {
			MUST(prctl(PR_SET_PDEATHSIG, SIGUSR2) == 0 && getppid() == parent);
			MUST(write(ends[1], "a", 1) == 1);
			MUST(sigwaitinfo(&set, NULL) == SIGUSR2);
			MUST(write(ends[1], "b", 1) == 1);
			_exit(0);
		}
		MUST(read(ends[0], text, 1) == 1);
		_exit(0);
	}
	MUST(wait(NULL) > 0 && read(ends[0], text, 1) == 1 && text[0] == 'b');
	return 0;
}

/* ---- ends ---- */

static void *fork_thread(void *context)
{
	(void)context;
	for (;;)
		if (vfork() == 0)
			_exit(0);
		else
			waitpid(-1, NULL, 0);
	return NULL;
}

static void *open_thread(void *context)
{
	(void)context;
	for (;;)
		close(open("/etc/hostname", O_RDONLY));
	return NULL;
}

/* COUNT processes are killed at a moment nobody chose. */
static int run_victims(char **arguments)
{
	static char *const argv[] = {"trap_signals", "victim", NULL};
	unsigned seed = 7;

	for (int i = atoi(arguments[0]); i > 0; i--) {
		pid_t pid = fork();
		if (pid == 0) {
			if (i % 3 == 0)
				execv("/proc/self/exe", argv);
			thread_start(i % 3 == 1 ? fork_thread : open_thread, NULL);
			open_thread(NULL);
		}
		seed = seed * 1103515245 + 12345;
		usleep(seed / 65536 % 4000);
		MUST(kill(pid, SIGKILL) == 0);
		MUST(WTERMSIG(reap(pid)) == SIGKILL);
	}
	return 0;
}

static int run_victim(char **arguments)
{
	(void)arguments;
	thread_start(spin_thread, NULL);
	open_thread(NULL);
	return 0;
}

static void *read_thread(void *fds)
{
	read(((int *)fds)[0], &(char){0}, 1);
	return NULL;
}

/* All at once: threads that wait, sleep, run and make calls, when one ends the process. */
static int run_ends_in_calls(char **arguments)
{
	int fds[2];

	(void)arguments;
	MUST(pipe(fds) == 0);
	thread_start(read_thread, fds);
	thread_start(sleep_thread, NULL);
	for (int i = 0; i < 4; i++)
		thread_start(spin_thread, NULL);
	wait_ms(20);
	_exit(6);
}

/* Others may not look into it: /proc is closed, and so is its memory, also to a tracer without capabilities. */
static int run_undumpable(char **arguments)
{
	(void)arguments;
	MUST(prctl(PR_SET_DUMPABLE, 0) == 0);
	MUST(open("/etc/undumpable", O_RDONLY) == -1 && errno == ENOENT);
	if (fork() == 0) {
		MUST(open("/etc/undumpable/child", O_RDONLY) == -1);
		_exit(0);
	}
	return WEXITSTATUS(reap(-1));
}

/* Counts for ever, with threads that do other things. */
static int run_counter(char **arguments)
{
	(void)arguments;
	thread_start(sleep_thread, NULL);
	for (int i = 1;; i++) {
		printf("count %d\n", i);
		wait_ms(20);
	}
	return 0;
}

/* Starts threads for ever, which end soon. */
static void *born_thread(void *context)
{
	close(open("/etc/hostname", O_RDONLY));
	return context;
}

static int run_breeder(char **arguments)
{
	(void)arguments;
	printf("ready\n");
	for (;;)
		pthread_join(thread_start(born_thread, NULL), NULL);
	return 0;
}

/* Executes itself for ever, from a thread. */
static void *change_thread(void *context)
{
	static char *const argv[] = {"trap_signals", "changer", "again", NULL};

	born_thread(NULL);
	execv("/proc/thread-self/exe", argv);
	return context;
}

static int run_changer(char **arguments)
{
	if (!arguments[0])
		printf("ready\n");
	thread_start(change_thread, NULL);
	return sleep_thread(NULL) != NULL;
}

static const struct trap traps[] = {
	{"breeder", run_breeder},             {"changer", run_changer},           {"counter", run_counter},
	{"ends_in_calls", run_ends_in_calls}, {"exit_signals", run_exit_signals}, {"group_stop", run_group_stop},
	{"handlers", run_handlers},           {"herd", run_herd},                 {"ignored", run_ignored},
	{"internal", run_internal},           {"killed_in_stop", run_killed_in_stop}, {"quiet", run_quiet},
	{"realtime", run_realtime},           {"restarts", run_restarts},         {"trap_dies", run_trap_dies},
	{"traps", run_traps},                 {"tstp_handler", run_tstp_handler}, {"undumpable", run_undumpable},
	{"victim", run_victim},               {"victims", run_victims},
};

TRAP_MAIN(traps)
