/* SPDX-License-Identifier: MIT
 *
 * The calls of i386 that stand for several: socketcall and ipc, which take the number of what is
 * meant as their first argument, and the old mmap and select. Their arguments are in memory, so a
 * record of them would say nothing; it is given those of the direct call. See capture.h.
 */
#include <string.h>

#include "source/capture.h"

enum { NR_SELECT = 82, NR_MMAP = 90, NR_SOCKETCALL = 102, NR_IPC = 117 };

/* What socketcall may be; where there is no direct number, the call that does the same. */
static const struct {
	const char *name;
	uint8_t args;
} socket_calls[] = {
	[1] = {"socket", 3},	  [2] = {"bind", 3},	    [3] = {"connect", 3},
	[4] = {"listen", 2},	  [5] = {"accept4", 3},	    [6] = {"getsockname", 3},
	[7] = {"getpeername", 3}, [8] = {"socketpair", 4},  [9] = {"sendto", 4},
	[10] = {"recvfrom", 4},	  [11] = {"sendto", 6},	    [12] = {"recvfrom", 6},
	[13] = {"shutdown", 2},	  [14] = {"setsockopt", 5}, [15] = {"getsockopt", 5},
	[16] = {"sendmsg", 3},	  [17] = {"recvmsg", 3},    [18] = {"accept4", 4},
	[19] = {"recvmmsg", 5},	  [20] = {"sendmmsg", 4},
};

/* What ipc may be, and which of its own arguments the direct call has: digits are 1 first, 2
 * second, 3 third, 4 ptr, 5 fifth; 'p' is what ptr points to. semop and semtimedop have no direct
 * number, shmat would have another result. */
static const struct {
	const char *name, *args;
} ipc_calls[] = {
	[2] = {"semget", "123"},    [3] = {"semctl", "123p"}, [11] = {"msgsnd", "1423"},
	[12] = {"msgrcv", "14253"}, [13] = {"msgget", "12"},  [14] = {"msgctl", "124"},
	[22] = {"shmdt", "4"},	    [23] = {"shmget", "123"}, [24] = {"shmctl", "124"},
};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* `count` 32-bit words from the program's memory. */
static bool read_words(struct memory *memory, uint64_t address, uint64_t *words, size_t count)
{
	uint32_t raw[RECORD_ARGS];

	if (memory->read(memory, (uint32_t)address, raw, count * sizeof *raw) < count * sizeof *raw)
		return false;
	for (size_t i = 0; i < count; i++)
		words[i] = raw[i];
	return true;
}

static void set_args(struct record *record, const uint64_t *words, size_t count)
{
	memset(record->args, 0, sizeof record->args);
	memcpy(record->args, words, count * sizeof *words);
}

static bool expand(struct record *record, struct memory *memory, uint64_t address, size_t count)
{
	uint64_t words[RECORD_ARGS];

	if (!read_words(memory, address, words, count))
		return false;
	set_args(record, words, count);
	return true;
}

static bool expand_socketcall(struct record *record, struct memory *memory)
{
	uint32_t call = (uint32_t)record->args[0];

	if (call >= LENGTH(socket_calls) || !socket_calls[call].name ||
	    !expand(record, memory, record->args[1], socket_calls[call].args))
		return false;
	record->nr = syscall_number(ARCH_I386, socket_calls[call].name);
	return true;
}

/* Version 0 of msgrcv passes the buffer and the type in a struct of their own. */
static bool unpack_msgrcv(struct memory *memory, uint64_t *args)
{
	uint64_t pair[2];

	if (args[0] >> 16 & 0xffff)
		return true;
	if (!read_words(memory, args[4], pair, 2))
		return false;
	args[4] = pair[0];
	args[5] = pair[1];
	return true;
}

static bool expand_ipc(struct record *record, struct memory *memory)
{
	uint64_t args[RECORD_ARGS], words[RECORD_ARGS];
	uint32_t call = record->args[0] & 0xffff;
	size_t count = 0;

	memcpy(args, record->args, sizeof args);
	if (call >= LENGTH(ipc_calls) || !ipc_calls[call].name)
		return false;
	if (!strcmp(ipc_calls[call].name, "msgrcv") && !unpack_msgrcv(memory, args))
		return false;
	for (const char *arg = ipc_calls[call].args; *arg; arg++, count++) {
		if (*arg != 'p')
			words[count] = args[*arg - '0'];
		else if (!read_words(memory, args[4], &words[count], 1))
			return false;
	}
	set_args(record, words, count);
	record->nr = syscall_number(ARCH_I386, ipc_calls[call].name);
	return true;
}

bool syscall_demultiplex(struct record *record, struct memory *memory)
{
	if (record->arch != ARCH_I386)
		return false;
	switch (record->nr) {
	case NR_SOCKETCALL:
		return expand_socketcall(record, memory);
	case NR_IPC:
		return expand_ipc(record, memory);
	case NR_MMAP:
		return expand(record, memory, record->args[0], 6);
	case NR_SELECT:
		return expand(record, memory, record->args[0], 5);
	default:
		return false;
	}
}

bool syscall_packs_args(unsigned arch, int nr)
{
	return arch == ARCH_I386 && (nr == NR_SOCKETCALL || nr == NR_IPC || nr == NR_MMAP || nr == NR_SELECT);
}

static bool hooked(const uint64_t (*set)[INTEREST_NRS / 64], const char *name)
{
	return name && interest_has(set, ARCH_I386, (unsigned)syscall_number(ARCH_I386, name));
}

bool syscall_multiplexes(const uint64_t (*set)[INTEREST_NRS / 64], unsigned arch, int nr)
{
	if (arch != ARCH_I386)
		return false;
	for (size_t i = 0; nr == NR_SOCKETCALL && i < LENGTH(socket_calls); i++)
		if (hooked(set, socket_calls[i].name))
			return true;
	for (size_t i = 0; nr == NR_IPC && i < LENGTH(ipc_calls); i++)
		if (hooked(set, ipc_calls[i].name))
			return true;
	return false;
}
