/* SPDX-License-Identifier: MIT
 *
 * The command line, read by GNU habits: -o FILE, -oFILE, --output FILE, --output=FILE, switches
 * bundled (-vo FILE), -- ends them and so does the first word that is none. See options.yaml.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contradictions.h"
#include "log.h"
#include "nearest.h"
#include "options.h"

enum { STATUS_MISUSE = 125 };

/* What an option does with its argument. ORDER fills in option_fillers. */
enum option_fill {
	FILL_FLAG,	  /* bool at field */
	FILL_STRING,	  /* const char * at field */
	FILL_CHOICE,	  /* the same, one of choices */
	FILL_SCRIPT,	  /* one more struct script_option of that kind */
	FILL_PIDS,	  /* more process ids */
	FILL_ENVIRONMENT, /* one more NAME=VALUE or NAME */
	FILL_LIST,	  /* one more string in the NULL-terminated array at field */
	FILL_MOMENT,	  /* struct moment at field */
	FILL_COUNT,	  /* long long above 0 at field */
};

struct option_row {
	const char *name;
	char letter; /* 0: has no short name */
	enum option_fill fill;
	const char *argument; /* what the help calls it; NULL: a switch */
	const char *implied;  /* taken when none is given; NULL: one must be */
	size_t field, also;   /* offsets in struct options; FILL_FLAG: another flag, or the same */
	const char *initial;  /* FILL_CHOICE: without the option */
	const char *choices;  /* FILL_CHOICE: " auto always never " */
	char kind;	      /* FILL_SCRIPT */
	bool is_for_one;      /* says what to do this time: not for a configuration */
};

#include "options.inc" /* option_rows, OPTIONS_HELP, OPTIONS_USAGE, COMPENDIUM_VERSION */

const char compendium_version[] = COMPENDIUM_VERSION;

enum { ROWS = sizeof option_rows / sizeof *option_rows };

/* One option as it was given. */
struct given {
	const struct option_row *row;
	const char *label; /* as the user wrote it: "-o", "--output" */
	const char *value; /* NULL for switches */
};

static bool misuse(const char *what, const char *label, const char *value)
{
	log_error("%s%s'%s': %s", label, *label ? " " : "", value, what);
	return false;
}

static bool fill_flag(struct options *options, const struct given *given)
{
	((bool *)options)[given->row->field] = ((bool *)options)[given->row->also] = true;
	return true;
}

static bool fill_string(struct options *options, const struct given *given)
{
	*(const char **)((char *)options + given->row->field) = given->value;
	return true;
}

/* Is `word` in a list written as " one two "? */
static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	if (!length || strchr(word, ' '))
		return false;
	for (const char *p = list; (p = strstr(p, word)); p++)
		if (p[-1] == ' ' && p[length] == ' ')
			return true;
	return false;
}

static bool fill_choice(struct options *options, const struct given *given)
{
	if (is_listed(given->row->choices, given->value))
		return fill_string(options, given);
	log_error("%s '%s': must be one of:%s", given->label, given->value, given->row->choices);
	return false;
}

/* Room for one more element and a terminator, or the end of us: options are few. */
static void *grow(void *array, size_t count, size_t size)
{
	array = reallocarray(array, count + 2, size);
	if (array)
		return array;
	log_error("not enough memory for the command line");
	_exit(STATUS_MISUSE);
}

static bool fill_script(struct options *options, const struct given *given)
{
	char kind = given->row->kind;
	if (kind == '=' && (!strchr(given->value, '=') || *given->value == '='))
		return misuse("must be NAME=VALUE", given->label, given->value);
	options->scripts = grow(options->scripts, options->script_count, sizeof *options->scripts);
	options->scripts[options->script_count++] = (struct script_option){kind, given->value};
	return true;
}

static void add_pid(struct target *target, pid_t pid)
{
	for (size_t i = 0; i < target->pid_count; i++)
		if (target->pids[i] == pid)
			return;
	pid_t *pids = grow((pid_t *)target->pids, target->pid_count, sizeof *pids);
	pids[target->pid_count++] = pid;
	target->pids = pids;
}

