/* SPDX-License-Identifier: MIT
 *
 * record: one thing that happened, as plain bytes. Every source writes it, the script host and the
 * trace file read it; it is the only type they share. It has no pointers, so it can be copied,
 * written to disk and read back as it is. Numbers are in host byte order.
 *
 *     struct record | struct piece, bytes, pad to 8 | struct piece, bytes, pad to 8 | ...
 *
 * A piece is captured memory: it says which argument pointed to it and what part of that
 * argument's meaning it is. What the bytes mean is known to src/decode, not here.
 */
#ifndef RECORD_H
#define RECORD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_ARGS 6
#define RECORD_MAX  (256u << 10) /* bytes of one record with all its pieces; what exceeds it is truncated */

enum record_arch { ARCH_X86_64, ARCH_I386, ARCH_X32, ARCH_COUNT };

/* What each kind keeps in the fixed fields. pid is always the thread group's id (tgid) and tid the
 * task's, both in the tracer's PID namespace. Fields not named are 0. ORDER record_kind_names. */
enum record_kind {
	RECORD_NONE,
	RECORD_CALL,   /* a system call that ended: nr, args, ret, time of entry, duration */
	RECORD_ENTER,  /* a system call about to run: nr, args */
	RECORD_FORK,   /* a task was created by tid. args: new tid, new tgid, clone flags (with
			  exit signal) */
	RECORD_EXEC,   /* exec succeeded. args: tid before it, dirfd, AT_ flags. Pieces: 0 path as given,
			  1 argv (PIECE_STRING each), 2 comm, 3 exe as /proc names it */
	RECORD_EXIT,   /* task tid is gone. ret: wait status. args: 1 if the whole process is gone,
			  peak RSS in bytes (0: not known) */
	RECORD_SIGNAL, /* a signal reaches tid. nr: signal. args: si_code, si_pid, si_uid, si_addr,
			  si_status */
	RECORD_STOP,   /* tid's group was stopped by signal nr */
	RECORD_TASK,   /* tid existed before the trace (or is the command itself, before its exec).
			  args: parent pid, then ids: tasks with equal ids share the descriptor table [1],
			  the cwd [2], the address space [3].
			  Pieces: 0 comm, 1 argv (PIECE_STRING each), 2 exe, 3 cwd */
	RECORD_FD,     /* pid had descriptor nr open. args: open flags with O_CLOEXEC, offset, st_mode,
			  socket family, type, protocol. ret: inode number.
			  Pieces: 0 link text of /proc/PID/fd/N, 1 local sockaddr, 2 remote sockaddr */
	RECORD_MAP,    /* pid had this mapping. args: address, size, PROT_ bits, MAP_ bits, offset.
			  ret: inode number. Pieces: 0 path or [heap], [stack] ... */
	RECORD_FAULT,  /* page faults of one task in a row, each on the page after the one before. args:
			  address and instruction of the first, 1 if major, 1 if in the kernel, how many */
	RECORD_LOST,   /* records that are missing here. args: how many, enum record_kind or 0; where it
			  is told time and again: ns since it was told last, how many in all */
	RECORD_NOTE,   /* the source has something to tell the user once. nr: enum record_note.
			  Pieces: 0 the program it is about */
	RECORD_USAGE,  /* what the kernel says of pid's memory at that time. args, all in bytes: RSS, PSS,
			  anonymous, swapped out, in huge pages */
	RECORD_SCHED,  /* tid could run, and waited for a CPU. time: since when; duration. args: the CPU it
			  got, 1 if it had been made to leave one, 0 if it was woken */
	RECORD_BLOCK,  /* tid asked something of a block device. time: of then; duration: until that was done.
			  args: bytes, REQ_OP_ number, the device's major and minor number, sector (of 512
			  bytes). ret: 0 or a negative errno */
	RECORD_KINDS
};

/* Those that cost much to see: they are told only when an option or a script names them. */
enum {
	RECORD_COSTLY = 1 << RECORD_FAULT | 1 << RECORD_USAGE | 1 << RECORD_SCHED | 1 << RECORD_BLOCK,
};

/* Numbers of RECORD_NOTE. ORDER lua/remarks.lua, note.c */
enum record_note {
	NOTE_UNTRACED = 1, /* it asked not to be traced (CLONE_UNTRACED), and is */
	NOTE_PRIVILEGES,   /* it has not the privileges of its file (setuid), as it is traced */
	NOTE_NO_FAULTS,    /* its page faults cannot be seen */
	NOTE_ESCAPED,      /* it asked that a task of its not be traced, and that one is not */
	NOTE_HELD,         /* it cannot be stopped and so not be let go, and would be killed by our end */
	NOTE_NO_STACKS,    /* what finds stacks failed too often: from here on there are none */
};

