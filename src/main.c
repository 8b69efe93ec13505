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

int main(int argc, char **argv)
{
	struct options options;

	if (!hold_standard_descriptors())
		return STATUS_FAILURE;
	int done = options_parse(&options, argc, argv);
	if (done) {
		options_free(&options);
		return done - 1;
	}
	if (options.verbose)
		log_set_level(LOG_INFO);
	struct ending ending = session_run(&options);
	options_free(&options);
	if (!ending.signal)
		return ending.status;
	fflush(NULL); /* what scripts printed */
	signals_die(ending.signal);
	return 128 + ending.signal;
}
