/* SPDX-License-Identifier: MIT
 *
 * See loading.h.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "source/bpf/loading.h"
#include "source/ptrace/proc.h"

static bool has_rights(void)
{
	struct proc_status status;
	uint64_t all = UINT64_C(1) << CAP_SYS_ADMIN,
		 some = UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON;

	return proc_status(getpid(), &status) &&
	       (status.capabilities & all || (status.capabilities & some) == some);
}

int bpf_check_rights(char *why, size_t room)
{
	if (!has_rights()) {
		snprintf(why, room, "it needs root, or CAP_BPF and CAP_PERFMON");
		return -EPERM;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
		snprintf(why, room,
			 "this kernel does not describe itself (/sys/kernel/btf/vmlinux: %s)",
			 strerror(errno));
		return -ENOSYS;
	}
	return 0;
}

void bpf_explain(int error, char *why, size_t room)
{
	if (error == -EPERM || error == -EACCES)
		snprintf(why, room,
			 "the kernel does not let us load bpf programs: %s (lockdown, or a "
			 "container's rules)",
			 strerror(-error));
	else
		snprintf(why, room,
			 "the kernel did not take the bpf programs: %s (Linux 6.1 is needed, with "
			 "BTF)",
			 strerror(-error));
}

int bpf_visit_tasks(int program, void (*visit)(void *context, const int32_t *pair), void *context)
{
	int32_t pairs[512][2];
	ssize_t size;
	int link = bpf_link_create(program, 0, BPF_TRACE_ITER, NULL);

	if (link < 0)
		return -errno;
	int fd = bpf_iter_create(link);
	int error = fd < 0 ? -errno : 0;
	while (fd >= 0 && (size = read(fd, pairs, sizeof pairs)) > 0)
		for (size_t i = 0; i < (size_t)size / sizeof *pairs; i++)
			visit(context, pairs[i]);
	if (fd >= 0)
		close(fd);
	close(link);
	return error;
}
