/* SPDX-License-Identifier: MIT
 *
 * replay: the source that reads a trace file. Its records are those of the file, the file's own
 * (TRACE_START, TRACE_TICK, TRACE_FINISH) among them; who reads it moves the host's clock by those.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "source/source.h"
#include "tracefile/reader.h"

/* A file, or stdin when path is "-". 0 or a negative errno. */
int replay_source_open(const char *path, struct source **result);

/* What is known of the file. */
const struct reader *replay_reader(const struct source *source);

#endif
