/* SPDX-License-Identifier: MIT
 *
 * int80: a 64-bit program that makes i386 calls through int 0x80. With the wrong table its open (5)
 * would be fstat, its write (4) stat.
 *     int80 FILE     writes 11 bytes to FILE
 *     int80          asks for its own id and nothing more: can this kernel do that?
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int call32(int nr, unsigned a, unsigned b, unsigned c)
{
	int result;
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

int main(int argc, char **argv)
{
	/* Pointers of such a call have 32 bits. */
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (argc > 2 || low == MAP_FAILED)
		return 2;
	if (argc == 1)
		return call32(20, 0, 0, 0) != getpid();
	unsigned path = (unsigned)(unsigned long)low, text = path + 4096;
	strncpy(low, argv[1], 4095);
	memcpy(low + 4096, "eleven byte", 11);
	int fd = call32(5, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || call32(4, (unsigned)fd, text, 11) != 11 || call32(6, (unsigned)fd, 0, 0))
		return 1;
	return call32(20, 0, 0, 0) != getpid();
}
