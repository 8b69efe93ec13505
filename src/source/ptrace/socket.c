/* SPDX-License-Identifier: MIT
 *
 * The ends of sockets that were open before the trace. A copy of the descriptor (pidfd_getfd) tells
 * everything; where the kernel has or allows none, the tables in /proc/TID/net, by inode.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/socket.h"

static int socket_option(int fd, int option)
{
	int value = 0;
	socklen_t size = sizeof value;

	getsockopt(fd, SOL_SOCKET, option, &value, &size);
	return value;
}

/* ---- by a copy of the descriptor ---- */

static bool ends_by_copy(int pidfd, int fd, struct socket_ends *ends)
{
	int copy = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0)
		return false;
	*ends = (struct socket_ends){
		.family = socket_option(copy, SO_DOMAIN),
		.type = socket_option(copy, SO_TYPE),
		.protocol = socket_option(copy, SO_PROTOCOL),
		.local_size = sizeof ends->local,
		.remote_size = sizeof ends->remote,
	};
	if (getsockname(copy, (struct sockaddr *)&ends->local, &ends->local_size) < 0)
		ends->local_size = 0;
	if (getpeername(copy, (struct sockaddr *)&ends->remote, &ends->remote_size) < 0)
		ends->remote_size = 0;
	close(copy);
	return true;
}

/* ---- by the tables of /proc/net ---- */

/* "0100007F:1F90": the address as words of memory, the port as a number. */
static bool parse_inet(const char *text, int family, struct sockaddr_storage *address, socklen_t *size)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	uint32_t words[4] = {0};
	unsigned port;
	size_t count = family == AF_INET ? 1 : 4;

	for (size_t i = 0; i < count; i++)
		if (sscanf(text + 8 * i, "%8" SCNx32, &words[i]) != 1)
			return false;
	if (sscanf(text + 8 * count, ":%4x", &port) != 1)
		return false;
	memset(address, 0, sizeof *address);
	address->ss_family = family;
	four->sin_port = htons(port); /* at the same place in both */
	memcpy(family == AF_INET ? (void *)&four->sin_addr : (void *)&six->sin6_addr, words, 4 * count);
	*size = family == AF_INET ? sizeof *four : sizeof *six;
	return true;
}

static bool parse_inet_line(const char *line, uint64_t inode, struct socket_ends *ends)
{
	char local[48], remote[48];
	uint64_t found;

	if (sscanf(line, " %*u: %47s %47s %*x %*x:%*x %*x:%*x %*x %*u %*d %" SCNu64, local, remote,
		   &found) != 3 ||
	    found != inode || strlen(local) < 13 || strlen(remote) < 13)
		return false;
	ends->family = strlen(local) > 13 ? AF_INET6 : AF_INET;
	if (strlen(local) != (ends->family == AF_INET ? 13 : 37) || strlen(remote) != strlen(local))
		return false;
	if (!parse_inet(local, ends->family, &ends->local, &ends->local_size) ||
	    !parse_inet(remote, ends->family, &ends->remote, &ends->remote_size))
		return false;
	if (!((struct sockaddr_in *)&ends->remote)->sin_port)
		ends->remote_size = 0;
	return true;
}

static bool parse_unix_line(const char *line, uint64_t inode, struct socket_ends *ends)
{
	struct sockaddr_un *local = (struct sockaddr_un *)&ends->local;
	unsigned type;
	uint64_t found;
	int path = 0;

	if (sscanf(line, "%*x: %*x %*x %*x %x %*x %" SCNu64 "%n", &type, &found, &path) != 2 ||
	    found != inode)
		return false;
	ends->family = local->sun_family = AF_UNIX;
	ends->type = (int)type;
	const char *name = line + path + strspn(line + path, " ");
	size_t size = strcspn(name, "\n");
	if (size > sizeof local->sun_path)
		size = sizeof local->sun_path;
	memcpy(local->sun_path, name, size);
	if (size && name[0] == '@') /* abstract: the file shows NUL as @ */
		local->sun_path[0] = 0;
	ends->local_size = offsetof(struct sockaddr_un, sun_path) + size;
	return true;
}

static bool parse_netlink_line(const char *line, uint64_t inode, struct socket_ends *ends)
{
	struct sockaddr_nl *local = (struct sockaddr_nl *)&ends->local;
	unsigned protocol, port, groups;
	uint64_t found;

	if (sscanf(line, "%*x %u %u %x %*u %*u %*u %*u %*u %" SCNu64, &protocol, &port, &groups,
		   &found) != 4 ||
	    found != inode)
		return false;
	*local = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};
	ends->family = AF_NETLINK;
	ends->type = SOCK_RAW;
	ends->protocol = (int)protocol;
	ends->local_size = sizeof *local;
	return true;
}

/* ORDER: the likeliest first. */
static const struct {
	const char *name;
	bool (*parse)(const char *line, uint64_t inode, struct socket_ends *ends);
	int type, protocol;
} tables[] = {
	{"tcp", parse_inet_line, SOCK_STREAM, IPPROTO_TCP},
	{"unix", parse_unix_line, 0, 0},
	{"tcp6", parse_inet_line, SOCK_STREAM, IPPROTO_TCP},
	{"udp", parse_inet_line, SOCK_DGRAM, IPPROTO_UDP},
	{"udp6", parse_inet_line, SOCK_DGRAM, IPPROTO_UDP},
	{"netlink", parse_netlink_line, 0, 0},
};
#define TABLES (sizeof tables / sizeof *tables)

static bool table_find(size_t table, const char *text, uint64_t inode, struct socket_ends *ends)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		*ends = (struct socket_ends){.type = tables[table].type, .protocol = tables[table].protocol};
		if (tables[table].parse(line, inode, ends))
			return true;
	}
	return false;
}

bool socket_find(const char *name, const char *text, uint64_t inode, struct socket_ends *ends)
{
	for (size_t i = 0; i < TABLES; i++)
		if (strcmp(name, tables[i].name) == 0)
			return table_find(i, text, inode, ends);
	return false;
}

static bool ends_by_inode(pid_t tid, uint64_t inode, struct socket_ends *ends)
{
	bool found = false;

	for (size_t i = 0; i < TABLES && !found; i++) {
		char name[32];
		size_t size;
		snprintf(name, sizeof name, "net/%s", tables[i].name);
		char *text = proc_read_all(tid, name, &size);
		found = text && table_find(i, text, inode, ends);
		free(text);
	}
	return found;
}

void socket_describe(struct record *record, pid_t tid, int pidfd, int fd)
{
	struct socket_ends ends;

	if (!ends_by_copy(pidfd, fd, &ends) && !ends_by_inode(tid, (uint64_t)record->ret, &ends))
		return;
	record->args[3] = ends.family;
	record->args[4] = ends.type;
	record->args[5] = ends.protocol;
	if (ends.local_size)
		record_add(record, 1, PIECE_SELF, 0, &ends.local, ends.local_size, 0);
	if (ends.remote_size)
		record_add(record, 2, PIECE_SELF, 0, &ends.remote, ends.remote_size, 0);
}
