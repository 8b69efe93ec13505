/* SPDX-License-Identifier: MIT
 *
 * nearest: how far a mistyped name is from one that is known.
 */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

enum { NAME_MAX_LENGTH = 40 };

/* Levenshtein's distance of two words, the first of `length` bytes, at most NAME_MAX_LENGTH. */
size_t edit_distance(const char *a, size_t length, const char *b);

#endif
