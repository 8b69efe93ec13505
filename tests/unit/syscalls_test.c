/* SPDX-License-Identifier: MIT
 *
 * The generated table: numbers against the system's headers, lookups, struct layouts of each ABI.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "syscalls/steps.h"
#include "syscalls/syscalls.h"

/* Reads `#define __NR_name number` lines and compares each. Returns how many there were. */
static int compare_with_header(unsigned arch, const char *path)
{
	char line[256], name[128];
	int count = 0, wrong = 0;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		int nr;
		if (sscanf(line, "#define __NR_%127s %d", name, &nr) != 2 &&
		    sscanf(line, "#define __NR_%127s (__X32_SYSCALL_BIT + %d)", name, &nr) != 2)
			continue;
		const struct syscall_row *row = syscall_row(arch, nr);
		if (syscall_number(arch, name) != nr || !row || strcmp(row->name, name) != 0) {
			print_error("%s %s: %d in %s, %d in the table\n", arch_name(arch), name, nr,
				    path, syscall_number(arch, name));
			wrong++;
		}
		count++;
	}
	fclose(file);
	assert_int_equal(wrong, 0);
	return count;
}

static void numbers_are_those_of_the_headers(void **state)
{
	(void)state;
	assert_true(compare_with_header(ARCH_X86_64,
					"/usr/include/x86_64-linux-gnu/asm/unistd_64.h") > 350);
	assert_true(compare_with_header(ARCH_I386,
					"/usr/include/x86_64-linux-gnu/asm/unistd_32.h") > 430);
	assert_true(compare_with_header(ARCH_X32,
					"/usr/include/x86_64-linux-gnu/asm/unistd_x32.h") > 340);
}

static void newer_numbers_are_equal_everywhere(void **state)
{
	static const char *const names[] = {
		"cachestat",	     "fchmodat2",	  "map_shadow_stack", "futex_wake",
		"futex_wait",	     "futex_requeue",	  "statmount",	      "listmount",
		"lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
		"setxattrat",	     "getxattrat",	  "listxattrat",      "removexattrat",
		"open_tree_attr",    "file_getattr",	  "file_setattr",
	};

	(void)state;
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
			assert_int_equal(syscall_number(arch, names[i]), 451 + i);
	assert_int_equal(syscall_number(ARCH_X86_64, "uretprobe"), 335);
	assert_int_equal(syscall_number(ARCH_I386, "uretprobe"), -1);
}

static void lookups_end_where_the_table_does(void **state)
{
	(void)state;
	assert_null(syscall_row(ARCH_X86_64, -1));
	assert_null(syscall_row(ARCH_X86_64, 337));
	assert_null(syscall_row(ARCH_X86_64, 470));
	assert_null(syscall_row(ARCH_X86_64, 100000));
	assert_null(syscall_row(ARCH_COUNT, 0));
	assert_int_equal(syscall_number(ARCH_X86_64, "mmap2"), -1);
	assert_int_equal(syscall_number(ARCH_I386, "mmap2"), 192);
	assert_int_equal(syscall_number(ARCH_X86_64, ""), -1);
	assert_int_equal(syscall_number(ARCH_COUNT, "read"), -1);
	assert_null(syscall_class_name(CLASS_MAX));
	assert_null(arch_name(ARCH_COUNT));
	assert_null(arg_kind_name(ARG_KINDS));
	for (unsigned kind = 0; kind < ARG_KINDS; kind++)
		assert_non_null(arg_kind_name(kind));
	assert_null(family_find("no_such_family"));
}

static void classes_are_those_of_the_row(void **state)
{
	const struct syscall_row *row = syscall_row(ARCH_X86_64, 257);

	(void)state;
	assert_string_equal(row->name, "openat");
	assert_string_equal(syscall_class_name(row->class), "file");
	unsigned descriptor = 0;
	while (strcmp(syscall_class_name(descriptor), "descriptor") != 0)
		descriptor++;
	assert_int_equal(row->classes, 1 << row->class | 1 << descriptor);
}

static void arguments_of_openat(void **state)
{
	const struct syscall_row *row = syscall_row(ARCH_I386, 295);

	(void)state;
	assert_int_equal(row->arg_count, 3);
	assert_int_equal(row->args[0].kind, ARG_DIRFD);
	assert_int_equal(row->args[1].kind, ARG_PATH);
	assert_true(row->args[1].in && !row->args[1].out);
	assert_int_equal(row->args[2].kind, ARG_FLAGS);
	assert_ptr_equal(row->args[2].family, family_find("open_flags"));
	assert_int_equal(row->ret, ARG_FD);
	row = syscall_variant(row, (uint64_t[RECORD_ARGS]){3, 0, 0x80041}); // a mode, as with O_CREAT
	assert_int_equal(row->arg_count, 4);
	assert_int_equal(row->args[3].kind, ARG_MODE);
}

