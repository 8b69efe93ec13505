// SPDX-License-Identifier: MIT
//
// Makes calls three functions deep, in main and in a thread, for tests of stacks. deep FILE
// [times]: opens it so often, in each of them. In programs built without debug information the
// functions have no names.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int times = 1;
static volatile int depth; // after each call: so that it is no jump

__attribute__((noinline)) static void third(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd >= 0)
		close(fd);
	depth--;
}

__attribute__((noinline)) static void second(const char *path)
{
	depth++;
	third(path);
	depth--;
}

__attribute__((noinline)) static void first(const char *path)
{
	depth++;
	second(path);
	depth--;
}

__attribute__((noinline)) static void down(const char *path, int levels)
{
	depth++;
	if (levels)
		down(path, levels - 1);
	else
		first(path);
	depth--;
}

static void *in_thread(void *path)
{
	for (int i = 0; i < times; i++)
		first(path);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 2)
		return 2;
	times = argc > 2 ? atoi(argv[2]) : 1;
	for (int i = 0; i < times; i++) {
		first(argv[1]);
		if (times > 1000) // somebody attaches
			usleep(2000);
	}
	pthread_create(&thread, NULL, in_thread, argv[1]);
	pthread_join(thread, NULL);
	if (argc > 3)
		down(argv[1], atoi(argv[3]));
	puts("done");
	return 0;
}
