/* SPDX-License-Identifier: MIT
 *
 * Configuration files: found, trusted or not, read, and `options` in them turned into words as on the
 * command line, so that these are checked, and their mistakes told, like those. See config.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "config.h"
#include "log.h"

#define TEXT_MAX (1u << 20)

/* ---- options ---- */

static bool add_word(struct config *config, const char *path, const yaml_node_t *key, const char *value)
{
	struct config_word *words =
		reallocarray(config->words, config->word_count + 1, sizeof *words), word = {0};
	const char *name = (const char *)key->data.scalar.value;

	if (!words)
		return false;
	config->words = words;
	if (asprintf(&word.place, "%s:%zu", path, key->start_mark.line + 1) < 0)
		return false;
	if (asprintf(&word.word, "--%s%s%s", name, value ? "=" : "", value ? value : "") < 0) {
		free(word.place);
		return false;
	}
	config->words[config->word_count++] = word;
	return true;
}

static bool is_plain(const yaml_node_t *node, const char *word)
{
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       !strcasecmp((const char *)node->data.scalar.value, word);
}

static bool wrong(const char *path, const yaml_node_t *node, const char *what)
{
	log_error("%s:%zu: %s", path, node->start_mark.line + 1, what);
	return false;
}

/* A switch is true or false; what takes an argument has it, or several in a list. */
static bool add_option(struct config *config, const char *path, yaml_document_t *document,
		       const yaml_node_t *key, const yaml_node_t *value)
{
	if (value->type == YAML_SCALAR_NODE) {
		if (is_plain(value, "false"))
			return true;
		return add_word(config, path, key,
				is_plain(value, "true") ? NULL : (const char *)value->data.scalar.value);
	}
	if (value->type != YAML_SEQUENCE_NODE)
		return wrong(path, value, "an option is true, false, a word, or a list of words");
	for (yaml_node_item_t *item = value->data.sequence.items.start;
	     item < value->data.sequence.items.top; item++) {
		const yaml_node_t *one = yaml_document_get_node(document, *item);
		if (one->type != YAML_SCALAR_NODE)
			return wrong(path, one, "what an option is given is a word");
		if (!add_word(config, path, key, (const char *)one->data.scalar.value))
			return false;
	}
	return true;
}

static bool add_options(struct config *config, const char *path, yaml_document_t *document,
			const yaml_node_t *options)
{
	if (options->type != YAML_MAPPING_NODE)
		return wrong(path, options, "'options' has options by their long names, as in color: never");
	for (yaml_node_pair_t *pair = options->data.mapping.pairs.start;
	     pair < options->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(document, pair->value);
		if (key->type != YAML_SCALAR_NODE)
			return wrong(path, key, "an option has a name");
		if (!add_option(config, path, document, key, value))
			return false;
	}
	return true;
}

static bool read_document(struct config *config, const char *path, yaml_document_t *document)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);

	if (!root || (root->type == YAML_SCALAR_NODE && !root->data.scalar.length))
		return true; /* nothing but comments */
	if (root->type != YAML_MAPPING_NODE)
		return wrong(path, root, "a configuration has keys such as options: and scripts:");
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		if (key->type == YAML_SCALAR_NODE &&
		    !strcmp((const char *)key->data.scalar.value, "options") &&
		    !add_options(config, path, document, yaml_document_get_node(document, pair->value)))
			return false;
	}
	return true;
}

static bool read_text(struct config *config, const char *path, const char *text, size_t size)
{
	yaml_parser_t parser;
	yaml_document_t document;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	bool is_loaded = yaml_parser_load(&parser, &document);
	bool is_right = is_loaded && read_document(config, path, &document);
	if (is_loaded)
		yaml_document_delete(&document);
	else
		log_error("%s:%zu: %s", path, parser.problem_mark.line + 1,
			  parser.problem ? parser.problem : "not YAML");
	yaml_parser_delete(&parser);
	return is_right;
}

bool config_add(struct config *config, const char *path, const char *text, size_t size)
{
	struct config_file *file = &config->files[config->file_count++];

	*file = (struct config_file){.path = strdup(path), .text = malloc(size + 1), .size = size};
	if (!file->path || !file->text)
		return false;
	memcpy(file->text, text, size);
	file->text[size] = 0;
	return read_text(config, path, text, size);
}

/* ---- files ---- */

/* Why a file is not used, or NULL. Root's own are trusted where they are for all users of a machine. */
static const char *distrust(const struct stat *file, bool is_project)
{
	if (!S_ISREG(file->st_mode))
		return "it is not a file";
	if (file->st_uid != geteuid() && (is_project || file->st_uid != 0))
		return "it belongs to another user";
	if (file->st_mode & (S_IWGRP | S_IWOTH))
		return "others can write it";
	return file->st_size > TEXT_MAX ? "it is too large" : NULL;
}

static bool read_open(struct config *config, const char *path, int fd, bool is_project)
{
	struct stat file;
	const char *why = fstat(fd, &file) ? strerror(errno) : distrust(&file, is_project);

	if (why) {
		log_warning("%s is not used: %s", path, why);
		return true;
	}
	char *text = malloc(file.st_size + 1);
	ssize_t size = text ? read(fd, text, file.st_size) : 0;
	bool is_right = size < 0 || (text && config_add(config, path, text, size));
	free(text);
	return is_right;
}

static bool read_file(struct config *config, const char *path, bool is_project)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			log_warning("%s is not used: %s", path, strerror(errno));
		return true;
	}
	bool is_right = read_open(config, path, fd, is_project);
	close(fd);
	return is_right;
}

bool config_read(struct config *config)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	bool has_base = base && *base == '/';
	char path[4096];

	*config = (struct config){0};
	if (has_base || (home && *home == '/')) {
		snprintf(path, sizeof path, "%s%s/compendium/config.yaml", has_base ? base : home,
			 has_base ? "" : "/.config");
		if (!read_file(config, path, false))
			return false;
	}
	return read_file(config, ".compendium.yaml", true);
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->file_count; i++) {
		free(config->files[i].path);
		free(config->files[i].text);
	}
	for (size_t i = 0; i < config->word_count; i++) {
		free(config->words[i].place);
		free(config->words[i].word);
	}
	free(config->words);
	*config = (struct config){0};
}
