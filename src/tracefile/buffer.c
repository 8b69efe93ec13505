/* SPDX-License-Identifier: MIT
 *
 * See buffer.h.
 */
#include "tracefile/buffer.h"

#include <stdlib.h>

bool buffer_grow(uint8_t **bytes, size_t *room, size_t size)
{
	if (size <= *room)
		return true;
	uint8_t *grown = realloc(*bytes, size);
	if (!grown)
		return false;
	*bytes = grown;
	*room = size;
	return true;
}
