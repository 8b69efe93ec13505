/* SPDX-License-Identifier: MIT
 *
 * index: how far a trace has come at which byte of its file. It stands at the file's end, so the
 * whole length is known before anything is read; of a file without one it is made of the frames'
 * heads. A file that grows does not make it grow: beyond some thousands every second entry goes.
 */
#ifndef TRACEFILE_INDEX_H
#define TRACEFILE_INDEX_H

#include "tracefile/format.h"

enum { INDEX_ENTRIES = 4096 }; /* at most, and an even number */

struct index {
	struct index_entry
		*entries; /* in the file's order; the last one says what there is in all */
	size_t count;
	unsigned stride, skipped; /* frames for an entry; those since the last one */
	bool is_whole;		  /* the file has its end */
};

/* What follows the frame that was added last. False: no memory. */
bool index_add(struct index *index, const struct index_entry *entry);

/* Reads that of a file, whose offset stays as it is. 0, also for what is no trace file, which has
 * no entries; -ESPIPE: it cannot be had of a pipe; or -ENOMEM. The file may be hostile. */
int index_read(struct index *index, int fd);
void index_free(struct index *index);

#endif
