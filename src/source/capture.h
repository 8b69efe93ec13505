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
#include "syscalls/steps.h"
#include "syscalls/syscalls.h"

/* How a source reads the memory of the task. */
struct memory {
	/* Copies up to size bytes from address. Returns how many could be read from the start
	 * on, 0 when none could: memory that is not there is ordinary. */
	size_t (*read)(struct memory *memory, uint64_t address, void *buffer, size_t size);
};

/* The limits. What exceeds them is cut, and the piece says so. */
enum {
	CAPTURE_STRING_MAX = 4096,   /* a string: PATH_MAX, without NUL */
	CAPTURE_STRINGS_MAX = 65536, /* all strings of a vector together */
	CAPTURE_STRINGS_COUNT = 2048,/* strings of a vector */
	CAPTURE_LIMIT = 65536,       /* a counted array of structs or numbers */
	CAPTURE_VECTORS = 1024,      /* iovec or mmsghdr elements: the kernel's own limit */
	CAPTURE_CONTROL_MAX = 4096,  /* a message's control buffer */
};

enum capture_phase { CAPTURE_ENTRY, CAPTURE_EXIT };

/* Appends the pieces of this phase to the record, whose arch, nr, args (and at exit ret) are set.
 * data_limit: bytes of each payload buffer to keep, 0 for none. Never fails: what cannot be read
 * becomes a piece that says so. At exit of a failed call nothing is read. */
void capture_run(const struct syscall_row *row, struct record *record, enum capture_phase phase,
		 struct memory *memory, uint32_t data_limit);

/* socketcall, ipc, and i386's old mmap and select keep their arguments in memory. Gives the record,
 * whose arch, nr and args are those at entry, the arguments (and for socketcall and ipc the number)
 * of the direct call. False, with the record unchanged, when it is none of those calls or cannot be
 * read. Sources call it at entry, before capture. */
bool syscall_demultiplex(struct record *record, struct memory *memory);

/* True when `nr` of `arch` is one of these calls. */
bool syscall_packs_args(unsigned arch, int nr);

/* True when `nr` of `arch` is one of these calls and what it may become is hooked in `set`
 * (interest's calls or enters): a source must stop there too. */
bool syscall_multiplexes(const uint64_t (*set)[INTEREST_NRS / 64], unsigned arch, int nr);

/* True when the row has steps in that phase, so that callers need not bother otherwise. */
bool capture_wants(const struct syscall_row *row, enum capture_phase phase, uint32_t data_limit);

#endif
