/* SPDX-License-Identifier: MIT
 *
 * rollup: how much memory a process has, as /proc/PID/smaps_rollup says (Linux 4.14; proc(5)). The
 * kernel walks the page tables for it: some 10 us for a small process, milliseconds for gigabytes.
 */
#ifndef USAGE_ROLLUP_H
#define USAGE_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All in bytes. ORDER rollup_rows */
enum rollup_value {
	ROLLUP_RSS,
	ROLLUP_PSS,
	ROLLUP_ANONYMOUS, /* of no file, or written to privately */
	ROLLUP_SWAP,
	ROLLUP_HUGE, /* transparent huge pages, and those of hugetlbfs, which are no part of RSS */
	ROLLUP_VALUES
};

/* False when the text has no Rss line. What else is not there is 0. */
bool rollup_parse(const char *text, uint64_t values[ROLLUP_VALUES]);

/* False when the process has ended, or we may not look. */
bool rollup_read(pid_t pid, uint64_t values[ROLLUP_VALUES]);

#endif
