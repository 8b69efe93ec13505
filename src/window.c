/* SPDX-License-Identifier: MIT
 *
 * See window.h.
 */
#include "window.h"

#include "log.h"

static double seconds(uint64_t ns)
{
	return ns / 1e9;
}

bool window_open(struct window *window, const struct options *options, uint64_t start_ns,
		 const struct extent *whole, const char *file)
{
	const struct moment *from = &options->from, *to = &options->to;
	uint64_t length = whole && whole->end_ns > start_ns ? whole->end_ns - start_ns : 0;

	*window = (struct window){from->is_given || to->is_given, start_ns, UINT64_MAX};
	if (!whole && (from->is_before_end || to->is_before_end)) {
		log_error("--replay %s: where a pipe ends is not known before; give --from and "
			  "--to without \"-\", or a file",
			  file);
		return false;
	}
	if (from->is_given)
		window->from_ns = start_ns + moment_in(from, length);
	if (to->is_given)
		window->to_ns = start_ns + moment_in(to, length);
	if (window->from_ns > window->to_ns)
		log_error("--replay %s: nothing is between --from (+%.3fs) and --to (+%.3fs)", file,
			  seconds(window->from_ns - start_ns), seconds(window->to_ns - start_ns));
	else if (whole && window->from_ns - start_ns > length)
		log_error("--replay %s: ends at +%.3fs, before --from (+%.3fs)", file,
			  seconds(length), seconds(window->from_ns - start_ns));
	else
		return true;
	return false;
}
