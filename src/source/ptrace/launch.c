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
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "source/ptrace/child.h"
#include "source/ptrace/filter.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/ptrace.h"

static pid_t wait_for(pid_t pid, int *status)
{
	pid_t got;

	while ((got = waitpid(pid, status, __WALL)) < 0 && errno == EINTR)
		;
	return got;
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

/* The child said what became of its filter. */
static void filter_heard(struct ptrace_source *source, struct gate_report report)
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
	struct gate_report report = gate_read(gate);
	if (report.what != REPORT_READY || report.error)
		return child_failed(command, report, why, room);
	int error = seize_child(source, source->command, has_filter, why, room);
	if (error)
		return error;
	struct tracee *tracee = tracee_add(&source->tracees, source->command);
	if (!tracee || !tracee_join(&source->tracees, tracee, source->command)) {
		snprintf(why, room, "out of memory");
		return -ENOMEM;
	}
	child_tell(source, target, command);
	tracee->resume = PTRACE_SYSCALL;
	source->held = tracee;
	source_release(source);
	gate_open(gate);
	bool started = run_to_exec(source, tracee);
	if (has_filter)
		filter_heard(source, gate_read(gate));
	source->sharing.allowed = true;
	if (started)
		return 0;
	tracee_remove(&source->tracees, tracee);
	source->command = 0; /* it is reaped */
	return child_failed(command, gate_read(gate), why, room);
}

int launch(struct ptrace_source *source, const struct target *target, char *why, size_t room)
{
	struct command command;
	int gate;
	int error = command_prepare(&command, target, why, room);

	if (error)
		return error;
	struct sock_fprog filter = filter_for(source, target);
	pid_t pid = child_start(&command, target, &filter, &gate);
	if (pid < 0) {
		error = pid;
		snprintf(why, room, "cannot start %s: %s", command.path, strerror(-error));
	} else {
		source->command = pid;
		error = follow_child(source, target, &command, filter.len, gate, why, room);
		close(gate);
	}
	if (error && source->command) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
	}
	filter_free(&filter);
	command_free(&command);
	return error;
}
