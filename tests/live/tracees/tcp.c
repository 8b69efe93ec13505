/* SPDX-License-Identifier: MIT
 *
 * tcp: both ends of a TCP service on 127.0.0.1, so that a test knows every byte.
 *     tcp threads PORTFILE N   serves N connections, a thread for each, and ends
 *     tcp fork PORTFILE N      the same, a process for each
 *     tcp client PORT BYTES FROM    from port FROM, sends BYTES bytes, reads the answer (twice as
 * many)
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, CHUNK = 4096 };

static void check(bool good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

/* Reads to the end, then answers with twice as much. */
static void serve(int fd)
{
	char buffer[CHUNK];
	ssize_t size;
	size_t total = 0;
	while ((size = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		total += (size_t)size;
	check(size == 0, "recv");
	memset(buffer, 'a', sizeof(buffer));
	for (size_t left = 2 * total; left > 0; left -= (size_t)size) {
		size = send(fd, buffer, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL);
		check(size > 0, "send");
	}
	close(fd);
}

static void *serve_thread(void *fd)
{
	serve((int)(long)fd);
	return NULL;
}

static int listener(const char *port_file)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	check(fd >= 0 && !bind(fd, (struct sockaddr *)&address, size), "bind");
	check(!listen(fd, CONNECTIONS_MAX), "listen");
	check(!getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");

	/* The file appears complete or not at all. */
	char partial[4096];
	snprintf(partial, sizeof(partial), "%s.new", port_file);
	FILE *file = fopen(partial, "w");
	check(file != NULL, partial);
	bool is_written = fprintf(file, "%d\n", ntohs(address.sin_port)) > 0;
	bool is_closed = !fclose(file);
	check(is_written && is_closed, partial);
	check(!rename(partial, port_file), port_file);
	return fd;
}

static void server(const char *port_file, int connections, bool threads)
{
	pthread_t workers[CONNECTIONS_MAX];
	int fd = listener(port_file);
	for (int i = 0; i < connections; i++) {
		struct sockaddr_in peer;
		socklen_t size = sizeof(peer);
		int connection = accept(fd, (struct sockaddr *)&peer, &size);
		check(connection >= 0, "accept");
		if (threads) {
			pthread_create(&workers[i], NULL, serve_thread, (void *)(long)connection);
			continue;
		}
		if (fork() == 0) {
			close(fd);
			serve(connection);
			_exit(0);
		}
		close(connection);
	}
	for (int i = 0; i < connections; i++)
		if (threads)
			pthread_join(workers[i], NULL);
		else
			check(wait(NULL) > 0, "wait");
}

static void client(const char *port, size_t bytes, const char *from)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char buffer[CHUNK];
	ssize_t size;
	size_t total = 0;
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(from));
	check(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "setsockopt");
	check(!bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	address.sin_port = htons((uint16_t)atoi(port));
	check(fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	memset(buffer, 'q', sizeof(buffer));
	for (size_t left = bytes; left > 0; left -= (size_t)size) {
		size = send(fd, buffer, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL);
		check(size > 0, "send");
	}
	check(!shutdown(fd, SHUT_WR), "shutdown");
	while ((size = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		total += (size_t)size;
	check(size == 0 && total == 2 * bytes, "recv");
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[3]) : 0;
	if (count < 1)
		return 2;
	if (argc == 5 && !strcmp(argv[1], "client"))
		client(argv[2], (size_t)count, argv[4]);
	else if (count <= CONNECTIONS_MAX)
		server(argv[2], count, !strcmp(argv[1], "threads"));
	return 0;
}
