/* SPDX-License-Identifier: MIT
 *
 * System calls: what was captured at entry is kept with the task until the call returns, then both
 * make one record.
 *
 * A call that a signal interrupts returns -ERESTART... inside the kernel. The program never sees
 * that number, and neither does a record: the call is one call until it really ended.
 *
 *            entry               return: a result
 *     idle ─────────> running ───────────────────> RECORD_CALL, idle
 *                      ^   │
 *      entry at the    │   │ return: -ERESTART...
 *      same place      │   v
 *                   interrupted ──> RECORD_CALL with -EINTR, idle, when
 *
 *       - another call begins, and the code is ERESTARTNOHAND or ERESTART_RESTARTBLOCK: so a handler
 *         runs, and these two then always end with EINTR;
 *       - sigreturn comes back to behind it with -EINTR: a handler without SA_RESTART ran (ERESTARTSYS);
 *       - a call below it in the stack goes on: a handler jumped out of it (siglongjmp).
 *
 * While a handler runs, its own calls nest on top of the interrupted one. Handlers that jump out
 * again and again would make the stack grow, so its depth is limited.
 *
 * "The same place" is instruction and stack pointer, and the same number or restart_syscall, which
 * the kernel substitutes for ERESTART_RESTARTBLOCK: so a sleep that goes on keeps its name.
 *
 * Calls of the role CALL_REPEATS are interrupted in this sense when they return -EINTR; see repeat.c.
 */
#include <string.h>
#include <sys/prctl.h>
#include <sys/user.h>

#include "source/ptrace/act.h"
#include "source/ptrace/begun.h"
#include "source/ptrace/stack.h"
#include "source/ptrace/untraced.h"

#define CS_64 0x33 /* code segment of 64-bit code */
#define DEPTH_MAX 8
#define REGISTER(name) offsetof(struct user_regs_struct, name)

static bool made_by_64_bit_code(const struct ptrace_source *source, pid_t tid)
{
	unsigned long cs = 0;

	if (source->passing)
		return source->passing->int80;
	return request(PTRACE_PEEKUSR, tid, REGISTER(cs), (uintptr_t)&cs) == 0 && cs == CS_64;
}

static struct memory *memory_of(struct ptrace_source *source, const struct tracee *tracee)
{
	source->memory.tid = tracee->tid;
	return source->passing ? source->passing->memory : &source->memory.memory;
}

void call_capture(struct ptrace_source *source, struct tracee *tracee, struct record *record,
		  enum capture_phase phase)
{
	const struct syscall_row *row = syscall_row(record->arch, record->nr);
	uint32_t limit = source->interest->data_limit;
	if (row && capture_wants(row, phase, limit))
		capture_run(row, record, phase, memory_of(source, tracee), limit);
}

/* ---- the end of a call ---- */

static struct record *call_record(struct ptrace_source *source, struct tracee *tracee,
				  const struct call *call)
{
	struct record *record = outbox_begin(&source->outbox, RECORD_CALL, 0, 0);

	memcpy(record, call->record, call->record->size);
	record->pid = tracee_pid(tracee);
	record->tid = tracee->tid;
	return record;
}

static uint64_t since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

void call_finish(struct ptrace_source *source, struct tracee *tracee, int64_t ret, uint64_t time_ns)
{
	const struct call *call = tracee->call;

	if (call->wanted) {
		struct record *record = call_record(source, tracee, call);
		record->ret = ret;
		record->duration_ns = since(call->resumed_ns, time_ns);
		call_capture(source, tracee, record, CAPTURE_EXIT);
		outbox_send(&source->outbox);
	}
	call_pop(&source->tracees, tracee);
}

static void call_interrupted(struct ptrace_source *source, struct tracee *tracee)
{
	call_finish(source, tracee, -EINTR, tracee->call->stopped_ns);
}

void call_tell_unfinished(struct ptrace_source *source, struct tracee *tracee, struct call *call,
			  uint64_t time_ns)
{
	if (!call->wanted)
		return;
	struct record *record = call_record(source, tracee, call);
	record->flags |= RECORD_UNFINISHED;
	record->duration_ns = since(call->resumed_ns ? call->resumed_ns : time_ns, time_ns);
	outbox_send(&source->outbox);
	call->wanted = false;
}

/* The top call has no result, and will have none. */
static void call_unfinished(struct ptrace_source *source, struct tracee *tracee, uint64_t time_ns)
{
	call_tell_unfinished(source, tracee, tracee->call, time_ns);
	call_pop(&source->tracees, tracee);
}

void calls_abandon(struct ptrace_source *source, struct tracee *tracee)
{
	uint64_t now = clock_ns();

	while (tracee->call)
		call_unfinished(source, tracee, now);
}

/* ---- entry ---- */

static bool is_restart_of(const struct ptrace_source *source, const struct call *call,
			  const struct ptrace_syscall_info *info, const struct record *entry)
{
	return call->restart && call->ip == info->instruction_pointer &&
	       call->sp == info->stack_pointer && call->record->arch == entry->arch &&
	       (call->nr == entry->nr || call_role(source, entry->arch, entry->nr) == CALL_RESTART);
}

