/* SPDX-License-Identifier: MIT
 *
 * What scripts do to a call at its entry. A call that is not to run gets the number -1, for which the
 * kernel does nothing and leaves the result register as it is. Arguments are registers; programs rely on
 * finding those unchanged after a call, so they are put back at its return. What a changed argument
 * points to is written below the task's stack (and below the red zone of the x86-64 ABI, which leaf
 * functions use), where each thread has memory of its own, and put back too.
 *
 *     RECORD_ENTER ─> hooks ─> act ─────> the kernel runs the call ─────> tampering_leave
 *                               └ changes     ^   │ -ERESTART...               └ puts back
 *                                             │   v
 *                              tampering_again <── tampering_leave
 *
 * With a filter of the program's own, a call that is skipped too early would reach that filter as number
 * -1; it is skipped when our filter stops it, after that one had its say.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

#include "source/ptrace/act.h"

#define RED_ZONE 128
#define ALIGNED(size) (((size) + 15u) & ~15u)
#define REGISTER(name) offsetof(struct user_regs_struct, name)

static const uint16_t arg_registers[2][RECORD_ARGS] = {
	{REGISTER(rdi), REGISTER(rsi), REGISTER(rdx), REGISTER(r10), REGISTER(r8), REGISTER(r9)},
	{REGISTER(rbx), REGISTER(rcx), REGISTER(rdx), REGISTER(rsi), REGISTER(rdi), REGISTER(rbp)},
};

static bool set_register(pid_t tid, size_t where, uint64_t value)
{
	return request(PTRACE_POKEUSR, tid, where, value) == 0;
}

/* ---- changed arguments ---- */

static bool put(struct ptrace_source *source, pid_t tid, const struct call *call, bool ours)
{
	const struct tampering *done = call->tampering;
	const uint64_t *values = ours ? done->ours : done->theirs;
	const uint16_t *registers = arg_registers[call->record->arch == ARCH_I386];

	if (done->size && !task_write_bytes(source, tid, done->place,
					    done->bytes + (ours ? 0 : done->size), done->size))
		return false;
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		if (done->args >> i & 1 && !set_register(tid, registers[i], values[i]))
			return false;
	return true;
}

static uint32_t room_of(const struct action *action)
{
	uint32_t room = 0;

	for (unsigned i = 0; i < action->change_count; i++)
		if (action->changes[i].kind == CHANGE_POINTED)
			room += ALIGNED(action->changes[i].size);
	return room;
}

/* Fills in what the call's arguments are to be. */
static void plan(struct tampering *done, const struct action *action)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < action->change_count; i++) {
		const struct change *change = &action->changes[i];
		if (change->kind == CHANGE_MEMORY)
			continue;
		done->args |= 1u << change->arg;
		done->ours[change->arg] = change->value;
		if (change->kind != CHANGE_POINTED)
			continue;
		done->ours[change->arg] = done->place + used;
		memcpy(done->bytes + used, action->bytes + change->offset, change->size);
		used += ALIGNED(change->size);
	}
}

static struct tampering *tampering_new(const struct call *call, const struct action *action)
{
	uint32_t size = room_of(action);
	struct tampering *done = calloc(1, sizeof *done + 2 * (size_t)size);

	if (!done)
		return NULL;
	done->skipped = action->what & ACTION_SKIP;
	done->result = action->result;
	done->size = size;
	done->place = (call->sp - RED_ZONE - size) & ~UINT64_C(15);
	memcpy(done->theirs, call->record->args, sizeof done->theirs);
	plan(done, action);
	return done;
}

/* What was captured at the call's entry is not what the kernel will see. */
static void capture_again(struct ptrace_source *source, struct tracee *tracee, struct call *call)
{
	struct record *record = outbox_begin(&source->outbox, RECORD_CALL, tracee_pid(tracee), tracee->tid);
	const struct record *before = call->record;

	record->time_ns = before->time_ns;
	record->arch = before->arch;
	record->flags = before->flags;
	record->nr = before->nr;
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		record->args[i] = call->tampering->args >> i & 1 ? call->tampering->ours[i] : before->args[i];
	call_capture(source, tracee, record, CAPTURE_ENTRY);
	const struct piece *stack = record_find(before, 0, PIECE_STACK, 0);
	if (stack)
		record_add(record, 0, PIECE_STACK, 0, piece_bytes(stack), stack->size, stack->flags);
	call_keep(call, record);
}

