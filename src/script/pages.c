/* SPDX-License-Identifier: MIT
 *
 * core.pages() -> a set of pages: those of an address space that were touched. 64 pages are the bits of one
 * word, so pages next to each other cost next to nothing, and words are found by their number in a table of
 * open addressing. In Lua each page would take a dozen calls, and there are very many.
 */
#include <stdlib.h>
#include <string.h>

#include "script/pages.h"

#define NAME	   "compendium.pages"
#define LEAST_ROOM 16u
#define NO_WORD	   UINT64_MAX
#define NO_MEMORY  "not enough memory for a set of pages"

struct word {
	uint64_t number; /* page / 64, or NO_WORD */
	uint64_t bits;   /* 0: its pages were removed, and others are behind it */
};

struct pages {
	uint64_t count;
	size_t room, used; /* a power of two, or 0; of words, with those without bits */
	struct word *words;
};

/* The bits of the pages first .. first + n - 1 in a word. */
static uint64_t mask_of(uint64_t number, uint64_t first, uint64_t n)
{
	uint64_t start = number * 64, from = first > start ? first - start : 0;
	uint64_t to = first + n - start < 64 ? first + n - start : 64;

	return (to - from < 64 ? (UINT64_C(1) << (to - from)) - 1 : UINT64_MAX) << from;
}

/* Where the word is, or would be: there is room. */
static struct word *find(const struct pages *set, uint64_t number)
{
	size_t at = (number * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (set->room - 1);

	while (set->words[at].number != number && set->words[at].number != NO_WORD)
		at = (at + 1) & (set->room - 1);
	return &set->words[at];
}

static size_t count_words(const struct pages *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->room; i++)
		count += set->words[i].number != NO_WORD && set->words[i].bits;
	return count;
}

/* Makes the table so large that a quarter of it is used, and leaves out words without bits. */
static bool make_room(struct pages *set)
{
	struct pages larger = {.count = set->count, .room = LEAST_ROOM};
	size_t words = count_words(set);

	while (larger.room < 4 * words)
		larger.room *= 2;
	larger.words = malloc(larger.room * sizeof *larger.words);
	if (!larger.words)
		return false;
	for (size_t i = 0; i < larger.room; i++)
		larger.words[i].number = NO_WORD;
	for (size_t i = 0; i < set->room; i++)
		if (set->words[i].number != NO_WORD && set->words[i].bits) {
			*find(&larger, set->words[i].number) = set->words[i];
			larger.used++;
		}
	free(set->words);
	*set = larger;
	return true;
}

static bool add_word(struct pages *set, uint64_t number, uint64_t bits, uint64_t *again)
{
	if (set->used >= set->room / 4 * 3 && !make_room(set))
		return false;
	struct word *word = find(set, number);
	if (word->number == NO_WORD) {
		*word = (struct word){.number = number};
		set->used++;
	}
	*again += (uint64_t)__builtin_popcountll(word->bits & bits);
	set->count += (uint64_t)__builtin_popcountll(bits & ~word->bits);
	word->bits |= bits;
	return true;
}

uint64_t pages_add(lua_State *L, struct pages *set, uint64_t first, uint64_t n)
{
	uint64_t again = 0;

	if (!n || n > PAGES_MOST || first > PAGES_LAST)
		return 0;
	for (uint64_t number = first / 64; number <= (first + n - 1) / 64; number++)
		if (!add_word(set, number, mask_of(number, first, n), &again))
			luaL_error(L, NO_MEMORY);
	return again;
}

/* ---- ranges, which may be huge and have little in them */

/* What is asked of each word that has pages of a range: the bits it has there. */
typedef void visit_fn(struct pages *set, struct word *word, uint64_t bits, void *data);

static void visit(struct pages *set, struct word *word, uint64_t first, uint64_t n, visit_fn *fn, void *data)
{
	uint64_t bits = word->bits & mask_of(word->number, first, n);

	if (bits)
		fn(set, word, bits, data);
}

static void each_word(struct pages *set, uint64_t first, uint64_t n, visit_fn *fn, void *data)
{
	if (!n || !set->count || first > PAGES_LAST)
		return;
	n = n < PAGES_LAST - first + 1 ? n : PAGES_LAST - first + 1;
	uint64_t low = first / 64, high = (first + n - 1) / 64;
	if (high - low >= set->room) {
		for (size_t i = 0; i < set->room; i++)
			if (set->words[i].number >= low && set->words[i].number <= high)
				visit(set, &set->words[i], first, n, fn, data);
		return;
	}
	for (uint64_t number = low; number <= high; number++) {
		struct word *word = find(set, number);
		if (word->number == number)
			visit(set, word, first, n, fn, data);
	}
}

