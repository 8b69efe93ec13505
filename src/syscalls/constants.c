/* SPDX-License-Identifier: MIT
 *
 * Lookups of named constants: families of flags and values, errors, signals. See syscalls.h.
 */
#include <stdlib.h>
#include <string.h>

#include "syscalls/syscalls.h"

#include "constants.inc"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static int compare_family(const void *key, const void *entry)
{
	return strcmp(key, ((const struct family *)entry)->name);
}

const struct family *family_find(const char *name)
{
	return bsearch(name, families, FAMILY_COUNT, sizeof *families, compare_family);
}

static int number_in(const char *family_name, const char *name)
{
	const struct family *family = family_find(family_name);

	for (size_t i = 0; i < family->count; i++)
		if (!strcmp(family->constants[i].name, name))
			return (int)family->constants[i].value;
	return 0;
}

const char *errno_name(int error)
{
	return error > 0 && error < (int)LENGTH(errno_names) ? errno_names[error] : NULL;
}

int errno_number(const char *name)
{
	return number_in("errno", name);
}

/* The kernel's numbers: the C library keeps 32 and 33 for itself, which is no matter here. */
enum { RT_FIRST = 32, RT_LAST = 64 };

const char *signal_name(int signal)
{
	static const char *const rt_names[] = {
		"SIGRT_0",  "SIGRT_1",	"SIGRT_2",  "SIGRT_3",	"SIGRT_4",  "SIGRT_5",	"SIGRT_6",
		"SIGRT_7",  "SIGRT_8",	"SIGRT_9",  "SIGRT_10", "SIGRT_11", "SIGRT_12", "SIGRT_13",
		"SIGRT_14", "SIGRT_15", "SIGRT_16", "SIGRT_17", "SIGRT_18", "SIGRT_19", "SIGRT_20",
		"SIGRT_21", "SIGRT_22", "SIGRT_23", "SIGRT_24", "SIGRT_25", "SIGRT_26", "SIGRT_27",
		"SIGRT_28", "SIGRT_29", "SIGRT_30", "SIGRT_31", "SIGRT_32"};

	if (signal >= RT_FIRST && signal <= RT_LAST)
		return rt_names[signal - RT_FIRST];
	return signal > 0 && signal < (int)LENGTH(signal_names) ? signal_names[signal] : NULL;
}

int signal_number(const char *name)
{
	for (int i = RT_FIRST; i <= RT_LAST; i++)
		if (!strcmp(signal_name(i), name))
			return i;
	return number_in("signal", name);
}

const char *arg_kind_name(unsigned kind)
{
	static const char *const kind_names[ARG_KINDS] = {
		[ARG_INT] = "int",	 [ARG_UINT] = "uint",	    [ARG_HEX] = "hex",
		[ARG_FD] = "fd",	 [ARG_DIRFD] = "dirfd",	    [ARG_PID] = "pid",
		[ARG_UID] = "uid",	 [ARG_MODE] = "mode",	    [ARG_DEV] = "dev",
		[ARG_SIGNAL] = "signal", [ARG_FLAGS] = "flags",	    [ARG_ENUM] = "enum",
		[ARG_STR] = "str",	 [ARG_PATH] = "path",	    [ARG_STRV] = "strv",
		[ARG_BUF] = "buf",	 [ARG_BYTES] = "bytes",	    [ARG_IOVEC] = "iovec",
		[ARG_MSGHDR] = "msghdr", [ARG_MMSGHDR] = "mmsghdr", [ARG_SOCKADDR] = "sockaddr",
		[ARG_STRUCT] = "struct", [ARG_STATUS] = "status",   [ARG_SIGSET] = "sigset",
		[ARG_FDSET] = "fdset",	 [ARG_INTS] = "ints",	    [ARG_LONGS] = "longs",
		[ARG_INT64S] = "int64s",
	};

	return kind < ARG_KINDS ? kind_names[kind] : NULL;
}
