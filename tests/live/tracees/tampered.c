/* SPDX-License-Identifier: MIT
 *
 * tampered: a program whose calls a script changes. It prints what it sees of them; registers and memory
 * must be after a call what they were before, whatever was done to it.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "trap.h"

#define THREADS 8
#define ROUNDS 50

struct registers {
	uint64_t di, si, dx, r10, r8, r9;
};

/* A call with all its registers as they are after it, and what is below the red zone. */
static long raw_call(long nr, struct registers *r, bool *is_same)
{
	uint64_t di = r->di, si = r->si, dx = r->dx;
	volatile unsigned char *place = (unsigned char *)__builtin_frame_address(0) - 2048;
	unsigned char before[256];
	long ret = nr;

	for (int i = 0; i < 256; i++)
		before[i] = place[i]; /* not memcpy: finding that for the first time uses the stack */
	/* cppcheck-suppress constStatement ; a register by its name */
	register uint64_t r10 __asm__("r10") = r->r10;
	/* cppcheck-suppress constStatement ; a register by its name */
	register uint64_t r8 __asm__("r8") = r->r8;
	/* cppcheck-suppress constStatement ; a register by its name */
	register uint64_t r9 __asm__("r9") = r->r9;
	__asm__ volatile("syscall"
			 : "+a"(ret), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10), "+r"(r8), "+r"(r9)
			 :
			 : "rcx", "r11", "memory");
	*r = (struct registers){di, si, dx, r10, r8, r9};
	*is_same = true;
	for (int i = 0; i < 256; i++)
		*is_same &= before[i] == place[i];
	return ret;
}

static const char *outcome(long ret)
{
	return ret < 0 ? strerrorname_np((int)-ret) : "done";
}

static long open_raw(const char *path)
{
	struct registers r = {(uint64_t)AT_FDCWD, (uintptr_t)path, O_RDONLY, 0x10, 0x8, 0x9}, before = r;
	bool is_same;
	long fd = raw_call(SYS_openat, &r, &is_same);

	MUST(memcmp(&r, &before, sizeof r) == 0);
	MUST(is_same);
	return fd;
}

static void print_file(long fd)
{
	char bytes[64];
	ssize_t n = fd < 0 ? -1 : read((int)fd, bytes, sizeof bytes);

	printf("%s: %.*s\n", outcome(fd), n > 0 ? (int)n : 0, bytes);
	if (fd >= 0)
		close((int)fd);
}

/* Opens each file that is named and prints what is in it. */
static int run_open(char **names)
{
	for (; *names; names++)
		print_file(open_raw(*names));
	return 0;
}

static void *open_thread(void *name)
{
	uintptr_t refused = 0;

	for (int i = 0; i < ROUNDS; i++) {
		long fd = open_raw(name);
		refused += fd == -ENOENT;
		if (fd >= 0)
			close((int)fd);
	}
	return (void *)refused;
}

/* Threads open the two files in turn, each its own, and count how often there was none. */
static int run_threads(char **names)
{
	pthread_t threads[THREADS];
	uintptr_t refused[2] = {0};
	void *result;

	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(open_thread, names[i % 2]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		refused[i % 2] += (uintptr_t)result;
	}
	printf("%lu of %d, %lu of %d\n", (unsigned long)refused[0], THREADS / 2 * ROUNDS,
	       (unsigned long)refused[1], THREADS / 2 * ROUNDS);
	return 0;
}

static int run_ppid(char **arguments)
{
	(void)arguments;
	printf("%s\n", getppid() == 4242 ? "4242" : "its own");
	return 0;
}

