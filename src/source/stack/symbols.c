/* SPDX-License-Identifier: MIT
 *
 * What is at an address: the module, the function that is there by the symbols, and by the debug
 * information the line of source code. For what the compiler put into a function from another one,
 * that is the line of the other.
 */
#include <string.h>

#include "source/stack/worker.h"

static void find(Dwfl *dwfl, struct place *place, uint64_t at)
{
	Dwfl_Module *module = dwfl_addrmodule(dwfl, at);
	Dwarf_Addr start, bias;
	GElf_Off offset;
	GElf_Sym symbol;
	int line = 0;

	if (!module)
		return;
	place->module = dwfl_module_info(module, NULL, &start, NULL, NULL, NULL, NULL, NULL);
	place->offset = place->address - start;
	place->name = dwfl_module_addrinfo(module, at, &offset, &symbol, NULL, NULL, &bias);
	Dwfl_Line *row = dwfl_module_getsrc(module, at);
	if (row)
		place->file = dwfl_lineinfo(row, NULL, &line, NULL, NULL, NULL);
	place->line = line > 0 ? (uint32_t)line : 0;
}

const struct place *symbols_find(struct worker_space *space, uint64_t address, bool is_return)
{
	struct place *place = &space->places[(address * 2 + is_return) % CACHED_PLACES];

	if (place->is_known && place->address == address && place->is_return == is_return)
		return place;
	*place = (struct place){.address = address, .is_return = is_return, .is_known = true};
	find(space->dwfl, place, is_return ? address - 1 : address);
	return place;
}
