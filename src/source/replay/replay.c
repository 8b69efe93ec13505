/* SPDX-License-Identifier: MIT
 *
 * See replay.h.
 */
#include "source/replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracefile/format.h"

struct replay_source {
	struct source source;
	struct reader *reader;
	int status; /* of the command, or -1 */
	bool is_stopped;
};

static struct replay_source *replay_of(const struct source *source)
{
	return (struct replay_source *)source;
}

static int replay_fd(struct source *source)
{
	return reader_fd(replay_of(source)->reader);
}

static int replay_next(struct source *source, const struct record **record)
{
	struct replay_source *replay = replay_of(source);

	if (replay->is_stopped)
		return -ENODATA;
	int got = reader_next(replay->reader, record);
	if (got > 0 && (*record)->kind == TRACE_FINISH)
		replay->status = (*record)->args[0];
	return got;
}

static void replay_stop(struct source *source, enum source_stop how)
{
	(void)how; /* nothing runs */
	replay_of(source)->is_stopped = true;
}

static void replay_forward(struct source *source, int signal)
{
	(void)source; /* the program is not there */
	(void)signal;
}

static int replay_status(struct source *source)
{
	return replay_of(source)->status;
}

static void replay_close(struct source *source)
{
	reader_free(replay_of(source)->reader);
	free(source);
}

static const struct source_ops replay_ops = {
	.name = "a trace file",
	.fd = replay_fd,
	.next = replay_next,
	.stop = replay_stop,
	.forward = replay_forward,
	.status = replay_status,
	.close = replay_close,
};

int replay_source_open(const char *path, struct source **result)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				   : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	struct replay_source *replay = fd < 0 ? NULL : calloc(1, sizeof *replay);

	if (fd < 0)
		return -errno;
	if (replay)
		replay->reader = reader_new(fd);
	if (!replay || !replay->reader) {
		free(replay);
		close(fd);
		return -ENOMEM;
	}
	replay->source.ops = &replay_ops;
	replay->status = -1;
	*result = &replay->source;
	return 0;
}

const struct reader *replay_reader(const struct source *source)
{
	return replay_of(source)->reader;
}
