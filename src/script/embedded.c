/* SPDX-License-Identifier: MIT
 *
 * Looks up embedded files. The table is made by embed.lua.
 */
#include <string.h>

#include "script/embedded.h"

extern const struct embedded embedded_files[];
extern const size_t embedded_count;

const struct embedded *embedded_at(size_t i)
{
	return i < embedded_count ? &embedded_files[i] : NULL;
}

const struct embedded *embedded_find(const char *name)
{
	for (size_t i = 0; i < embedded_count; i++)
		if (!strcmp(embedded_files[i].name, name))
			return &embedded_files[i];
	return NULL;
}
