/* SPDX-License-Identifier: MIT
 *
 * tampered32: what an i386 program sees of its calls that a script changes: `tampered32 FILE` prints what is in the
 * file or why not, its parent's number, a port that it listens at, how connecting to port 1 ends, and whether a tenth
 * of a second passed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "trap.h"

#define SYS_connect_i386 362

static void read_file(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY);

	printf("%s\n", fd < 0 ? strerrorname_np(errno) : read(fd, text, sizeof text - 1) > 0 ? text : "nothing");
}

static void listen_somewhere(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	MUST(listen(fd, 1) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&at, &size) == 0);
	printf("port %d\n", ntohs(at.sin_port));
}

static void connect_to(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	long ret = syscall(SYS_connect_i386, socket(AF_INET, SOCK_STREAM, 0), &to, sizeof to);

	printf("%s %d\n", ret < 0 ? strerrorname_np(errno) : "connected", ntohs(to.sin_port) == port);
}

int main(int argc, char **argv)
{
	struct timespec before, after;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_file(argv[1]);
	printf("%d\n", getppid());
	listen_somewhere();
	connect_to(1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	getuid();
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%d\n", (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 100);
	getgid();
	return 0;
}
