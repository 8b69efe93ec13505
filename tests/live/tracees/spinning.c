/* SPDX-License-Identifier: MIT
 *
 * spinning: yields its CPU again and again for a while, as one that polls without waiting; with "ring" it makes an io_uring.
 */
#include <linux/io_uring.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec begin, now;

	(void)argv;
	if (argc > 1) {
		struct io_uring_params params = {0};
		return syscall(SYS_io_uring_setup, 4, &params) < 0 ? 1 : 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < 600000000);
	return 0;
}
