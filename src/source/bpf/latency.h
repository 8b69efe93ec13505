/* SPDX-License-Identifier: MIT
 *
 * latency: what the programs in the kernel (latency.bpf.c) and their reader agree on. The ring has
 * records as they are (record.h), but for RECORD_BLOCK's ret: a status of the kernel's block layer.
 */
#ifndef BPF_LATENCY_H
#define BPF_LATENCY_H

/* Whose waits are told. */
enum {
	WHO_TRACED,   /* of tasks that we trace by ptrace */
	WHO_FOLLOWED, /* of our children and of those that are named, and of all that they make */
	WHO_ALL,      /* of every program but ourselves */
};

enum {
	OPERATION_MASK = 0xff, /* of a bio's flags: REQ_OP_ */
	BIOS_MAX = 1024,       /* of a request: more than a device takes */
	MINOR_BITS = 20,       /* of a device's number */
};

#endif
