/* SPDX-License-Identifier: MIT
 *
 * Numbers of tasks: the kernel's own, and those of our PID namespace, by which records name them.
 */
#ifndef NUMBER_BPF_H
#define NUMBER_BPF_H

__u32 level = 0;  /* of our PID namespace */
__s32 tracer = 0; /* the reader, as the kernel itself numbers processes */

/* Called by a program that the reader has run: it is who reads. */
static __always_inline void note_reader(void)
{
	level = BPF_CORE_READ(bpf_get_current_task_btf(), thread_pid, level);
	tracer = bpf_get_current_pid_tgid() >> 32;
}

/* As we see it; 0: it has no number here. */
static __always_inline s32 number_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u64 at = bpf_core_field_offset(struct pid, numbers) + (u64)level * bpf_core_type_size(struct upid);
	s32 number = 0;

	bpf_probe_read_kernel(&number, sizeof number,
			      (void *)pid + at + bpf_core_field_offset(struct upid, nr));
	return number;
}

#endif
