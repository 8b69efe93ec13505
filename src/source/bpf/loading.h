/* SPDX-License-Identifier: MIT
 *
 * loading: what all that puts programs into the kernel has in common: may we, why it failed, and
 * the programs that run over all tasks.
 */
#ifndef BPF_LOADING_H
#define BPF_LOADING_H

#include <stddef.h>
#include <stdint.h>

/* Could we load programs? 0, or a negative errno and one line in `why`: -EPERM: we lack the rights.
 */
int bpf_check_rights(char *why, size_t room);

/* One line on why loading failed with that negative errno. */
void bpf_explain(int error, char *why, size_t room);

/* Runs an iterator's program over all tasks, and hands what it writes, pairs of process and task,
 * to `visit` (NULL: it writes nothing). 0 or a negative errno. */
int bpf_visit_tasks(int program, void (*visit)(void *context, const int32_t *pair), void *context);

#endif
