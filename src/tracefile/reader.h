/* SPDX-License-Identifier: MIT
 *
 * reader: reads a trace file from its beginning to its end or its first damage, from a pipe as
 * well; in bounded memory. The file may be hostile.
 */
#ifndef TRACEFILE_READER_H
#define TRACEFILE_READER_H

#include "tracefile/header.h"

struct reader;

/* Takes the descriptor, which is closed in the end. NULL: no memory. */
struct reader *reader_new(int fd);

/* The next record, TRACE_ ones among them, valid until the next call. 1: *record is it; 0: nothing
 * now, poll; -ENODATA: the end. Else a negative errno and reader_problem says what is wrong and
 * where. Never blocks, but for reading a file from disk. The header is known once this returned 1.
 */
int reader_next(struct reader *reader, const struct record **result);

const struct header *reader_header(const struct reader *reader); /* NULL: not read yet */
const char *reader_problem(const struct reader *reader);	 /* one line; NULL: none so far */
uint64_t reader_position(const struct reader *reader);		 /* bytes read */
uint64_t reader_unknown(const struct reader *reader); /* records and frames that were skipped */
int reader_fd(const struct reader *reader);
void reader_free(struct reader *reader);

#endif
