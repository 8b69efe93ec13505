/* SPDX-License-Identifier: MIT
 *
 * dictionary: the strings of a report by number. Each is written once, before the first row that
 * has it; when the dictionary has grown large it begins anew, and a string that comes again gets
 * another number.
 */
#ifndef REPORT_DICTIONARY_H
#define REPORT_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/block.h"

struct tag;

/* Bytes, with what is needed to find them, beyond which it begins anew. */
#define DICTIONARY_MAX (UINT64_C(12) << 20)

struct dictionary {
	uint8_t *bytes;
	size_t size, room;
	struct dictionary_entry {
		uint32_t hash, length;
		size_t offset;
	} * entries;
	uint32_t count, entry_room;
	uint32_t *slots; /* number of the entry, from 1 on */
	uint32_t slot_count;
	uint32_t first;	      /* id of the first entry */
	struct block pending; /* lengths of the last entries, those that the file does not have */
	uint64_t seed;	      /* so that nobody can choose strings that collide */
};

/* False: no memory. */
bool dictionary_init(struct dictionary *dictionary);
void dictionary_free(struct dictionary *dictionary);

/* The string's id; 0: no memory. */
uint32_t dictionary_id(struct dictionary *dictionary, const void *bytes, size_t size);

/* Are there so many strings that the file has not, that they should be written? */
bool dictionary_is_pending(const struct dictionary *dictionary);
/* Writes a tag of those that the file does not have yet, if there are any. */
void dictionary_write(struct dictionary *dictionary, struct tag *tag);
/* Is it so large that it should begin anew? Only when all is written. */
bool dictionary_is_full(const struct dictionary *dictionary);
void dictionary_begin_anew(struct dictionary *dictionary);

#endif
