/* SPDX-License-Identifier: MIT
 *
 * A trace file of any bytes. Its checksums keep most damage from the decoder, so that gets bytes of
 * its own: the first byte of the input says whether the rest is a file, or what is in a frame.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"
#include "tracefile/columns.h"
#include "tracefile/header.h"
#include "tracefile/index.h"
#include "tracefile/reader.h"
#include "walk.h"

static uint64_t walked; /* so that what is read is looked at */

static void read_file(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("fuzz", 0);
	const struct record *record;

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	struct index index;
	if (index_read(&index, fd))
		abort();
	for (size_t i = 0; i < index.count; i++)
		walked += index.entries[i].position;
	index_free(&index);
	struct reader *reader = reader_new(fd);
	if (!reader)
		abort();
	while (reader_next(reader, &record) > 0)
		walk_record(record);
	reader_free(reader);
}

static void read_columns(const uint8_t *bytes, size_t size)
{
	static _Alignas(8) char record[RECORD_MAX];
	struct columns_reader reader;

	if (!columns_open(&reader, bytes, size))
		return;
	while (columns_next(&reader, (struct record *)record) > 0)
		walk_record((struct record *)record);
}

static void read_header(const uint8_t *bytes, size_t size)
{
	struct header header = {0};

	header_read(&header, bytes, size);
	header_free(&header);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (!size || size > RECORD_MAX)
		return -1;
	switch (*bytes % 3) {
	case 0:
		read_file(bytes + 1, size - 1);
		break;
	case 1:
		read_columns(bytes + 1, size - 1);
		break;
	default:
		read_header(bytes + 1, size - 1);
	}
	return 0;
}
