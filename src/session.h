/* SPDX-License-Identifier: MIT
 *
 * session: one trace, from the options to the exit status.
 */
#ifndef SESSION_H
#define SESSION_H

#include "options.h"

/* How compendium itself is to end. */
struct ending {
	int status; /* exit status, unless ... */
	int signal; /* ... not 0: die of this one */
};

enum { STATUS_FAILURE = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

/* Traces what the options say until it is over. Failures were reported through log.h. */
struct ending session_run(const struct options *options);

#endif
