/* SPDX-License-Identifier: MIT
 *
 * moment: a point of a trace as people write it: "2.5", "2.5s", "+300ms" after its start, "-5s"
 * before its end.
 */
#ifndef MOMENT_H
#define MOMENT_H

#include <stdbool.h>
#include <stdint.h>

struct moment {
	bool is_given;
	bool is_before_end; /* ns counts back from the end */
	uint64_t ns;
};

/* A number alone is seconds. False: it is no moment, and nothing has changed. */
bool moment_parse(struct moment *moment, const char *text);

/* Its distance from the start of a trace that takes `whole_ns`, within that if it counts from the
 * end. */
uint64_t moment_in(const struct moment *moment, uint64_t whole_ns);

#endif
