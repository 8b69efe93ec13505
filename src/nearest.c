/* SPDX-License-Identifier: MIT
 *
 * The distance of two names; see nearest.h.
 */
#include "nearest.h"

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

size_t edit_distance(const char *a, size_t length, const char *b)
{
	size_t row[NAME_MAX_LENGTH + 1];

	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (; *b; b++) {
		size_t diagonal = row[0]++;
		for (size_t i = 1; i <= length; i++) {
			size_t above = row[i];
			row[i] = min3(diagonal + (a[i - 1] != *b), above + 1, row[i - 1] + 1);
			diagonal = above;
		}
	}
	return row[length];
}
