/* SPDX-License-Identifier: MIT
 *
 * progress: how far the replay of a large file has come, as one line on the terminal that is
 * rewritten.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

struct progress {
	uint64_t begin_ns;    /* of the replay, CLOCK_MONOTONIC */
	uint64_t shown_ns;    /* when the line was written last */
	uint64_t bytes;	      /* of the file; 0: not known */
	uint64_t records;     /* so far */
	uint64_t records_all; /* in the file; 0: not known */
};

/* `fd` is the file's; records_all: as above. */
void progress_begin(struct progress *progress, int fd, uint64_t records_all, uint64_t now_ns);

/* Shows the line, from the second second on, a few times a second. `position`: bytes read. */
void progress_show(struct progress *progress, uint64_t position, uint64_t now_ns);

#endif
