/* SPDX-License-Identifier: MIT
 *
 * target: something to attach to. Its threads do one thing for ever, notice every EINTR they get,
 * and count how often they came round; when stdin ends it reports and exits 0.
 *     target MODE THREADS FILE    FILE is opened before the threads start, as descriptor 9
 * One thread is the main thread itself, in a mode that ends with stdin. No mode installs a signal
 * handler, so no call may ever fail with EINTR, traced or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, FILE_FD = 9 };

static atomic_long interrupted, rounds;
static atomic_bool ending;

static void count(long result)
{
	if (result < 0 && errno == EINTR)
		atomic_fetch_add(&interrupted, 1);
	atomic_fetch_add(&rounds, 1);
}

/* The single-threaded modes ask now and then whether stdin has ended. */
static bool stdin_ended(void)
{
	struct pollfd poller = {.fd = 0, .events = POLLIN};
	return poll(&poller, 1, 0) != 0;
}

static void do_busy(void)
{
	for (int i = 0; i < 200; i++)
		count(write(FILE_FD, "x", 1));
}

static void do_spin(void)
{
	for (volatile int i = 0; i < 1000000; i++)
		;
	count(0);
}

static void do_nanosleep(void)
{
	struct timespec time = {.tv_nsec = 20 * 1000 * 1000};
	count(nanosleep(&time, NULL));
}

static void do_futex(void)
{
	static int word;
	struct timespec time = {.tv_nsec = 20 * 1000 * 1000};
	count(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0));
}

static void do_poll(void)
{
	struct pollfd poller = {.fd = 0, .events = POLLIN};
	count(poll(&poller, 1, -1));
}

static void do_ppoll(void)
{
	struct pollfd poller = {.fd = 0, .events = POLLIN};
	struct timespec time = {.tv_sec = 1000};
	count(ppoll(&poller, 1, &time, NULL));
}

static void do_select(void)
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(0, &set);
	count(select(1, &set, NULL, NULL, NULL));
}

static void do_read(void)
{
	char byte;
	count(read(0, &byte, 1));
}

static void do_epoll(void)
{
	static _Thread_local int epoll;
	struct epoll_event event = {.events = EPOLLIN};
	if (!epoll) {
		epoll = epoll_create1(0);
		epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
	}
	count(epoll_wait(epoll, &event, 1, -1));
}

/* A receive with a timeout is not restarted by the kernel once it was interrupted. */
static void do_recv(void)
{
	static _Thread_local int pair[2];
	struct timeval time = {.tv_usec = 50 * 1000};
	char byte;
	if (!pair[0]) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	}
	count(recv(pair[0], &byte, 1, 0));
}

/* Neither is a wait for a semaphore. It is removed when nobody waits for it any more: the kernel itself has
 * waits fail with EINTR when that happens while their time is over (do_semtimedop in ipc/sem.c). */
static int semaphore;

static void do_semop(void)
{
	struct timespec time = {.tv_nsec = 50 * 1000 * 1000};
	struct sembuf take = {.sem_op = -1};
	count(semtimedop(semaphore, &take, 1, &time));
}

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"busy", do_busy},   {"spin", do_spin},	    {"nanosleep", do_nanosleep},
	{"futex", do_futex}, {"poll", do_poll},	    {"ppoll", do_ppoll},
	{"read", do_read},   {"select", do_select}, {"epoll", do_epoll},
	{"recv", do_recv},   {"semop", do_semop},
};

static void *worker(void *mode)
{
	while (!atomic_load(&ending))
		((const struct mode *)mode)->run();
	return NULL;
}

static void run(const struct mode *mode, int threads)
{
	pthread_t workers[THREADS_MAX];
	for (int i = 1; i < threads; i++)
		pthread_create(&workers[i], NULL, worker, (void *)mode);
	if (write(1, "ready\n", 6) != 6)
		return;
	if (threads == 1)
		while (!stdin_ended())
			mode->run();
	else
		do_read();
	atomic_store(&ending, true);
	for (int i = 1; i < threads; i++)
		pthread_join(workers[i], NULL);
}

int main(int argc, char **argv)
{
	int threads = argc == 4 ? atoi(argv[2]) : 0;
	int fd = argc == 4 ? open(argv[3], O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
	if (fd < 0 || dup2(fd, FILE_FD) < 0 || threads < 1 || threads > THREADS_MAX)
		return 2;
	close(fd);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name)) {
			semaphore = semget(IPC_PRIVATE, 1, 0600);
			run(&modes[i], threads);
			semctl(semaphore, 0, IPC_RMID);
			printf("rounds %ld\ninterrupted %ld\n", rounds, interrupted);
			return 0;
		}
	return 2;
}
