/* SPDX-License-Identifier: MIT
 *
 * Finding the command; see command.h. PATH is searched here and not by execvp, so that "not found"
 * and "cannot be run" are known apart, and the trace does not begin with failed attempts.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/ptrace/command.h"

/* ---- environment ---- */

static size_t count_strings(char *const *strings)
{
	size_t count = 0;

	while (strings && strings[count])
		count++;
	return count;
}

/* Sets NAME=VALUE, or removes NAME, in an array that has room for one more. */
static void environment_change(char **environment, char *change)
{
	size_t name = strcspn(change, "="), to = 0;
	bool set = change[name] == '=';

	for (size_t from = 0; environment[from]; from++)
		if (strncmp(environment[from], change, name) != 0 || environment[from][name] != '=')
			environment[to++] = environment[from];
	if (set)
		environment[to++] = change;
	environment[to] = NULL;
}

static const char *environment_find(char *const *environment, const char *name)
{
	size_t size = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
			return *environment + size + 1;
	return NULL;
}

static int environment_build(struct command *command, const struct target *target)
{
	size_t size = count_strings(environ), changes = count_strings(target->environment);

	command->environment = calloc(size + changes + 4, sizeof *command->environment);
	if (!command->environment)
		return -ENOMEM;
	memcpy(command->environment, environ, size * sizeof *environ);
	for (int i = 0; i < 3; i++)
		if (command->user_variables[i])
			environment_change(command->environment, command->user_variables[i]);
	for (size_t i = 0; i < changes; i++)
		environment_change(command->environment, target->environment[i]);
	return 0;
}

/* ---- user ---- */

static int find_user(struct command *command, const char *name, char *why, size_t room)
{
	if (geteuid() != 0) {
		snprintf(why, room, "cannot run as user %s: only root can change the user; use sudo", name);
		return -EPERM;
	}
	const struct passwd *user = getpwnam(name);
	if (!user) {
		snprintf(why, room, "cannot run as user %s: there is no such user", name);
		return -EINVAL;
	}
	command->user = name;
	command->uid = user->pw_uid;
	command->gid = user->pw_gid;
	if (asprintf(&command->user_variables[0], "HOME=%s", user->pw_dir) < 0 ||
	    asprintf(&command->user_variables[1], "USER=%s", name) < 0 ||
	    asprintf(&command->user_variables[2], "LOGNAME=%s", name) < 0)
		return -ENOMEM;
	return 0;
}

/* ---- search ---- */

/* 0 when path names a file that may be executed. */
static int check_file(const char *path)
{
	struct stat info;

	if (stat(path, &info) < 0)
		return -errno;
	if (S_ISDIR(info.st_mode))
		return -EISDIR;
	if (!S_ISREG(info.st_mode))
		return -EACCES;
	return eaccess(path, X_OK) < 0 ? -errno : 0;
}

/* As a shell: the first that can be executed; else the error of the first that is there at all. */
static int search_path(struct command *command, const char *directories)
{
	int error = -ENOENT;

	for (const char *d = directories, *end;; d = end + 1) {
		end = strchrnul(d, ':');
		int size = snprintf(command->path, sizeof command->path, "%.*s%s%s", (int)(end - d), d,
				    end == d ? "./" : "/", command->name);
		if (size < (int)sizeof command->path) {
			int found = check_file(command->path);
			if (!found)
				return 0;
			if (found == -EACCES && error == -ENOENT)
				error = found;
		}
		if (!*end)
			return error;
	}
}

static int find_file(struct command *command)
{
	if (!*command->name)
		return -ENOENT;
	if (!strchr(command->name, '/')) {
		const char *directories = environment_find(command->environment, "PATH");
		return search_path(command, directories ? directories : "/bin:/usr/bin");
	}
	if (strlen(command->name) >= sizeof command->path)
		return -ENAMETOOLONG;
	strcpy(command->path, command->name);
	return check_file(command->path);
}

/* ---- explanations ---- */

