/* SPDX-License-Identifier: MIT
 *
 * The worker: a process that reads what programs say of themselves, and may do nothing else. It has
 * one descriptor, the socket to the tracer; it opens no file, as those it needs are handed to it; a
 * seccomp filter lets it do nothing else, and its memory is limited. It is killed when it takes too
 * long. Nothing is ever written by it but frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/stack/worker.h"

#define MEMORY_MAX (UINT64_C(4) << 30) /* files that are mapped count too */
#define FILES_MAX  1024
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true /* AddressSanitizer makes calls of its own, and its shadow is terabytes of data */
#else
#define SANITIZED false
#endif

struct worker worker;

/* ---- the sandbox ---- */

static const uint16_t allowed[] = {
	SYS_sendmsg, SYS_recvmsg,    SYS_pread64,    SYS_read,	       SYS_mmap,
	SYS_munmap,  SYS_mremap,     SYS_mprotect,   SYS_madvise,      SYS_brk,
	SYS_close,   SYS_fstat,	     SYS_newfstatat, SYS_lseek,	       SYS_fcntl,
	SYS_futex,   SYS_exit_group, SYS_getrandom,  SYS_rt_sigreturn, SYS_sched_yield,
};

/* Only those calls. Others fail, as libdw looks for more files by itself (readlink, openat); fcntl
 * and newfstatat can do nothing to what is not open. */
static void install_filter(void)
{
	enum { COUNT = sizeof allowed / sizeof *allowed };
	struct sock_filter code[COUNT + 6] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	unsigned at = 4;

	for (unsigned i = 0; i < COUNT; i++)
		code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
							  COUNT - i, 0);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {.len = (unsigned short)at, .filter = code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Where there is no seccomp, it goes without. */
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void limit(int resource, uint64_t most)
{
	setrlimit(resource, &(struct rlimit){most, most});
}

/* All that came from the tracer is let go, but the socket. Its death is noticed by that; while the
 * worker does not look there, by the signal. Signals are blocked, as the tracer has them. */
static void close_in(int socket)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "stacks");
	setsid();
	if (dup2(socket, 0) < 0)
		_exit(1);
	if (syscall(SYS_close_range, 1, ~0U, 0) < 0)
		for (int fd = 1; fd < FILES_MAX; fd++)
			close(fd);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	worker.socket = 0;
	if (!SANITIZED) {
		limit(RLIMIT_DATA, MEMORY_MAX);
		install_filter();
	}
}

/* ---- the talk ---- */

static void take(int *fd)
{
	if (!wire_receive(worker.socket, &worker.wire, fd))
		_exit(0);
}

static void give(void)
{
	if (!wire_send(worker.socket, &worker.wire, -1))
		_exit(0);
}

int worker_ask(enum wire_what what, uint64_t a, uint64_t b, const void *bytes, size_t size)
{
	int fd;

	worker.wire.head = (struct wire_head){.what = what, .size = (uint32_t)size, .a = a, .b = b};
	if (size)
		memcpy(worker.wire.bytes, bytes, size);
	give();
	take(&fd);
	return fd;
}

/* ---- what it is asked ---- */

static struct worker_space *space_new(uint64_t number)
{
	struct worker_space **space = &worker.spaces[number];

	if (*space) {
		dwfl_end((*space)->dwfl);
		free((*space)->vdso);
		free((*space)->modules);
	} else {
		*space = malloc(sizeof **space);
	}
	if (!*space)
		_exit(1);
	**space = (struct worker_space){.dwfl = dwfl_begin(&unwind_callbacks)};
	if (!(*space)->dwfl)
		_exit(1);
	return *space;
}

static void take_modules(void)
{
	uint64_t count = worker.wire.head.b;
	struct worker_space *space = space_new(worker.wire.head.a % WIRE_SPACES);
	char name[WIRE_BYTES_MAX];
	void **number;

	space->modules = calloc(count ? count : 1, sizeof *space->modules);
	if (!space->modules)
		_exit(1);
	space->count = count;
	dwfl_report_begin(space->dwfl);
	for (uint64_t i = 0; i < count; i++) {
		take(NULL);
		space->modules[i] =
			(struct mapped){worker.wire.head.a, worker.wire.head.b, worker.wire.head.c};
		memcpy(name, worker.wire.bytes, worker.wire.head.size);
		name[worker.wire.head.size < sizeof name ? worker.wire.head.size
							 : sizeof name - 1] = '\0';
		Dwfl_Module *module = dwfl_report_module(space->dwfl, name, worker.wire.head.a,
							 worker.wire.head.b);
		if (module && dwfl_module_info(module, &number, NULL, NULL, NULL, NULL, NULL, NULL))
			*number = (void *)(uintptr_t)i;
	}
	dwfl_report_end(space->dwfl, NULL, NULL);
}

static void take_job(void)
{
	const struct wire *wire = &worker.wire;
	struct job *job = &worker.job;
	size_t head = sizeof job->registers;

	for (unsigned i = 0; i < WORKER_PAGES; i++)
		job->pages[i].is_there = false;
	job->count = 0;
	job->has_more = false;
	job->is_32 = wire->head.b;
	memcpy(job->registers, wire->bytes, head);
	job->memory_start = wire->head.c;
	job->memory_size = wire->head.size - head;
	memcpy(job->memory, wire->bytes + head, job->memory_size);
	worker.space = wire->head.a % WIRE_SPACES;
}

static size_t length(const char *text)
{
	return text ? strlen(text) : 0;
}

/* What the frame is of, as far as that is known. Its texts stay for the rest of this stack. */
static struct frame describe(struct worker_space *space, uint64_t address, bool is_return)
{
	struct frame frame = {.address = address};
	Dwfl_Module *module = dwfl_addrmodule(space->dwfl, is_return ? address - 1 : address);
	void **number;
	Dwarf_Addr start;

	if (!module)
		return frame;
	frame.module = dwfl_module_info(module, &number, &start, NULL, NULL, NULL, NULL, NULL);
	frame.module_size = length(frame.module);
	frame.offset = address - start;
	const struct place *place =
		symbols_find(space, (uint64_t)(uintptr_t)*number, address, is_return);
	if (!place)
		return frame;
	frame.line = place->line;
	frame.name = place->name;
	frame.name_size = length(place->name);
	frame.file = place->file;
	frame.file_size = length(place->file);
	return frame;
}

/* The frames into the wire, all at once: what they are may have to be asked by it. */
static void answer(struct worker_space *space)
{
	const struct job *job = &worker.job;
	struct frame frames[FRAMES_MAX];
	size_t size = 0;
	bool is_whole = !job->has_more;

	for (unsigned i = 0; i < job->count; i++)
		frames[i] = describe(space, job->frames[i].address, job->frames[i].is_return);
	for (unsigned i = 0; i < job->count; i++)
		is_whole &= frame_add(worker.wire.bytes, &size, FRAMES_BYTES, &frames[i]);
	worker.wire.head =
		(struct wire_head){.what = WIRE_FRAMES, .size = (uint32_t)size, .a = !is_whole};
}

_Noreturn void worker_run(int socket)
{
	close_in(socket);
	for (;;) {
		take(NULL);
		if (worker.wire.head.what == WIRE_SPACE) {
			take_modules();
			continue;
		}
		take_job();
		struct worker_space *space = worker.spaces[worker.space];
		if (!space)
			space = space_new(worker.space); /* nothing is mapped */
		unwind(space);
		answer(space);
		give();
	}
}
