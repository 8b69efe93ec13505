/* SPDX-License-Identifier: MIT
 *
 * See wire.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/stack/wire.h"

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

bool wire_send(int socket, const struct wire *wire, int fd)
{
	union control control = {0};
	size_t size = sizeof wire->head + wire->head.size;
	struct iovec piece = {(void *)wire, size};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof control.bytes;
		control.align = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size;
}

static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return fd;
}

bool wire_receive(int socket, struct wire *wire, int *fd)
{
	union control control = {0};
	struct iovec piece = {wire, sizeof *wire};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	if (fd) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof control.bytes;
	}
	ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (fd)
		*fd = take_descriptor(&message);
	return size >= (ssize_t)sizeof wire->head && size - sizeof wire->head == wire->head.size;
}