/* 64-bit arguments of i386 are in two registers, and what follows is one further on. */
static void registers_of_i386(void **state)
{
	const struct syscall_row *row =
		syscall_row(ARCH_I386, syscall_number(ARCH_I386, "sync_file_range"));

	(void)state;
	assert_true(row->args[1].pair && row->args[2].pair && !row->args[3].pair);
	assert_int_equal(row->args[1].slot, 1);
	assert_int_equal(row->args[2].slot, 3);
	assert_int_equal(row->args[3].slot, 5);
	row = syscall_row(ARCH_X86_64, syscall_number(ARCH_X86_64, "sync_file_range"));
	assert_false(row->args[1].pair);
	assert_int_equal(row->args[3].slot, 3);
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++) {
		row = syscall_row(arch, syscall_number(arch, "preadv2"));
		assert_string_equal(row->args[3].name, "offset");
		assert_int_equal(row->args[4].slot, arch == ARCH_X32 ? 4 : 5);
		assert_int_equal(row->args[3].pair, arch == ARCH_I386);
	}
}

static void fcntl_depends_on_its_command(void **state)
{
	const struct syscall_row *row = syscall_row(ARCH_X86_64, 72);
	uint64_t args[RECORD_ARGS] = {3, 4}; // F_SETFL

	(void)state;
	assert_ptr_equal(syscall_variant(row, args)->args[2].family, family_find("open_flags"));
	args[1] = 3 | UINT64_C(0xdead) << 32; // F_GETFL; the kernel looks at an int
	assert_int_equal(syscall_variant(row, args)->arg_count, 2);
	assert_ptr_equal(syscall_variant(row, args)->ret_family, family_find("open_flags"));
	args[1] = 5; // F_GETLK
	assert_int_equal(syscall_variant(row, args)->args[2].kind, ARG_STRUCT);
	assert_true(syscall_variant(row, args)->args[2].in &&
		    syscall_variant(row, args)->args[2].out);
	args[1] = 77777;
	assert_ptr_equal(syscall_variant(row, args), row);
	row = syscall_row(ARCH_X86_64, 202);
	args[1] = 9 | 128 | 256; // FUTEX_WAIT_BITSET | PRIVATE | CLOCK_REALTIME
	assert_int_equal(syscall_variant(row, args)->args[3].kind, ARG_STRUCT);
}

/* Whatever a row says, its registers exist, and what it needs to be decoded is there. */
static void check_row(const struct syscall_row *row)
{
	assert_in_range(row->arg_count, 0, RECORD_ARGS);
	assert_true(row->classes >> row->class & 1);
	for (unsigned i = 0; i < row->arg_count; i++) {
		const struct syscall_arg *arg = &row->args[i];
		assert_in_range(arg->slot + arg->pair, 0, RECORD_ARGS - 1);
		assert_int_equal(arg->layout != NULL, arg->kind == ARG_STRUCT);
		assert_int_equal(arg->family != NULL,
				 arg->kind == ARG_FLAGS || arg->kind == ARG_ENUM);
		assert_int_equal(arg->in || arg->out, arg->kind >= ARG_STR);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(arg->name, row->args[j].name);
	}
	for (unsigned i = 0; i < row->step_count; i++) {
		assert_in_range(row->steps[i].arg, 0, row->arg_count - 1);
		assert_int_equal(row->steps[i].slot, row->args[row->steps[i].arg].slot);
		assert_in_range(row->steps[i].length_slot, 0, RECORD_ARGS - 1);
	}
	for (unsigned i = 0; i < row->variant_count; i++)
		check_row(row->variants[i].row);
}

static void every_row_is_sound(void **state)
{
	(void)state;
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (int nr = 0; nr < 1024; nr++)
			if (syscall_row(arch, nr))
				check_row(syscall_row(arch, nr));
}

static const struct struct_layout *layout_of(unsigned arch, const char *call, unsigned arg)
{
	return syscall_row(arch, syscall_number(arch, call))->args[arg].layout;
}

static int offset_of(const struct struct_layout *layout, const char *name)
{
	for (unsigned i = 0; i < layout->field_count; i++)
		if (!strcmp(layout->fields[i].name, name))
			return layout->fields[i].offset;
	return -1;
}

