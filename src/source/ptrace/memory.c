/* SPDX-License-Identifier: MIT
 *
 * The memory of a stopped task: process_vm_readv, and where that is not allowed (containers,
 * hardened kernels) /proc/TID/mem, and where that is not either, word by word through ptrace.
 * What is not mapped is ordinary: a read gives what there is from its start on.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "source/ptrace/act.h"

#define PAGE 4096u
#define PIECES 32

/* One piece per page: the kernel does not promise a part of a piece whose end is not mapped. */
static size_t split_pages(struct iovec pieces[PIECES], int *count, uint64_t address, size_t size)
{
	size_t total = 0;

	for (*count = 0; total < size && *count < PIECES; (*count)++) {
		size_t piece = PAGE - (address + total) % PAGE;
		if (piece > size - total)
			piece = size - total;
		pieces[*count] = (struct iovec){(void *)(uintptr_t)(address + total), piece};
		total += piece;
	}
	return total;
}

/* As many bytes as could be read, or -errno when the way itself is closed to us. */
static ssize_t read_vm(pid_t tid, uint64_t address, void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		struct iovec remote[PIECES];
		int count;
		size_t asked = split_pages(remote, &count, address + done, size - done);
		struct iovec local = {(char *)bytes + done, asked};
		ssize_t n = process_vm_readv(tid, &local, 1, remote, count, 0);
		if (n < 0 && !done && (errno == ENOSYS || errno == EPERM))
			return -errno;
		if (n > 0)
			done += n;
		if (n != (ssize_t)asked)
			break;
	}
	return done;
}

static ssize_t read_proc(pid_t tid, uint64_t address, void *bytes, size_t size)
{
	char name[40];
	size_t done = 0;

	snprintf(name, sizeof name, "/proc/%d/mem", tid);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (done < size) {
		ssize_t n = pread(fd, (char *)bytes + done, size - done, address + done);
		if (n <= 0)
			break;
		done += n;
	}
	close(fd);
	return done;
}

static size_t read_words(pid_t tid, uint64_t address, void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		unsigned long word;
		size_t skip = (address + done) % sizeof word, take = sizeof word - skip;
		if (request(PTRACE_PEEKDATA, tid, address + done - skip, (uintptr_t)&word) < 0)
			break;
		if (take > size - done)
			take = size - done;
		memcpy((char *)bytes + done, (char *)&word + skip, take);
		done += take;
	}
	return done;
}

static size_t memory_read(struct memory *base, uint64_t address, void *bytes, size_t size)
{
	struct task_memory *memory = (struct task_memory *)base;
	ssize_t n = memory->no_vm_readv ? -ENOSYS : read_vm(memory->tid, address, bytes, size);

	if (n == -ENOSYS)
		memory->no_vm_readv = true;
	if (n < 0)
		n = read_proc(memory->tid, address, bytes, size);
	return n < 0 ? read_words(memory->tid, address, bytes, size) : (size_t)n;
}

void task_memory_init(struct task_memory *memory)
{
	*memory = (struct task_memory){.memory.read = memory_read};
}

size_t task_read(struct ptrace_source *source, pid_t tid, uint64_t address, void *bytes, size_t size)
{
	source->memory.tid = tid;
	return memory_read(&source->memory.memory, address, bytes, size);
}

/* Through /proc/TID/mem, as that may do what the task itself may not; word by word where there is no
 * /proc. */
bool task_write_bytes(struct ptrace_source *source, pid_t tid, uint64_t address, const void *bytes,
		      size_t size)
{
	char name[40];
	uint64_t word;

	snprintf(name, sizeof name, "/proc/%d/mem", tid);
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = pwrite(fd, bytes, size, (off_t)address);
		close(fd);
		return n == (ssize_t)size;
	}
	for (size_t done = 0, take; done < size; done += take) {
		size_t skip = (address + done) % sizeof word;
		take = sizeof word - skip < size - done ? sizeof word - skip : size - done;
		if (task_read(source, tid, address + done - skip, &word, sizeof word) != sizeof word)
			return false;
		memcpy((char *)&word + skip, (const char *)bytes + done, take);
		if (!task_write(tid, address + done - skip, word))
			return false;
	}
	return true;
}

bool task_write(pid_t tid, uint64_t address, uint64_t word)
{
	return request(PTRACE_POKEDATA, tid, address, word) == 0;
}
