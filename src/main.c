/* SPDX-License-Identifier: MIT
 *
 * main: puts the process in order, reads the command line, runs the session and ends as the traced
 * program did. The flow is at the top of session.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "session.h"
#include "signals.h"

/* A descriptor of ours must not become stdin, stdout or stderr. Those that are closed are held by
 * one that closes at exec, so the command finds them closed as well. */
static bool hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
			return false;
	return true;
}

/* 0, or 1 + the status to end with. --help and mistakes need no configuration. */
static int read_options(struct options *options, struct config *config, int argc, char **argv)
{
	int done = options_parse(options, argc, argv);

	if (done || options->no_config)
		return done;
	if (!config_read(config))
		return 1 + STATUS_FAILURE;
	if (!config->file_count)
		return 0;
	options_free(options);
	return options_parse_after(options, config, argc, argv);
}

int main(int argc, char **argv)
{
	struct options options;
	struct config config = {0};

	if (!hold_standard_descriptors())
		return STATUS_FAILURE;
	int done = read_options(&options, &config, argc, argv);
	if (done) {
		options_free(&options);
		config_free(&config);
		return done - 1;
	}
	if (options.verbose)
		log_set_level(LOG_INFO);
	struct ending ending = session_run(&options);
	options_free(&options);
	config_free(&config);
	if (!ending.signal)
		return ending.status;
	fflush(NULL); /* what scripts printed */
	signals_die(ending.signal);
	return 128 + ending.signal;
}
