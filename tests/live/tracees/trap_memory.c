/* SPDX-License-Identifier: MIT
 *
 * trap_memory: arguments in memory that ends, changes or is not there, and other ways into the kernel.
 */
#include "trap.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

enum { PAGE = 4096 };

/* A page with nothing behind it. */
static char *last_page(int after)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(pages != MAP_FAILED);
	MUST(after < 0 ? munmap(pages + PAGE, PAGE) == 0 : mprotect(pages + PAGE, PAGE, after) == 0);
	return pages;
}

static char *at_end(const char *text, int after)
{
	size_t size = strlen(text) + 1;

	return memcpy(last_page(after) + PAGE - size, text, size);
}

/* Names and buffers that end where memory ends, and others that are nowhere. FOLDER is where files are. */
static int run_ends(char **arguments)
{
	struct iovec vector[2];
	char *page = last_page(-1);

	MUST(chdir(arguments[0]) == 0);
	MUST(open(at_end("last", -1), O_RDWR | O_CREAT, 0644) == 3);
	MUST(open(at_end("none", PROT_NONE), O_RDWR | O_CREAT, 0644) == 4);
	memset(page, 'x', PAGE);
	MUST(open(page + PAGE - 100, O_RDONLY) == -1 && errno == EFAULT); /* no end */
	MUST(syscall(SYS_open, NULL, O_RDONLY) == -1 && errno == EFAULT);
	MUST(open((char *)-4096L, O_RDONLY) == -1 && errno == EFAULT);
	MUST(open((char *)0xffffffff81000000, O_RDONLY) == -1 && errno == EFAULT);
	MUST(write(3, page + PAGE - 10, 100) == 10); /* as much as there is */
	MUST(write(3, page, 1 << 20) == PAGE);
	vector[0] = (struct iovec){page + PAGE - 5, 5};
	vector[1] = (struct iovec){page + PAGE, 5};
	MUST(writev(3, vector, 2) == 5);
	memcpy(page + PAGE - sizeof vector[0], vector, sizeof vector[0]);
	MUST(syscall(SYS_writev, 3, page + PAGE - sizeof vector[0], 2) == -1 && errno == EFAULT);
	struct iovec *many = (struct iovec *)(page + PAGE - sizeof *many);
	MUST(syscall(SYS_writev, 3, many, 1025) == -1 && errno == EINVAL);
	MUST(lseek(3, 0, SEEK_SET) == 0 && read(3, page + PAGE - 7, 700) == 7);
	char **argv = (char **)(page + PAGE - sizeof *argv);
	argv[0] = page;
	MUST(execv("last", argv) == -1 && (errno == EFAULT || errno == EACCES));
	return 0;
}

