/* SPDX-License-Identifier: MIT
 *
 * A record as a file might hold it: any bytes, of which only the size of all is known to be right.
 */
#include "input.h"
#include "walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct record *record;

	size &= ~(size_t)7;
	if (size < sizeof *record || size > RECORD_MAX)
		return -1;
	record = malloc(size);
	if (!record)
		abort();
	memcpy(record, bytes, size);
	record->size = size;
	walk_record(record);
	free(record);
	return 0;
}
