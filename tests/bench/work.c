/* SPDX-License-Identifier: MIT
 *
 * What `make bench` traces: programs that do little but system calls.
 *
 *     work getppid N         N times getppid
 *     work threads N         in two processes of four threads each, N times getppid in all
 *     work files N FILE      N times open, read and close
 *     work touch N           touches N new pages of memory
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 2, THREADS = 4, PAGE = 4096 };

static void getppids(long count)
{
	while (count--)
		syscall(SYS_getppid);
}

static void *run_thread(void *count)
{
	getppids(*(long *)count);
	return NULL;
}

static void run_threads(long count)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run_thread, &count))
			_exit(1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static int processes(long count)
{
	int failed = 0, status;

	count /= PROCESSES * THREADS;
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		if (pid < 0)
			return 1;
		if (pid == 0) {
			run_threads(count);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}

static int files(long count, const char *path)
{
	char bytes[4096];

	while (count--) {
		int fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, bytes, sizeof bytes) < 0)
			return 1;
		close(fd);
	}
	return 0;
}

static int touch(long pages)
{
	char *memory = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || madvise(memory, (size_t)pages * PAGE, MADV_NOHUGEPAGE))
		return 1;
	for (long i = 0; i < pages; i++)
		memory[i * PAGE] = 1;
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (argc == 3 && !strcmp(argv[1], "getppid"))
		getppids(count);
	else if (argc == 3 && !strcmp(argv[1], "threads"))
		return processes(count);
	else if (argc == 4 && !strcmp(argv[1], "files"))
		return files(count, argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "touch"))
		return touch(count);
	else
		return 2;
	return 0;
}
