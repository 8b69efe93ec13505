/* SPDX-License-Identifier: MIT
 *
 * The frames of a stack, by libdw: from the call frame information of the modules, and where there
 * is none, by frame pointers. libdw asks for files and memory by these callbacks.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/stack/worker.h"

enum { VDSO_MAX = 64 << 10, REGISTERS_64 = 17, REGISTERS_32 = 9 };

/* ---- memory ---- */

static const struct page *find_page(uint64_t address)
{
	struct page *page = &worker.job.pages[address / WIRE_PAGE % WORKER_PAGES];

	if (page->is_there && page->address == address)
		return page;
	int fd = worker_ask(WIRE_READ, address, 0, NULL, 0);
	if (fd >= 0)
		close(fd);
	page->is_there = true;
	page->address = address;
	page->size = worker.wire.head.size < WIRE_PAGE ? worker.wire.head.size : WIRE_PAGE;
	memcpy(page->bytes, worker.wire.bytes, page->size);
	return page;
}

static bool read_memory(uint64_t address, void *to, size_t size)
{
	const struct job *job = &worker.job;

	if (address >= job->memory_start &&
	    address - job->memory_start + size <= job->memory_size) {
		memcpy(to, job->memory + (address - job->memory_start), size);
		return true;
	}
	for (size_t done = 0; done < size;) {
		size_t skip = (address + done) % WIRE_PAGE;
		size_t part = WIRE_PAGE - skip < size - done ? WIRE_PAGE - skip : size - done;
		const struct page *page = find_page(address + done - skip);
		if (page->size < skip + part)
			return false;
		memcpy((char *)to + done, page->bytes + skip, part);
		done += part;
	}
	return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg)
{
	(void)dwfl;
	(void)arg;
	*result = 0;
	return read_memory(address, result, worker.job.is_32 ? 4 : 8);
}

/* ---- files ---- */

Elf *vdso_elf(char **image, Dwarf_Addr start, Dwarf_Addr end)
{
	size_t size = end - start;

	if (*image || !size || size > VDSO_MAX)
		return NULL;
	*image = malloc(size);
	return *image && read_memory(start, *image, size) ? elf_memory(*image, size) : NULL;
}

static int find_elf(Dwfl_Module *module, void **number, const char *name, Dwarf_Addr base,
		    char **path, Elf **elf)
{
	Dwarf_Addr end = base;

	*path = NULL;
	if (name[0] == '/')
		return worker_ask(WIRE_OPEN, worker.space, (uintptr_t)*number, NULL, 0);
	dwfl_module_info(module, NULL, NULL, &end, NULL, NULL, NULL, NULL);
	*elf = vdso_elf(&worker.spaces[worker.space]->vdso, base, end);
	return -1;
}

static int find_debuginfo(Dwfl_Module *module, void **number, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **path)
{
	(void)module, (void)number, (void)name, (void)base, (void)file, (void)link, (void)crc;
	*path = NULL;
	return -1;
}

const Dwfl_Callbacks unwind_callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* ---- the task ---- */

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	(void)arg;
	if (*thread)
		return 0;
	*thread = &worker;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl, (void)tid, (void)arg;
	*thread = &worker;
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	unsigned count = worker.job.is_32 ? REGISTERS_32 : REGISTERS_64;
	Dwarf_Word registers[REGISTERS_64];

	(void)arg;
	for (unsigned i = 0; i < count; i++)
		registers[i] = worker.job.registers[i];
	return dwfl_thread_state_registers(thread, 0, count, registers);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

/* ---- frames ---- */

static int take_frame(Dwfl_Frame *frame, void *arg)
{
	struct job *job = &worker.job;
	Dwarf_Addr address;
	bool is_activation;

	(void)arg;
	if (!dwfl_frame_pc(frame, &address, &is_activation) || !address)
		return DWARF_CB_ABORT;
	if (job->count == FRAMES_MAX) {
		job->has_more = true;
		return DWARF_CB_ABORT;
	}
	job->frames[job->count].address = address;
	job->frames[job->count++].is_return = !is_activation;
	return DWARF_CB_OK;
}

/* libdw takes the kind of machine from the first module it can read. */
static bool attach(struct worker_space *space)
{
	if (!space->has_state)
		space->is_attached =
			dwfl_attach_state(space->dwfl, NULL, 1, &thread_callbacks, &worker);
	space->has_state = true;
	return space->is_attached;
}

void unwind(struct worker_space *space)
{
	struct job *job = &worker.job;

	if (attach(space))
		dwfl_getthread_frames(space->dwfl, 1, take_frame, NULL);
	if (!job->count) {
		job->frames[0].address =
			job->registers[job->is_32 ? REGISTERS_32 - 1 : REGISTERS_64 - 1];
		job->frames[job->count++].is_return = false;
		job->has_more = true;
	}
}