static int change_memory(struct ptrace_source *source, pid_t tid, const struct action *action)
{
	for (unsigned i = 0; i < action->change_count; i++) {
		const struct change *change = &action->changes[i];
		if (change->kind == CHANGE_MEMORY &&
		    !task_write_bytes(source, tid, change->value, action->bytes + change->offset,
				      change->size))
			return -EFAULT;
	}
	return 0;
}

/* Arguments that i386's socketcall and ipc have in memory are not in registers. */
static bool has_registers(const struct call *call)
{
	return call->nr == call->record->nr;
}

static int change(struct ptrace_source *source, struct tracee *tracee, const struct action *action)
{
	struct call *call = tracee->call;
	int error = change_memory(source, tracee->tid, action);

	if (error)
		return error;
	if (call->tampering->args && !has_registers(call))
		return -EOPNOTSUPP;
	if (call->tampering->size &&
	    task_read(source, tracee->tid, call->tampering->place,
		      call->tampering->bytes + call->tampering->size,
		      call->tampering->size) != call->tampering->size)
		return -EFAULT;
	if (!put(source, tracee->tid, call, true)) {
		put(source, tracee->tid, call, false);
		return -EFAULT;
	}
	capture_again(source, tracee, call);
	return 0;
}

/* ---- calls that do not run ---- */

void task_skip_call(pid_t tid, int64_t result)
{
	set_register(tid, REGISTER(orig_rax), (uint64_t)-1);
	set_register(tid, REGISTER(rax), (uint64_t)result);
}

static void skip(const struct tracee *tracee)
{
	task_skip_call(tracee->tid, tracee->call->tampering->result);
}

static bool filter_comes(const struct ptrace_source *source, const struct tracee *tracee)
{
	return source->filtered && tracee->process && tracee->process->every_call;
}

void tampering_filtered(struct ptrace_source *source, const struct tracee *tracee)
{
	if (tracee->call->tampering && tracee->call->tampering->skipped && filter_comes(source, tracee))
		skip(tracee);
}

/* ---- the way of a call ---- */

int act(struct source *base, const struct action *action)
{
	struct ptrace_source *source = (struct ptrace_source *)base;
	struct tracee *tracee = source->held;
	struct call *call = tracee ? tracee->call : NULL;

	if (!call || source->mode != MODE_RUN)
		return -ESRCH;
	call->tampering = tampering_new(call, action);
	if (!call->tampering)
		return -ENOMEM;
	int error = action->what & ACTION_CHANGE ? change(source, tracee, action) : 0;
	if (error) {
		free(call->tampering);
		call->tampering = NULL;
		return error;
	}
	call->record->flags |= RECORD_TAMPERED;
	if (call->tampering->skipped && !filter_comes(source, tracee))
		skip(tracee);
	if (action->what & ACTION_DELAY)
		tracee->due_ns = clock_ns() + action->delay_ns;
	if (action->what & ACTION_SIGNAL)
		syscall(SYS_tgkill, tracee_pid(tracee), tracee->tid, action->signal);
	return 0;
}

void tampering_again(struct ptrace_source *source, const struct tracee *tracee, const struct call *call)
{
	if (call->tampering)
		put(source, tracee->tid, call, true);
}

int64_t tampering_leave(struct ptrace_source *source, const struct tracee *tracee, const struct call *call,
			int64_t ret)
{
	bool has_new_program = ret == 0 && (call->role == CALL_EXECVE || call->role == CALL_EXECVEAT);

	if (!has_new_program)
		put(source, tracee->tid, call, false);
	if (!call->tampering->skipped)
		return ret;
	set_register(tracee->tid, REGISTER(rax), (uint64_t)call->tampering->result);
	return call->tampering->result;
}
