/* SPDX-License-Identifier: MIT
 *
 * The command line: the input's words, each ending with a NUL, are argv after its first.
 */
#include "input.h"
#include "options.h"

#undef NDEBUG
#include <assert.h>

enum { WORDS = 256 };

/* Where in the words' text a string may be. NULL is an option that was not given. */
struct range {
	const char *start, *end;
};

static void check_string(const struct range *range, const char *string)
{
	assert(!string || (string >= range->start && string < range->end));
}

static void check(const struct options *options, const struct range *range)
{
	check_string(range, options->output);
	if (options->report && strcmp(options->report, "report.html"))
		check_string(range, options->report);
	assert(options->max_report_events >= 0);
	check_string(range, options->record);
	for (const char **file = options->replay; file && *file; file++)
		check_string(range, *file);
	check_string(range, options->target.user);
	for (size_t i = 0; i < options->script_count; i++) {
		assert(options->scripts[i].kind && options->scripts[i].text);
		check_string(range, options->scripts[i].text);
	}
	for (size_t i = 0; i < options->target.pid_count; i++)
		assert(options->target.pids[i] > 0);
	for (char **name = options->target.environment; name && *name; name++)
		assert(**name && **name != '=');
	assert(strlen(options->color) && strlen(options->backend));
	int targets = !!options->target.command + !!options->target.pid_count + !!options->replay;
	assert(options->list_scripts || targets == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = input_text((struct input){bytes, size});
	char *argv[WORDS + 2] = {"compendium"};
	struct options options;
	int argc = 1;

	for (char *word = text; word < text + size && argc <= WORDS; word += strlen(word) + 1)
		argv[argc++] = word;
	int status = options_parse(&options, argc, argv);
	assert(status >= 0 && status <= 126);
	if (!status)
		check(&options, &(struct range){text, text + size + 1});
	options_free(&options);
	free(text);
	return 0;
}