/* Where an ELF file's headers say that its interpreter's name is; false if they do not. */
static bool elf_interpreter(int fd, off_t *offset, size_t *size)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} head;
	union {
		Elf64_Phdr wide;
		Elf32_Phdr narrow;
	} segment;

	if (pread(fd, &head, sizeof head, 0) != sizeof head || memcmp(head.ident, ELFMAG, SELFMAG) != 0)
		return false;
	bool is_wide = head.ident[EI_CLASS] == ELFCLASS64;
	unsigned count = is_wide ? head.wide.e_phnum : head.narrow.e_phnum;
	off_t at = is_wide ? (off_t)head.wide.e_phoff : (off_t)head.narrow.e_phoff;
	for (ssize_t step = is_wide ? sizeof segment.wide : sizeof segment.narrow; count--; at += step) {
		if (pread(fd, &segment, step, at) != step)
			return false;
		if ((is_wide ? segment.wide.p_type : segment.narrow.p_type) != PT_INTERP)
			continue;
		*offset = is_wide ? (off_t)segment.wide.p_offset : (off_t)segment.narrow.p_offset;
		*size = is_wide ? segment.wide.p_filesz : segment.narrow.p_filesz;
		return true;
	}
	return false;
}

/* The interpreter that a script's first line or an ELF program's headers name; "" if none. */
static void find_interpreter(const char *path, char *name, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	off_t offset = 2;
	size_t size = room - 1;
	char mark[2] = "";

	name[0] = 0;
	bool is_script = pread(fd, mark, 2, 0) == 2 && memcmp(mark, "#!", 2) == 0;
	if (is_script || elf_interpreter(fd, &offset, &size)) {
		ssize_t n = pread(fd, name, size < room ? size : room - 1, offset);
		name[n < 0 ? 0 : n] = 0;
	}
	if (is_script) {
		size_t blanks = strspn(name, " \t");
		memmove(name, name + blanks, strlen(name + blanks) + 1);
		name[strcspn(name, " \t\n")] = 0;
	}
	if (fd >= 0)
		close(fd);
}

void command_explain(const struct command *command, int error, char *why, size_t room)
{
	char interpreter[256];
	const char *name = command->name;

	find_interpreter(command->path, interpreter, sizeof interpreter);
	if (error == ENOENT && interpreter[0] && access(command->path, F_OK) == 0)
		snprintf(why, room, "cannot run %s: its interpreter %s is missing", name, interpreter);
	else if (error == EACCES && interpreter[0] && eaccess(interpreter, X_OK) < 0)
		snprintf(why, room, "cannot run %s: its interpreter %s is not executable", name, interpreter);
	else if (error == ENOEXEC)
		snprintf(why, room, "cannot run %s: it is neither a program for this machine nor a script "
			 "with a #! line", name);
	else if (error == ETXTBSY)
		snprintf(why, room, "cannot run %s: it is open for writing; close it first", name);
	else if (error == E2BIG)
		snprintf(why, room, "cannot run %s: its arguments and environment are too long", name);
	else if (error == EISDIR)
		snprintf(why, room, "cannot run %s: it is a directory", name);
	else if (error == EACCES && check_file(command->path) == -EACCES)
		snprintf(why, room, "cannot run %s: it is not executable; see chmod +x", name);
	else
		snprintf(why, room, "cannot run %s: %s", name, strerror(error));
}

int command_prepare(struct command *command, const struct target *target, char *why, size_t room)
{
	*command = (struct command){.name = target->command[0]};
	int error = target->user ? find_user(command, target->user, why, room) : 0;

	if (!error) {
		error = environment_build(command, target);
		if (error)
			snprintf(why, room, "out of memory");
	}
	if (!error) {
		error = find_file(command);
		if (error == -ENOENT || error == -ENOTDIR)
			snprintf(why, room, strchr(command->name, '/') ? "%s: there is no such file"
								       : "%s: command not found",
				 command->name);
		else if (error)
			command_explain(command, -error, why, room);
	}
	if (error)
		command_free(command);
	else if (!realpath(command->path, command->exe))
		strcpy(command->exe, command->path);
	return error == -EISDIR ? -EACCES : error;
}

void command_free(struct command *command)
{
	for (int i = 0; i < 3; i++)
		free(command->user_variables[i]);
	free(command->environment);
}
