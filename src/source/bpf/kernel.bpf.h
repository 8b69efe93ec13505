/* SPDX-License-Identifier: MIT
 *
 * What the programs use of the kernel's own types. libbpf puts in the offsets of the kernel that runs.
 */
#ifndef KERNEL_BPF_H
#define KERNEL_BPF_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bio_list;
struct completion;
struct kernel_siginfo;
struct request_queue;

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
	unsigned int __state;
	unsigned int flags;
	unsigned int ptrace;
	unsigned long jobctl;
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
	struct bio_list *bio_list;
};

struct linux_binprm {
	const char *filename;
};

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned short cs;
	unsigned long flags, sp;
};

struct block_device {
	unsigned int bd_dev;
};

struct bvec_iter {
	u64 bi_sector;
	unsigned int bi_size;
};

struct bio {
	struct bio *bi_next;
	struct block_device *bi_bdev;
	unsigned int bi_opf;
	u8 bi_status;
	struct bvec_iter bi_iter;
	void *bi_private;
};

struct request {
	struct bio *bio;
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
#define STATE_STOPPED 0x00000004 /* __TASK_STOPPED */
#define STATE_TRACED 0x00000008	 /* __TASK_TRACED */
#define JOBCTL_TRAP_STOP 0x00080000
#define JOBCTL_TRAP_NOTIFY 0x00100000
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
