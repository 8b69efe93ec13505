/* SPDX-License-Identifier: MIT
 *
 * See progress.h.
 */
#include "progress.h"

#include <stdio.h>
#include <sys/stat.h>

#include "log.h"

static const uint64_t FIRST_NS = 1000000000, AGAIN_NS = 200000000;

void progress_begin(struct progress *progress, int fd, uint64_t records_all, uint64_t now_ns)
{
	struct stat status;

	*progress = (struct progress){.begin_ns = now_ns, .records_all = records_all};
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		progress->bytes = status.st_size;
}

void progress_show(struct progress *progress, uint64_t position, uint64_t now_ns)
{
	double seconds = (now_ns - progress->begin_ns) / 1e9, share = 0;
	char head[80] = "";

	if (now_ns - progress->begin_ns < FIRST_NS || now_ns - progress->shown_ns < AGAIN_NS)
		return;
	progress->shown_ns = now_ns;
	if (progress->records_all) /* bytes are read a frame at a time */
		share = (double)progress->records / progress->records_all;
	else if (progress->bytes)
		share = (double)position / progress->bytes;
	if (share > 0 && share <= 1)
		snprintf(head, sizeof head, "%.0f%% of %.1f MB, %.0f s left, ", 100 * share,
			 progress->bytes / 1e6, seconds * (1 - share) / share);
	log_progress("%s%.2f million records (%.2f a second)", head, progress->records / 1e6,
		     progress->records / 1e6 / seconds);
}
