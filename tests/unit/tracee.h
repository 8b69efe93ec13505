/* SPDX-License-Identifier: MIT
 *
 * tracee: a program that exists only in the test: some regions of memory, and a call it makes.
 */
#ifndef TRACEE_H
#define TRACEE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "source/capture.h"

struct region {
	uint64_t address;
	const void *bytes;
	size_t size;
};

struct tracee {
	struct memory memory;
	struct region regions[16];
	size_t region_count;
	unsigned reads; /* how often its memory was read */
	unsigned cut;	/* how often more was asked for than there is: some ways to read then give
			   nothing */
	const struct syscall_row *row;
	struct record *record; /* RECORD_MAX bytes */
};

/* As process_vm_readv: what is in one piece from address on. */
static inline size_t tracee_read(struct memory *memory, uint64_t address, void *buffer, size_t size)
{
	struct tracee *tracee = (struct tracee *)memory;

	tracee->reads++;
	for (size_t i = 0; i < tracee->region_count; i++) {
		const struct region *region = &tracee->regions[i];
		if (address < region->address || address - region->address >= region->size)
			continue;
		size_t left = region->size - (address - region->address);
		tracee->cut += size > left;
		size = size < left ? size : left;
		memcpy(buffer, (const char *)region->bytes + (address - region->address), size);
		return size;
	}
	return 0;
}

static inline int tracee_new(void **state)
{
	struct tracee *tracee = calloc(1, sizeof *tracee);

	assert(tracee);
	tracee->memory.read = tracee_read;
	tracee->record = calloc(1, RECORD_MAX);
	assert(tracee->record);
	*state = tracee;
	return 0;
}

static inline int tracee_free(void **state)
{
	struct tracee *tracee = *state;

	free(tracee->record);
	free(tracee);
	return 0;
}

/* Maps bytes that outlive the test at address. */
static inline void tracee_map(struct tracee *tracee, uint64_t address, const void *bytes,
			      size_t size)
{
	assert(tracee->region_count < 16);
	tracee->regions[tracee->region_count++] = (struct region){address, bytes, size};
}

/* The program is at the entry of a call. */
static inline void tracee_enter(struct tracee *tracee, unsigned arch, const char *name,
				const uint64_t *args, uint32_t data_limit)
{
	record_begin(tracee->record, RECORD_CALL, 1, 1);
	tracee->record->arch = arch;
	tracee->record->nr = syscall_number(arch, name);
	memcpy(tracee->record->args, args, sizeof tracee->record->args);
	tracee->row = syscall_row(arch, tracee->record->nr);
	assert(tracee->row);
	capture_run(tracee->row, tracee->record, CAPTURE_ENTRY, &tracee->memory, data_limit);
}

/* It returned. */
static inline void tracee_leave(struct tracee *tracee, int64_t ret, uint32_t data_limit)
{
	tracee->record->ret = ret;
	capture_run(tracee->row, tracee->record, CAPTURE_EXIT, &tracee->memory, data_limit);
}

#define ARGS(...) ((uint64_t[RECORD_ARGS]){__VA_ARGS__})

#endif
