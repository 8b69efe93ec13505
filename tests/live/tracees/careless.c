/* SPDX-License-Identifier: MIT
 *
 * careless: a program that checks some of its calls and not others: memory it does not check, a read that is tried again
 * after EINTR and checked, a write it does not check.
 *     careless IN OUT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char bytes[64];
	ssize_t n;

	if (argc < 3)
		return 2;
	static char *volatile memory;
	memory = malloc(4 << 20);
	memory[100] = 1;
	int in = open(argv[1], O_RDONLY), out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (in < 0 || out < 0) {
		perror("open");
		return 1;
	}
	while ((n = read(in, bytes, sizeof bytes)) < 0 && errno == EINTR)
		;
	if (n < 0) {
		perror("read");
		return 1;
	}
	if (write(out, bytes, (size_t)n) < 0) {
		/* which nobody is told of */
	}
	return 0;
}
