/* SPDX-License-Identifier: MIT
 *
 * Reading and parsing the files of /proc; see proc.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/ptrace/proc.h"

/* ---- files ---- */

static void proc_name(char *text, size_t room, pid_t tid, const char *name)
{
	snprintf(text, room, "/proc/%d/%s", tid, name);
}

static int proc_open(pid_t tid, const char *name, int flags)
{
	char path[80];

	proc_name(path, sizeof path, tid, name);
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static ssize_t read_some(int fd, char *bytes, size_t room)
{
	size_t size = 0;

	while (size < room) {
		ssize_t n = read(fd, bytes + size, room - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !size)
			return -errno;
		if (n <= 0)
			break;
		size += n;
	}
	return size;
}

ssize_t proc_read(pid_t tid, const char *name, char *bytes, size_t room)
{
	int fd = proc_open(tid, name, O_RDONLY);

	bytes[0] = 0;
	if (fd < 0)
		return fd;
	ssize_t size = read_some(fd, bytes, room - 1);
	close(fd);
	bytes[size < 0 ? 0 : size] = 0;
	return size;
}

char *proc_read_all(pid_t tid, const char *name, size_t *size)
{
	size_t room = 16 << 10;
	char *bytes = malloc(room);
	int fd = proc_open(tid, name, O_RDONLY);

	*size = 0;
	while (bytes && fd >= 0) {
		ssize_t n = read_some(fd, bytes + *size, room - 1 - *size);
		if (n > 0)
			*size += n;
		if (*size < room - 1)
			break;
		char *more = realloc(bytes, room *= 2);
		if (!more) {
			free(bytes);
			bytes = NULL;
		} else {
			bytes = more;
		}
	}
	if (fd >= 0)
		close(fd);
	if (bytes)
		bytes[*size] = 0;
	return bytes;
}

ssize_t proc_link(pid_t tid, const char *name, char *bytes, size_t room)
{
	char path[80];

	proc_name(path, sizeof path, tid, name);
	ssize_t size = readlink(path, bytes, room - 1);
	bytes[size < 0 ? 0 : size] = 0;
	return size < 0 ? -errno : size;
}

void proc_comm(pid_t tid, char comm[PROC_COMM])
{
	ssize_t size = proc_read(tid, "comm", comm, PROC_COMM);

	if (size > 0 && comm[size - 1] == '\n')
		comm[size - 1] = 0;
}

int proc_each(pid_t tid, const char *name, bool (*visit)(void *context, int number), void *context)
{
	int fd = proc_open(tid, name, O_RDONLY | O_DIRECTORY);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory) {
		int error = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	for (const struct dirent *entry; (entry = readdir(directory));) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		if (!visit(context, (int)strtol(entry->d_name, NULL, 10)))
			break;
	}
	closedir(directory);
	return 0;
}

/* ---- status ---- */

/* The text after `name` at the start of a line, or NULL. Process names are escaped in this file, so
 * a name cannot forge a line. */
static const char *field(const char *text, const char *name)
{
	size_t size = strlen(name);

	while (strncmp(text, name, size) != 0) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return text + size + strspn(text + size, " \t");
}

static uint64_t number_field(const char *text, const char *name, int base)
{
	const char *value = field(text, name);

	return value ? strtoull(value, NULL, base) : 0;
}

/* The effective id: the real one comes first. */
static uint64_t second_field(const char *text, const char *name)
{
	const char *value = field(text, name);
	char *end = NULL;

	if (!value)
		return 0;
	strtoull(value, &end, 10);
	return strtoull(end, NULL, 10);
}

bool proc_status_parse(const char *text, struct proc_status *status)
{
	const char *state = field(text, "State:");

	if (!field(text, "Tgid:"))
		return false;
	*status = (struct proc_status){
		.state = state ? *state : 0,
		.tgid = (pid_t)number_field(text, "Tgid:", 10),
		.ppid = (pid_t)number_field(text, "PPid:", 10),
		.tracer = (pid_t)number_field(text, "TracerPid:", 10),
		.peak_rss = number_field(text, "VmHWM:", 10) * 1024,
		.capabilities = number_field(text, "CapEff:", 16),
		.seccomp = (int)number_field(text, "Seccomp:", 10),
		.no_new_privileges = number_field(text, "NoNewPrivs:", 10) == 1,
		.kernel_thread = number_field(text, "Kthread:", 10) == 1,
		.has_memory = field(text, "VmSize:") != NULL,
	};
	status->filters = -1;
	if (field(text, "Seccomp_filters:"))
		status->filters = (int)number_field(text, "Seccomp_filters:", 10);
	status->uid = (uid_t)second_field(text, "Uid:");
	status->gid = (gid_t)second_field(text, "Gid:");
	return true;
}

bool proc_status(pid_t tid, struct proc_status *status)
{
	char text[4096];

	return proc_read(tid, "status", text, sizeof text) > 0 && proc_status_parse(text, status);
}

/* ---- maps and fdinfo ---- */

/* The kernel writes a newline in a path as \012, and nothing else. */
static size_t unescape_newlines(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		bool newline = strncmp(from, "\\012", 4) == 0;
		*to++ = newline ? '\n' : *from;
		from += newline ? 4 : 1;
	}
	*to = 0;
	return to - text;
}

bool proc_map_parse(char *line, struct proc_map *map)
{
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4c %" SCNx64 " %*x:%*x %" SCNu64 " %n", &map->start,
		   &map->end, map->perms, &map->offset, &map->inode, &path) < 5 || !path)
		return false;
	map->path = line + path;
	map->path_size = unescape_newlines(line + path);
	return map->end >= map->start;
}

bool proc_fdinfo_parse(const char *text, uint64_t *flags, uint64_t *offset)
{
	*flags = number_field(text, "flags:", 8);
	*offset = number_field(text, "pos:", 10);
	return field(text, "flags:") != NULL;
}
