/* SPDX-License-Identifier: MIT
 *
 * fuzz_host: the whole script host for fuzzing: the library and scripts are the program's own, but what
 * could reach out of it (files, processes, other code) is taken away, see sandbox.lua.
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include "lua_state.h"
#include "script/state.h"

/* Aborts, with a text that is seen although stderr is not. */
_Noreturn void fuzz_fail(const char *what, const char *text);

/* A host that has run tests/fuzz/sandbox.lua and nothing else. */
struct host *fuzz_host_open(const struct options *options, struct limits *limits);

/* Loads the library and the scripts of the options. True, or false with the error's message on the
 * stack; then the host can only be freed. */
bool fuzz_host_load(struct host *host);

/* Calls function `name` of the table that tests/fuzz/FILE.lua returns, with a string. Aborts when it
 * raises, unless a limit was hit. */
void fuzz_host_check(struct host *host, const char *file, const char *name, const void *bytes, size_t size);

#endif
