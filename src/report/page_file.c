/* SPDX-License-Identifier: MIT
 *
 * See page_file.h.
 */
#include "report/page_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char PARTIAL[] = ".partial-XXXXXX.html";

enum { SUFFIX = 5 }; /* of ".html" */

/* Is it something that has no content of its own, to be written to where it is? Links are followed
 * in /dev alone, where a shell's >(command) is one. */
static bool is_direct(const char *target)
{
	struct stat status;
	bool is_there =
		strncmp(target, "/dev/", 5) ? !lstat(target, &status) : !stat(target, &status);

	return is_there && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
}

static int open_direct(const char *target)
{
	if (!strcmp(target, "-") || !strcmp(target, "/dev/stdout"))
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

/* mkostemps opens with O_EXCL and 0600. */
static int open_partial(struct page_file *file)
{
	struct stat status;

	if (!lstat(file->target, &status) && S_ISDIR(status.st_mode))
		return errno = EISDIR, -1;
	if (asprintf(&file->partial, "%s%s", file->target, PARTIAL) < 0)
		return file->partial = NULL, errno = ENOMEM, -1;
	return mkostemps(file->partial, SUFFIX, O_CLOEXEC);
}

int page_file_open(struct page_file *file, const char *target)
{
	*file = (struct page_file){.target = target};
	bool is_stdout = !strcmp(target, "-") || !strcmp(target, "/dev/stdout");
	file->fd = is_stdout || is_direct(target) ? open_direct(target) : open_partial(file);
	if (file->fd >= 0)
		return 0;
	int error = errno;
	free(file->partial);
	file->partial = NULL;
	return -error;
}

/* What cannot be cut (a pipe, a device) stays. */
static void fail(struct page_file *file, int error)
{
	file->error = error;
	if (file->partial && ftruncate(file->fd, file->whole))
		errno = error;
}

static void write_all(struct page_file *file, const char *bytes, size_t size)
{
	while (size && !file->error) {
		ssize_t n = write(file->fd, bytes, size);
		if (n >= 0) {
			bytes += n;
			size -= n;
		} else if (errno != EINTR) {
			fail(file, errno);
		}
	}
}

void page_file_flush(struct page_file *file)
{
	write_all(file, file->buffer, file->used);
	file->used = 0;
}

void page_file_write(struct page_file *file, const void *bytes, size_t size)
{
	if (file->used + size > PAGE_FILE_BUFFER)
		page_file_flush(file);
	if (size > PAGE_FILE_BUFFER) {
		write_all(file, bytes, size);
	} else if (size) {
		memcpy(file->buffer + file->used, bytes, size);
		file->used += size;
	}
	file->bytes += size;
}

void page_file_mark(struct page_file *file)
{
	page_file_flush(file);
	if (!file->error)
		file->whole = file->bytes;
}

int page_file_finish(struct page_file *file)
{
	page_file_flush(file);
	int fd = file->fd;
	file->fd = -1;
	/* A full disk behind NFS is reported at close only. */
	if (close(fd) && errno != EINTR && !file->error)
		file->error = errno;
	if (!file->error && file->partial && rename(file->partial, file->target))
		file->error = errno;
	if (file->error)
		return -file->error;
	free(file->partial);
	file->partial = NULL;
	return 0;
}

void page_file_close(struct page_file *file, bool keeps)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	if (file->partial && !keeps)
		unlink(file->partial);
	free(file->partial);
	file->partial = NULL;
}
