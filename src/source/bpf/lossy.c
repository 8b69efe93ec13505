/* SPDX-License-Identifier: MIT
 *
 * The source without ptrace, for programs that must not stop and for the whole system: the programs in
 * the kernel tell of everything, and nobody waits for us. When we are too slow the ring is full and
 * records are lost; the kernel counts them, and RECORD_LOST tells how many, once a second at most.
 *
 * What ptrace tells and this cannot: signals that nobody handles (the kernel drops them), and memory
 * that was not there when the kernel looked, which is marked unreadable. When we are killed, a command
 * runs on. `inner` is never opened: its tables hold the tasks and the calls they are in.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "source/bpf/bpf.h"
#include "source/ptrace/child.h"
#include "source/ptrace/filter.h"
#include "source/ptrace/proc.h"
#include "source/ptrace/snapshot.h"

#define TURN 256 /* records of the ring between two looks at the clock and the command */
#define TELL_LOST_NS UINT64_C(1000000000)

struct lossy_source {
	struct bpf_source bpf;
	int command_fd;      /* a pidfd of the command until it was waited for, else -1 */
	uint64_t told_ns;    /* when RECORD_LOST was told last */
	uint64_t lost_others;/* told so far; bpf.lost of calls */
	bool is_ending;      /* told all that happened; what is in the outbox is the last */
};

static struct lossy_source *self(struct source *source)
{
	return (struct lossy_source *)source;
}

static int lossy_fd(struct source *base)
{
	return self(base)->bpf.epoll_fd;
}

/* ---- what was lost ---- */

static void tell_lost_kind(struct lossy_source *source, uint64_t *told, uint64_t all, enum record_kind kind)
{
	struct outbox *outbox = &source->bpf.inner->outbox;
	uint64_t now = clock_ns();

	if (all == *told)
		return;
	struct record *record = outbox_begin(outbox, RECORD_LOST, 0, 0);
	record->time_ns = now;
	record->args[0] = all - *told;
	record->args[1] = kind;
	record->args[2] = now - source->told_ns;
	record->args[3] = all;
	outbox_send(outbox);
	*told = all;
}

static void tell_lost(struct lossy_source *source, bool at_once)
{
	uint64_t now = clock_ns();

	if (now - source->told_ns < TELL_LOST_NS && !at_once)
		return;
	tell_lost_kind(source, &source->bpf.lost, kernel_lost(&source->bpf), RECORD_CALL);
	tell_lost_kind(source, &source->lost_others, kernel_lost_others(&source->bpf), RECORD_NONE);
	source->told_ns = now;
}

/* ---- the flow ---- */

static void reap_command(struct lossy_source *source)
{
	struct ptrace_source *inner = source->bpf.inner;
	int status;

	if (source->command_fd < 0 || waitpid(inner->command, &status, WNOHANG | __WALL) != inner->command)
		return;
	inner->command_status = status;
	close(source->command_fd);
	source->command_fd = -1;
}

static bool is_over(const struct lossy_source *source)
{
	if (source->bpf.inner->mode == MODE_DETACH)
		return true;
	return !kernel_alive(&source->bpf) && source->command_fd < 0;
}

