/* SPDX-License-Identifier: MIT
 *
 * waits: tasks that wait for a CPU, and what the kernel counted of that. Each prints a line when it is done:
 *     NAME tid delay_ns times
 * with how long it waited meanwhile, and how often it got a CPU (/proc/self/task/TID/schedstat). It calls umask
 * before and after that.
 *     waits busy MS [PATH]   two threads on one CPU compute for MS ms of CPU time or so each,
 *                            once PATH exists
 *     waits sleep N          sleeps N times for 2 ms
 *     waits calls N          calls getppid N times
 *     waits turns N          two threads on one CPU take turns, N times each
 */
#include "trap.h"

#include <sys/stat.h>

static const char *await_path;
static long amount;
static int pipes[2][2];
static pthread_barrier_t both;

struct counts {
	long long ran, delay, times;
};

static struct counts read_counts(void)
{
	struct counts now;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", (int)gettid());
	FILE *file = fopen(path, "re");
	MUST(file && fscanf(file, "%lld %lld %lld", &now.ran, &now.delay, &now.times) == 3);
	fclose(file);
	return now;
}

static struct counts begin(void)
{
	umask(022);
	return read_counts();
}

static void tell(const char *name, struct counts before)
{
	struct counts now = read_counts();

	umask(022);
	printf("%s %d %lld %lld\n", name, (int)gettid(), now.delay - before.delay, now.times - before.times);
}

/* All on the CPU on which the first one is. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	MUST(sched_setaffinity(0, sizeof set, &set) == 0);
}

static void loop(long times)
{
	for (volatile long i = 0; i < times; i++)
		;
}

static long long cpu_ns(void)
{
	struct timespec now;

	MUST(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* How many loops are a millisecond of CPU time: machines differ by a factor of five and more. */
static long loops_per_ms(void)
{
	const long tried = 10000000;
	long long before = cpu_ns();

	loop(tried);
	return tried * 1000000LL / (cpu_ns() - before);
}

static void *compute(void *argument)
{
	struct stat status;

	(void)argument;
	while (await_path && stat(await_path, &status) < 0)
		wait_ms(20);
	struct counts before = begin();
	loop(amount); /* without calls, which may be stops */
	pthread_barrier_wait(&both); /* so that neither has the CPU for itself while the other tells */
	tell("busy", before);
	return NULL;
}

static void *take_turns(void *argument)
{
	int me = argument ? 1 : 0;
	struct counts before = begin();

	for (long i = 0; i < amount; i++) {
		char byte = 0;
		if (me == 0)
			MUST(write(pipes[0][1], &byte, 1) == 1);
		MUST(read(pipes[1 - me][0], &byte, 1) == 1);
		if (me == 1)
			MUST(write(pipes[1][1], &byte, 1) == 1);
	}
	tell("turns", before);
	return NULL;
}

static int run_two(void *(*run)(void *))
{
	pthread_t other;

	pin();
	MUST(pthread_barrier_init(&both, NULL, 2) == 0);
	MUST(pthread_create(&other, NULL, run, &both) == 0);
	run(NULL);
	MUST(pthread_join(other, NULL) == 0);
	return 0;
}

static int run_busy(char **arguments)
{
	amount = atol(arguments[0]) * loops_per_ms();
	await_path = arguments[1];
	return run_two(compute);
}

static int run_turns(char **arguments)
{
	amount = atol(arguments[0]);
	MUST(pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0);
	return run_two(take_turns);
}

static int run_sleep(char **arguments)
{
	struct counts before = begin();

	for (long i = atol(arguments[0]); i > 0; i--)
		wait_ms(2);
	tell("sleep", before);
	return 0;
}

static int run_calls(char **arguments)
{
	struct counts before = begin();

	for (long i = atol(arguments[0]); i > 0; i--)
		syscall(SYS_getppid);
	tell("calls", before);
	return 0;
}

static const struct trap traps[] = {
	{"busy", run_busy},
	{"sleep", run_sleep},
	{"calls", run_calls},
	{"turns", run_turns},
};

TRAP_MAIN(traps)
