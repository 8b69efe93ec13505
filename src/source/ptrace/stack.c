/* SPDX-License-Identifier: MIT
 *
 * Where a task is when it makes a call: its registers, and the way to its memory, for source/stack,
 * which finds the frames. The task is stopped meanwhile.
 */
#include <string.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "frame.h"
#include "source/ptrace/stack.h"
#include "source/ptrace/untraced.h"
#include "source/stack/stacks.h"

#define CS_32 0x23 /* code segment of 32-bit code */

/* By DWARF's numbers, which differ between the two. */
static bool read_registers(pid_t tid, struct stack_task *task)
{
	struct user_regs_struct r;

	if (request(PTRACE_GETREGS, tid, 0, (uintptr_t)&r) < 0)
		return false;
	task->is_32 = r.cs == CS_32;
	task->sp = r.rsp;
	const uint64_t of_64[] = {r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8,
				  r.r9,	 r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip};
	const uint64_t of_32[] = {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.rip};
	if (task->is_32)
		memcpy(task->registers, of_32, sizeof of_32);
	else
		memcpy(task->registers, of_64, sizeof of_64);
	return true;
}

static struct stacks *stacks_of(struct ptrace_source *source)
{
	if (!source->stacks)
		source->stacks = stacks_new();
	return source->stacks;
}

void stack_capture(struct ptrace_source *source, struct tracee *tracee, struct record *record)
{
	struct stack_task task = {
		.pid = tracee_pid(tracee), .tid = tracee->tid, .memory = &source->memory.memory};
	bool is_truncated;

	if (source->passing || !interest_has(source->interest->stacks, record->arch, record->nr) ||
	    !stacks_of(source) || !read_registers(tracee->tid, &task))
		return;
	void *bytes = record_reserve(record, 0, PIECE_STACK, 0, FRAMES_BYTES);
	if (!bytes)
		return;
	source->memory.tid = tracee->tid;
	size_t size = stacks_take(source->stacks, &task, bytes, FRAMES_BYTES, &is_truncated);
	record_commit(record, size, size, PIECE_AT_ENTRY | (is_truncated ? PIECE_TRUNCATED : 0));
}

void stack_note(struct ptrace_source *source, const struct tracee *tracee)
{
	if (source->stacks && stacks_gave_up(source->stacks))
		note_once(source, tracee, NOTE_NO_STACKS);
}

bool stack_took(struct ptrace_source *source, pid_t tid, int status)
{
	if (!source->stacks || tid != stacks_worker(source->stacks))
		return false;
	if (WIFEXITED(status) || WIFSIGNALED(status))
		stacks_ended(source->stacks);
	return true;
}