static void count_bits(struct pages *set, struct word *word, uint64_t bits, void *data)
{
	(void)set, (void)word;
	*(uint64_t *)data += (uint64_t)__builtin_popcountll(bits);
}

static void clear_bits(struct pages *set, struct word *word, uint64_t bits, void *data)
{
	(void)data;
	word->bits &= ~bits;
	set->count -= (uint64_t)__builtin_popcountll(bits);
}

/* ---- for Lua */

struct pages *pages_check(lua_State *L, int index)
{
	return luaL_checkudata(L, index, NAME);
}

/* Arguments `index` and the one after it: a page (address / page size), and how many from there on. */
static uint64_t check_range(lua_State *L, int index, uint64_t *n)
{
	lua_Integer first = luaL_checkinteger(L, index), count = luaL_checkinteger(L, index + 1);

	*n = first >= 0 && count > 0 ? (uint64_t)count : 0;
	return (uint64_t)first;
}

/* set:add(first, n) -> how many of these pages were in it before */
static int add(lua_State *L)
{
	struct pages *set = pages_check(L, 1);
	uint64_t n, first = check_range(L, 2, &n);

	lua_pushinteger(L, (lua_Integer)pages_add(L, set, first, n));
	return 1;
}

/* set:count([first, n]) -> how many pages are in it; of those */
static int count(lua_State *L)
{
	struct pages *set = pages_check(L, 1);
	uint64_t sum = 0, n, first;

	if (lua_isnoneornil(L, 2)) {
		sum = set->count;
	} else {
		first = check_range(L, 2, &n);
		each_word(set, first, n, count_bits, &sum);
	}
	lua_pushinteger(L, (lua_Integer)sum);
	return 1;
}

/* set:remove(first, n) */
static int take_out(lua_State *L)
{
	struct pages *set = pages_check(L, 1);
	uint64_t n, first = check_range(L, 2, &n);

	each_word(set, first, n, clear_bits, NULL);
	return 0;
}

static struct pages *push_new(lua_State *L)
{
	struct pages *set = lua_newuserdatauv(L, sizeof *set, 0);

	*set = (struct pages){0};
	luaL_setmetatable(L, NAME);
	return set;
}

struct moving {
	lua_State *L;
	struct pages *to;
	uint64_t by; /* wraps around to go down */
};

static void add_moved(struct pages *set, struct word *word, uint64_t bits, void *data)
{
	const struct moving *moving = data;

	(void)set;
	for (; bits; bits &= bits - 1) {
		uint64_t page = word->number * 64 + (uint64_t)__builtin_ctzll(bits);
		pages_add(moving->L, moving->to, page + moving->by, 1);
	}
}

/* set:move(from, to, n): those of n pages from `from` on are at `to`, and nothing else is there */
static int move(lua_State *L)
{
	struct pages *set = pages_check(L, 1);
	uint64_t from = (uint64_t)luaL_checkinteger(L, 2), to = (uint64_t)luaL_checkinteger(L, 3);
	lua_Integer pages = luaL_checkinteger(L, 4);
	uint64_t n = pages > 0 ? (uint64_t)pages : 0;
	struct pages *moved = push_new(L);

	each_word(set, from, n, add_moved, &(struct moving){L, moved, to - from});
	each_word(set, from, n, clear_bits, NULL);
	each_word(set, to, n, clear_bits, NULL);
	each_word(moved, 0, PAGES_LAST + 1, add_moved, &(struct moving){L, set, 0});
	return 0;
}

/* set:copy() -> another set with the same pages */
static int copy(lua_State *L)
{
	struct pages *set = pages_check(L, 1), *other = push_new(L);

	if (!set->room)
		return 1;
	struct word *words = malloc(set->room * sizeof *words);
	if (!words)
		return luaL_error(L, NO_MEMORY);
	memcpy(words, set->words, set->room * sizeof *words);
	*other = *set;
	other->words = words;
	return 1;
}

/* set:free(): it has nothing more, and takes no memory */
static int release(lua_State *L)
{
	struct pages *set = pages_check(L, 1);

	free(set->words);
	*set = (struct pages){0};
	return 0;
}

int pages_new(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"add", add},   {"count", count}, {"remove", take_out}, {"move", move},
		{"copy", copy}, {"free", release}, {NULL, NULL},
	};

	if (luaL_newmetatable(L, NAME)) {
		luaL_newlib(L, methods);
		lua_setfield(L, -2, "__index");
		lua_pushcfunction(L, release);
		lua_setfield(L, -2, "__gc");
	}
	push_new(L);
	return 1;
}