/* Until a script, which comes when this runs, answers for the kernel. */
static int run_await(char **arguments)
{
	(void)arguments;
	printf("ready\n");
	while (getppid() != 4242)
		wait_ms(1);
	printf("4242\n");
	return 0;
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void *count_thread(void *counter)
{
	for (;;) {
		__atomic_add_fetch((long *)counter, 1, __ATOMIC_RELAXED);
		syscall(SYS_getppid);
	}
	return NULL;
}

/* access() takes the time that is given, at least, while another thread makes calls. */
static int run_delay(char **arguments)
{
	static long counter;
	struct timespec begin;

	thread_start(count_thread, &counter);
	while (!__atomic_load_n(&counter, __ATOMIC_RELAXED))
		sched_yield();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	long before = __atomic_load_n(&counter, __ATOMIC_RELAXED);
	MUST(access("/", F_OK) == 0);
	printf("%s, %s\n", elapsed_ms(&begin) >= atol(arguments[0]) ? "late" : "at once",
	       __atomic_load_n(&counter, __ATOMIC_RELAXED) > before + 1 ? "others go on" : "others wait");
	return 0;
}

static int listen_on(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof *address;

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	MUST(bind(fd, (struct sockaddr *)address, sizeof *address) == 0 && listen(fd, 4) == 0);
	MUST(getsockname(fd, (struct sockaddr *)address, &size) == 0);
	return fd;
}

/* Asks for the port of one listener, and tells which one it got. The script learns the other port by a write. */
static int run_connect(char **arguments)
{
	struct sockaddr_in asked, other, kept, got;
	socklen_t size = sizeof got;
	int client = socket(AF_INET, SOCK_STREAM, 0);

	(void)arguments;
	listen_on(&asked);
	listen_on(&other);
	kept = asked;
	dprintf(2, "port %d\n", ntohs(other.sin_port));
	MUST(connect(client, (struct sockaddr *)&asked, sizeof asked) == 0);
	MUST(memcmp(&asked, &kept, sizeof asked) == 0);
	MUST(getpeername(client, (struct sockaddr *)&got, &size) == 0);
	printf("%s\n", got.sin_port == other.sin_port ? "the other" : "the one asked for");
	return 0;
}

static void *interrupt_thread(void *context)
{
	const int *descriptors = context;
	pthread_t reader;

	memcpy(&reader, descriptors + 2, sizeof reader);
	for (int i = 0; i < 3; i++) {
		wait_ms(30);
		pthread_kill(reader, SIGUSR1);
	}
	wait_ms(30);
	MUST(write(descriptors[1], "other", 5) == 5);
	return NULL;
}

/* A read that a script turned to another descriptor is interrupted by handlers that restart it. */
static int run_restart(char **arguments)
{
	int first[2], second[2];
	struct {
		int descriptors[2];
		pthread_t reader;
	} context = {.reader = pthread_self()};
	char bytes[16] = "";
	bool is_same;

	(void)arguments;
	MUST(pipe(first) == 0 && pipe(second) == 0);
	MUST(write(first[1], "asked", 5) == 5);
	handle(SIGUSR1, count_signal, SA_RESTART);
	memcpy(context.descriptors, second, sizeof second);
	pthread_t thread = thread_start(interrupt_thread, &context);
	struct registers r = {(uint64_t)first[0], (uintptr_t)bytes, sizeof bytes, 0x10, 0x8, 0x9}, before = r;
	long n = raw_call(SYS_read, &r, &is_same);
	MUST(memcmp(&r, &before, sizeof r) == 0);
	pthread_join(thread, NULL);
	printf("%ld %.5s, %d signals\n", n, bytes, (int)signals_seen);
	return 0;
}

/* The script kills with SIGUSR1, which is handled, then with SIGTERM, which is not. */
static int run_kill(char **arguments)
{
	(void)arguments;
	handle(SIGUSR1, count_signal, 0);
	errno = 0;
	int result = access("/usr1", F_OK);
	printf("%d %s, %d signals\n", result, strerrorname_np(errno), (int)signals_seen);
	access("/term", F_OK);
	printf("lives on\n");
	return 0;
}

/* A filter of its own kills it for any call number that is not one it makes: -1 is none. */
static int run_filtered(char **arguments)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1000, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof steps / sizeof *steps, .filter = steps};

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	return run_open(arguments);
}

/* Runs a program by a path that a script changes. */
static int run_exec(char **arguments)
{
	execv(arguments[0], (char *[]){"true", NULL});
	printf("%s\n", strerrorname_np(errno));
	return 0;
}

static const struct trap modes[] = {
	{"open", run_open},       {"threads", run_threads}, {"ppid", run_ppid},
	{"delay", run_delay},     {"connect", run_connect}, {"restart", run_restart},
	{"kill", run_kill},       {"filtered", run_filtered}, {"exec", run_exec},
	{"await", run_await},
};

TRAP_MAIN(modes)
