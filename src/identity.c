/* SPDX-License-Identifier: MIT
 *
 * Where a trace is made. Asked once, before it starts.
 */
#include "identity.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { UUID_BYTES = 16 };

/* Text of a random UUID, RFC 9562 version 4. */
static void write_uuid(char text[37], uint8_t bytes[UUID_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	bytes[6] = 0x40 | (bytes[6] & 0x0f);
	bytes[8] = 0x80 | (bytes[8] & 0x3f);
	for (int i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text = '\0';
}

static void make_run(char text[37])
{
	uint8_t bytes[UUID_BYTES];

	if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != sizeof bytes) {
		/* early in the boot: still no other trace of this machine has the same */
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		uint64_t words[2] = {now.tv_sec * UINT64_C(1000000000) + now.tv_nsec, getpid()};
		memcpy(bytes, words, sizeof bytes);
	}
	write_uuid(text, bytes);
}

static void read_boot(char text[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, 36);

	text[n == 36 ? 36 : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

void identity_make(struct identity *identity)
{
	struct utsname names;

	*identity = (struct identity){0};
	_Static_assert(sizeof names.nodename <= sizeof identity->host, "room for the name");
	if (!uname(&names))
		memcpy(identity->host, names.nodename, sizeof names.nodename);
	read_boot(identity->boot);
	make_run(identity->run);
}
