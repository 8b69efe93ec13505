/* SPDX-License-Identifier: MIT
 *
 * embedded: the Lua files inside the program, found by the name they have in the source tree.
 */
#ifndef SCRIPT_EMBEDDED_H
#define SCRIPT_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* "lua/init.lua", "scripts/default.lua" ... */
	const char *text; /* followed by a NUL that is not part of it; of lua/ compiled */
	size_t size;
};

/* The file, or NULL when none has that name. Constant for the life of the program. */
const struct embedded *embedded_find(const char *name);
/* File number i, or NULL past the last; sorted by name. */
const struct embedded *embedded_at(size_t i);

#endif
