/* SPDX-License-Identifier: MIT
 *
 * window: the part of a trace that is shown (--from, --to). What was before it is for the models
 * alone, so that descriptors, processes and memory are what they were; what is behind it is not
 * read.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "options.h"
#include "record.h"
#include "tracefile/format.h"

struct window {
	bool is_given;
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC; UINT64_MAX: to the end */
};

/* What the options mean for a trace that began at start_ns. `whole`: how far it goes, or NULL when
 * that is not known. False: there is no such part, and that was said. */
bool window_open(struct window *window, const struct options *options, uint64_t start_ns,
		 const struct extent *whole, const char *file);

#endif
