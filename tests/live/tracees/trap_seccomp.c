/* SPDX-License-Identifier: MIT
 *
 * trap_seccomp: filters of the program's own, which must rule as they do untraced; and `without`, which
 * starts a program that is denied some calls, as a container may do.
 */
#include "trap.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sem.h>

/* Every call is allowed but `number`, which gets `action`. */
static int filter_call(unsigned number, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	if (geteuid() != 0)
		MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void count_sigsys(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	printf("SIGSYS call %d data %d\n", info->si_syscall, info->si_errno);
	signals_seen++;
}

/* Refused with an error, with a signal, with a tracer's decision where there is none. */
static int run_refused(char **arguments)
{
	(void)arguments;
	MUST(filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 77, 0) == 0);
	MUST(filter_call(SYS_getuid, SECCOMP_RET_TRAP | 5, 0) == 0);
	MUST(filter_call(SYS_getgid, SECCOMP_RET_TRACE | 3, 0) == 0);
	sigaction(SIGSYS, &(struct sigaction){.sa_sigaction = count_sigsys, .sa_flags = SA_SIGINFO}, NULL);
	for (int i = 0; i < 3; i++) {
		MUST(syscall(SYS_getppid) == -1 && errno == 77);
		syscall(SYS_getuid);
		MUST(signals_seen == i + 1);
		MUST(syscall(SYS_getgid) == -1 && errno == ENOSYS);
		MUST(syscall(SYS_getpid) == getpid());
		MUST(open("/etc/refused", O_RDONLY) == -1 && errno == ENOENT);
	}
	return 0;
}

/* The filter's own answer is EINTR, though no signal comes: it is the program's to see. */
static int run_answers_eintr(char **arguments)
{
	struct sembuf take = {.sem_op = -1};
	struct timespec long_time = {.tv_sec = 1000};
	struct epoll_event event;

	(void)arguments;
	MUST(filter_call(SYS_recvmsg, SECCOMP_RET_ERRNO | EINTR, 0) == 0);
	MUST(filter_call(SYS_semtimedop, SECCOMP_RET_ERRNO | EINTR, 0) == 0);
	MUST(filter_call(SYS_epoll_wait, SECCOMP_RET_ERRNO | EINTR, 0) == 0);
	for (int i = 0; i < 5; i++) {
		MUST(syscall(SYS_recvmsg, -1, NULL, 0) == -1 && errno == EINTR);
		MUST(syscall(SYS_semtimedop, -1, &take, 1, &long_time) == -1 && errno == EINTR);
		MUST(syscall(SYS_epoll_wait, -1, &event, 1, -1) == -1 && errno == EINTR);
	}
	return 0;
}

static int run_kill_process(char **arguments)
{
	(void)arguments;
	thread_start(sleep_thread, NULL);
	MUST(filter_call(SYS_getppid, SECCOMP_RET_KILL_PROCESS, 0) == 0);
	syscall(SYS_getppid);
	return 1;
}

static void *dies_alone(void *context)
{
	MUST(filter_call(SYS_getppid, SECCOMP_RET_KILL_THREAD, 0) == 0);
	syscall(SYS_getppid);
	return context;
}

/* One thread is killed, the others run on. */
static int run_kill_thread(char **arguments)
{
	(void)arguments;
	thread_start(dies_alone, NULL);
	while (own_tasks() > 1)
		wait_ms(1);
	return 0;
}

/* A filter for all threads at once, which are in calls. */
static int run_tsync(char **arguments)
{
	(void)arguments;
	for (int i = 0; i < 4; i++)
		thread_start(i % 2 ? spin_thread : sleep_thread, NULL);
	MUST(filter_call(SYS_getuid, SECCOMP_RET_ERRNO | 5, SECCOMP_FILTER_FLAG_TSYNC) == 0);
	MUST(syscall(SYS_getuid) == -1 && errno == 5);
	return 0;
}

/* Only read, write, exit and sigreturn are left. `probed`: after the program asked whether there are filters;
 * `filtered`: it has one, and so is refused; `forbidden` NUMBER: makes that call. */
static int run_strict(char **arguments)
{
	const char *how = arguments[0] ? arguments[0] : "";
	long number = strcmp(how, "forbidden") ? SYS_exit : atol(arguments[1]);

	if (!strcmp(how, "filtered")) {
		MUST(filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 77, 0) == 0);
		MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == -1 && errno == EINVAL);
		MUST(getuid() == geteuid());
		return 0;
	}
	if (!strcmp(how, "probed"))
		MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == -1 && errno == EFAULT);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	if (write(1, "strict\n", 7) == 7)
		syscall(number, 3);
	syscall(SYS_exit, 4);
	return 1;
}

/* exec is vetoed, and then allowed. */
static int run_veto_exec(char **arguments)
{
	char *argv[] = {"true", NULL};

	(void)arguments;
	if (fork() == 0) {
		MUST(filter_call(SYS_execve, SECCOMP_RET_ERRNO | EACCES, 0) == 0);
		MUST(execv("/bin/true", argv) == -1 && errno == EACCES);
		_exit(4);
	}
	MUST(WEXITSTATUS(reap(-1)) == 4);
	MUST(filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 77, 0) == 0);
	execv("/bin/true", argv);
	return 1;
}

/* As many instructions as a filter may have: whoever adds one must not take the room. */
static int run_longest(char **arguments)
{
	static struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog program = {BPF_MAXINSNS, code};
	int made = 0;

	(void)arguments;
	for (int i = 0; i < BPF_MAXINSNS - 1; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	code[BPF_MAXINSNS - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (geteuid() != 0)
		MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	while (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		made++;
	printf("%d filters\n", made);
	return 0;
}

/* CALL ERRNO COMMAND...: the command and all it starts get that error for call number CALL. */
static int run_without(char **arguments)
{
	MUST(filter_call((unsigned)atoi(arguments[0]), SECCOMP_RET_ERRNO | (unsigned)atoi(arguments[1]), 0) == 0);
	execvp(arguments[2], arguments + 2);
	return 1;
}

static const struct trap traps[] = {
	{"answers_eintr", run_answers_eintr},
	{"kill_process", run_kill_process}, {"kill_thread", run_kill_thread}, {"longest", run_longest},
	{"refused", run_refused},	    {"strict", run_strict},	      {"tsync", run_tsync},
	{"veto_exec", run_veto_exec},	    {"without", run_without},
};

TRAP_MAIN(traps)
