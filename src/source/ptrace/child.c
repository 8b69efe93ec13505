/* SPDX-License-Identifier: MIT
 *
 * The command before its exec; see child.h.
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/ptrace/child.h"
#include "source/ptrace/filter.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"
#include "source/ptrace/snapshot.h"

/* ---- the child ---- */

static void child_report(int gate, int what, int error)
{
	struct gate_report report = {.what = what, .error = error};

	send(gate, &report, sizeof report, MSG_NOSIGNAL);
}

static bool child_become(const struct command *command)
{
	return !command->user || (initgroups(command->user, command->gid) == 0 &&
				  setgid(command->gid) == 0 && setuid(command->uid) == 0);
}

/* Signals as our own parent gave them to us. The session ignores none and exec resets handlers, so
 * it is the mask, and SIGCHLD, which would not tell of stops if it stayed ignored. */
static void child_restore_signals(const struct target *target)
{
	if (target->ignores_child)
		sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	sigprocmask(SIG_SETMASK, &target->signal_mask, NULL);
}

/* Before it becomes the user, as that takes the privilege to do so without effect on privileges. */
static void child_filter(int gate, const struct sock_fprog *filter)
{
	struct gate_report report = {.what = REPORT_FILTER};

	if (!filter->len)
		return;
	report.error = -filter_install(filter, &report.no_new_privileges);
	send(gate, &report, sizeof report, MSG_NOSIGNAL);
}

static _Noreturn void child_main(const struct command *command, const struct target *target,
				 const struct sock_fprog *filter, int gate)
{
	char go;

	child_report(gate, REPORT_READY, 0);
	if (recv(gate, &go, 1, 0) != 1)
		_exit(125);
	child_filter(gate, filter);
	if (!child_become(command)) {
		child_report(gate, REPORT_USER, errno);
		_exit(125);
	}
	child_restore_signals(target);
	execve(command->path, target->command, command->environment);
	child_report(gate, REPORT_EXEC, errno);
	_exit(125);
}

/* ---- the parent ---- */

/* Descriptors we opened, or a script did, are not the command's: exec shall close them. Those that
 * were open when the program started are known since then. */
#define INHERITED_MAX 4096
static unsigned char inherited[INHERITED_MAX / 8];

static bool remember_descriptor(void *context, int fd)
{
	(void)context;
	if (fd < INHERITED_MAX && fcntl(fd, F_GETFD) == 0)
		inherited[fd / 8] |= 1 << fd % 8;
	return true;
}

__attribute__((constructor)) static void remember_descriptors(void)
{
	proc_each(getpid(), "fd", remember_descriptor, NULL);
}

static bool keep_descriptor(void *context, int fd)
{
	(void)context;
	int flags = fcntl(fd, F_GETFD);
	bool is_inherited = fd >= INHERITED_MAX || (inherited[fd / 8] >> fd % 8 & 1);
	if (flags >= 0 && !is_inherited)
		fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	return true;
}

struct gate_report gate_read(int gate)
{
	struct gate_report report = {.what = REPORT_READY, .error = ECHILD};

	while (recv(gate, &report, sizeof report, 0) < 0 && errno == EINTR)
		;
	return report;
}

int gate_open(int gate)
{
	return send(gate, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

pid_t child_start(const struct command *command, const struct target *target, const struct sock_fprog *filter,
		  int *gate)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	proc_each(getpid(), "fd", keep_descriptor, NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]); /* or it would not see us die */
		child_main(command, target, filter, ends[1]);
	}
	int error = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -error;
	}
	*gate = ends[0];
	return pid;
}

int child_failed(const struct command *command, struct gate_report report, char *why, size_t room)
{
	if (report.what == REPORT_EXEC)
		command_explain(command, report.error, why, room);
	else if (report.what == REPORT_USER)
		snprintf(why, room, "cannot run as user %s: %s", command->user,
			 strerror(report.error));
	else
		snprintf(why, room, "%s died before it could start", command->path);
	return -report.error;
}

void child_tell(struct ptrace_source *source, const struct target *target, const struct command *command)
{
	pid_t pid = source->command;
	const char *slash = strrchr(command->path, '/');
	const char *comm = slash ? slash + 1 : command->path;
	struct record *record = outbox_begin(&source->outbox, RECORD_TASK, pid, pid);

	record->time_ns = source->attached_ns;
	record->args[0] = getpid();
	record->args[1] = record->args[2] = record->args[3] = pid;
	record_add(record, 0, PIECE_SELF, 0, comm, strnlen(comm, 15), 0);
	for (uint32_t i = 0; target->command[i]; i++)
		if (!record_add(record, 1, PIECE_STRING, i, target->command[i],
				strlen(target->command[i]), 0))
			break;
	record_add(record, 2, PIECE_SELF, 0, command->exe, strlen(command->exe), 0);
	snapshot_link(record, pid, "cwd", 3);
	outbox_send(&source->outbox);
	if (source_wants(source, RECORD_FD))
		snapshot_fds(source, pid, pid, false);
}

