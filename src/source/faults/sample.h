/* SPDX-License-Identifier: MIT
 *
 * sample: one page fault, as the kernel tells of it.
 */
#ifndef FAULTS_SAMPLE_H
#define FAULTS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

struct sample {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t ip, address;
	int32_t pid, tid;
	bool is_major, in_kernel;
};

#endif
