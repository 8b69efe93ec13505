/* SPDX-License-Identifier: MIT
 *
 * filter: the seccomp filter of a command (seccomp.c), and what becomes of tasks that have it (keep.c).
 */
#ifndef PTRACE_FILTER_H
#define PTRACE_FILTER_H

#include <linux/filter.h>

#include "source/ptrace/ptrace.h"

/* What our filter says of a stop, so that it is told from those of other filters. */
#define FILTER_MARK 0x636du

/* Why there is to be none; NULL: there is. */
const char *filter_refusal(const struct ptrace_source *source, const struct target *target);
/* A program that stops the calls of the interest and those the source needs. 0; -E2BIG when it does not
 * fit into 4096 instructions, -ENOMEM. */
int filter_build(const struct ptrace_source *source, struct sock_fprog *program);
void filter_free(struct sock_fprog *program);
/* In the command before its exec, when it is traced already. Sets NO_NEW_PRIVS only where it must. 0 or
 * -errno; on failure the process may have no new privileges, but no filter. */
int filter_install(const struct sock_fprog *program, bool *no_new_privileges);

/* ---- keep.c ---- */

/* The session is done with the trace: what still runs goes on unseen. */
void keep_begin(struct ptrace_source *source);
/* Serves those tasks until they end; a signal that ends programs kills them. */
void keep_running(struct ptrace_source *source);

#endif
