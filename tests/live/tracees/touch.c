/* SPDX-License-Identifier: MIT
 *
 * touch: touches memory and says how much. Each way prints a line
 *     NAME pid tid address pages minor major
 * with what getrusage counted for that task meanwhile. Without huge pages.
 *     touch all N           N pages in the main thread, in each of 4 threads, in a
 *                           child that shares them until it writes, and by read(2)
 *     touch regions N       N pages of heap, stack, shared memory, a malloc arena
 *     touch scattered N     N pages, no two neighbours in a row
 *     touch again N         2 threads touch 1024 pages again and again, N in all
 *     touch file PATH       reads every page of a mapped file: first dropped from
 *                           the cache, then cached
 *     touch remap PATH N    writes one page at the same address, by turns of
 *                           anonymous memory and of the file
 *     touch waiting N PATH  N pages in the main thread and in 4 others, all there
 *                           before, once PATH exists
 *     touch kinds N         N pages that come in other ways: see run_kinds
 *     touch outlived        ends while a child of it sleeps on for 6 seconds
 *     touch left PATH       once PATH exists, its first and its second thread end,
 *                           while a third sleeps on for 6 seconds
 *     touch run PROGRAM...  runs a program without huge pages
 */
#include "trap.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PAGE	4096L
#define THREADS 4
#define AGAIN	1024L
#define HUGE	512L /* pages in a huge one */

static volatile char sum;

static struct rusage used(void)
{
	struct rusage usage;

	MUST(getrusage(RUSAGE_THREAD, &usage) == 0);
	return usage;
}

static void tell(const char *name, const void *address, long pages, const struct rusage *before)
{
	struct rusage now = used();

	printf("%s %d %d %ld %ld %ld %ld\n", name, getpid(), gettid(), (long)address, pages,
	       now.ru_minflt - before->ru_minflt, now.ru_majflt - before->ru_majflt);
}

static char *map(long pages, int flags, int fd)
{
	char *memory = mmap(NULL, (size_t)(pages * PAGE),
			    fd < 0 ? PROT_READ | PROT_WRITE : PROT_READ, flags, fd, 0);

	MUST(memory != MAP_FAILED);
	return memory;
}

