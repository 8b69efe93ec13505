/* SPDX-License-Identifier: MIT
 *
 * results: plain values that a script leaves for the runs after its own. Each run has a Lua state
 * of its own, so values are copied: into a state that holds nothing else, and from there into those
 * of later runs.
 */
#ifndef SCRIPT_RESULTS_H
#define SCRIPT_RESULTS_H

struct results;

struct results *results_new(void); /* NULL: no memory */
void results_free(struct results *results);

#endif