/* i386's are what gcc -m32 says of the kernel's headers. */
static void structs_of_both_abis(void **state)
{
	static const struct {
		unsigned arch;
		const char *call;
		unsigned arg;
		int size;
		const char *field;
		int offset;
	} facts[] = {
		{ARCH_X86_64, "fstat", 1, sizeof(struct stat), "st_size",
		 offsetof(struct stat, st_size)},
		{ARCH_X86_64, "fstat", 1, sizeof(struct stat), "st_ctim",
		 offsetof(struct stat, st_ctim)},
		{ARCH_I386, "fstat", 1, 64, "st_size", 20},
		{ARCH_I386, "fstat64", 1, 96, "st_size", 44},
		{ARCH_I386, "fstat64", 1, 96, "st_ino", 88},
		{ARCH_I386, "oldfstat", 1, 32, "st_size", 16},
		{ARCH_X86_64, "wait4", 3, 144, "ru_maxrss", 32},
		{ARCH_I386, "wait4", 3, 72, "ru_maxrss", 16},
		{ARCH_X32, "wait4", 3, 144, "ru_maxrss", 32},
		{ARCH_X32, "waitid", 4, 144, "ru_maxrss", 32},
		{ARCH_X86_64, "waitid", 2, 32, "si_status", 24},
		{ARCH_I386, "waitid", 2, 24, "si_status", 20},
		{ARCH_X86_64, "epoll_ctl", 3, 12, "data", 4},
		{ARCH_I386, "epoll_ctl", 3, 12, "data", 4},
		{ARCH_X86_64, "rt_sigaction", 1, 32, "sa_mask", 24},
		{ARCH_I386, "rt_sigaction", 1, 20, "sa_mask", 12},
		{ARCH_X32, "rt_sigaction", 1, 20, "sa_mask", 12},
		{ARCH_I386, "clone3", 0, 88, "exit_signal", 32},
		{ARCH_I386, "statx", 4, 256, "stx_mtime", 112},
		{ARCH_I386, "nanosleep", 0, 8, "tv_nsec", 4},
		{ARCH_I386, "clock_nanosleep_time64", 2, 16, "tv_nsec", 8},
		{ARCH_I386, "statfs64", 2, 84, "f_namelen", 56},
		{ARCH_I386, "prlimit64", 2, 16, "rlim_max", 8},
		{ARCH_I386, "io_uring_setup", 1, 120, "cq_off", 80},
		{ARCH_X32, "vmsplice", 1, 0, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		const struct struct_layout *layout =
			layout_of(facts[i].arch, facts[i].call, facts[i].arg);
		if (!facts[i].size) {
			assert_null(layout);
			continue;
		}
		assert_int_equal(layout->size, facts[i].size);
		assert_int_equal(offset_of(layout, facts[i].field), facts[i].offset);
	}
}

static void errors_and_signals_by_name_and_number(void **state)
{
	(void)state;
	assert_string_equal(errno_name(2), "ENOENT");
	assert_string_equal(errno_name(11), "EAGAIN"); // not EWOULDBLOCK
	assert_string_equal(errno_name(512), "ERESTARTSYS");
	assert_null(errno_name(0));
	assert_null(errno_name(-2));
	assert_null(errno_name(4095));
	assert_int_equal(errno_number("EWOULDBLOCK"), 11);
	assert_int_equal(errno_number("EWHAT"), 0);
	assert_string_equal(signal_name(15), "SIGTERM");
	assert_string_equal(signal_name(29), "SIGIO");
	assert_string_equal(signal_name(34), "SIGRT_2");
	assert_string_equal(signal_name(64), "SIGRT_32");
	assert_null(signal_name(0));
	assert_null(signal_name(65));
	for (int i = 1; i <= 64; i++)
		assert_int_equal(signal_number(signal_name(i)), i);
	assert_int_equal(signal_number("SIGPOLL"), 29);
	assert_int_equal(signal_number("SIGWHAT"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_headers),
		cmocka_unit_test(newer_numbers_are_equal_everywhere),
		cmocka_unit_test(lookups_end_where_the_table_does),
		cmocka_unit_test(classes_are_those_of_the_row),
		cmocka_unit_test(arguments_of_openat),
		cmocka_unit_test(registers_of_i386),
		cmocka_unit_test(fcntl_depends_on_its_command),
		cmocka_unit_test(every_row_is_sound),
		cmocka_unit_test(structs_of_both_abis),
		cmocka_unit_test(errors_and_signals_by_name_and_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
