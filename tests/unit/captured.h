/* SPDX-License-Identifier: MIT
 *
 * captured: what the code under test writes to stdout and stderr.
 */
#ifndef CAPTURED_H
#define CAPTURED_H

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct capture {
	int fd, kept, file;
	char text[65536];
};

/* Everything written to the descriptor from here on goes to a file of ours. */
static inline void captured_begin(struct capture *capture, int fd)
{
	fflush(NULL);
	capture->fd = fd;
	capture->kept = dup(fd);
	capture->file = memfd_create("captured", MFD_CLOEXEC);
	assert(capture->kept >= 0 && capture->file >= 0);
	dup2(capture->file, fd);
}

/* Puts the descriptor back; text is what was written, ending with a NUL. */
static inline const char *captured_end(struct capture *capture)
{
	fflush(NULL);
	dup2(capture->kept, capture->fd);
	close(capture->kept);
	ssize_t n = pread(capture->file, capture->text, sizeof capture->text - 1, 0);
	close(capture->file);
	capture->text[n > 0 ? n : 0] = '\0';
	return capture->text;
}

#endif
