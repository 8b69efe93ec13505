// SPDX-License-Identifier: MIT
//
// The stack of this very program, which needs no tracing: its memory can be read as that of a task
// could.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame.h"
#include "source/stack/stacks.h"

static size_t read_own(struct memory *memory, uint64_t address, void *buffer, size_t size)
{
	struct iovec local = {buffer, size}, remote = {(void *)(uintptr_t)address, size};
	ssize_t n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	(void)memory;
	return n > 0 ? (size_t)n : 0;
}

static struct memory memory = {read_own};

static struct stack_task task_of(const ucontext_t *context)
{
	static const int order[17] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
				      REG_RBP, REG_RSP, REG_R8,	 REG_R9,  REG_R10, REG_R11,
				      REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
	struct stack_task task = {.pid = getpid(), .tid = getpid(), .memory = &memory};

	for (int i = 0; i < 17; i++)
		task.registers[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
	task.sp = task.registers[7];
	return task;
}

static char bytes[FRAMES_BYTES];
static bool is_truncated;

/* With this function as the innermost frame. */
__attribute__((noinline)) static size_t take(struct stacks *stacks)
{
	ucontext_t context;

	getcontext(&context);
	struct stack_task task = task_of(&context);
	return stacks_take(stacks, &task, bytes, sizeof bytes, &is_truncated);
}

static bool has_function(size_t size, const char *name)
{
	struct frame frame;

	for (size_t at = 0; frame_next(bytes, size, &at, &frame);)
		if (frame.name_size == strlen(name) && !memcmp(frame.name, name, frame.name_size))
			return true;
	return false;
}

__attribute__((noinline)) static size_t deeper(struct stacks *stacks, int levels)
{
	size_t size = levels ? deeper(stacks, levels - 1) : take(stacks);

	__asm__ volatile("");
	return size;
}

static void frames_have_functions_and_lines(void **state)
{
	struct stacks *stacks = *state;
	size_t size = deeper(stacks, 3), at = 0;
	struct frame frame;

	assert_true(has_function(size, "take"));
	assert_true(has_function(size, "deeper"));
	assert_true(has_function(size, "main"));
	assert_false(is_truncated);
	assert_true(frame_next(bytes, size, &at, &frame));
	assert_int_equal(frame.name_size, 4);
	assert_true(frame.line > 0);
	assert_true(frame.file_size > 13);
	assert_memory_equal(frame.file + frame.file_size - 13, "stacks_test.c", 13);
}

static void deep_stacks_are_cut(void **state)
{
	size_t size = deeper(*state, 500), at = 0;
	struct frame frame;
	int count = 0;

	while (frame_next(bytes, size, &at, &frame))
		count++;
	assert_int_equal(count, FRAMES_MAX);
	assert_true(is_truncated);
}

static void a_task_without_memory_has_its_place(void **state)
{
	struct stack_task task = {.pid = getpid(), .tid = getpid(), .memory = &memory};
	struct frame frame;
	size_t at = 0;

	task.registers[16] = 0x1000;
	task.sp = task.registers[7] = UINT64_MAX - 3;
	size_t size = stacks_take(*state, &task, bytes, sizeof bytes, &is_truncated);
	assert_true(frame_next(bytes, size, &at, &frame));
	assert_int_equal(frame.address, 0x1000);
	task.pid = task.tid = 0x7ffffff0; /* nobody's */
	size = stacks_take(*state, &task, bytes, sizeof bytes, &is_truncated);
	assert_true(size > 0);
}

static void another_worker_comes_when_one_died(void **state)
{
	struct stacks *stacks = *state;

	assert_true(has_function(take(stacks), "main"));
	pid_t worker = stacks_worker(stacks);
	assert_true(worker > 0);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
	take(stacks);
	assert_true(has_function(take(stacks), "main"));
	assert_int_not_equal(stacks_worker(stacks), worker);
}

static void a_worker_that_hangs_is_killed(void **state)
{
	struct stacks *stacks = *state;

	take(stacks);
	pid_t worker = stacks_worker(stacks);
	kill(worker, SIGSTOP);
	size_t size = take(stacks);
	assert_true(size > 0);
	assert_true(is_truncated);
	assert_int_equal(stacks_worker(stacks), 0);
	assert_int_equal(kill(worker, 0), -1);
	assert_false(stacks_gave_up(stacks));
}

static void it_is_given_up_when_that_goes_on(void **state)
{
	struct stacks *stacks = *state;

	for (int i = 0; i < 3; i++) {
		take(stacks);
		kill(stacks_worker(stacks), SIGKILL);
		waitpid(stacks_worker(stacks), NULL, 0);
		stacks_ended(stacks);
	}
	assert_true(stacks_gave_up(stacks));
	assert_true(take(stacks) > 0);
	assert_int_equal(stacks_worker(stacks), 0);
}

static int begin(void **state)
{
	*state = stacks_new();
	return *state ? 0 : -1;
}

static int end(void **state)
{
	pid_t worker = stacks_worker(*state);

	stacks_free(*state);
	return worker && kill(worker, 0) == 0 ? -1 : 0; /* nobody is left behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_have_functions_and_lines, begin, end),
		cmocka_unit_test_setup_teardown(deep_stacks_are_cut, begin, end),
		cmocka_unit_test_setup_teardown(a_task_without_memory_has_its_place, begin, end),
		cmocka_unit_test_setup_teardown(another_worker_comes_when_one_died, begin, end),
		cmocka_unit_test_setup_teardown(a_worker_that_hangs_is_killed, begin, end),
		cmocka_unit_test_setup_teardown(it_is_given_up_when_that_goes_on, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
