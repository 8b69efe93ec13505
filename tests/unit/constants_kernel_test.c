/* SPDX-License-Identifier: MIT
 *
 * The table's constants against the kernel's headers.
 */
#include <stddef.h>
#include <asm/prctl.h>
#include <asm/ptrace-abi.h>
#include <linux/aio_abi.h>
#include <linux/blkzoned.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fanotify.h>
#include <linux/fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/futex.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <linux/ipc.h>
#include <linux/kcmp.h>
#include <linux/kd.h>
#include <linux/kexec.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/loop.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/msg.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/rseq.h>
#include <linux/rtc.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/signal.h>
#include <linux/sockios.h>
#include <linux/stat.h>
#include <linux/tcp.h>
#include <linux/termios.h>
#include <linux/udp.h>
#include <linux/userfaultfd.h>
#include <linux/vt.h>
#include <linux/wait.h>

#include "constants_check.h"

static const struct constant_check checks[] = {
#define CHECK_KERNEL
#include "constants_check.inc"
};

static void constants_are_those_of_the_headers(void **state)
{
	(void)state;
	check_constants(checks, sizeof checks / sizeof *checks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(constants_are_those_of_the_headers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
