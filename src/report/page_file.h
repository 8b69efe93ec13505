/* SPDX-License-Identifier: MIT
 *
 * page_file: the file of a report while it is written. What has the target's name stays as it is
 * until the page is whole; until then it has a name of its own beside it, only its owner can read
 * it, and no link is followed. A pipe or a device is written to as it is.
 */
#ifndef REPORT_PAGE_FILE_H
#define REPORT_PAGE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE_FILE_BUFFER = 1 << 16 };

struct page_file {
	const char *target; /* the caller's, for as long as the file is open */
	char *partial;	    /* name until it is whole; NULL: written directly */
	int fd;
	int error;	/* errno of the first failure; nothing is written after it */
	uint64_t bytes; /* given so far */
	uint64_t whole; /* bytes up to the last mark */
	size_t used;
	char buffer[PAGE_FILE_BUFFER];
};

/* Opens it for a page that is to be `target`; "-" is stdout. 0 or a negative errno. */
int page_file_open(struct page_file *file, const char *target);
void page_file_write(struct page_file *file, const void *bytes, size_t size);
/* Up to here the file makes sense: a failure cuts it here. */
void page_file_mark(struct page_file *file);
/* Writes out what is buffered. */
void page_file_flush(struct page_file *file);
/* The page is whole and takes its name. 0 or a negative errno: then it is where it was, under
 * `partial`. */
int page_file_finish(struct page_file *file);
/* Closes it. Of one that was not finished, what there is stays when `keeps`. */
void page_file_close(struct page_file *file, bool keeps);

#endif
