/* SPDX-License-Identifier: MIT
 *
 * What is at a place: the function that is there by the symbols, and by the debug information the
 * line of source code. For what the compiler put into a function from another one, that is the line
 * of the other.
 *
 * Debug information is large, often compressed, and of files that many processes have, each at
 * another address. So files are kept, each as the only module of a Dwfl of its own at an address of
 * ours, with the places that were asked for.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/stack/worker.h"

#define BASE UINT64_C(0x100000000) /* where a file's one module is */

/* No stack has more files than frames, so those of this stack are never given up for one another.
 */
enum { FILES_KEPT = FRAMES_MAX, PLACES_KEPT = 512 };

struct file {
	uint64_t id;
	uint64_t used;		/* when it was asked for last, by count */
	uint64_t space, number; /* where it is mapped now, and its memory from start to end */
	uint64_t start, end;
	Dwfl *dwfl;
	Dwfl_Module *module;
	char *vdso; /* a copy of the kernel's module, or NULL */
	struct place places[PLACES_KEPT];
};

static struct file *files[FILES_KEPT];
static uint64_t asked;

/* ---- files ---- */

static int find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		    char **path, Elf **elf)
{
	struct file *file = *data;

	(void)module, (void)base;
	*path = NULL;
	if (name[0] == '/')
		return worker_ask(WIRE_OPEN, file->space, file->number, NULL, 0);
	*elf = vdso_elf(&file->vdso, file->start, file->end);
	return -1;
}

static int find_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **path)
{
	const unsigned char *id;
	GElf_Addr where;
	int size = dwfl_module_build_id(module, &id, &where);

	(void)data, (void)name, (void)base, (void)file, (void)link, (void)crc;
	*path = NULL;
	return size > 0 && size <= 64 ? worker_ask(WIRE_DEBUG, 0, 0, id, (size_t)size) : -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static void file_free(struct file *file)
{
	if (!file)
		return;
	dwfl_end(file->dwfl);
	free(file->vdso);
	free(file);
}

static struct file *file_new(uint64_t id, const char *name, uint64_t size)
{
	struct file *file = calloc(1, sizeof *file);
	void **data;

	if (!file)
		_exit(1);
	file->id = id;
	file->dwfl = dwfl_begin(&callbacks);
	if (!file->dwfl)
		_exit(1);
	dwfl_report_begin(file->dwfl);
	file->module = dwfl_report_module(file->dwfl, name, BASE, BASE + size);
	dwfl_report_end(file->dwfl, NULL, NULL);
	if (file->module &&
	    dwfl_module_info(file->module, &data, NULL, NULL, NULL, NULL, NULL, NULL))
		*data = file;
	return file;
}

/* The file, kept or in place of the one that was not asked for for the longest time. */
static struct file *file_find(uint64_t id, const char *name, uint64_t size)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < FILES_KEPT; i++) {
		if (files[i] && files[i]->id == id)
			return files[i];
		if (!files[i] || (files[oldest] && files[i]->used < files[oldest]->used))
			oldest = i;
	}
	file_free(files[oldest]);
	return files[oldest] = file_new(id, name, size);
}

/* ---- places ---- */

static void find(struct file *file, struct place *place)
{
	uint64_t at = BASE + place->offset - place->is_return;
	GElf_Off offset;
	GElf_Sym symbol;
	int line = 0;

	place->name = dwfl_module_addrinfo(file->module, at, &offset, &symbol, NULL, NULL, NULL);
	Dwfl_Line *row = dwfl_module_getsrc(file->module, at);
	if (row)
		place->file = dwfl_lineinfo(row, NULL, &line, NULL, NULL, NULL);
	place->line = line > 0 ? (uint32_t)line : 0;
}

const struct place *symbols_find(const struct worker_space *space, uint64_t module,
				 uint64_t address, bool is_return)
{
	if (module >= space->count)
		return NULL;
	const struct mapped *mapped = &space->modules[module];
	uint64_t offset = address - mapped->start, size = mapped->end - mapped->start;
	const char *name = dwfl_module_info(dwfl_addrmodule(space->dwfl, mapped->start), NULL, NULL,
					    NULL, NULL, NULL, NULL, NULL);
	bool is_vdso = !name || name[0] != '/';
	struct file *file = file_find(is_vdso ? 1u + worker.job.is_32 : mapped->id, name, size);
	struct place *place = &file->places[(offset * 2 + is_return) % PLACES_KEPT];

	file->used = ++asked;
	if (!file->module)
		return NULL;
	if (place->is_known && place->offset == offset && place->is_return == is_return)
		return place;
	file->space = worker.space;
	file->number = module;
	file->start = mapped->start;
	file->end = mapped->end;
	*place = (struct place){.offset = offset, .is_return = is_return, .is_known = true};
	find(file, place);
	return place;
}
