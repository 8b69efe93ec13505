/* SPDX-License-Identifier: MIT
 *
 * A seccomp filter for the command, so that calls nobody hooks run at full speed: those that are
 * hooked, and those the source itself must see, stop (SECCOMP_RET_TRACE, PTRACE_EVENT_SECCOMP), all
 * others do not even come by. seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
 *
 * For each architecture the numbers are cut into ranges of one verdict, and a balanced tree finds
 * the range. Conditional jumps reach 255 instructions; where a branch is longer, an unconditional
 * one helps. What is not known (x32, other architectures, numbers beyond the table that are hooked)
 * stops.
 *
 * The filter cannot be taken off again, and without a tracer its calls fail with ENOSYS: tasks that
 * have it are never let go (keep.c).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/ptrace/filter.h"

#define STOP	    (SECCOMP_RET_TRACE | FILTER_MARK)
#define X32_BIT	    0x40000000u
#define JUMP_MAX    255u
#define WORD(field) ((uint32_t)offsetof(struct seccomp_data, field))

enum verdict { PASSES, STOPS, STOPS_WITH_FILTER /* prctl: only PR_SET_SECCOMP */ };

struct range {
	uint32_t first; /* up to the next one's */
	enum verdict verdict;
};

struct assembly {
	struct sock_filter *code;
	unsigned count;
	bool full;
};

/* ---- which calls stop ---- */

static enum verdict verdict_of(const struct ptrace_source *source, unsigned arch, unsigned nr)
{
	if (interest_has(source->interest->calls, arch, nr) ||
	    interest_has(source->interest->enters, arch, nr) ||
	    syscall_multiplexes(source->interest->calls, arch, (int)nr) ||
	    syscall_multiplexes(source->interest->enters, arch, (int)nr))
		return STOPS;
	switch (call_role(source, arch, (int)nr)) {
	case CALL_PLAIN:
		return PASSES;
	case CALL_REPEATS: /* those without a limit are found out at a signal, see repeat_unseen */
		return repeat_has_limit(arch, (int)nr) ? STOPS : PASSES;
	case CALL_PRCTL:
		return STOPS_WITH_FILTER;
	default:
		return STOPS;
	}
}

/* INTEREST_NRS - 1 stands for all numbers from there on. */
static unsigned find_ranges(const struct ptrace_source *source, unsigned arch, struct range *ranges)
{
	unsigned count = 0;

	for (unsigned nr = 0; nr < INTEREST_NRS; nr++) {
		enum verdict verdict = verdict_of(source, arch, nr);
		if (!count || ranges[count - 1].verdict != verdict)
			ranges[count++] = (struct range){nr, verdict};
	}
	if (arch == ARCH_X86_64 && ranges[count - 1].verdict != STOPS)
		ranges[count++] = (struct range){X32_BIT, STOPS};
	return count;
}

/* ---- code ---- */

static void emit(struct assembly *out, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	if (out->count == BPF_MAXINSNS)
		out->full = true;
	else
		out->code[out->count++] = (struct sock_filter){code, yes, no, k};
}

static void emit_verdict(struct assembly *out, enum verdict verdict)
{
	if (verdict == STOPS_WITH_FILTER) {
		emit(out, BPF_LD | BPF_W | BPF_ABS, 0, 0, WORD(args[0]));
		emit(out, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PR_SET_SECCOMP);
		emit(out, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	}
	emit(out, BPF_RET | BPF_K, 0, 0, verdict == PASSES ? SECCOMP_RET_ALLOW : STOP);
}

/* The number is in the accumulator. The lower half comes first; only when its length is known is it
 * known how to jump over it, so room is left for both ways. */
static void emit_tree(struct assembly *out, const struct range *ranges, unsigned count)
{
	if (count == 1) {
		emit_verdict(out, ranges->verdict);
		return;
	}
	unsigned half = count / 2, at = out->count;
	emit(out, BPF_JMP | BPF_JGE | BPF_K, 0, 1, ranges[half].first);
	emit(out, BPF_JMP | BPF_JA, 0, 0, 0);
	unsigned lower = out->count;
	emit_tree(out, ranges, half);
	if (out->full)
		return;
	unsigned length = out->count - lower;
	if (length <= JUMP_MAX) {
		out->code[at].jt = (uint8_t)length;
		out->code[at].jf = 0;
		memmove(&out->code[at + 1], &out->code[lower], length * sizeof *out->code);
		out->count--;
	} else {
		out->code[at + 1].k = length;
	}
	emit_tree(out, ranges + half, count - half);
}

static void emit_arch(struct assembly *out, const struct ptrace_source *source, unsigned arch,
		      uint32_t audit)
{
	struct range ranges[INTEREST_NRS + 1];

	emit(out, BPF_LD | BPF_W | BPF_ABS, 0, 0, WORD(arch));
	emit(out, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, audit);
	unsigned skip = out->count;
	emit(out, BPF_JMP | BPF_JA, 0, 0, 0);
	emit(out, BPF_LD | BPF_W | BPF_ABS, 0, 0, WORD(nr));
	emit_tree(out, ranges, find_ranges(source, arch, ranges));
	if (!out->full)
		out->code[skip].k = out->count - skip - 1;
}

int filter_build(const struct ptrace_source *source, struct sock_fprog *program)
{
	struct assembly out = {.code = calloc(BPF_MAXINSNS, sizeof *out.code)};

	*program = (struct sock_fprog){0};
	if (!out.code)
		return -ENOMEM;
	emit_arch(&out, source, ARCH_X86_64, AUDIT_ARCH_X86_64);
	emit_arch(&out, source, ARCH_I386, AUDIT_ARCH_I386);
	emit(&out, BPF_RET | BPF_K, 0, 0, STOP);
	if (out.full) {
		free(out.code);
		return -E2BIG;
	}
	*program = (struct sock_fprog){(unsigned short)out.count, out.code};
	return 0;
}

void filter_free(struct sock_fprog *program)
{
	free(program->filter);
	*program = (struct sock_fprog){0};
}

/* ---- in the child ---- */

int filter_install(const struct sock_fprog *program, bool *no_new_privileges)
{
	*no_new_privileges = false;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	/* Without CAP_SYS_ADMIN this is the only way. */
	*no_new_privileges = true;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) == 0 ? 0 : -errno;
}

/* ---- is it worth it, and right? ---- */

/* A filter has its price: the program can see it, and is not let go. Where a third of all calls is
 * hooked, as default.lua does, programs make few others, and gain next to nothing. */
static bool hooks_many(const struct interest *interest)
{
	unsigned known = 0, hooked = 0;

	for (int nr = 0; nr < INTEREST_NRS; nr++) {
		known += syscall_row(ARCH_X86_64, nr) != NULL;
		hooked += syscall_row(ARCH_X86_64, nr) &&
			  (interest_has(interest->calls, ARCH_X86_64, nr) ||
			   interest_has(interest->enters, ARCH_X86_64, nr));
	}
	return hooked * 3 > known;
}

const char *filter_refusal(const struct ptrace_source *source, const struct target *target)
{
	if (target->no_seccomp)
		return "--no-seccomp";
	if (hooks_many(source->interest))
		return "many calls are hooked";
	return NULL;
}
