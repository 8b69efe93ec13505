/* SPDX-License-Identifier: MIT
 *
 * See index.h.
 */
#include "tracefile/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

static uint32_t fnv1a(const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	uint32_t hash = 0x811c9dc5;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ p[i]) * 0x01000193;
	return hash;
}

uint32_t file_head_check(const struct file_head *head)
{
	return fnv1a(head, offsetof(struct file_head, check));
}

uint32_t frame_head_check(const struct frame_head *head)
{
	return fnv1a(head, offsetof(struct frame_head, check));
}

static void thin_out(struct index *index)
{
	for (size_t i = 0; i < INDEX_ENTRIES / 2; i++)
		index->entries[i] = index->entries[2 * i + 1];
	index->count = INDEX_ENTRIES / 2;
	index->stride *= 2;
}

bool index_add(struct index *index, const struct index_entry *entry)
{
	if (!index->entries) {
		index->entries = malloc(INDEX_ENTRIES * sizeof *entry);
		index->stride = 1;
	}
	if (!index->entries)
		return false;
	if (index->count && index->skipped + 1 < index->stride) {
		index->skipped++; /* the last entry stands for one more */
	} else {
		if (index->count == INDEX_ENTRIES)
			thin_out(index);
		index->skipped = 0;
		index->count++;
	}
	index->entries[index->count - 1] = *entry;
	return true;
}

void index_free(struct index *index)
{
	free(index->entries);
	*index = (struct index){0};
}

/* --- reading -------------------------------------------------------------------------------------
 */

static bool read_at(int fd, void *bytes, size_t size, uint64_t position)
{
	return pread(fd, bytes, size, position) == (ssize_t)size;
}

static bool read_head(int fd, uint64_t position, uint32_t magic, struct frame_head *head)
{
	return read_at(fd, head, sizeof *head, position) && head->magic == magic &&
	       head->check == frame_head_check(head);
}

/* What is in the index's frame -> entries. */
static bool take_entries(struct index *index, const uint8_t *content, size_t size)
{
	struct content_head head;
	const size_t room = INDEX_ENTRIES * sizeof *index->entries;

	memcpy(&head, content, sizeof head);
	size -= sizeof head;
	if (head.kind != CONTENT_INDEX || !size || size > room || size % sizeof *index->entries)
		return false;
	index->entries = malloc(room);
	if (!index->entries)
		return false;
	memcpy(index->entries, content + sizeof head, size);
	index->count = size / sizeof *index->entries;
	return true;
}

static bool unpack(struct index *index, const void *packed, size_t size)
{
	enum { ROOM = sizeof(struct content_head) + INDEX_ENTRIES * sizeof(struct index_entry) };
	uint8_t *content = malloc(ROOM);
	size_t got = content ? ZSTD_decompress(content, ROOM, packed, size) : 0;
	bool is_one = !ZSTD_isError(got) && got >= sizeof(struct content_head) &&
		      take_entries(index, content, got);

	free(content);
	return is_one;
}

/* That at the end of a file of `size` bytes. False: there is none. */
static bool read_stored(struct index *index, int fd, uint64_t size)
{
	const uint64_t heads = 2 * sizeof(struct frame_head);
	struct frame_head tail, head;
	bool is_there = false;

	if (size < heads || !read_head(fd, size - sizeof tail, TAIL_MAGIC, &tail) ||
	    tail.packed > size - heads || tail.packed > PACKED_MAX)
		return false;
	uint64_t position = size - heads - tail.packed;
	void *packed = malloc(tail.packed + 1);
	if (packed && read_head(fd, position, FRAME_MAGIC, &head) && head.packed == tail.packed &&
	    read_at(fd, packed, tail.packed, position + sizeof head))
		is_there = unpack(index, packed, tail.packed);
	free(packed);
	return is_there;
}

/* Goes from head to head. */
static bool scan(struct index *index, int fd, uint64_t size)
{
	uint64_t position = sizeof(struct file_head);
	struct frame_head head;

	while (position < size && read_head(fd, position, FRAME_MAGIC, &head) &&
	       head.packed <= size - position - sizeof head) {
		if (!index_add(index, &(struct index_entry){position, head.so_far}))
			return false;
		position += sizeof head + head.packed;
	}
	return true;
}

int index_read(struct index *index, int fd)
{
	struct stat status;

	*index = (struct index){0};
	if (fstat(fd, &status) || !S_ISREG(status.st_mode))
		return -ESPIPE;
	index->is_whole = read_stored(index, fd, status.st_size);
	return index->is_whole || scan(index, fd, status.st_size) ? 0 : -ENOMEM;
}
