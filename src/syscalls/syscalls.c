/* SPDX-License-Identifier: MIT
 *
 * Lookups in the generated table of system calls. See syscalls.h.
 */
#include <stdlib.h>
#include <string.h>

#include "syscalls/steps.h"
#include "syscalls/syscalls.h"

/* A call's number in each architecture, -1 where it has none. */
struct name_numbers {
	const char *name;
	int16_t nr[ARCH_COUNT];
};

#include "syscalls.inc"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

const struct syscall_row *syscall_row(unsigned arch, int nr)
{
	if (arch >= ARCH_COUNT || nr < 0 || nr >= arches[arch].count || !arches[arch].rows[nr])
		return NULL;
	return &rows[arches[arch].rows[nr] - 1];
}

/* An argument as it is in the registers; a narrow one may have anything in its upper half. */
static uint64_t chooser_value(const struct syscall_row *row, const uint64_t *args)
{
	const struct syscall_arg *arg = &row->args[row->variant_arg];
	uint64_t value = args[arg->slot];

	return arg->bytes == 4 ? (uint32_t)value : value;
}

const struct syscall_row *syscall_variant(const struct syscall_row *row, const uint64_t *args)
{
	if (!row->variant_count)
		return row;
	uint64_t value = chooser_value(row, args);
	for (size_t i = 0; i < row->variant_count; i++)
		if ((value & row->variants[i].mask) == row->variants[i].value)
			return row->variants[i].row;
	return row;
}

static int compare_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct name_numbers *)entry)->name);
}

int syscall_number(unsigned arch, const char *name)
{
	const struct name_numbers *found =
		bsearch(name, names, LENGTH(names), sizeof *names, compare_name);

	return found && arch < ARCH_COUNT ? found->nr[arch] : -1;
}

const char *syscall_class_name(unsigned class)
{
	static_assert(LENGTH(class_names) <= CLASS_MAX, "classes are bits of a uint16_t");
	return class < LENGTH(class_names) ? class_names[class] : NULL;
}

const char *arch_name(unsigned arch)
{
	static const char *const arch_names[ARCH_COUNT] = {
		[ARCH_X86_64] = "x86_64", [ARCH_I386] = "i386", [ARCH_X32] = "x32"};

	return arch < ARCH_COUNT ? arch_names[arch] : NULL;
}
