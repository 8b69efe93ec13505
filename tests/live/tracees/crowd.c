/* SPDX-License-Identifier: MIT
 *
 * crowd: THREADS threads that wait until stdin ends; then each makes one call of getppid and ends.
 *     crowd THREADS
 * Prints "ready" when all wait.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int gate[2];

static void *wait_and_call(void *unused)
{
	char byte;

	if (read(gate[0], &byte, 1) == 0)
		syscall(SYS_getppid);
	return unused;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t *threads = calloc((size_t)count + 1, sizeof *threads);
	pthread_attr_t small;
	char byte;

	if (!threads || pipe(gate) < 0)
		return 1;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], &small, wait_and_call, NULL))
			return 1;
	if (write(1, "ready\n", 6) != 6)
		return 1;
	while (read(0, &byte, 1) > 0)
		;
	close(gate[1]);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
