/* SPDX-License-Identifier: MIT
 *
 * Where tracing cannot be without effect, the user is told (RECORD_NOTE), once for each program.
 *
 * A setuid, setgid or capable program gets its privileges from exec only if nobody traces it who could
 * not have them as well. So with CAP_SYS_PTRACE it has them; without, it runs as an ordinary program.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"
#include "source/ptrace/snapshot.h"
#include "source/ptrace/untraced.h"

static void note(struct ptrace_source *source, const struct tracee *tracee, enum record_note what)
{
	struct record *record =
		outbox_begin(&source->outbox, RECORD_NOTE, tracee_pid(tracee), tracee->tid);

	record->time_ns = clock_ns();
	record->nr = what;
	snapshot_link(record, tracee->tid, "exe", 0);
	outbox_send(&source->outbox);
}

void note_once(struct ptrace_source *source, const struct tracee *tracee, enum record_note what)
{
	if (!(source->noted >> what & 1))
		note(source, tracee, what);
	source->noted |= 1u << what;
}

/* Would exec have given the program privileges that the task has not? */
static bool lacks_privileges(const char *path, const struct stat *file, const struct proc_status *status,
			     bool took)
{
	struct statvfs system;

	if ((status->no_new_privileges && !took) || statvfs(path, &system) < 0 || system.f_flag & ST_NOSUID)
		return false;
	if (file->st_mode & S_ISUID && file->st_uid != status->uid)
		return true;
	if (file->st_mode & S_ISGID && file->st_mode & S_IXGRP && file->st_gid != status->gid)
		return true;
	return status->uid != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

bool notes_capable(void)
{
	struct proc_status status;

	return proc_status(getpid(), &status) && status.capabilities >> CAP_SYS_PTRACE & 1;
}

void note_privileges(struct ptrace_source *source, const struct tracee *tracee)
{
	char path[64];
	struct stat file;
	struct proc_status status;

	if (source->is_capable)
		return;
	snprintf(path, sizeof path, "/proc/%d/exe", tracee->tid);
	if (stat(path, &file) < 0 || !proc_status(tracee->tid, &status))
		return;
	if ((file.st_dev == source->noted_device && file.st_ino == source->noted_inode) ||
	    !lacks_privileges(path, &file, &status, source->took_privileges))
		return;
	source->noted_device = file.st_dev;
	source->noted_inode = file.st_ino;
	note(source, tracee, NOTE_PRIVILEGES);
}
