/* SPDX-License-Identifier: MIT
 *
 * preface: what is said of a trace file before it is replayed.
 */
#ifndef PREFACE_H
#define PREFACE_H

#include "options.h"
#include "tracefile/format.h"
#include "tracefile/header.h"

/* Where and when it was recorded, how long it is (`whole`; NULL: not known), and what the live run
 * said of what it could see. */
void preface_tell(const char *file, const struct header *header, const struct extent *whole);

/* What is wanted, by scripts or by the options that ask for a kind of record, and the file has not. */
void preface_tell_missing(const char *file, const struct header *header,
			  const struct interest *wanted, const struct options *options);

#endif