/* True when the entry is no new call but an interrupted one that goes on. Else ends those that this
 * entry shows to be over. */
static bool call_goes_on(struct ptrace_source *source, struct tracee *tracee,
			 const struct ptrace_syscall_info *info, const struct record *entry)
{
	unsigned depth = 0;
	struct call *call = tracee->call;

	for (; call && !is_restart_of(source, call, info, entry); call = call->below)
		depth++;
	if (call) {
		while (tracee->call != call)
			call_interrupted(source, tracee);
		call->restart = 0;
		tampering_again(source, tracee, call);
		untraced_enter(source, tracee, call);
		return true;
	}
	while (depth >= DEPTH_MAX && depth--)
		call_interrupted(source, tracee);
	call = tracee->call;
	if (call && call->restart != ERESTARTSYS && call->restart != ERESTARTNOINTR)
		call_interrupted(source, tracee);
	return false;
}

/* Is one of its first two arguments the name of a file of /proc? There the program's affinity can be read. */
static bool names_proc(const struct record *record)
{
	for (uint8_t arg = 0; arg < 2; arg++) {
		const struct piece *name = record_find(record, arg, PIECE_SELF, 0);
		if (name && name->size > 6 && !memcmp(piece_bytes(name), "/proc/", 6))
			return true;
	}
	return false;
}

void call_enter(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	const struct ptrace_syscall_info *info = &stop->info;
	struct record entry = {0};

	call_identify(&entry, info->arch, info->entry.nr);
	if (tracee->call && call_goes_on(source, tracee, info, &entry))
		return;
	enum call_role role = call_role(source, entry.arch, entry.nr);
	stack_note(source, tracee);
	if (role == CALL_SECCOMP || (role == CALL_PRCTL && (uint32_t)info->entry.args[0] == PR_SET_SECCOMP))
		follow_filter(source, tracee, info);
	if (role == CALL_AFFINITY || (role >= CALL_FORK && role <= CALL_CLONE3))
		sharing_end(&source->sharing);
	struct record *record = outbox_begin(&source->outbox, RECORD_CALL, tracee_pid(tracee), tracee->tid);
	record->time_ns = stop->time_ns;
	record->arch = entry.arch;
	record->nr = entry.nr;
	memcpy(record->args, info->entry.args, sizeof record->args);
	if (record->arch == ARCH_I386)
		syscall_demultiplex(record, memory_of(source, tracee));

	bool wanted = interest_has(source->interest->calls, record->arch, record->nr);
	bool entering = interest_has(source->interest->enters, record->arch, record->nr);
	if ((wanted || entering) && record->arch == ARCH_I386 && made_by_64_bit_code(source, tracee->tid))
		record->flags |= RECORD_INT80;
	if (wanted || entering || role == CALL_EXECVE || role == CALL_EXECVEAT)
		call_capture(source, tracee, record, CAPTURE_ENTRY);
	if (wanted || entering)
		stack_capture(source, tracee, record);
	if (source->sharing.tid && names_proc(record))
		sharing_end(&source->sharing);
	if (begun_suffices(source, tracee, record)) {
		begun_tell(source, record);
		return;
	}
	struct call *call = call_push(&source->tracees, tracee, record);
	if (call) {
		call->ip = info->instruction_pointer;
		call->sp = info->stack_pointer;
		call->nr = entry.nr;
		call->role = role;
		call->wanted = wanted;
		call->resumed_ns = source->passing ? stop->time_ns : 0;
	} else {
		source->outbox.lost += wanted;
	}
	if (entering) {
		record->kind = RECORD_ENTER;
		outbox_send(&source->outbox);
	}
	if (call)
		untraced_enter(source, tracee, call);
}

void call_read_again(struct ptrace_source *source, struct tracee *tracee)
{
	struct call *call = tracee->call;
	struct record *record = outbox_begin(&source->outbox, RECORD_CALL, 0, 0);

	memcpy(record, call->record, sizeof *record);
	record->size = sizeof *record;
	record->pieces = 0;
	call_capture(source, tracee, record, CAPTURE_ENTRY);
	call_keep(call, record);
	call->unread = false;
}

/* ---- return ---- */

/* A handler returned to behind `ip`: did the call there fail, and which one is it? */
static void handler_returned(struct ptrace_source *source, struct tracee *tracee, uint64_t ip)
{
	const struct call *call = tracee->call;

	while (call && !(call->restart && call->ip == ip))
		call = call->below;
	if (!call)
		return;
	while (tracee->call != call)
		call_interrupted(source, tracee);
	call_interrupted(source, tracee);
}

/* A seccomp filter of the program's own refused the call with SIGSYS. It never ran, and the kernel has put
 * its number back where a result would be. */
static bool was_refused(const struct ptrace_source *source, const struct tracee *tracee, int64_t ret)
{
	struct ptrace_peeksiginfo_args from = {.nr = 1};
	siginfo_t info;

	if (source->passing)
		return source->passing->refused;
	if (tracee->call->nr != (int32_t)ret)
		return false;
	for (; request(PTRACE_PEEKSIGINFO, tracee->tid, (uintptr_t)&from, (uintptr_t)&info) == 1; from.off++)
		if (info.si_signo == SIGSYS && info.si_syscall == (int)ret)
			return true;
	return false;
}

