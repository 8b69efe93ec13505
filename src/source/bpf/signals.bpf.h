/* SPDX-License-Identifier: MIT
 *
 * Signals, where no ptrace tells of them.
 */
#ifndef SIGNALS_BPF_H
#define SIGNALS_BPF_H

static __always_inline void tell_signal(const struct state *state, int number, const void *info)
{
	struct record record;

	if (!(kinds & 1u << RECORD_SIGNAL))
		return;
	begin(&record, RECORD_SIGNAL, state);
	record.nr = number;
	bpf_probe_read_kernel(record.args, sizeof record.args, info);
	put_other(&record, sizeof record);
}

/* One that ends the process at once becomes SIGKILL for each thread when it is sent, and is never delivered:
 * the task it was sent to keeps it until then. */
SEC("tp_btf/signal_generate")
int BPF_PROG(sent, int number, struct kernel_siginfo *info, struct task_struct *task, int group, int result)
{
	if (result || number == SIGKILL || !(BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT) ||
	    BPF_CORE_READ(task, signal, group_exit_code) != number)
		return 0;
	struct state *state = bpf_task_storage_get(&states, task, 0, 0);
	if (!state || state->hidden)
		return 0;
	if (task->flags & PF_EXITING) {
		tell_signal(state, number, info);
		return 0;
	}
	bpf_probe_read_kernel(state->fatal_info, sizeof state->fatal_info, info);
	state->fatal = number;
	return 0;
}

/* SIGKILL also is how the threads of a process that ends are told to; ptrace tells of none, either. */
SEC("tp_btf/signal_deliver")
int BPF_PROG(signalled, int number, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct state *state = bpf_task_storage_get(&states, bpf_get_current_task_btf(), 0, 0);
	struct record record;

	if (!state || state->hidden)
		return 0;
	if (number == SIGKILL) {
		if (state->fatal)
			tell_signal(state, state->fatal, state->fatal_info);
		state->fatal = 0;
		return 0;
	}
	tell_signal(state, number, info);
	bool stops = number >= SIGSTOP && number <= SIGTTOU && !action->sa.sa_handler;
	if (stops && kinds & 1u << RECORD_STOP) {
		begin(&record, RECORD_STOP, state);
		record.nr = number;
		put_other(&record, sizeof record);
	}
	return 0;
}

#endif
