/* SPDX-License-Identifier: MIT
 *
 * See preface.h.
 */
#include "preface.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "log.h"
#include "sight.h"

static const uint64_t SECOND = 1000000000;

void preface_tell(const char *file, const struct header *header, const struct extent *whole)
{
	time_t seconds = header->wallclock_ns / SECOND;
	char when[32] = "?";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(when, sizeof when, "%F %T", &local);
	log_info("%s was recorded on %s (Linux %s, %s) at %s", file, header->identity.host,
		 header->kernel, header->machine, when);
	if (whole && whole->end_ns >= header->start_ns)
		log_info("it is %.3f s long and has %" PRIu64 " records of %" PRIu64 " tasks",
			 (whole->end_ns - header->start_ns) / (double)SECOND, whole->records,
			 whole->tasks);
	sight_tell(&header->sight, &header->interest);
}

/* Is something wanted that was not recorded? */
static bool lacks(const uint64_t (*wanted)[INTEREST_NRS / 64],
		  const uint64_t (*recorded)[INTEREST_NRS / 64])
{
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		for (int i = 0; i < INTEREST_NRS / 64; i++)
			if (wanted[arch][i] & ~recorded[arch][i])
				return true;
	return false;
}

void preface_tell_missing(const char *file, const struct header *header,
			  const struct interest *wanted, const struct options *options)
{
	const struct interest *recorded = &header->interest;
	uint32_t kinds = (wanted->kinds | options_kinds(options)) & ~recorded->kinds;
	const struct {
		bool is_missing;
		const char *what;
	} parts[] = {
		{lacks(wanted->calls, recorded->calls), "some system calls"},
		{lacks(wanted->enters, recorded->enters),
		 "what is before a call (\"enter:\" hooks)"},
		{wanted->data_limit > recorded->data_limit,
		 "the bytes that were read and written (want \"data\", -v)"},
		{lacks(wanted->stacks, recorded->stacks), "stacks of some calls (want \"stack\")"},
		{kinds >> RECORD_FAULT & 1, "page faults (--faults)"},
		{kinds >> RECORD_SCHED & 1, "waits for a CPU (--sched)"},
		{kinds >> RECORD_BLOCK & 1, "block I/O (--block-io)"},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].is_missing)
			log_warning("--replay %s: not recorded, and so not shown: %s", file,
				    parts[i].what);
}