/* The kernel is done with the top call for now: it ended, or was interrupted. */
static void call_ended(struct ptrace_source *source, struct tracee *tracee, int64_t ret,
		       const struct stop *stop)
{
	struct call *call = tracee->call;

	if (was_refused(source, tracee, ret)) {
		call_unfinished(source, tracee, stop->time_ns);
	} else if (call_is_restart(ret) || (ret == -EINTR && call->role == CALL_REPEATS)) {
		call->restart = (int16_t)-ret;
		call->stopped_ns = stop->time_ns;
	} else {
		call_finish(source, tracee, ret, stop->time_ns);
	}
}

void call_return(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	struct call *call = tracee->call;

	if (!call && tracee->attached)
		call_adopt(source, tracee, stop);
	/* With no call running, there was no memory for it at entry, and it was counted as lost. */
	if (!call || call->restart)
		return;
	if (call->untraced)
		untraced_restore(source, tracee->tid, call->role, call->record->arch);
	int64_t ret = stop->info.exit.rval;
	bool handler_ended = call->role == CALL_SIGRETURN && ret == -EINTR;
	if (call->tampering)
		ret = tampering_leave(source, tracee, call, ret);
	if (call->tampering && call->tampering->skipped)
		call_finish(source, tracee, ret, stop->time_ns);
	else
		call_ended(source, tracee, ret, stop);
	/* A signal for the whole process may wake this task and go to another: ask for a stop at which
	 * call_repeat can see to it. */
	if (tracee->call == call && call->restart == EINTR && !source->passing)
		request(PTRACE_INTERRUPT, tracee->tid, 0, 0);
	if (handler_ended)
		handler_returned(source, tracee, stop->info.instruction_pointer);
}

/* ---- calls that began before the trace ---- */

/* What the registers say of the call that a task, which stopped on its way out of it, was in. Its
 * result goes to *ret. NULL when it was in none. */
static struct call *call_late(struct ptrace_source *source, struct tracee *tracee, int64_t *ret)
{
	struct user_regs_struct regs;
	struct ptrace_syscall_info info;
	struct record *record =
		outbox_begin(&source->outbox, RECORD_CALL, tracee_pid(tracee), tracee->tid);

	if (request(PTRACE_GETREGS, tracee->tid, 0, (uintptr_t)&regs) < 0 || (int64_t)regs.orig_rax < 0 ||
	    request(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof info, (uintptr_t)&info) <= 0)
		return NULL;
	call_identify(record, info.arch, regs.orig_rax);
	enum call_role role = call_role(source, record->arch, record->nr);
	int32_t nr = record->nr;
	const uint64_t args[2][RECORD_ARGS] = {
		{regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9},
		{(uint32_t)regs.rbx, (uint32_t)regs.rcx, (uint32_t)regs.rdx, (uint32_t)regs.rsi,
		 (uint32_t)regs.rdi, (uint32_t)regs.rbp},
	};
	memcpy(record->args, args[record->arch == ARCH_I386], sizeof record->args);
	record->flags = RECORD_NO_ENTRY;
	record->time_ns = source->attached_ns;
	if (record->arch == ARCH_I386)
		syscall_demultiplex(record, &source->memory.memory);
	*ret = record->arch == ARCH_I386 ? (int32_t)regs.rax : (int64_t)regs.rax;
	bool wanted = interest_has(source->interest->calls, record->arch, record->nr);
	if (wanted && record->arch == ARCH_I386 && regs.cs == CS_64)
		record->flags |= RECORD_INT80;
	/* A call that goes on reads its arguments again, one that did not run has yet to; those of one that
	 * ended may be gone. */
	if (wanted && (call_is_restart(*ret) || *ret == -EINTR || *ret == -ENOSYS))
		call_capture(source, tracee, record, CAPTURE_ENTRY);
	stack_capture(source, tracee, record);
	struct call *call = call_push(&source->tracees, tracee, record);
	if (call) {
		call->ip = regs.rip;
		call->sp = regs.rsp;
		call->nr = nr;
		call->role = role;
		call->wanted = wanted;
		call->resumed_ns = source->attached_ns;
	}
	return call;
}

void call_tell_refused(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	int64_t ret;

	if (tracee->call || tracee->was_missing)
		return;
	struct call *call = call_late(source, tracee, &ret);
	if (!call)
		return;
	call->wanted &= ret == -ENOSYS;
	call->record->flags &= ~RECORD_NO_ENTRY;
	call->record->time_ns = call->resumed_ns = stop->time_ns;
	call_unfinished(source, tracee, stop->time_ns);
}

void call_adopt(struct ptrace_source *source, struct tracee *tracee, const struct stop *stop)
{
	int64_t ret;
	struct call *call = call_late(source, tracee, &ret);

	tracee->attached = false;
	if (call)
		call_ended(source, tracee, ret, stop);
	call_repeat(source, tracee);
}
