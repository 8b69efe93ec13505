/* SPDX-License-Identifier: MIT
 *
 * counter: writes a line for each SIGUSR1 it gets, as a shell cannot: that one runs its trap once for
 * signals which come close together. The first line says that it is ready; SIGTERM ends it.
 */
#include <signal.h>
#include <unistd.h>

static void put_line(int signal)
{
	const char line[] = {signal == SIGUSR1 ? 'u' : 'r', '\n'};

	(void)!write(STDOUT_FILENO, line, sizeof line);
}

int main(void)
{
	struct sigaction action = {.sa_handler = put_line};

	sigaction(SIGUSR1, &action, NULL);
	put_line(0);
	for (;;)
		pause();
}
