/* SPDX-License-Identifier: MIT
 *
 * The tracer's side of stacks.h: starts the worker, asks it, and serves it while it works, for a
 * limited time and a limited amount of memory. A worker that fails is killed and another one
 * started; after a few the matter is given up, or a program that makes it fail would be held for as
 * long each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "source/stack/space.h"
#include "source/stack/stacks.h"
#include "source/stack/wire.h"

enum {
	FAILURES_MAX = 3,
	PATIENCE_MS = 5000, /* for one stack; debug information of large programs takes a second */
	READS_MAX = 1024,   /* pages of memory for one stack */
};

struct stacks {
	pid_t worker; /* 0: none */
	int socket;
	unsigned failures;
	uint64_t asked; /* how often, to tell which space was not used for the longest time */
	struct space spaces[WIRE_SPACES];
	struct wire wire; /* the message that is written or read */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the worker's life ---- */

/* Whatever the worker knew, another one does not. */
static void forget(struct stacks *stacks)
{
	for (unsigned i = 0; i < WIRE_SPACES; i++)
		space_free(&stacks->spaces[i]);
	if (stacks->socket >= 0)
		close(stacks->socket);
	stacks->socket = -1;
	stacks->worker = 0;
}

static void stop_worker(struct stacks *stacks)
{
	pid_t worker = stacks->worker;

	forget(stacks);
	if (!worker)
		return;
	kill(worker, SIGKILL);
	while (waitpid(worker, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static bool start_worker(struct stacks *stacks)
{
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return false;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	pid_t pid = fork();
	if (pid == 0)
		worker_run(ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return false;
	}
	stacks->worker = pid;
	stacks->socket = ends[0];
	return true;
}

struct stacks *stacks_new(void)
{
	struct stacks *stacks = calloc(1, sizeof *stacks);

	if (stacks)
		stacks->socket = -1;
	return stacks;
}

void stacks_free(struct stacks *stacks)
{
	if (stacks)
		stop_worker(stacks);
	free(stacks);
}

bool stacks_gave_up(const struct stacks *stacks)
{
	return stacks->failures >= FAILURES_MAX;
}

pid_t stacks_worker(const struct stacks *stacks)
{
	return stacks->worker;
}

void stacks_ended(struct stacks *stacks)
{
	stacks->failures++;
	forget(stacks);
}

/* ---- spaces ---- */

static unsigned find_space(struct stacks *stacks, pid_t pid)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < WIRE_SPACES; i++) {
		if (stacks->spaces[i].pid == pid)
			return i;
		if (stacks->spaces[i].used < stacks->spaces[oldest].used)
			oldest = i;
	}
	space_free(&stacks->spaces[oldest]);
	stacks->spaces[oldest].pid = pid;
	return oldest;
}

static bool say(struct stacks *stacks, struct wire_head head, const void *bytes)
{
	stacks->wire.head = head;
	if (bytes)
		memcpy(stacks->wire.bytes, bytes, head.size);
	return wire_send(stacks->socket, &stacks->wire, -1);
}

/* Makes the worker know the task's modules. */
static bool tell_space(struct stacks *stacks, unsigned number, pid_t tid)
{
	struct space *space = &stacks->spaces[number];

	space->used = ++stacks->asked;
	if (!space_read(space, tid))
		return true;
	bool ok = say(stacks,
		      (struct wire_head){.what = WIRE_SPACE, .a = number, .b = space->count}, NULL);
	for (size_t i = 0; ok && i < space->count; i++) {
		const struct module *module = &space->modules[i];
		size_t size = strnlen(module->name, MODULE_NAME_MAX);
		ok = say(stacks,
			 (struct wire_head){WIRE_MODULE, (uint32_t)size, module->start, module->end,
					    module->id},
			 module->name);
	}
	return ok;
}

/* ---- serving ---- */

static bool answer(struct stacks *stacks, uint32_t size, int fd)
{
	stacks->wire.head = (struct wire_head){.what = WIRE_ANSWER, .size = size};
	bool ok = wire_send(stacks->socket, &stacks->wire, fd);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool serve(struct stacks *stacks, const struct stack_task *task, unsigned number)
{
	const struct wire *wire = &stacks->wire;
	size_t size;

	switch (wire->head.what) {
	case WIRE_READ:
		size = task->memory->read(task->memory, wire->head.a, stacks->wire.bytes,
					  WIRE_PAGE);
		return answer(stacks, (uint32_t)size, -1);
	case WIRE_OPEN:
		return answer(stacks, 0,
			      space_open(&stacks->spaces[number], task->tid, wire->head.b));
	case WIRE_DEBUG:
		return answer(stacks, 0, space_open_debug(wire->bytes, wire->head.size));
	default:
		return false;
	}
}

static bool await(int socket, uint64_t until)
{
	struct pollfd ready = {.fd = socket, .events = POLLIN};
	uint64_t now;

	while ((now = now_ms()) < until) {
		int n = poll(&ready, 1, (int)(until - now));
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

/* Serves the worker until the frames are in the wire. False: it failed. */
static bool serve_all(struct stacks *stacks, const struct stack_task *task, unsigned number)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	for (unsigned reads = 0; reads < READS_MAX; reads++) {
		if (!await(stacks->socket, until) ||
		    !wire_receive(stacks->socket, &stacks->wire, NULL))
			return false;
		if (stacks->wire.head.what == WIRE_FRAMES)
			return true;
		if (!serve(stacks, task, number))
			return false;
	}
	return false;
}

/* What will be needed in any case comes along: the registers, and the stack's beginning. */
static bool ask(struct stacks *stacks, const struct stack_task *task, unsigned number)
{
	struct wire *wire = &stacks->wire;
	uint64_t from = task->sp & ~(uint64_t)(WIRE_PAGE - 1);
	size_t head = sizeof task->registers;

	memcpy(wire->bytes, task->registers, head);
	size_t size = task->memory->read(task->memory, from, wire->bytes + head, 2 * WIRE_PAGE);
	wire->head =
		(struct wire_head){WIRE_STACK, (uint32_t)(head + size), number, task->is_32, from};
	return wire_send(stacks->socket, wire, -1);
}

static size_t try_to_take(struct stacks *stacks, const struct stack_task *task, void *bytes,
			  size_t room, bool *truncated)
{
	if (!stacks->worker && !start_worker(stacks))
		return 0;
	unsigned number = find_space(stacks, task->pid);
	if (!tell_space(stacks, number, task->tid) || !ask(stacks, task, number) ||
	    !serve_all(stacks, task, number) || stacks->wire.head.size > room) {
		stacks->failures++;
		stop_worker(stacks);
		return 0;
	}
	*truncated = stacks->wire.head.a;
	memcpy(bytes, stacks->wire.bytes, stacks->wire.head.size);
	return stacks->wire.head.size;
}

size_t stacks_take(struct stacks *stacks, const struct stack_task *task, void *bytes, size_t room,
		   bool *truncated)
{
	struct frame here = {.address = task->registers[task->is_32 ? 8 : 16]};
	size_t size = 0;

	*truncated = false;
	if (!stacks_gave_up(stacks))
		size = try_to_take(stacks, task, bytes, room, truncated);
	if (!size) { /* this much is known without anybody's help */
		*truncated = true;
		frame_add(bytes, &size, room, &here);
	}
	return size;
}
