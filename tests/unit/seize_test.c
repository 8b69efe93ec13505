/* SPDX-License-Identifier: MIT
 *
 * Seizing a task of a process that executes a new program and waits for a thread of ours to be
 * gone: that must not wait for it in turn.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"

enum { LIMIT_S = 20 }; /* a hang is ended by SIGALRM, and the test with it */

/* A child that does not outlive us, should we be killed. */
static pid_t fork_bound(void)
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void *sleep_for_ever(void *tid)
{
	*(volatile pid_t *)tid = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

/* A process with a second thread. It says that thread's id, and executes sleep when `gate` is
 * closed. */
static _Noreturn void process_main(int say, int gate)
{
	volatile pid_t tid = 0;
	pid_t told;
	pthread_t thread;
	char byte;

	pthread_create(&thread, NULL, sleep_for_ever, (void *)&tid);
	while (!(told = tid))
		usleep(100);
	if (write(say, &told, sizeof told) == sizeof told && read(gate, &byte, 1) == 0)
		execl("/bin/sleep", "sleep", "1000", NULL);
	_exit(1);
}

static pid_t process_start(pid_t *thread, int *gate)
{
	int say[2], hear[2];

	assert_int_equal(pipe(say), 0);
	assert_int_equal(pipe(hear), 0);
	pid_t pid = fork_bound();
	if (pid == 0) {
		close(hear[1]);
		process_main(say[1], hear[0]);
	}
	close(say[1]);
	close(hear[0]);
	assert_int_equal(read(say[0], thread, sizeof *thread), sizeof *thread);
	close(say[0]);
	*gate = hear[1];
	return pid;
}

static void assert_nothing_of_it_is_left(const sigset_t *mask)
{
	struct itimerval timer;
	struct sigaction action;
	sigset_t now;

	getitimer(ITIMER_REAL, &timer);
	assert_true(timer.it_value.tv_sec > 0 && timer.it_value.tv_sec <= LIMIT_S);
	assert_int_equal(sigaction(SIGALRM, NULL, &action), 0);
	assert_ptr_equal(action.sa_handler, SIG_DFL);
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (int number = 1; number < NSIG; number++)
		assert_int_equal(sigismember(mask, number), sigismember(&now, number));
	sigpending(&now);
	assert_false(sigismember(&now, SIGALRM));
}

static void an_exec_is_not_waited_for(void **state)
{
	pid_t thread;
	int gate, status;
	sigset_t mask;
	(void)state;

	alarm(LIMIT_S);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	pid_t pid = process_start(&thread, &gate);
	assert_int_equal(seize(thread), 0);
	assert_nothing_of_it_is_left(&mask);
	close(gate);
	/* Now the thread has to go, and stops before it does. */
	assert_int_equal(waitpid(thread, &status, __WALL), thread);
	assert_int_equal(status >> 16, PTRACE_EVENT_EXIT);

	assert_int_equal(seize(pid), -EAGAIN);
	assert_nothing_of_it_is_left(&mask);

	assert_int_equal(request(PTRACE_CONT, thread, 0, 0), 0);
	assert_int_equal(waitpid(thread, &status, __WALL), thread);
	assert_true(WIFSIGNALED(status) || WIFEXITED(status));
	assert_int_equal(seize(pid), 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	alarm(0);
}

static _Noreturn void rush(pid_t pid)
{
	for (unsigned i = 0;; i++) {
		kill(pid, SIGALRM);
		for (volatile unsigned wait = i * 7919 % 30000; wait; wait--)
			;
	}
}

/* The signal comes before, in or after the request: what is returned is true all the same. */
static void the_answer_is_true_whenever_the_signal_comes(void **state)
{
	enum { ROUNDS = 4000 };
	struct proc_status status;
	sigset_t alarms, before;
	pid_t pid = fork_bound(), us = getpid();
	(void)state;

	if (pid == 0)
		sleep_for_ever(&pid);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarms, &before);
	pid_t rusher = fork_bound();
	if (rusher == 0)
		rush(us);
	for (int i = 0; i < ROUNDS; i++) {
		int error = seize(pid);
		assert_true(error == 0 || error == -EAGAIN);
		assert_true(proc_status(pid, &status));
		assert_int_equal(status.tracer, error ? 0 : us);
		if (error)
			continue;
		assert_int_equal(request(PTRACE_INTERRUPT, pid, 0, 0), 0);
		assert_int_equal(waitpid(pid, NULL, __WALL), pid);
		assert_int_equal(request(PTRACE_DETACH, pid, 0, 0), 0);
	}
	kill(rusher, SIGKILL);
	waitpid(rusher, NULL, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	signal(SIGALRM, SIG_IGN); /* the last one may be pending */
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGALRM, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exec_is_not_waited_for),
		cmocka_unit_test(the_answer_is_true_whenever_the_signal_comes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
