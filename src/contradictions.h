/* SPDX-License-Identifier: MIT
 *
 * contradictions: options that cannot be together.
 */
#ifndef CONTRADICTIONS_H
#define CONTRADICTIONS_H

#include "options.h"

/* The first one, as a line for the user; NULL: there is none. */
const char *options_contradiction(const struct options *options);

#endif
