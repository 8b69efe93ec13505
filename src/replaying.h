/* SPDX-License-Identifier: MIT
 *
 * replaying: what session is for live traces, for --replay.
 */
#ifndef REPLAYING_H
#define REPLAYING_H

#include "session.h"

/* Runs each file of options->replay in turn. Failures were reported through log.h. */
struct ending replaying_run(const struct options *options);

#endif
