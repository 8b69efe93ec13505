/* SPDX-License-Identifier: MIT
 *
 * How much memory scripts may take. Only allocations while a script's own function runs can fail for
 * it: the library, which knows what is true of the program, goes on with what there is.
 */
#include <stdlib.h>

#include "script/state.h"

void *limit_allocate(void *data, void *block, size_t before, size_t size)
{
	struct limit *limit = data;
	size_t had = block ? before : 0; /* without a block, `before` is a kind of object */

	if (!size) {
		free(block);
		limit->used -= had;
		return NULL;
	}
	if (size > had && limit->is_on && limit->used + (size - had) > SCRIPT_MEMORY_MAX)
		return NULL;
	void *moved = realloc(block, size);
	if (moved)
		limit->used += size - had;
	return moved;
}
