/* SPDX-License-Identifier: MIT
 *
 * See progress.h.
 */
#include "progress.h"

#include <stdio.h>
#include <sys/stat.h>

#include "log.h"

static const uint64_t FIRST_NS = 1000000000, AGAIN_NS = 200000000;

void progress_begin(struct progress *progress, int fd, uint64_t now_ns)
{
	struct stat status;

	*progress = (struct progress){.begin_ns = now_ns};
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		progress->bytes = status.st_size;
}

void progress_show(struct progress *progress, uint64_t position, uint64_t now_ns)
{
	double seconds = (now_ns - progress->begin_ns) / 1e9;
	char share[80] = "";

	if (now_ns - progress->begin_ns < FIRST_NS || now_ns - progress->shown_ns < AGAIN_NS)
		return;
	progress->shown_ns = now_ns;
	if (progress->bytes && position && position <= progress->bytes)
		snprintf(share, sizeof share, "%.0f%% of %.1f MB, %.0f s left, ",
			 100.0 * position / progress->bytes, progress->bytes / 1e6,
			 seconds * (progress->bytes - position) / position);
	log_progress("%s%.2f million records (%.2f a second)", share, progress->records / 1e6,
		     progress->records / 1e6 / seconds);
}
