/* SPDX-License-Identifier: MIT
 *
 * The table's constants against the C library's headers.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "constants_check.h"

static const struct constant_check checks[] = {
#define CHECK_LIBC
#include "constants_check.inc"
};

static void constants_are_those_of_the_headers(void **state)
{
	(void)state;
	check_constants(checks, sizeof checks / sizeof *checks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(constants_are_those_of_the_headers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
