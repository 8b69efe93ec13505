/* SPDX-License-Identifier: MIT
 *
 * See space.h.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/ptrace/proc.h"
#include "source/stack/space.h"

#define BUILD_ID_MAX 64
#define PATH_ROOM    (4096 + 64)

/* ---- what is mapped ---- */

static bool is_module(const struct proc_map *map)
{
	return (map->path_size && map->path[0] == '/' && map->inode) ||
	       (map->path_size == 6 && memcmp(map->path, "[vdso]", 6) == 0);
}

static bool is_same(const struct module *module, const struct proc_map *map)
{
	return module->inode == map->inode && strlen(module->name) == map->path_size &&
	       memcmp(module->name, map->path, map->path_size) == 0;
}

/* The mapping as a part of the last module, or as a new one. Its path becomes a string in place. */
static void add_map(struct space *space, const struct proc_map *map)
{
	struct module *last = space->count ? &space->modules[space->count - 1] : NULL;

	if (last && is_same(last, map)) {
		last->end = map->end;
	} else if (space->count < MODULES_MAX) {
		((char *)map->path)[map->path_size] = '\0';
		space->modules[space->count++] = (struct module){
			.start = map->start,
			.end = map->end,
			.first_end = map->end,
			.inode = map->inode,
			.name = map->path,
		};
	}
}

/* Fills in the modules from a copy of the text, which is changed. */
static void find_modules(struct space *space)
{
	struct proc_map map;
	char *end;

	space->count = 0;
	for (char *line = space->names; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (proc_map_parse(line, &map) && is_module(&map))
			add_map(space, &map);
	}
}

static void file_name(char *path, size_t room, pid_t tid, const struct module *module)
{
	snprintf(path, room, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, tid, module->start,
		 module->first_end);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Where nothing is known of the file, it is like no other. */
static void find_id(struct module *module, pid_t tid)
{
	char path[PATH_ROOM];
	struct statx s;

	file_name(path, sizeof path, tid, module);
	if (module->inode && statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &s) < 0) {
		int size = snprintf(path, sizeof path, "/proc/%d/root%s", tid, module->name);
		s.stx_ino = 0;
		if (size < (int)sizeof path)
			statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &s);
	}
	if (module->inode && s.stx_ino == module->inode)
		module->id =
			mix(mix(mix(mix(s.stx_ino, s.stx_dev_major), s.stx_dev_minor), s.stx_size),
			    (uint64_t)s.stx_mtime.tv_sec * 1000000000 + s.stx_mtime.tv_nsec);
	else
		module->id = mix(mix(module->inode, (uint64_t)tid), module->start);
}

bool space_read(struct space *space, pid_t tid)
{
	size_t size = 0;
	char *text = proc_read_all(tid, "maps", &size);

	if (!text || (space->text && size == space->size && memcmp(text, space->text, size) == 0)) {
		free(text);
		return false;
	}
	if (!space->modules)
		space->modules = malloc(MODULES_MAX * sizeof *space->modules);
	char *names = malloc(size + 1);
	if (!space->modules || !names) {
		free(text);
		free(names);
		return false;
	}
	free(space->text);
	free(space->names);
	memcpy(names, text, size);
	names[size] = '\0';
	space->text = text;
	space->size = size;
	space->names = names;
	find_modules(space);
	for (size_t i = 0; i < space->count; i++)
		find_id(&space->modules[i], tid);
	return true;
}

void space_free(struct space *space)
{
	free(space->text);
	free(space->names);
	free(space->modules);
	*space = (struct space){0};
}

/* ---- files ---- */

/* Opens a regular file, and nothing else: opening a device or a FIFO may do or wait for something.
 * With an inode, only that one. */
static int open_file(const char *path, uint64_t inode)
{
	int place = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct stat status;
	char self[40];

	if (place < 0)
		return -1;
	if (fstat(place, &status) == 0 && S_ISREG(status.st_mode) &&
	    (!inode || status.st_ino == inode)) {
		snprintf(self, sizeof self, "/proc/self/fd/%d", place);
		fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	close(place);
	return fd;
}

int space_open(const struct space *space, pid_t tid, uint64_t number)
{
	char path[PATH_ROOM];

	if (number >= space->count || !space->modules[number].inode)
		return -1;
	const struct module *module = &space->modules[number];
	/* The file itself, also when it has been removed. That takes rights which not everybody
	 * has. */
	file_name(path, sizeof path, tid, module);
	int fd = open_file(path, 0);
	if (fd >= 0)
		return fd;
	int size = snprintf(path, sizeof path, "/proc/%d/root%s", tid, module->name);
	return size < (int)sizeof path ? open_file(path, module->inode) : -1;
}

int space_open_debug(const uint8_t *id, size_t size)
{
	char path[64 + 2 * BUILD_ID_MAX] = "/usr/lib/debug/.build-id/";
	size_t at = strlen(path);

	if (size < 2 || size > BUILD_ID_MAX)
		return -1;
	for (size_t i = 0; i < size; i++)
		at += (size_t)snprintf(path + at, sizeof path - at, i == 1 ? "/%02x" : "%02x",
				       id[i]);
	snprintf(path + at, sizeof path - at, ".debug");
	return open_file(path, 0);
}