/* "12,13" or "12 13", as pidof prints it. */
static bool fill_pids(struct options *options, const struct given *given)
{
	static const char between[] = ", \t\n";
	size_t before = options->target.pid_count;

	for (const char *p = given->value + strspn(given->value, between); *p;
	     p += strspn(p, between)) {
		char *end;
		errno = 0;
		long pid = *p >= '0' && *p <= '9' ? strtol(p, &end, 10) : 0;
		if (pid <= 0 || pid > INT_MAX || errno || (*end && !strchr(between, *end)))
			return misuse("not a process id", given->label, given->value);
		if (pid == getpid())
			return misuse("that is compendium itself", given->label, given->value);
		add_pid(&options->target, pid);
		p = end;
	}
	return options->target.pid_count > before || strpbrk(given->value, "0123456789") ||
	       misuse("no process id in it (is the program running?)", given->label, given->value);
}

static bool append(const char ***list, const char *value)
{
	size_t count = 0;
	while (*list && (*list)[count])
		count++;
	*list = grow(*list, count, sizeof **list);
	(*list)[count] = value;
	(*list)[count + 1] = NULL;
	return true;
}

static bool fill_environment(struct options *options, const struct given *given)
{
	if (*given->value == '\0' || *given->value == '=')
		return misuse("must be NAME=VALUE or NAME", given->label, given->value);
	return append((const char ***)&options->target.environment, given->value);
}

static bool fill_list(struct options *options, const struct given *given)
{
	return append((const char ***)((char *)options + given->row->field), given->value);
}

static bool fill_moment(struct options *options, const struct given *given)
{
	return moment_parse((struct moment *)((char *)options + given->row->field), given->value) ||
	       misuse("not a time, as in 2.5s, 300ms or -5s", given->label, given->value);
}

static bool fill_count(struct options *options, const struct given *given)
{
	size_t digits = strspn(given->value, "0123456789");
	long long *count = (long long *)((char *)options + given->row->field);

	*count = digits && digits < 19 && !given->value[digits] ? atoll(given->value) : 0;
	return *count || misuse("not a number above 0", given->label, given->value);
}

static bool (*const option_fillers[])(struct options *, const struct given *) = {
	[FILL_FLAG] = fill_flag,     [FILL_STRING] = fill_string,
	[FILL_CHOICE] = fill_choice, [FILL_SCRIPT] = fill_script,
	[FILL_PIDS] = fill_pids,     [FILL_ENVIRONMENT] = fill_environment,
	[FILL_LIST] = fill_list,     [FILL_MOMENT] = fill_moment,
	[FILL_COUNT] = fill_count,
};

/* The built option whose name is nearest to what was meant, or NULL when none is near. */
static const struct option_row *nearest_row(const char *name, size_t length)
{
	const struct option_row *nearest = NULL;
	size_t least = length / 3 + 2;

	for (size_t i = 0; length && length <= NAME_MAX_LENGTH && i < ROWS; i++) {
		const struct option_row *row = &option_rows[i];
		bool is_prefix = length >= 3 && !strncmp(row->name, name, length);
		size_t distance = is_prefix ? 0 : edit_distance(name, length, row->name);
		if (distance < least) {
			least = distance;
			nearest = row;
		}
	}
	return nearest;
}

static bool unknown_option(const char *label, const struct option_row *nearest)
{
	log_error("unknown option '%s'%s%s%s (--help lists all)", label, nearest ? "; did you mean --" : "",
		  nearest ? nearest->name : "", nearest ? "?" : "");
	return false;
}

struct cursor {
	char **next; /* where we are in argv */
};

/* Is that word the argument? Where one is implied, when it ends alike: `--report x.html`. */
static bool is_argument(const struct option_row *row, const char *word)
{
	const char *suffix = row->implied ? strrchr(row->implied, '.') : NULL;
	const char *end = word ? strrchr(word, '.') : NULL;

	return word && (!suffix || (end && !strcmp(end, suffix)));
}

/* Fills one option; its value is what stands in the same word, or else the next word. */
static bool take_option(struct options *options, struct cursor *cursor, struct given *given)
{
	if (given->row->argument && !given->value)
		given->value = is_argument(given->row, *cursor->next) ? *cursor->next++ : given->row->implied;
	if (given->row->argument && !given->value) {
		log_error("%s needs an argument: %s %s", given->label, given->label, given->row->argument);
		return false;
	}
	return option_fillers[given->row->fill](options, given);
}

static const struct option_row *find_row(const char *name, size_t length)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(option_rows[i].name) == length && !memcmp(option_rows[i].name, name, length))
			return &option_rows[i];
	return NULL;
}

