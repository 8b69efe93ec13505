/* SPDX-License-Identifier: MIT
 *
 * Starting the command, so that it finds everything as without us and the trace begins with its
 * exec and nothing earlier:
 *
 *     child                                 parent
 *     "ready"            ──────────────>    seizes it and interrupts it
 *     waits at the gate                     tells of it and its descriptors
 *                        <──────────────    lets it run on, opens the gate
 *     takes the filter   ──────────────>    hears of it after the exec
 *     becomes the user, restores signals
 *     execve                                sees its entry and PTRACE_EVENT_EXEC: done
 *     or, when that fails, the error  ──>   gives up, and says why
 *
 * The gate is a socket pair that exec closes.
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "log.h"
#include "source/ptrace/command.h"
#include "source/ptrace/filter.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"
#include "source/ptrace/snapshot.h"

/* What the child says through the gate. */
struct report {
	enum { REPORT_READY, REPORT_FILTER, REPORT_USER, REPORT_EXEC } what;
	bool no_new_privileges; /* REPORT_FILTER */
	int error;
};

/* ---- the child ---- */

static void child_report(int gate, int what, int error)
{
	struct report report = {.what = what, .error = error};

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
	struct report report = {.what = REPORT_FILTER};

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

static struct report gate_read(int gate)
{
	struct report report = {.what = REPORT_READY, .error = ECHILD};

	while (recv(gate, &report, sizeof report, 0) < 0 && errno == EINTR)
		;
	return report;
}

static pid_t wait_for(pid_t pid, int *status)
{
	pid_t got;

	while ((got = waitpid(pid, status, __WALL)) < 0 && errno == EINTR)
		;
	return got;
}

static void tell_command(struct ptrace_source *source, const struct target *target,
			 const struct command *command)
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

/* Lets the child run until its exec succeeded (true, with that stop queued) or it is dead. */
static bool run_to_exec(struct ptrace_source *source, struct tracee *tracee)
{
	struct stop stop;
	int status;

	while (wait_for(tracee->tid, &status) == tracee->tid) {
		stop_read(&stop, tracee->tid, status, clock_ns());
		if (stop.kind == STOP_EXEC) {
			source_arrive(source, tracee->tid, status);
			return true;
		}
		if (stop.kind == STOP_GONE)
			return false;
		/* Of what it does until then, only the exec is the command's. */
		struct record call = {0};
		if (stop.kind == STOP_ENTRY)
			call_identify(&call, stop.info.arch, stop.info.entry.nr);
		if (stop.kind == STOP_ENTRY && call_role(source, call.arch, call.nr) == CALL_EXECVE &&
		    !stop.by_filter)
			call_enter(source, tracee, &stop);
		tracee->deliver = stop.kind == STOP_SIGNAL ? stop.signal : 0;
		tracee->resume = stop.kind == STOP_GROUP ? PTRACE_LISTEN : PTRACE_SYSCALL;
		source->held = tracee;
		source_release(source);
	}
	return false;
}

static void seize_failed(pid_t pid, int error, char *why, size_t room)
{
	struct proc_status child;
	char tracer[PROC_COMM];

	if (error == -EPERM && proc_status(pid, &child) && child.tracer) {
		proc_comm(child.tracer, tracer);
		snprintf(why, room,
			 "cannot trace a command: %s (process %d) traces this tracer and all it "
			 "starts",
			 *tracer ? tracer : "a process", child.tracer);
		return;
	}
	snprintf(why, room, "cannot trace a command: ptrace: %s%s", strerror(-error),
		 error == -EPERM || error == -ENOSYS
			 ? " (a container or sandbox may forbid it: docker run "
			   "--cap-add=SYS_PTRACE --security-opt seccomp=unconfined)"
			 : "");
}

static int seize_child(struct ptrace_source *source, pid_t pid, bool has_filter, char *why, size_t room)
{
	int status;
	int filter = has_filter ? PTRACE_O_TRACESECCOMP : 0;
	int error = (int)request(PTRACE_SEIZE, pid, 0, OPTIONS_FOLLOW | PTRACE_O_EXITKILL | filter);

	if (!error)
		error = (int)request(PTRACE_INTERRUPT, pid, 0, 0);
	if (!error && (wait_for(pid, &status) != pid || !WIFSTOPPED(status)))
		error = -ESRCH;
	if (error)
		seize_failed(pid, error, why, room);
	source->attached_ns = clock_ns();
	return error;
}

static int start_failed(const struct command *command, struct report report, char *why, size_t room)
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

/* The child said what became of its filter. */
static void filter_heard(struct ptrace_source *source, struct report report)
{
	source->filtered = report.what == REPORT_FILTER && !report.error;
	source->took_privileges = report.what == REPORT_FILTER && report.no_new_privileges;
	if (source->filtered)
		log_info("seccomp: calls nobody hooks are not stopped%s",
			 source->took_privileges ? " (NO_NEW_PRIVS is set for that)" : "");
	else
		log_info("no seccomp filter: %s", strerror(report.error));
}

/* The filter of the command; empty when there is to be none. */
static struct sock_fprog filter_for(const struct ptrace_source *source, const struct target *target)
{
	struct sock_fprog filter = {0};

	if (source->feed)
		return filter;
	const char *refusal = filter_refusal(source, target);
	if (!refusal && filter_build(source, &filter) < 0)
		refusal = "it would be too large";
	if (refusal)
		log_info("no seccomp filter: %s", refusal);
	return filter;
}

static int follow_child(struct ptrace_source *source, const struct target *target,
			const struct command *command, bool has_filter, int gate, char *why, size_t room)
{
	struct report report = gate_read(gate);
	if (report.what != REPORT_READY || report.error)
		return start_failed(command, report, why, room);
	int error = seize_child(source, source->command, has_filter, why, room);
	if (error)
		return error;
	struct tracee *tracee = tracee_add(&source->tracees, source->command);
	if (!tracee || !tracee_join(&source->tracees, tracee, source->command)) {
		snprintf(why, room, "out of memory");
		return -ENOMEM;
	}
	tell_command(source, target, command);
	tracee->resume = PTRACE_SYSCALL;
	source->held = tracee;
	source_release(source);
	send(gate, "", 1, MSG_NOSIGNAL);
	bool started = run_to_exec(source, tracee);
	if (has_filter)
		filter_heard(source, gate_read(gate));
	source->sharing.allowed = true;
	if (started)
		return 0;
	tracee_remove(&source->tracees, tracee);
	source->command = 0; /* it is reaped */
	return start_failed(command, gate_read(gate), why, room);
}

int launch(struct ptrace_source *source, const struct target *target, char *why, size_t room)
{
	struct command command;
	int gate[2];
	int error = command_prepare(&command, target, why, room);

	if (error)
		return error;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate) < 0) {
		error = -errno;
		snprintf(why, room, "cannot start %s: %s", command.path, strerror(-error));
		command_free(&command);
		return error;
	}
	struct sock_fprog filter = filter_for(source, target);
	proc_each(getpid(), "fd", keep_descriptor, NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(gate[0]); /* or it would not see us die */
		child_main(&command, target, &filter, gate[1]);
	}
	close(gate[1]);
	if (pid < 0) {
		error = -errno;
		snprintf(why, room, "cannot start %s: %s", command.path, strerror(-error));
	} else {
		source->command = pid;
		error = follow_child(source, target, &command, filter.len, gate[0], why, room);
	}
	if (error && source->command) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
	}
	close(gate[0]);
	filter_free(&filter);
	command_free(&command);
	return error;
}
