/* SPDX-License-Identifier: MIT
 *
 * Processes: one that runs another program and ends with 4, one that is killed, a thread that opens
 * a file.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void *open_file(void *unused)
{
	prctl(PR_SET_NAME, "opener");
	open("/etc/passwd", O_RDONLY);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int status;

	if (argc > 1)
		return atoi(argv[1]);
	pid_t first = fork();
	if (!first) {
		execl("/proc/self/exe", "renamed", "4", NULL);
		_exit(1);
	}
	waitpid(first, &status, 0);
	pid_t second = fork();
	if (!second) {
		pause();
		_exit(1);
	}
	kill(second, SIGTERM);
	waitpid(second, &status, 0);
	if (pthread_create(&thread, NULL, open_file, NULL))
		return 1;
	pthread_join(thread, NULL);
	return 0;
}