static bool take_long(struct options *options, struct cursor *cursor, char *word)
{
	const char *name = word + 2, *equals = strchrnul(name, '=');
	size_t length = equals - name;
	char label[NAME_MAX_LENGTH + 3];

	snprintf(label, sizeof label, "%.*s", (int)(length > NAME_MAX_LENGTH ? 0 : length + 2), word);
	const struct option_row *row = find_row(name, length);
	struct given given = {row, label, *equals ? equals + 1 : NULL};
	if (row && (row->argument || !given.value))
		return take_option(options, cursor, &given);
	if (!row)
		return unknown_option(word, nearest_row(name, length));
	log_error("%s takes no argument ('%s')", label, word);
	return false;
}

/* -v, -vq, -oFILE, -vo FILE */
static bool take_bundle(struct options *options, struct cursor *cursor, char *word)
{
	for (const char *p = word + 1; *p;) {
		char label[3] = {'-', *p++, 0};
		size_t i = 0;
		while (i < ROWS && option_rows[i].letter != label[1])
			i++;
		if (i == ROWS)
			return unknown_option(p == word + 2 && !*p ? label : word,
					      nearest_row(word + 1, strlen(word + 1)));
		struct given given = {&option_rows[i], label, NULL};
		if (given.row->argument && *p) {
			given.value = p;
			p += strlen(p);
		}
		if (!take_option(options, cursor, &given))
			return false;
	}
	return true;
}

static bool take_words(struct options *options, char **words)
{
	struct cursor cursor = {words};

	while (*cursor.next && cursor.next[0][0] == '-' && cursor.next[0][1]) {
		char *word = *cursor.next++;
		if (!strcmp(word, "--"))
			break;
		if (!(word[1] == '-' ? take_long : take_bundle)(options, &cursor, word))
			return false;
	}
	options->target.command = *cursor.next ? cursor.next : NULL;
	return true;
}

/* What cannot be together, or cannot be missing. */
static bool check(const struct options *options)
{
	if (options->help || options->version || options->list_scripts || options->help_script)
		return true;
	const char *problem = options_contradiction(options);
	const struct target *target = &options->target;
	if (!problem && !options->replay && !target->command && !target->pid_count && !target->all)
		problem = "nothing to trace: give a command, -p PID, -a or --replay FILE\n" OPTIONS_USAGE;
	if (problem)
		log_lines(LOG_ERROR, problem);
	return !problem;
}

/* 1 + the status to end with. */
static int print(const char *text)
{
	bool is_written = fputs(text, stdout) >= 0 && !fflush(stdout);
	if (!is_written)
		log_error("stdout: %s", strerror(errno));
	return is_written ? 1 : 1 + STATUS_MISUSE;
}

/* One word of a configuration. */
static bool take_configured(struct options *options, const struct config_word *given)
{
	char *end = NULL;
	struct cursor cursor = {&end};
	size_t length = strchrnul(given->word, '=') - given->word - 2;
	const struct option_row *row = find_row(given->word + 2, length);

	if (!row || !row->is_for_one)
		return take_long(options, &cursor, given->word);
	log_error("--%s belongs on the command line", row->name);
	return false;
}

static bool take_config(struct options *options, const struct config *config)
{
	for (size_t i = 0; i < config->word_count; i++) {
		log_set_place(config->words[i].place);
		bool is_taken = take_configured(options, &config->words[i]);
		log_set_place(NULL);
		if (!is_taken)
			return false;
	}
	options->config = config;
	return true;
}

/* -q on the command line means more than verbose in a configuration, and the other way round. */
static bool take_all(struct options *options, const struct config *config, char **words)
{
	if (config && !take_config(options, config))
		return false;
	bool was_quiet = options->quiet, was_verbose = options->verbose;
	options->quiet = options->verbose = false;
	if (!take_words(options, words))
		return false;
	if (!options->quiet && !options->verbose) {
		options->quiet = was_quiet;
		options->verbose = was_verbose && !was_quiet;
	}
	return check(options);
}

int options_parse_after(struct options *options, const struct config *config, int argc, char **argv)
{
	*options = (struct options){0};
	for (const struct option_row *row = option_rows; row < option_rows + ROWS; row++)
		if (row->initial)
			fill_string(options, &(struct given){.row = row, .value = row->initial});
	if (!take_all(options, config, argc > 0 ? argv + 1 : argv))
		return 1 + STATUS_MISUSE;
	if (options->help)
		return print(OPTIONS_HELP);
	return options->version ? print("compendium " COMPENDIUM_VERSION "\n") : 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
	return options_parse_after(options, NULL, argc, argv);
}

void options_free(struct options *options)
{
	free(options->scripts);
	free(options->replay);
	free((pid_t *)options->target.pids);
	free(options->target.environment);
	*options = (struct options){0};
}
