/* SPDX-License-Identifier: MIT
 *
 * See note.h.
 */
#include "note.h"

#include "log.h"

void note_tell(const struct record *record)
{
	static const char *const texts[] = {
		[NOTE_UNTRACED] =
			"asked that its children not be traced (CLONE_UNTRACED); they are",
		[NOTE_PRIVILEGES] =
			"runs without the privileges of its file (setuid), as it is traced; "
			"run compendium as root, with -u USER, to trace it with them",
		[NOTE_NO_FAULTS] =
			"is traced without its page faults: it, or the limit of open files, does "
			"not let them be seen",
		[NOTE_ESCAPED] =
			"made a task that is not traced: it asked for that (CLONE_UNTRACED) in a "
			"way that cannot be undone",
		[NOTE_HELD] =
			"cannot be let go yet: it waits in the kernel, as for a vfork's child or a "
			"disk; a second Ctrl-C kills it",
		[NOTE_NO_STACKS] =
			"has files in which its stacks cannot be found: there are no more from here on",
	};
	const struct piece *program = record_find(record, 0, PIECE_SELF, 0);

	if (record->nr > 0 && (size_t)record->nr < sizeof texts / sizeof *texts)
		log_warning("%.*s (process %d) %s", program ? (int)program->size : 0,
			    program ? (const char *)piece_bytes(program) : "", record->pid,
			    texts[record->nr]);
}