/* Flags of a record. */
enum {
	RECORD_UNFINISHED = 1 << 0, /* no ret, no out data: the task died or was let go inside the call, or
				       a seccomp filter of its own refused it with SIGSYS, or it was told
				       of when it began (interest.begun) */
	RECORD_NO_ENTRY = 1 << 1,   /* the trace began inside the call: time and duration start there */
	RECORD_TAMPERED = 1 << 2,   /* a script changed the call or its result */
	RECORD_TRUNCATED = 1 << 3,  /* RECORD_MAX was reached, later pieces are missing */
	RECORD_INT80 = 1 << 4,      /* an i386 call made by a 64-bit task */
};

enum piece_part {
	PIECE_SELF,    /* the bytes the argument points to: string, struct, buffer, sockaddr */
	PIECE_STRING,  /* string number index of a vector of strings (argv) */
	PIECE_IOVEC,   /* the struct iovec array of a vector, or of message number index */
	PIECE_DATA,    /* what an iovec array points to, joined, up to the limit; of message index */
	PIECE_NAME,    /* msg_name of message number index */
	PIECE_CONTROL, /* msg_control of message number index */
	PIECE_STACK,   /* of no argument (arg 0): where the task was, see frame.h */
};

/* Flags of a piece. */
enum {
	PIECE_TRUNCATED = 1 << 0,  /* a limit cut it: there was more */
	PIECE_UNREADABLE = 1 << 1, /* the memory could not be read: size is what could be (often 0) */
	PIECE_AT_ENTRY = 1 << 2,   /* read before the kernel ran the call; without it: after */
};

struct piece {
	uint32_t size;    /* bytes that follow, without the padding; a string's NUL is not among them */
	uint8_t arg;      /* which argument, 0-5 (or the number in enum record_kind's table) */
	uint8_t part;     /* enum piece_part */
	uint8_t flags;    /* PIECE_ bits */
	uint8_t reserved; /* 0 */
	uint32_t index;   /* which string or message */
	uint32_t count;   /* whole size in the program's memory when truncated, else size */
};

struct record {
	uint32_t size;        /* of all, a multiple of 8 */
	uint8_t kind;         /* enum record_kind */
	uint8_t arch;         /* enum record_arch: whose table nr belongs to */
	uint16_t flags;       /* RECORD_ bits */
	uint64_t time_ns;     /* CLOCK_MONOTONIC; for a call: when it was entered */
	uint64_t duration_ns; /* calls: until it returned; where the kind has one */
	int32_t pid, tid;
	int32_t nr;           /* system call, signal or descriptor number */
	uint32_t pieces;      /* how many follow */
	uint64_t args[RECORD_ARGS];
	int64_t ret;          /* calls: as the kernel returned it, -4095..-1 are errors */
};

static_assert(sizeof(struct piece) == 16, "on disk");
static_assert(sizeof(struct record) == 96, "on disk");

/* Starts a record without pieces in buf (RECORD_MAX bytes of room are assumed by record_add). */
void record_begin(struct record *record, enum record_kind kind, int32_t pid, int32_t tid);

/* Reserves a piece of at most `room` bytes at the record's end. Returns where to put the bytes, or
 * NULL (and sets RECORD_TRUNCATED) when the record is full. At most one reservation is open. */
void *record_reserve(struct record *record, uint8_t arg, uint8_t part, uint32_t index, size_t room);
/* Closes the reservation: `size` bytes were filled in. */
void record_commit(struct record *record, size_t size, size_t whole, uint8_t flags);

/* Both in one: copies `size` bytes. False when the record is full. */
bool record_add(struct record *record, uint8_t arg, uint8_t part, uint32_t index, const void *bytes,
		size_t size, uint8_t flags);

/* The piece after `piece` (NULL: the first), or NULL at the end. Checks bounds: a record that came
 * from a file may be hostile. */
const struct piece *record_piece(const struct record *record, const struct piece *piece);

/* The first piece of that argument, part and index, or NULL. */
const struct piece *record_find(const struct record *record, uint8_t arg, uint8_t part, uint32_t index);

static inline const void *piece_bytes(const struct piece *piece)
{
	return piece + 1;
}

/* "call", "fork" ...: the names lua/ knows the kinds by; NULL when there is none. */
const char *record_kind_name(unsigned kind);

static inline bool record_failed(const struct record *record)
{
	return record->ret < 0 && record->ret >= -4095;
}

#endif
