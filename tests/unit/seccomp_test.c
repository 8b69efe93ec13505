/* SPDX-License-Identifier: MIT
 *
 * The filter: what it says of every number, found by running it as the kernel would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "source/ptrace/filter.h"

#define STOPS (SECCOMP_RET_TRACE | FILTER_MARK)

static struct ptrace_source source;
static struct interest interest;
static struct sock_fprog program;

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_true(offset % 4 == 0 && offset + 4 <= sizeof *data);
	memcpy(&word, (const char *)data + offset, sizeof word);
	return word;
}

static uint32_t verdict(uint32_t arch, uint32_t nr, uint64_t arg)
{
	const struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {arg}};
	uint32_t a = 0;

	for (unsigned pc = 0; pc < program.len; pc++) {
		const struct sock_filter *f = &program.filter[pc];
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load(&data, f->k);
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			fail();
		}
	}
	fail();
	return 0;
}

static int prepare(void **state)
{
	(void)state;
	memset(&source, 0, sizeof source);
	memset(&interest, 0, sizeof interest);
	source.interest = &interest;
	call_roles(&source);
	return 0;
}

static int release(void **state)
{
	(void)state;
	filter_free(&program);
	return 0;
}

static uint32_t of(const char *name)
{
	return verdict(AUDIT_ARCH_X86_64, (uint32_t)syscall_number(ARCH_X86_64, name), 0);
}

static void hooked_calls_stop(void **state)
{
	(void)state;
	interest_add(interest.calls, ARCH_X86_64, (unsigned)syscall_number(ARCH_X86_64, "openat"));
	interest_add(interest.enters, ARCH_X86_64, (unsigned)syscall_number(ARCH_X86_64, "unlink"));
	interest_add(interest.calls, ARCH_I386, (unsigned)syscall_number(ARCH_I386, "bind"));
	assert_int_equal(filter_build(&source, &program), 0);
	assert_int_equal(of("openat"), STOPS);
	assert_int_equal(of("unlink"), STOPS);
	assert_int_equal(of("getppid"), SECCOMP_RET_ALLOW);
	assert_int_equal(of("read"), SECCOMP_RET_ALLOW);
	/* Through socketcall as well. */
	assert_int_equal(verdict(AUDIT_ARCH_I386, 102, 0), STOPS);
	assert_int_equal(verdict(AUDIT_ARCH_I386, 5, 0), SECCOMP_RET_ALLOW);
}

static void what_the_source_needs_stops(void **state)
{
	static const char *const names[] = {"execve",
					    "execveat",
					    "clone",
					    "clone3",
					    "fork",
					    "vfork",
					    "exit_group",
					    "rt_sigreturn",
					    "seccomp",
					    "restart_syscall",
					    "sched_setaffinity",
					    "epoll_wait"};
	(void)state;
	assert_int_equal(filter_build(&source, &program), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(of(names[i]), STOPS);
	uint32_t prctl_nr = (uint32_t)syscall_number(ARCH_X86_64, "prctl");
	assert_int_equal(verdict(AUDIT_ARCH_X86_64, prctl_nr, PR_SET_SECCOMP), STOPS);
	assert_int_equal(verdict(AUDIT_ARCH_X86_64, prctl_nr, PR_SET_NAME), SECCOMP_RET_ALLOW);
}

static void what_is_not_known_stops(void **state)
{
	(void)state;
	assert_int_equal(filter_build(&source, &program), 0);
	assert_int_equal(verdict(AUDIT_ARCH_X86_64, 0x40000000u, 0), STOPS);
	assert_int_equal(verdict(AUDIT_ARCH_X86_64, 0x40000000u + 39, 0), STOPS);
	assert_int_equal(verdict(AUDIT_ARCH_X86_64, UINT32_MAX, 0), STOPS);
	assert_int_equal(verdict(AUDIT_ARCH_AARCH64, 39, 0), STOPS);
}

/* As many ranges as there can be: jumps are longer than 255. */
static void every_second_call(void **state)
{
	(void)state;
	memset(source.roles, 0, sizeof source.roles);
	for (unsigned nr = 0; nr < INTEREST_NRS; nr += 2)
		interest_add(interest.calls, ARCH_X86_64, nr);
	for (unsigned nr = 1; nr < INTEREST_NRS; nr += 3)
		interest_add(interest.enters, ARCH_I386, nr);
	assert_int_equal(filter_build(&source, &program), 0);
	assert_true(program.len <= BPF_MAXINSNS);
	for (unsigned nr = 0; nr < INTEREST_NRS; nr++) {
		bool multiplexes = syscall_multiplexes(interest.enters, ARCH_I386, (int)nr);
		assert_int_equal(verdict(AUDIT_ARCH_X86_64, nr, 0),
				 nr % 2 ? SECCOMP_RET_ALLOW : STOPS);
		assert_int_equal(verdict(AUDIT_ARCH_I386, nr, 0),
				 nr % 3 == 1 || multiplexes ? STOPS : SECCOMP_RET_ALLOW);
	}
}

/* Too long to be had: said, and not cut. */
static void all_architectures_to_the_brim(void **state)
{
	(void)state;
	memset(source.roles, 0, sizeof source.roles);
	for (unsigned nr = 0; nr < INTEREST_NRS; nr += 2) {
		interest_add(interest.calls, ARCH_X86_64, nr);
		interest_add(interest.calls, ARCH_I386, nr);
	}
	assert_int_equal(filter_build(&source, &program), -E2BIG);
	assert_null(program.filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hooked_calls_stop, prepare, release),
		cmocka_unit_test_setup_teardown(what_the_source_needs_stops, prepare, release),
		cmocka_unit_test_setup_teardown(what_is_not_known_stops, prepare, release),
		cmocka_unit_test_setup_teardown(every_second_call, prepare, release),
		cmocka_unit_test_setup_teardown(all_architectures_to_the_brim, prepare, release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
