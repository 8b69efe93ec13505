/* SPDX-License-Identifier: MIT
 *
 * See dictionary.h.
 */
#include "report/dictionary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "report/tag.h"

enum { FIRST_SLOTS = 1024, FIRST_BYTES = 1 << 16, PENDING_MAX = 1 << 20 };

bool dictionary_init(struct dictionary *dictionary)
{
	*dictionary = (struct dictionary){
		.bytes = malloc(FIRST_BYTES),
		.room = FIRST_BYTES,
		.slots = calloc(FIRST_SLOTS, sizeof(uint32_t)),
		.slot_count = FIRST_SLOTS,
		.first = 1,
	};
	if (getrandom(&dictionary->seed, sizeof dictionary->seed, GRND_NONBLOCK) < 0)
		dictionary->seed = (uintptr_t)dictionary->slots;
	if (dictionary->bytes && dictionary->slots)
		return true;
	dictionary_free(dictionary);
	return false;
}

void dictionary_free(struct dictionary *dictionary)
{
	free(dictionary->bytes);
	free(dictionary->entries);
	free(dictionary->slots);
	block_free(&dictionary->pending);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t hash_of(const struct dictionary *dictionary, const uint8_t *bytes, size_t size)
{
	uint64_t hash = dictionary->seed ^ size, word;

	for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
		memcpy(&word, bytes, sizeof word);
		hash = mix(hash ^ word, UINT64_C(0x9e3779b97f4a7c15));
	}
	word = 0;
	if (size)
		memcpy(&word, bytes, size);
	hash = mix(hash ^ word, UINT64_C(0x9e3779b97f4a7c15));
	return mix(hash, dictionary->seed | 1);
}

/* Where the string is, or the empty slot it would have. */
static uint32_t *find(const struct dictionary *dictionary, uint32_t hash, const void *bytes,
		      size_t size)
{
	uint32_t mask = dictionary->slot_count - 1;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &dictionary->slots[i];
		if (!*slot)
			return slot;
		const struct dictionary_entry *entry = &dictionary->entries[*slot - 1];
		if (entry->hash == hash && entry->length == size &&
		    (!size || !memcmp(dictionary->bytes + entry->offset, bytes, size)))
			return slot;
	}
}

static bool grow_slots(struct dictionary *dictionary)
{
	uint32_t count = dictionary->slot_count * 2;
	uint32_t *slots = calloc(count, sizeof *slots);

	if (!slots)
		return false;
	for (uint32_t i = 0; i < dictionary->count; i++) {
		uint32_t at = dictionary->entries[i].hash & (count - 1);
		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = i + 1;
	}
	free(dictionary->slots);
	dictionary->slots = slots;
	dictionary->slot_count = count;
	return true;
}

static bool grow_entries(struct dictionary *dictionary)
{
	uint32_t room = dictionary->slot_count / 2;
	void *entries = reallocarray(dictionary->entries, room, sizeof *dictionary->entries);

	if (!entries)
		return false;
	dictionary->entries = entries;
	dictionary->entry_room = room;
	return true;
}

static bool grow_bytes(struct dictionary *dictionary, size_t size)
{
	size_t room = dictionary->room;

	while (room < dictionary->size + size)
		room *= 2;
	uint8_t *bytes = realloc(dictionary->bytes, room);
	if (!bytes)
		return false;
	dictionary->bytes = bytes;
	dictionary->room = room;
	return true;
}

/* Room for one more string of that size; slots are half empty. False: no memory, or no more ids. */
static bool make_room(struct dictionary *dictionary, size_t size)
{
	if (size > UINT32_MAX || dictionary->first + dictionary->count == UINT32_MAX)
		return false;
	if (dictionary->count * 2 >= dictionary->slot_count && !grow_slots(dictionary))
		return false;
	if (dictionary->count == dictionary->entry_room && !grow_entries(dictionary))
		return false;
	return dictionary->size + size <= dictionary->room || grow_bytes(dictionary, size);
}

uint32_t dictionary_id(struct dictionary *dictionary, const void *bytes, size_t size)
{
	uint32_t hash = hash_of(dictionary, bytes, size);
	uint32_t *slot = find(dictionary, hash, bytes, size);

	if (*slot)
		return dictionary->first + *slot - 1;
	if (!make_room(dictionary, size) || !block_add(&dictionary->pending, size))
		return 0;
	slot = find(dictionary, hash, bytes, size); /* they may have moved */
	dictionary->entries[dictionary->count] = (struct dictionary_entry){
		.hash = hash,
		.length = size,
		.offset = dictionary->size,
	};
	if (size)
		memcpy(dictionary->bytes + dictionary->size, bytes, size);
	dictionary->size += size;
	*slot = ++dictionary->count;
	return dictionary->first + dictionary->count - 1;
}

/* How many bytes the file does not have: those of the last entries. */
static size_t pending_bytes(const struct dictionary *dictionary)
{
	uint32_t written = dictionary->count - dictionary->pending.count;

	return written < dictionary->count ? dictionary->size - dictionary->entries[written].offset
					   : 0;
}

bool dictionary_is_pending(const struct dictionary *dictionary)
{
	return pending_bytes(dictionary) >= PENDING_MAX;
}

void dictionary_write(struct dictionary *dictionary, struct tag *tag)
{
	struct block *pending = &dictionary->pending;
	size_t size = pending_bytes(dictionary);

	if (!pending->count)
		return;
	tag_begin(tag, "strings", NULL);
	tag_write_u32(tag, dictionary->first + dictionary->count - pending->count);
	tag_write_u32(tag, pending->count);
	block_write(pending, tag);
	tag_write(tag, dictionary->bytes + dictionary->size - size, size);
	tag_end(tag);
	pending->count = 0;
}

bool dictionary_is_full(const struct dictionary *dictionary)
{
	return dictionary->size + dictionary->count * sizeof *dictionary->entries +
		       dictionary->slot_count * sizeof *dictionary->slots >
	       DICTIONARY_MAX;
}

void dictionary_begin_anew(struct dictionary *dictionary)
{
	memset(dictionary->slots, 0, dictionary->slot_count * sizeof *dictionary->slots);
	dictionary->first += dictionary->count;
	dictionary->count = 0;
	dictionary->size = 0;
}
