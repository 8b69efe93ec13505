/* SPDX-License-Identifier: MIT
 *
 * config: the files that say how compendium is to be when its command line does not:
 * config.yaml in $XDG_CONFIG_HOME/compendium (~/.config/compendium), and .compendium.yaml in the current
 * folder. Here they are found, read, and their `options` made words of the command line; all else in them is
 * for the library (lua/config.lua).
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct config_file {
	char *path; /* as messages name it */
	char *text; /* of `size` bytes, and a NUL */
	size_t size;
};

struct config_word {
	char *place; /* "FILE:LINE" */
	char *word;  /* "--name" or "--name=value" */
};

struct config {
	struct config_file files[2]; /* the user's, then the project's */
	size_t file_count;
	struct config_word *words;   /* in order: later ones have the last word */
	size_t word_count;
};

/* Reads what there is. A file that somebody else could have written is left out, with a warning. False: one
 * of them is wrong, which was said. */
bool config_read(struct config *config);
/* The same of one file's text: for tests, too. */
bool config_add(struct config *config, const char *path, const char *text, size_t size);
void config_free(struct config *config);

#endif
