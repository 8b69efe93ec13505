/* SPDX-License-Identifier: MIT
 *
 * See contradictions.h.
 */
#include "contradictions.h"

#include <string.h>

const char *options_contradiction(const struct options *options)
{
	const struct target *target = &options->target;
	const bool replays = options->replay, attaches = target->pid_count;
	const bool changes_start = target->user || target->environment;
	const struct {
		bool is_one;
		const char *text;
	} rows[] = {
		{replays && (target->command || attaches),
		 "--replay reads a trace that was made; it cannot trace something as well"},
		{replays && options->record,
		 "--record keeps what is traced now; it cannot be used with --replay"},
		{options->record && strcmp(options->record, "-") == 0,
		 "--record takes a file; stdout is the program's own"},
		{replays && options->replay[1] && options->report,
		 "--report is of one trace; give it one --replay FILE"},
		{options->max_report_events && !options->report, "--max-report-events is for --report"},
		{options->record_env && !options->record, "--record-env is for --record"},
		{replays && changes_start,
		 "-u and -E are for a command that is started, not for --replay"},
		{!replays && (options->from.is_given || options->to.is_given),
		 "--from and --to are for --replay"},
		{target->command && attaches,
		 "-p attaches to processes that run; it cannot start a command as well"},
		{target->all && (target->command || attaches || replays),
		 "-a is everything that runs; it takes no command, no -p and no --replay"},
		{(attaches || target->all) && changes_start,
		 "-u and -E are for a command that is started, not for -p or -a"},
		{options->quiet && options->verbose, "-q and -v contradict each other"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].is_one)
			return rows[i].text;
	return NULL;
}
