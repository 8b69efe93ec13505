/* SPDX-License-Identifier: MIT
 *
 * flood: makes COUNT calls of getppid in each of THREADS threads of each of PROCESSES processes.
 *     flood PROCESSES THREADS COUNT
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64

static long count;

static void *make_calls(void *unused)
{
	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
	return unused;
}

static void run_threads(int threads)
{
	pthread_t thread[MOST];

	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, make_calls, NULL))
			exit(1);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int threads = atoi(argv[2]) < MOST ? atoi(argv[2]) : MOST, status = 0, failed = 0;
	count = atol(argv[3]);
	for (int i = 0; i < atoi(argv[1]); i++)
		if (fork() == 0) {
			run_threads(threads);
			_exit(0);
		}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
