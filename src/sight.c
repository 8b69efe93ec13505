/* SPDX-License-Identifier: MIT
 *
 * See sight.h.
 */
#include "sight.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

static bool has_all(const uint64_t (*set)[INTEREST_NRS / 64])
{
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (unsigned i = 0; i < INTEREST_NRS / 64; i++)
			if (~set[arch][i])
				return false;
	return true;
}

/* "page faults, what was read and written": what is not in the trace, whatever the program did. */
static const char *list_unseen(const struct sight *sight, const struct interest *interest)
{
	static char list[512];
	const struct {
		bool is_unseen;
		const char *what;
	} parts[] = {
		{sight->flags & SIGHT_ATTACHED, "what was before it began"},
		{!has_all(interest->calls), "calls that nobody hooks"},
		{!interest->data_limit, "the bytes that are read and written"},
		{!(interest->kinds >> RECORD_FAULT & 1), "page faults"},
		{!(interest->kinds >> RECORD_SCHED & 1), "waits for a CPU"},
		{!(interest->kinds >> RECORD_BLOCK & 1), "block I/O"},
		{sight->flags & SIGHT_NO_RING, "what goes through io_uring"},
	};

	*list = '\0';
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		size_t used = strlen(list);
		if (parts[i].is_unseen)
			snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
				 parts[i].what);
	}
	return *list ? list : "nothing";
}

void sight_tell(const struct sight *sight, const struct interest *interest)
{
	char user[32] = "root";

	if (sight->user)
		snprintf(user, sizeof user, "user %u", (unsigned)sight->user);
	log_info("events come from %s%s, with the rights of %s", sight->source, sight->remark,
		 user);
	log_info("not in this trace: %s", list_unseen(sight, interest));
	if (sight->flags & SIGHT_NO_FAULTS)
		log_warning("%s; the trace goes on without them", sight->why_no_faults);
	else if (sight->flags & SIGHT_NO_KERNEL_FAULTS)
		log_warning("page faults in the kernel (a read into fresh memory) cannot be seen; "
			    "sudo sysctl kernel.perf_event_paranoid=1");
	if (sight->flags & SIGHT_NO_LATENCY)
		log_warning("%s; the trace goes on without them", sight->why_no_latency);
}
