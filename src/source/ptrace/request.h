/* SPDX-License-Identifier: MIT
 *
 * request: ptrace(2) itself. The system call is made directly, because glibc's wrapper declares the
 * kernel's structs a second time under other names and turns PEEK's result into its return value.
 */
#ifndef PTRACE_REQUEST_H
#define PTRACE_REQUEST_H

#include <errno.h>
#include <linux/ptrace.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* 0 or more, or a negative errno. -ESRCH is ordinary at any time: a stopped task can be killed
 * between its stop and our request, and its wait status tells the story later. PEEK requests store
 * the word where `data` points. */
static inline long request(int what, pid_t tid, uintptr_t address, uintptr_t data)
{
	long result = syscall(SYS_ptrace, what, tid, address, data);

	return result < 0 ? -errno : result;
}

#endif
