/* SPDX-License-Identifier: MIT
 *
 * Births, deaths and exec, where no ptrace tells of them (is_lossy). What did not fit into the ring is
 * counted; calls leave the last eighth of it to these.
 */
#ifndef FOLLOW_BPF_H
#define FOLLOW_BPF_H

static __always_inline void put_other(void *record, u64 size)
{
	if (bpf_ringbuf_output(&ring, record, size, wake_flags(0)))
		__sync_fetch_and_add(&lost_others, 1);
}

static __always_inline void begin(struct record *record, u8 kind, const struct state *state)
{
	__builtin_memset(record, 0, sizeof *record);
	record->size = sizeof *record;
	record->kind = kind;
	record->time_ns = bpf_ktime_get_ns();
	record->pid = state->pid;
	record->tid = state->tid;
}

/* ---- who is ours ---- */

/* It ends, or already has: once for each task. */
static __always_inline void count_gone(struct state *state)
{
	if (!__sync_lock_test_and_set(&state->gone, 1))
		__sync_fetch_and_add(&alive, -1);
}

static __always_inline struct state *take(struct task_struct *task, u32 how)
{
	struct state *state = bpf_task_storage_get(&states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!state)
		return 0;
	__sync_fetch_and_add(&alive, 1);
	name_task(state, task);
	state->entered_ns = bpf_ktime_get_ns();
	state->what = how == ADOPT_HIDDEN ? SKIP : ADOPTED;
	state->hidden = how == ADOPT_HIDDEN;
	return state;
}

/* is_all: a task that was not there at the beginning, and whose parent was not ours. */
static __noinline struct state *stranger(struct task_struct *task)
{
	if (!is_open || task->tgid == reader)
		return 0;
	return take(task, ADOPT_OUTSIDE);
}

/* Run by the reader over all tasks: those of the processes in `adopted`, or all, become ours, and the
 * reader is told their numbers. They run meanwhile. */
SEC("iter/task")
int adopt_running(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_struct *self = bpf_get_current_task_btf();
	u32 how = ADOPT_OUTSIDE;

	if (!task || task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_EXITING) || task->tgid == self->tgid)
		return 0;
	reader = self->tgid;
	level = BPF_CORE_READ(self, thread_pid, level);
	s32 numbers[2] = {number_of(BPF_CORE_READ(task, group_leader)), number_of(task)};
	u32 *wanted = bpf_map_lookup_elem(&adopted, &numbers[0]);
	if (wanted)
		how = *wanted;
	else if (!is_all)
		return 0;
	if (bpf_task_storage_get(&states, task, 0, 0))
		return 0;
	struct state *state = take(task, how);
	if (!state)
		return 0;
	if (task->flags & PF_EXITING) /* perhaps it ended before it was ours */
		count_gone(state);
	else
		bpf_seq_write(ctx->meta->seq, numbers, sizeof numbers);
	return 0;
}

/* ---- births ---- */

/* Flags and exit signal in one, as clone has them, of the call that `parent` is in. */
static __always_inline u64 fork_flags(const struct state *state, struct task_struct *parent,
				      struct task_struct *child)
{
	const struct call_info *info = info_of(state->arch, state->nr);
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(parent);
	u64 first = state->arch == ARCH_I386 ? (u32)regs->bx : regs->di;
	u64 args[5] = {}; /* of struct clone_args: flags, three pointers, exit_signal */

	if (child->tgid == parent->tgid)
		args[4] = CLONE_THREAD; /* at least */
	else
		args[4] = BPF_CORE_READ(child, vfork_done) ? CLONE_VFORK | CLONE_VM | SIGCHLD : SIGCHLD;
	if (info && info->flags & DO_CATCH_CLONE)
		return (u32)first;
	if (info && info->flags & DO_CATCH_CLONE3)
		bpf_probe_read_user(args, sizeof args, (void *)first);
	return args[0] | args[4];
}

static __always_inline void tell_fork(const struct state *parent_state, struct task_struct *parent,
				      const struct state *state, struct task_struct *child)
{
	struct record record;

	__sync_fetch_and_add(&alive, 1);
	begin(&record, RECORD_FORK, parent_state);
	record.args[0] = state->tid;
	record.args[1] = state->pid;
	record.args[2] = fork_flags(parent_state, parent, child);
	put_other(&record, sizeof record);
}

/* ---- exec ---- */

static __noinline int snippet_kernel(struct slot *slot, const void *text, u64 size)
{
	u64 used = slot->event.bytes;

	OPAQUE(used);
	OPAQUE(size);
	if (used > SNIPPETS_ROOM || size > STRING_ROOM)
		return -1;
	struct snippet *head = (struct snippet *)(slot->bytes + used);
	long got = bpf_probe_read_kernel_str(head + 1, size, text);
	if (got <= 0)
		return -1;
	head->address = 0;
	head->size = got < STRING_ROOM ? got : STRING_ROOM - 1;
	head->is_whole = 1;
	slot->event.bytes = used + sizeof *head + ((head->size + 7) & ~7ull);
	slot->event.record.pieces++;
	return 0;
}

static __noinline int tell_exec(struct state *state, s32 former, struct linux_binprm *program)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct slot *slot = own_slot();

	if (!slot || !program)
		return 0;
	u64 start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end);
	struct record *record = &slot->event.record;
	begin(record, EVENT_EXEC, state);
	record->args[0] = former;
	record->args[1] = start;
	slot->event.flags = slot->event.bytes = 0;
	if (!snippet_kernel(slot, BPF_CORE_READ(program, filename), STRING_ROOM))
		record->args[2] |= EXEC_PATH;
	if (!snippet_kernel(slot, task->comm, sizeof task->comm))
		record->args[2] |= EXEC_COMM;
	if (end > start && !snippet(slot, start, end - start))
		record->args[2] |= EXEC_ARGV;
	u64 size = sizeof slot->event + slot->event.bytes;
	OPAQUE(size);
	put_other(slot, size > sizeof *slot ? sizeof *slot : size);
	return 0;
}

/* ---- deaths ---- */

static __always_inline void tell_exit(const struct state *state, struct task_struct *task)
{
	struct record record;

	begin(&record, RECORD_EXIT, state);
	record.ret = task->exit_code;
	record.args[0] = BPF_CORE_READ(task, signal, live.counter) == 0;
	record.args[1] = BPF_CORE_READ(task, signal, maxrss) * PAGE_BYTES;
	record.args[2] = BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT
				 ? BPF_CORE_READ(task, signal, group_exit_code)
				 : BPF_CORE_READ(task, group_leader, exit_code);
	put_other(&record, sizeof record);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exited, struct task_struct *task)
{
	struct state *state = bpf_task_storage_get(&states, task, 0, 0);

	if (!state)
		return 0;
	/* exit itself, of which the ring had no room to tell when it began */
	struct call_info *info = state->what == LATE ? info_of(state->arch, state->nr) : 0;
	if (state->owed || (info && info->flags & DO_TELL))
		__sync_fetch_and_add(&lost, 1);
	if (!state->hidden)
		tell_exit(state, task);
	count_gone(state);
	return 0;
}

#endif