/* What the kernel did not write is not shown, and what it reads and writes is shown as it was. */
static int run_failures(char **arguments)
{
	struct pollfd poller = {.fd = 0, .events = POLLIN, .revents = 0x5a5a};
	char buffer[64] = "stale bytes that no call wrote";
	struct msghdr message = {.msg_iov = &(struct iovec){buffer, 64}, .msg_iovlen = 1};
	int status = 0x5a5a, sockets[2];

	(void)arguments;
	MUST(read(77, buffer, 64) == -1 && errno == EBADF);
	MUST(recvmsg(77, &message, 0) == -1 && errno == EBADF);
	MUST(waitpid(getpid(), &status, 0) == -1 && status == 0x5a5a);
	MUST(poll(&poller, 1, 0) >= 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	MUST(send(sockets[0], "peeked", 6, 0) == 6);
	MUST(recv(sockets[1], buffer, 64, MSG_PEEK) == 6 && recv(sockets[1], buffer, 64, 0) == 6);
	return 0;
}

static char changing[] = "/etc/first", *volatile target = changing;

static void *change_thread(void *context)
{
	(void)context;
	for (unsigned i = 0;; i++)
		memcpy(target + 5, i & 1 ? "first" : "other", 5);
	return NULL;
}

/* Another thread writes the name while the kernel reads it. */
static int run_race(char **arguments)
{
	(void)arguments;
	thread_start(change_thread, NULL);
	for (int i = 0; i < 200; i++)
		MUST(open(target, O_RDONLY) == -1 && errno == ENOENT);
	return 0;
}

/* Once a call waits, another thread writes over the name it was told, and then ends the wait. */
static char pipe_name[] = "first";

static void until_asleep(void)
{
	char state = 0;

	while (state != 'S') {
		wait_ms(5);
		FILE *file = fopen("/proc/self/stat", "r");
		MUST(file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1);
		fclose(file);
	}
}

static void *overwriting_thread(void *context)
{
	until_asleep();
	strcpy(pipe_name, "other");
	MUST(open("first", O_WRONLY) >= 0);
	return context;
}

/* FOLDER. */
static int run_overwritten(char **arguments)
{
	MUST(chdir(arguments[0]) == 0 && (unlink("first") == 0 || errno == ENOENT));
	MUST(mkfifo("first", 0600) == 0);
	pthread_t thread = thread_start(overwriting_thread, NULL);
	MUST(open(pipe_name, O_RDONLY) >= 0);
	pthread_join(thread, NULL);
	return 0;
}

/* Maps, maps over, cuts, moves and shares memory between PLACE and 256 pages on. Asks for its parent's id
 * when there is something to compare. FILE is mapped as well. */
#define PLACE ((char *)0x100000000000)

static void map(int page, int pages, int prot, int flags, int fd)
{
	char *at = PLACE + page * PAGE;

	MUST(mmap(at, (size_t)pages * PAGE, prot, flags | MAP_FIXED, fd, 0) == at);
}

static void change_maps(int fd)
{
	map(0, 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	map(5, 6, PROT_READ, MAP_PRIVATE, fd);
	MUST(munmap(PLACE + 7 * PAGE, 2 * PAGE) == 0);
	MUST(mprotect(PLACE + 15 * PAGE, 2 * PAGE, PROT_NONE) == 0);
	map(40, 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	MUST(mremap(PLACE + 17 * PAGE, 3 * PAGE, 9 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, PLACE + 60 * PAGE) !=
	     MAP_FAILED);
	MUST(mremap(PLACE + 9 * PAGE, 2 * PAGE, PAGE, 0) != MAP_FAILED);
	MUST(mmap(PLACE + 80 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 77, 0) == MAP_FAILED);
	MUST(munmap(PLACE + 1, PAGE) == -1);
}

static int run_maps(char **arguments)
{
	int fd = open(arguments[0], O_RDWR | O_CREAT, 0644);

	MUST(fd >= 0 && ftruncate(fd, 6 * PAGE) == 0);
	change_maps(fd);
	syscall(SYS_getppid);
	MUST(sbrk(300000) != (void *)-1 && sbrk(-100000) != (void *)-1);
	syscall(SYS_getppid);
	if (fork() == 0) {
		MUST(munmap(PLACE + 60 * PAGE, 3 * PAGE) == 0);
		map(100, 50, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		syscall(SYS_getppid);
		_exit(0);
	}
	reap(-1);
	syscall(SYS_getppid);
	return 0;
}

/* Calls that are none, among calls that are. */
static int run_numbers(char **arguments)
{
	(void)arguments;
	for (int i = 0; i < 3; i++) {
		MUST(syscall(-1) == -1 && errno == ENOSYS);
		MUST(syscall(9999) == -1 && errno == ENOSYS);
		MUST(syscall(SYS_getppid) == getppid());
	}
	long pid = syscall(0x40000000 | SYS_getpid); /* x32: not every kernel has it */
	MUST(pid == getpid() || errno == ENOSYS);
	MUST(syscall(SYS_getpid) == getpid());
	return 0;
}

static long int80(long nr)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* The same the other way into the kernel, in turn with this one. */
static int run_numbers32(char **arguments)
{
	(void)arguments;
	for (int i = 0; i < 3; i++) {
		MUST(int80(20) == getpid());
		MUST((int)int80(-1) == -ENOSYS);
		MUST(syscall(SYS_getppid) == getppid());
	}
	return 0;
}

/* The page that old programs ask for the time, where there is one. */
static int run_vsyscall(char **arguments)
{
	struct timeval time = {0};
	char line[256];
	bool there = false;
	FILE *maps = fopen("/proc/self/maps", "r");

	(void)arguments;
	MUST(maps);
	while (fgets(line, sizeof line, maps))
		there |= strstr(line, "[vsyscall]") != NULL;
	fclose(maps);
	if (there) {
		int (*ask)(struct timeval *, void *) = (void *)0xffffffffff600000;
		MUST(ask(&time, NULL) == 0 && time.tv_sec > 0);
	}
	return 0;
}

/* A file is written through a ring. FILE. */
static int run_ring(char **arguments)
{
	struct io_uring_params params = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &params);

	if (ring < 0)
		return 77; /* forbidden here */
	int file = open(arguments[0], O_WRONLY | O_CREAT, 0644);
	char *queue = mmap(NULL, params.sq_off.array + 4 * sizeof(unsigned), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entries = mmap(NULL, 4 * sizeof *entries, PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	MUST(file >= 0 && queue != MAP_FAILED && entries != MAP_FAILED);
	entries[0] = (struct io_uring_sqe){.opcode = IORING_OP_WRITE, .fd = file, .addr = (uintptr_t) "ring", .len = 4};
	*(unsigned *)(queue + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	MUST(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	return 0;
}

static const struct trap traps[] = {
	{"ends", run_ends},
	{"failures", run_failures},
	{"maps", run_maps},
	{"numbers", run_numbers},
	{"numbers32", run_numbers32},
	{"overwritten", run_overwritten},
	{"race", run_race},
	{"ring", run_ring},
	{"vsyscall", run_vsyscall},
};

TRAP_MAIN(traps)
