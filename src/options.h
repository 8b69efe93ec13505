/* SPDX-License-Identifier: MIT
 *
 * options: the command line. Its table is options.yaml; names, arguments, --help, the man page and
 * the shells' completions are generated from it, so an option is written down once.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "config.h"
#include "moment.h"
#include "source/source.h"
#include "version.h"

/* One -s, -e, -f or --set, in the order given: order is meaning. */
struct script_option {
	char kind;         /* 's', 'e', 'f' or '=' for --set */
	const char *text;
};

struct options {
	struct target target;
	struct script_option *scripts;
	size_t script_count;
	const char *output;       /* -o; NULL: stderr only */
	const char *color;        /* "auto", "always", "never" */
	const char *backend;      /* "auto", "ptrace" ... */
	const char *report;       /* file name or NULL */
	const char *help_script;  /* whose help is wanted, or NULL */
	const char *record;       /* file name or NULL */
	const char **replay;      /* file names, NULL-terminated; NULL: trace something live */
	struct moment from, to;      /* of a replay */
	long long max_report_events; /* 0: all */
	const struct config *config; /* what was read, or NULL */
	bool no_config, sandbox;
	bool verbose, quiet, strict, json, list_scripts, no_seccomp, record_env, help, version;
	bool faults, sched, block_io; /* kinds of record that cost much */
};

/* Parses argv. 0: go on. Else the process should end with that status less 1 (a message was given).
 * The strings are argv's own. */
int options_parse(struct options *options, int argc, char **argv);
/* The same after what a configuration says, which argv overrules. */
int options_parse_after(struct options *options, const struct config *config, int argc, char **argv);
void options_free(struct options *options);

/* The kinds of record that they ask for, as bits, beside those that scripts hook. */
static inline uint32_t options_kinds(const struct options *options)
{
	return (uint32_t)options->faults << RECORD_FAULT |
	       (uint32_t)(options->faults && options->record) << RECORD_USAGE |
	       (uint32_t)options->sched << RECORD_SCHED | (uint32_t)options->block_io << RECORD_BLOCK;
}

#endif