/* Calls that will not be seen to end. */
static void end(struct lossy_source *source)
{
	struct tracees *all = &source->bpf.inner->tracees;

	for (struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		calls_abandon(source->bpf.inner, t);
	tell_lost(source, true);
	source->is_ending = true;
}

static int lossy_next(struct source *base, const struct record **record)
{
	struct lossy_source *source = self(base);
	struct bpf_source *bpf = &source->bpf;

	*record = NULL;
	source_taken(bpf);
	for (;;) {
		*record = outbox_take(&bpf->inner->outbox);
		if (*record)
			return 1;
		if (source->is_ending)
			return -ENODATA;
		if (snapshot_continue(bpf->inner))
			continue;
		if (bpf->turn++ < TURN && source_take(bpf, record, lives_one)) {
			if (*record)
				return 1;
			continue;
		}
		bool is_empty = bpf->turn <= TURN;
		bpf->turn = 0;
		tell_lost(source, false);
		if (bpf->inner->outbox.size || !is_empty)
			continue;
		if (source_prepare_sleep(bpf))
			continue;
		reap_command(source);
		if (!is_over(source))
			return 0;
		/* What was written before the last task ended is there by now. */
		if (ring_end(&bpf->ring) == bpf->ring.position)
			end(source);
	}
}

static void kill_all(struct ptrace_source *inner)
{
	struct tracees *all = &inner->tracees;

	inner->mode = MODE_KILL;
	for (struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		kill(tracee_pid(t), SIGKILL);
}

static void lossy_stop(struct source *base, enum source_stop how)
{
	struct lossy_source *source = self(base);
	struct ptrace_source *inner = source->bpf.inner;

	if (how == SOURCE_KILL && inner->command) {
		kill_all(inner);
	} else if (inner->mode == MODE_RUN) {
		inner->mode = MODE_DETACH;
		kernel_detach(&source->bpf);
	}
}

static void lossy_forward(struct source *base, int signal)
{
	struct lossy_source *source = self(base);

	if (source->command_fd >= 0)
		kill(source->bpf.inner->command, signal);
}

static int lossy_status(struct source *base)
{
	return self(base)->bpf.inner->command_status;
}

static void lossy_close(struct source *base)
{
	struct lossy_source *source = self(base);
	struct ptrace_source *inner = source->bpf.inner;

	if (inner && inner->command && inner->mode == MODE_RUN && !source->is_ending)
		kill_all(inner);
	if (source->bpf.kernel && kernel_incomplete(&source->bpf))
		log_info("calls of which some memory could not be read without stopping the program: %llu",
			 (unsigned long long)kernel_incomplete(&source->bpf));
	if (inner) {
		snapshot_free(inner);
		tracees_free(&inner->tracees);
		outbox_free(&inner->outbox);
		free(inner);
	}
	if (source->command_fd >= 0)
		close(source->command_fd);
	bpf_source_close(&source->bpf);
}

static const struct source_ops lossy_ops = {
	.name = "bpf without ptrace",
	.fd = lossy_fd,
	.next = lossy_next,
	.stop = lossy_stop,
	.forward = lossy_forward,
	.status = lossy_status,
	.close = lossy_close,
};

/* ---- opening ---- */

/* The child waits at its gate. 0, or why not. */
static int follow_child(struct lossy_source *source, const struct target *target,
			const struct command *command, int gate, char *why, size_t room)
{
	struct ptrace_source *inner = source->bpf.inner;
	struct gate_report report = gate_read(gate);

	if (report.what != REPORT_READY || report.error)
		return child_failed(command, report, why, room);
	int error = kernel_adopt_running(&source->bpf, &inner->command, 1, true, lives_adopted);
	if (error) {
		snprintf(why, room, "cannot make the command known to the kernel: %s", strerror(-error));
		return error;
	}
	child_tell(inner, target, command);
	gate_open(gate);
	report = gate_read(gate);
	return report.error && report.error != ECHILD ? child_failed(command, report, why, room) : 0;
}

static int start_command(struct lossy_source *source, const struct target *target, char *why, size_t room)
{
	struct ptrace_source *inner = source->bpf.inner;
	struct command command;
	int gate, error = command_prepare(&command, target, why, room);

	if (error)
		return error;
	pid_t pid = child_start(&command, target, &(struct sock_fprog){0}, &gate);
	if (pid < 0) {
		snprintf(why, room, "cannot start %s: %s", command.path, strerror(-pid));
		command_free(&command);
		return pid;
	}
	inner->command = pid;
	source->command_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	error = follow_child(source, target, &command, gate, why, room);
	close(gate);
	command_free(&command);
	if (error) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
		inner->command = 0;
	}
	return error;
}

/* The numbers of the processes, as any of their tasks may be named. */
static int find_processes(const struct target *target, pid_t *pids, char *why, size_t room)
{
	for (size_t i = 0; i < target->pid_count; i++) {
		struct proc_status status;
		if (!proc_status(target->pids[i], &status)) {
			snprintf(why, room, "cannot trace process %d: there is none with that number",
				 target->pids[i]);
			return -ESRCH;
		}
		if (status.kernel_thread) {
			snprintf(why, room, "cannot trace process %d: it is a thread of the kernel's",
				 target->pids[i]);
			return -EPERM;
		}
		pids[i] = status.tgid;
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/* Each process has its parent told of before it, as a rule: that has the lower number. */
static int begin_snapshot(struct ptrace_source *inner)
{
	const struct tracees *all = &inner->tracees;
	struct target known = {0};
	pid_t *pids = calloc(all->count + 1, sizeof *pids);

	if (!pids)
		return -ENOMEM;
	for (const struct tracee *t = tracee_next(all, NULL); t; t = tracee_next(all, t))
		if (t->tid == tracee_pid(t) || !tracee_find(all, tracee_pid(t)))
			pids[known.pid_count++] = tracee_pid(t);
	qsort(pids, known.pid_count, sizeof *pids, by_number);
	known.pids = pids;
	bool has_begun = snapshot_begin(inner, &known);
	free(pids);
	return has_begun ? 0 : -ENOMEM;
}

static int attach_running(struct lossy_source *source, const struct target *target, char *why, size_t room)
{
	pid_t *pids = calloc(target->pid_count + 1, sizeof *pids);
	int error = pids ? find_processes(target, pids, why, room) : -ENOMEM;

	if (!error) {
		error = kernel_adopt_running(&source->bpf, pids, target->pid_count, false, lives_adopted);
		if (error)
			snprintf(why, room, "cannot make tasks known to the kernel: %s", strerror(-error));
	}
	free(pids);
	return error ? error : begin_snapshot(source->bpf.inner);
}

static struct ptrace_source *tables_new(const struct interest *interest)
{
	struct ptrace_source *inner = calloc(1, sizeof *inner);

	if (!inner)
		return NULL;
	inner->interest = interest;
	inner->last = &inner->first;
	inner->signal_fd = -1;
	inner->command_status = -1;
	inner->attached_ns = clock_ns();
	call_roles(inner);
	return inner;
}

static int open_all(struct lossy_source *source, const struct target *target, const struct interest *interest,
		    char *why, size_t room)
{
	struct bpf_source *bpf = &source->bpf;
	int error = kernel_open(bpf, interest, why, room);

	if (error)
		return error;
	bpf->inner = tables_new(interest);
	if (!bpf->inner)
		return -ENOMEM;
	bpf->memory.source = bpf->inner;
	error = target->command ? start_command(source, target, why, room)
				: attach_running(source, target, why, room);
	if (!error && (error = source_watch(bpf, source->command_fd)))
		snprintf(why, room, "cannot watch the ring: %s", strerror(-error));
	source->told_ns = clock_ns();
	return error;
}

int bpf_only_source_open(const struct target *target, const struct interest *interest, struct source **result,
			 char *why, size_t room)
{
	struct lossy_source *source = calloc(1, sizeof *source);

	snprintf(why, room, "out of memory");
	if (!source)
		return -ENOMEM;
	source->bpf.source.ops = &lossy_ops;
	source->bpf.epoll_fd = source->bpf.timer_fd = source->command_fd = -1;
	source->bpf.is_lossy = true;
	source->bpf.is_all = target->all;
	feed_init(&source->bpf);
	int error = open_all(source, target, interest, why, room);
	if (error) {
		lossy_close(&source->bpf.source);
		return error;
	}
	*why = 0;
	*result = &source->bpf.source;
	return 0;
}
