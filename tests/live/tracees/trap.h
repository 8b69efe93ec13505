/* SPDX-License-Identifier: MIT
 *
 * trap: what the tracees of the kernel's traps share. Each program is a table of modes, each a function that
 * checks for itself that all is as it would be untraced, prints what it did and ends with status 0 (or
 * the one its comment names); when not, it says what was wrong and ends with 1.
 */
#ifndef TRAP_H
#define TRAP_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MUST(claim) \
	((claim) ? (void)0 \
		 : (fprintf(stderr, "tracee: %s:%d: %s (%s)\n", __func__, __LINE__, #claim, strerror(errno)), \
		    _exit(1)))

struct trap {
	const char *name;
	int (*run)(char **arguments); /* those behind the name, NULL-terminated */
};

__attribute__((unused)) static int trap_main(const struct trap *traps, size_t count, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argv[1] && i < count; i++)
		if (!strcmp(argv[1], traps[i].name))
			return traps[i].run(argv + 2);
	return 2;
}

#define TRAP_MAIN(traps) \
	int main(int argc, char **argv) \
	{ \
		return argc > 1 ? trap_main(traps, sizeof(traps) / sizeof *(traps), argv) : 2; \
	}

__attribute__((unused)) static int reap(pid_t pid)
{
	int status;

	pid_t got = waitpid(pid, &status, __WALL);
	MUST(pid == -1 ? got > 0 : got == pid);
	return status;
}

__attribute__((unused)) static void wait_ms(long ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

__attribute__((unused)) static pthread_t thread_start(void *(*body)(void *), void *context)
{
	pthread_t thread;

	MUST(pthread_create(&thread, NULL, body, context) == 0);
	return thread;
}

__attribute__((unused)) static void *spin_thread(void *context)
{
	(void)context;
	for (;;)
		syscall(SYS_getppid);
	return NULL;
}

__attribute__((unused)) static void *sleep_thread(void *context)
{
	(void)context;
	for (;;)
		pause();
	return NULL;
}

__attribute__((unused)) static volatile sig_atomic_t signals_seen;

__attribute__((unused)) static void count_signal(int number)
{
	(void)number;
	signals_seen++;
}

__attribute__((unused)) static void handle(int number, void (*handler)(int), int flags)
{
	MUST(sigaction(number, &(struct sigaction){.sa_handler = handler, .sa_flags = flags}, NULL) == 0);
}

/* How many tasks this process has. */
__attribute__((unused)) static int own_tasks(void)
{
	char line[256];
	int tasks = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof line, file))
		sscanf(line, "Threads: %d", &tasks);
	if (file)
		fclose(file);
	return tasks;
}

#endif