static char *map_anonymous(long pages)
{
	return map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void write_pages(const char *name, char *memory, long pages, long step)
{
	struct rusage before = used();

	for (long i = 0, page = 0; i < pages; i++, page = (page + step) % pages)
		memory[page * PAGE + 8] = 1;
	tell(name, memory, pages, &before);
}

/* Every page once, but no two neighbours in a row; 7 must not divide the number of pages. */
static void *touch_scattered(void *context)
{
	long pages = *(const long *)context;
	char *memory = map_anonymous(pages);

	write_pages("thread", memory, pages, 7);
	munmap(memory, (size_t)(pages * PAGE));
	return NULL;
}

/* Pages that the kernel touches. */
static void read_zeros(long pages)
{
	int zero = open("/dev/zero", O_RDONLY);
	char *memory = map_anonymous(pages);
	struct rusage before = used();

	for (long done = 0, got; done < pages * PAGE; done += got)
		MUST((got = read(zero, memory + done, (size_t)(pages * PAGE - done))) > 0);
	tell("read", memory, pages, &before);
}

static int run_all(char **arguments)
{
	long pages = atol(arguments[0]);
	char *memory = map_anonymous(pages);
	pthread_t threads[THREADS];

	write_pages("main", memory, pages, 1);
	pid_t pid = fork();
	if (pid == 0) {
		write_pages("child", memory, pages, 1);
		exit(0);
	}
	MUST(reap(pid) == 0); /* the memory stays, so that what comes is elsewhere */
	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(touch_scattered, &pages);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	read_zeros(pages);
	return 0;
}

static int run_scattered(char **arguments)
{
	long pages = atol(arguments[0]);

	touch_scattered(&pages);
	return 0;
}

static int run_read(char **arguments)
{
	read_zeros(atol(arguments[0]));
	return 0;
}

static void *touch_arena(void *context)
{
	long pages = *(const long *)context;
	struct rusage before = used();
	char *first = malloc(100), *last = first;

	for (long i = 0; i < pages; i++)
		last = memset(malloc(PAGE - 16), 1, PAGE - 16);
	MUST(last > first && last - first < 64 << 20);
	tell("arena", first, (last - first) / PAGE + 1, &before);
	return NULL;
}

static void touch_stack(long pages)
{
	char memory[pages * PAGE];

	for (long i = pages - 1; i >= 0; i--)
		((volatile char *)memory)[i * PAGE] = 1;
	printf("stack %d %d %ld %ld 0 0\n", getpid(), gettid(), (long)memory, pages);
}

static int run_regions(char **arguments)
{
	long pages = atol(arguments[0]);

	write_pages("heap", sbrk(pages * PAGE), pages, 1);
	touch_stack(pages);
	write_pages("shared", map(pages, MAP_SHARED | MAP_ANONYMOUS, -1), pages, 1);
	pthread_join(thread_start(touch_arena, &pages), NULL);
	return 0;
}

static void *touch_again(void *context)
{
	long pages = *(const long *)context / 2;
	char *memory = map_anonymous(AGAIN);
	struct rusage before = used();

	for (long done = 0; done < pages; done += AGAIN) {
		for (long i = 0; i < AGAIN; i++)
			memory[i * PAGE] = 1;
		MUST(madvise(memory, AGAIN * PAGE, MADV_DONTNEED) == 0);
	}
	tell("again", memory, AGAIN, &before);
	return NULL;
}

static int run_again(char **arguments)
{
	long pages = atol(arguments[0]);
	pthread_t other = thread_start(touch_again, &pages);

	touch_again(&pages);
	pthread_join(other, NULL);
	return 0;
}

/* The mapping stays, so that the next one is elsewhere. */
static void read_mapped(const char *name, int fd, long pages)
{
	char *memory = map(pages, MAP_PRIVATE, fd);
	struct rusage before = used();

	for (long i = 0; i < pages; i++)
		sum += memory[i * PAGE];
	tell(name, memory, pages, &before);
}

static int run_file(char **arguments)
{
	int fd = open(arguments[0], O_RDWR);
	struct stat info;

	MUST(fd >= 0 && fstat(fd, &info) == 0 && fsync(fd) == 0);
	MUST(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	sum = 1; /* its page is there from now on */
	read_mapped("cold", fd, info.st_size / PAGE);
	read_mapped("warm", fd, info.st_size / PAGE);
	return 0;
}

static int run_remap(char **arguments)
{
	int fd = open(arguments[0], O_RDONLY);
	char *memory = map_anonymous(8192) + 4096 * PAGE; /* where nothing was at start-up */

	MUST(fd >= 0);
	for (long i = 0; i < 2 * atol(arguments[1]); i++) {
		int flags = MAP_PRIVATE | MAP_FIXED | (i & 1 ? 0 : MAP_ANONYMOUS);
		MUST(munmap(memory, PAGE) == 0);
		MUST(mmap(memory, PAGE, PROT_READ | PROT_WRITE, flags, i & 1 ? fd : -1, 0) ==
		     memory);
		memory[1] = 1;
	}
	printf("remap %d %d %ld 1 0 0\n", getpid(), gettid(), (long)memory);
	return 0;
}

/* ---- pages that are not simply touched for the first time ---- */

static void read_pages(const char *name, const char *memory, long pages)
{
	struct rusage before = used();

	for (long i = 0; i < pages; i++)
		sum += memory[i * PAGE];
	tell(name, memory, pages, &before);
}

/* The kernel has touched them before the program does. */
static void populate(long pages)
{
	write_pages("populated", map(pages, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1), pages, 1);
}

/* Read first, all are the same page of zeros, and must be copied to be written. */
static void copy_zeros(long pages)
{
	char *memory = map_anonymous(pages);

	read_pages("zeros", memory, pages);
	write_pages("copied", memory, pages, 1);
}

static void give_back(long pages)
{
	char *memory = map_anonymous(pages);

	write_pages("given", memory, pages, 1);
	MUST(madvise(memory, (size_t)(pages * PAGE), MADV_DONTNEED) == 0);
	write_pages("back", memory, pages, 1);
}

/* A fault for each huge page, if we get any. */
static void huge(void)
{
	char *memory = map_anonymous(4 * HUGE);

	memory = (char *)(((unsigned long)memory + HUGE * PAGE - 1) & ~(unsigned long)(HUGE * PAGE - 1));
	MUST(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0) == 0);
	MUST(madvise(memory, HUGE * 3 * PAGE, MADV_HUGEPAGE) == 0);
	write_pages("huge", memory, 3 * HUGE, 1);
	MUST(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
}

static int user_fd;

/* Gives each missing page what is in another one. */
static void *serve_pages(void *context)
{
	static char source[PAGE] __attribute__((aligned(PAGE)));

	for (long left = *(const long *)context; left > 0; left--) {
		struct uffd_msg message;
		MUST(read(user_fd, &message, sizeof message) == sizeof message);
		struct uffdio_copy copy = {
			.dst = message.arg.pagefault.address & ~(unsigned long)(PAGE - 1),
			.src = (unsigned long)source,
			.len = PAGE,
		};
		MUST(ioctl(user_fd, UFFDIO_COPY, &copy) == 0);
	}
	return NULL;
}

static void serve(long pages)
{
	char *memory = map_anonymous(pages);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {
		.range = {(unsigned long)memory, (unsigned long)(pages * PAGE)},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	user_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (user_fd < 0)
		return;
	MUST(ioctl(user_fd, UFFDIO_API, &api) == 0 && ioctl(user_fd, UFFDIO_REGISTER, &range) == 0);
	pthread_t server = thread_start(serve_pages, &pages);
	read_pages("served", memory, pages);
	pthread_join(server, NULL);
}

static int run_kinds(char **arguments)
{
	long pages = atol(arguments[0]);

	populate(pages);
	copy_zeros(pages);
	give_back(pages);
	huge();
	serve(pages);
	return 0;
}

static const char *signal_path;

static void *touch_later(void *context)
{
	while (access(signal_path, F_OK) != 0)
		wait_ms(10);
	return touch_scattered(context);
}

static int run_waiting(char **arguments)
{
	long pages = atol(arguments[0]);
	pthread_t threads[THREADS];

	signal_path = arguments[1];
	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(touch_later, &pages);
	touch_later(&pages);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static void *sleep_on(void *context)
{
	const bool *ends = context;

	while (access(signal_path, F_OK) != 0)
		wait_ms(10);
	if (!*ends) {
		wait_ms(6000);
		exit(0);
	}
	return NULL;
}

static int run_left(char **arguments)
{
	static bool ends = true, stays = false;

	signal_path = arguments[0];
	thread_start(sleep_on, &ends);
	thread_start(sleep_on, &stays);
	sleep_on(&ends);
	pthread_exit(NULL);
}

static int run_outlived(char **arguments)
{
	(void)arguments;
	if (fork() == 0) {
		wait_ms(6000);
		exit(0);
	}
	return 0;
}

static int run_program(char **arguments)
{
	execv(arguments[0], arguments);
	return 127;
}

static const struct trap traps[] = {
	{"again", run_again}, {"all", run_all},		  {"file", run_file},
	{"run", run_program}, {"outlived", run_outlived}, {"regions", run_regions},
	{"scattered", run_scattered}, {"left", run_left},	  {"read", run_read},
	{"remap", run_remap}, {"waiting", run_waiting},	  {"kinds", run_kinds},
};

int main(int argc, char **argv)
{
	MUST(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	return argc > 1 ? trap_main(traps, sizeof traps / sizeof *traps, argv) : 2;
}
