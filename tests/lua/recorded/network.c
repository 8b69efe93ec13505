/* SPDX-License-Identifier: MIT
 *
 * Sockets: a server and a client in a process each, on a port that the kernel chose; a connection
 * that is refused; a pair of unix sockets.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int ok, int line)
{
	if (!ok)
		_exit(line);
}
#define CHECK(ok) check(ok, __LINE__)

static void talk(const struct sockaddr_in *server)
{
	char text[100];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!connect(fd, (const struct sockaddr *)server, sizeof *server));
	CHECK(write(fd, "request", 7) == 7);
	CHECK(read(fd, text, sizeof text) == 3);
	close(fd);
}

static void serve(int listener)
{
	char text[100];
	struct iovec parts[] = {{"o", 1}, {"ui", 2}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	struct sockaddr_in client;
	socklen_t size = sizeof client;
	int fd = accept(listener, (struct sockaddr *)&client, &size);

	CHECK(recv(fd, text, sizeof text, 0) == 7);
	CHECK(sendmsg(fd, &message, 0) == 3);
	CHECK(read(fd, text, sizeof text) == 0);
	close(fd);
}

int main(void)
{
	struct sockaddr_in server = {.sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof server;
	int pair[2], listener = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!bind(listener, (struct sockaddr *)&server, size) && !listen(listener, 5));
	CHECK(!getsockname(listener, (struct sockaddr *)&server, &size));
	pid_t child = fork();
	if (!child) {
		talk(&server);
		_exit(0);
	}
	serve(listener);
	CHECK(waitpid(child, NULL, 0) == child);
	close(listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(fd, (struct sockaddr *)&server, size) < 0);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHECK(write(pair[0], "pair", 4) == 4);
	return 0;
}
