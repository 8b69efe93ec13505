/* SPDX-License-Identifier: MIT
 *
 * command: the program to start, found and checked before anything is started, and explained when
 * it cannot run.
 */
#ifndef PTRACE_COMMAND_H
#define PTRACE_COMMAND_H

#include <limits.h>
#include <sys/types.h>

#include "source/source.h"

struct command {
	const char *name;    /* as the user gave it */
	char path[PATH_MAX]; /* what to execute */
	char exe[PATH_MAX];  /* the same, absolute and without links where that is known */
	char **environment;  /* allocated; the strings are others' or in home_and_names */
	const char *user;    /* NULL: as we are */
	uid_t uid;
	gid_t gid;
	char *user_variables[3]; /* HOME, USER, LOGNAME: allocated, or NULL */
};

/* Looks the user up, builds the environment, searches PATH. 0; or a negative errno and the reason:
 * -ENOENT when there is no such command, another when it is there but cannot be run. */
int command_prepare(struct command *command, const struct target *target, char *why, size_t room);

/* Why execve failed with that errno. */
void command_explain(const struct command *command, int error, char *why, size_t room);

void command_free(struct command *command);

#endif
