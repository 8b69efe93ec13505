/* SPDX-License-Identifier: MIT
 *
 * Page faults: run by perf's events of each CPU, for every fault that the kernel counts (mm_account_fault in
 * mm/memory.c). Events of CPUs cost a program less than those of its tasks, which the kernel
 * sees to whenever a task is made, ends, or another gets the CPU.
 *
 * Who has many more faults than the reader can read is stopped, as who comes back from a call is. In the
 * kernel that cannot be: it would end the call. These leave the other half of the ring to all else.
 */
#ifndef FAULTS_BPF_H
#define FAULTS_BPF_H

enum { PRIVILEGE = 3 }; /* of a code segment: 0 in the kernel */

/* struct bpf_perf_event_data (linux/bpf_perf_event.h), with the registers of asm/ptrace.h. */
struct fault {
	u64 registers[16], ip, cs, flags, sp, ss;
	u64 period, address;
};

static __always_inline struct fault_event *reserve_fault(u64 filled)
{
	struct fault_event *event = 0;

	if (filled < ring_size / 2)
		event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
	if (!event)
		__sync_fetch_and_add(&lost_faults, 1);
	return event;
}

/* The event's cookie: 1 when it is that of major faults. */
SEC("perf_event")
int faulted(struct fault *fault)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = bpf_task_storage_get(&states, task, 0, 0);

	if (!state || !task->ptrace) /* it is not ours, or was let go */
		return 0;
	u64 filled = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	struct fault_event *event = reserve_fault(filled);
	if (!event)
		return 0;
	bool in_kernel = !(fault->cs & PRIVILEGE);
	int signal = !in_kernel && filled > behind_max ? pause_signal(task) : 0;
	event->size = sizeof *event;
	event->kind = EVENT_FAULT;
	event->is_major = bpf_get_attach_cookie(fault);
	event->in_kernel = in_kernel;
	event->paused_by = signal;
	event->time_ns = bpf_ktime_get_ns();
	event->address = fault->address;
	event->ip = fault->ip;
	event->pid = state->pid;
	event->tid = state->tid;
	bpf_ringbuf_submit(event, wake_flags(filled));
	if (signal)
		bpf_send_signal_thread(signal);
	return 0;
}

#endif
