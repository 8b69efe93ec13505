/* SPDX-License-Identifier: MIT
 *
 * growth: much of one thing, so that what keeps a little of each shows.
 *     growth calls N | paths N | processes N | threads N | descriptors N | sockets N | mappings N
 */
#include "trap.h"

#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

static int run_calls(char **arguments)
{
	char byte;
	int fd = open("/dev/zero", O_RDWR);

	for (long i = atol(arguments[0]) / 4; i > 0; i--) {
		syscall(SYS_getppid);
		MUST(read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1);
		lseek(fd, 0, SEEK_SET);
	}
	return 0;
}

/* Every second one exists. In the current folder. */
static int run_paths(char **arguments)
{
	char name[64];

	for (long i = atol(arguments[0]); i > 0; i--) {
		snprintf(name, sizeof name, "a/rather/long/name/of/a/file/number/%ld", i);
		if (i & 1) {
			MUST(open(name, O_RDONLY) == -1);
			continue;
		}
		snprintf(name, sizeof name, "file%ld", i);
		int fd = open(name, O_RDWR | O_CREAT, 0600);
		MUST(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0 && unlink(name) == 0);
	}
	return 0;
}

static int run_processes(char **arguments)
{
	for (volatile long i = atol(arguments[0]); i > 0; i--) {
		pid_t pid = i % 4 ? vfork() : fork();
		if (pid == 0)
			_exit((int)(i & 3));
		MUST(WEXITSTATUS(reap(pid)) == (i & 3));
	}
	return 0;
}

static void *thread_body(void *context)
{
	return context;
}

static int run_threads(char **arguments)
{
	for (long i = atol(arguments[0]); i > 0; i--)
		pthread_join(thread_start(thread_body, NULL), NULL);
	return 0;
}

static int run_descriptors(char **arguments)
{
	int ends[2], fd;

	for (long i = atol(arguments[0]); i > 0; i--) {
		MUST(pipe(ends) == 0 && (fd = dup(ends[0])) >= 0);
		MUST(close(ends[0]) == 0 && close(ends[1]) == 0 && close(fd) == 0);
	}
	return 0;
}

/* Each to another port, and refused. */
static int run_sockets(char **arguments)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	for (long i = atol(arguments[0]); i > 0; i--) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		address.sin_addr.s_addr = htonl(0x7f000000 | (uint32_t)(i / 50000 + 1));
		address.sin_port = htons((uint16_t)(i % 50000 + 1000));
		MUST(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address) == 1 && close(fd) == 0);
	}
	return 0;
}

static int run_mappings(char **arguments)
{
	for (long i = atol(arguments[0]); i > 0; i--) {
		char *page = mmap(NULL, 16384, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(page != MAP_FAILED && munmap(page + 4096, 4096) == 0 && munmap(page, 16384) == 0);
	}
	return 0;
}

static const struct trap traps[] = {
	{"calls", run_calls},	  {"descriptors", run_descriptors}, {"mappings", run_mappings}, {"paths", run_paths},
	{"processes", run_processes}, {"sockets", run_sockets},	    {"threads", run_threads},
};

TRAP_MAIN(traps)
