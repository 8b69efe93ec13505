/* SPDX-License-Identifier: MIT
 *
 * Socket addresses and control messages: see decode.h.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "decode/decode.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void give_integer(struct visitor *visitor, const char *name, int64_t value)
{
	visitor->field(visitor, name);
	visitor->integer(visitor, value);
}

static void give_bytes(struct visitor *visitor, const char *name, const void *bytes, size_t size)
{
	visitor->field(visitor, name);
	visitor->bytes(visitor, bytes, size);
}

static void give_inet(const void *bytes, size_t size, struct visitor *visitor)
{
	struct sockaddr_in address = {0};

	memcpy(&address, bytes, least(size, sizeof address));
	give_integer(visitor, "port", ntohs(address.sin_port));
	give_bytes(visitor, "address", &address.sin_addr, 4);
}

static void give_inet6(const void *bytes, size_t size, struct visitor *visitor)
{
	struct sockaddr_in6 address = {0};

	memcpy(&address, bytes, least(size, sizeof address));
	give_integer(visitor, "port", ntohs(address.sin6_port));
	give_bytes(visitor, "address", &address.sin6_addr, 16);
	give_integer(visitor, "scope", address.sin6_scope_id);
	give_integer(visitor, "flowinfo", ntohl(address.sin6_flowinfo));
}

static void give_netlink(const void *bytes, size_t size, struct visitor *visitor)
{
	struct sockaddr_nl address;

	(void)size;
	memcpy(&address, bytes, sizeof address);
	give_integer(visitor, "pid", address.nl_pid);
	give_integer(visitor, "groups", address.nl_groups);
}

static void give_packet(const void *bytes, size_t size, struct visitor *visitor)
{
	struct sockaddr_ll address = {0};

	memcpy(&address, bytes, least(size, sizeof address));
	give_integer(visitor, "protocol", ntohs(address.sll_protocol));
	give_integer(visitor, "interface", address.sll_ifindex);
	give_integer(visitor, "packet_type", address.sll_pkttype);
	give_bytes(visitor, "address", address.sll_addr, least(address.sll_halen, 6));
}

static void give_vsock(const void *bytes, size_t size, struct visitor *visitor)
{
	struct sockaddr_vm address;

	(void)size;
	memcpy(&address, bytes, sizeof address);
	give_integer(visitor, "cid", address.svm_cid);
	give_integer(visitor, "port", address.svm_port);
}

/* A name in the file system ends at its NUL; an abstract one begins with NUL and is as long as the
 * address; an unnamed socket has none. */
static void give_unix(const char *path, size_t size, struct visitor *visitor)
{
	if (size)
		give_bytes(visitor, "path", path, path[0] ? strnlen(path, size) : size);
}

/* With the size that has all of what is told, which may be less than that of the struct. */
static const struct {
	uint16_t family, size;
	void (*give)(const void *bytes, size_t size, struct visitor *visitor);
} families_known[] = {
	{AF_INET, offsetof(struct sockaddr_in, sin_zero), give_inet},
	{AF_INET6, offsetof(struct sockaddr_in6, sin6_scope_id), give_inet6},
	{AF_NETLINK, sizeof(struct sockaddr_nl), give_netlink},
	{AF_PACKET, offsetof(struct sockaddr_ll, sll_addr) + 6, give_packet},
	{AF_VSOCK, sizeof(struct sockaddr_vm), give_vsock},
};

void decode_sockaddr(const void *bytes, size_t size, struct visitor *visitor)
{
	sa_family_t family;

	if (size < sizeof family) {
		visitor->nothing(visitor);
		return;
	}
	memcpy(&family, bytes, sizeof family);
	visitor->open_struct(visitor, 4);
	give_integer(visitor, "family", family);
	const char *rest = (const char *)bytes + sizeof family;
	size_t rest_size = size - sizeof family;
	if (family == AF_UNIX) {
		give_unix(rest, rest_size, visitor);
		rest_size = 0;
	}
	for (size_t i = 0; i < sizeof families_known / sizeof *families_known; i++) {
		if (families_known[i].family != family || size < families_known[i].size)
			continue;
		families_known[i].give(bytes, size, visitor);
		rest_size = 0;
	}
	if (rest_size)
		give_bytes(visitor, "data", rest, rest_size);
	visitor->close(visitor);
}

void decode_rights(const void *bytes, size_t size, unsigned arch, struct visitor *visitor)
{
	const char *at = bytes;
	size_t width = arch == ARCH_X86_64 ? 8 : 4, header = width + 8;

	visitor->open_list(visitor, 0);
	while (size >= header) {
		uint64_t length = 0;
		int32_t kind[2], fd;
		memcpy(&length, at, width);
		memcpy(kind, at + width, sizeof kind);
		if (length < header)
			break;
		length = length < size ? length : size;
		if (kind[0] == SOL_SOCKET && kind[1] == SCM_RIGHTS) {
			for (size_t i = header; i + sizeof fd <= length; i += sizeof fd) {
				memcpy(&fd, at + i, sizeof fd);
				visitor->integer(visitor, fd);
			}
		}
		size_t step = (length + width - 1) / width * width;
		step = step < size ? step : size;
		at += step;
		size -= step;
	}
	visitor->close(visitor);
}
