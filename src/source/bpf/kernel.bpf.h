/* SPDX-License-Identifier: MIT
 *
 * What the programs use of the kernel's own types. libbpf puts in the offsets of the kernel that runs.
 */
#ifndef KERNEL_BPF_H
#define KERNEL_BPF_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct thread_info {
	unsigned int status;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int ptrace;
	struct pid *thread_pid;
	struct task_struct *group_leader;
};

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned short cs;
	unsigned long flags, sp;
};

struct bpf_iter_meta;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#define TS_COMPAT 2
#define CS_64 0x33
#define X32_BIT 0x40000000
#define SIGSTOP 19
#define CLONE_UNTRACED 0x00800000

enum {
	EINTR = 4,
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

#endif
