/* SPDX-License-Identifier: MIT
 *
 * Descriptors: duplicated, inherited, reused, closed by exec; names relative to folders. Works in
 * the current folder. recordings_spec.lua knows what it does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COPY = 40 };

static int check(int ok, int line)
{
	if (!ok)
		_exit(line);
	return ok;
}
#define CHECK(ok) check(ok, __LINE__)

/* After exec: COPY was closed by it, `again` was not. */
static int after_exec(void)
{
	char text[8];

	CHECK(write(COPY, "closed", 6) < 0);
	CHECK(read(COPY - 1, text, sizeof text) == 5);
	return 0;
}

int main(int argc, char **argv)
{
	char text[100];

	if (argc > 1)
		return after_exec();
	CHECK(!mkdir("data", 0755));
	int folder = open("data", O_RDONLY | O_DIRECTORY);
	int fd = openat(folder, "one", O_RDWR | O_CREAT | O_EXCL, 0644);
	CHECK(write(fd, "hello", 5) == 5);
	CHECK(dup2(fd, COPY) == COPY && !close(fd));
	CHECK(write(COPY, "more", 4) == 4);
	CHECK(!chdir("data"));
	int again = open("one", O_RDONLY); /* the number that was closed */
	CHECK(again == fd && read(again, text, sizeof text) == 9);
	CHECK(!rename("one", "../data/two"));
	pid_t child = fork();
	if (!child) {
		CHECK(write(COPY, "child", 5) == 5 && !close(COPY));
		_exit(3);
	}
	CHECK(waitpid(child, NULL, 0) == child);
	CHECK(dup2(again, COPY - 1) == COPY - 1);
	CHECK(open("nothing", O_RDONLY) < 0);
	CHECK(!unlink("two"));
	CHECK(!fcntl(COPY, F_SETFD, FD_CLOEXEC));
	execl("/proc/self/exe", argv[0], "again", NULL);
	return 1;
}
