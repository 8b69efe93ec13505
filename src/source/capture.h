/* SPDX-License-Identifier: MIT
 *
 * capture: runs the capture program of a system call's row, that is, reads the memory its arguments
 * point to into the record's pieces. The ptrace source runs it on a stopped task, the bpf source
 * has an interpreter of its own for the same programs.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <sys/types.h>

#include "interest.h"
#include "syscalls/syscalls.h"

/* How a source reads the memory of the task. */
struct memory {
	/* Copies up to size bytes from address. Returns how many could be read from the start
	 * on, 0 when none could: memory that is not there is ordinary. */
	size_t (*read)(struct memory *memory, uint64_t address, void *buffer, size_t size);
};

enum capture_phase { CAPTURE_ENTRY, CAPTURE_EXIT };

/* Appends the pieces of this phase to the record, whose arch, nr, args (and at exit ret) are set.
 * data_limit: bytes of each payload buffer to keep, 0 for none. Never fails: what cannot be read
 * becomes a piece that says so. At exit of a failed call nothing is read. */
void capture_run(const struct syscall_row *row, struct record *record, enum capture_phase phase,
		 struct memory *memory, uint32_t data_limit);

/* True when the row has steps in that phase, so that callers need not bother otherwise. */
bool capture_wants(const struct syscall_row *row, enum capture_phase phase, uint32_t data_limit);

#endif
