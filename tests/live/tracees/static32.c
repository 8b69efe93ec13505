/* SPDX-License-Identifier: MIT
 *
 * static32: an i386 program without shared libraries. Calls whose numbers, argument slots or widths
 * differ from x86-64: 64-bit offsets in two registers, socketcall, the old mmap.
 *     static32 FILE     writes 5 + 7 bytes to FILE (the 7 at 5 GiB), reads 7 back, makes a socket
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const off_t far = (off_t)5 << 30;
	char back[7];
	long socket_args[] = {AF_INET, SOCK_STREAM, 0};
	if (argc != 2)
		return 2;
	int fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, "five\n", 5) != 5 || pwrite(fd, "seven..", 7, far) != 7 ||
	    pread(fd, back, sizeof(back), far) != 7 || lseek(fd, far, SEEK_SET) != far)
		return 1;
	if (ftruncate(fd, 5) || close(fd))
		return 1;
	struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1)};
	nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	long tcp = syscall(SYS_socketcall, 1 /* SYS_SOCKET */, socket_args);
	long connect_args[] = {tcp, (long)&nobody, sizeof(nobody)};
	if (tcp < 0 || syscall(SYS_socketcall, 3 /* SYS_CONNECT */, connect_args) == 0)
		return 1;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED || open("/nowhere/else", O_RDONLY) >= 0;
}
