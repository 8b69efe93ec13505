/* SPDX-License-Identifier: MIT
 *
 * delay: tasks that a script holds back at the entry of a call; see delay.c.
 */
#ifndef PTRACE_DELAY_H
#define PTRACE_DELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct delays {
	uint64_t due_ns; /* when the first may go on; 0: there are none */
	timer_t timer;   /* makes the source's fd readable then */
	bool has_timer;
};

#endif
