/* SPDX-License-Identifier: MIT
 *
 * What the programs use of the kernel's own types. libbpf puts in the offsets of the kernel that runs.
 */
#ifndef KERNEL_BPF_H
#define KERNEL_BPF_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct completion;
struct kernel_siginfo;

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

struct refcount {
	int counter;
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct sigpending {
	sigset_t signal;
};

struct signal_struct {
	struct refcount live; /* tasks that have not ended */
	struct sigpending shared_pending;
	int group_exit_code;
	unsigned int flags;
	unsigned long maxrss; /* pages */
};

struct mm_struct {
	unsigned long arg_start, arg_end;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	unsigned int ptrace;
	int tgid;
	int exit_code;
	char comm[16];
	struct completion *vfork_done;
	struct pid *thread_pid;
	struct task_struct *group_leader;
	struct task_struct *parent;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	struct sigpending pending;
	struct mm_struct *mm;
};

struct linux_binprm {
	const char *filename;
};

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned short cs;
	unsigned long flags, sp;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#define TS_COMPAT 2
#define CS_64 0x33
#define X32_BIT 0x40000000
#define SIGCONT 18
#define SIGURG 23
#define SIGWINCH 28
#define SIGSTOP 19 /* and then SIGTSTP, SIGTTIN, SIGTTOU */
#define SIGTTOU 22
#define CLONE_UNTRACED 0x00800000
#define CLONE_VM 0x00000100
#define CLONE_VFORK 0x00004000
#define CLONE_THREAD 0x00010000
#define SIGCHLD 17
#define SIGKILL 9
#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 4
#define PAGE_BYTES 4096
#define RESTART_SYSCALL 219
#define I386_RESTART_SYSCALL 0

enum {
	EINTR = 4,
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

#endif
