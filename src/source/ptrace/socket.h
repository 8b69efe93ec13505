/* SPDX-License-Identifier: MIT
 *
 * socket: family, type, protocol and the two ends of a socket that a task already has.
 */
#ifndef PTRACE_SOCKET_H
#define PTRACE_SOCKET_H

#include <sys/socket.h>

#include "record.h"

struct socket_ends {
	int family, type, protocol;
	struct sockaddr_storage local, remote;
	socklen_t local_size, remote_size; /* 0: not known, or not connected */
};

/* Fills in a RECORD_FD whose ret (inode) is set: args[3..5], pieces 1 and 2. pidfd may be -1. */
void socket_describe(struct record *record, pid_t tid, int pidfd, int fd);

/* Finds the socket with that inode in the text of /proc/net/NAME (tcp, tcp6, udp, udp6, udplite ...,
 * raw ..., unix, netlink). The text may be hostile. */
bool socket_find(const char *name, const char *text, uint64_t inode, struct socket_ends *ends);

#endif
