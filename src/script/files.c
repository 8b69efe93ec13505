/* SPDX-License-Identifier: MIT
 *
 * Reading scripts: from files, and from those inside the program. Which names are tried is decided in
 * lua/scripts.lua; whether a file may be trusted is decided here, on the open descriptor.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "script/embedded.h"
#include "script/state.h"

enum { SCRIPT_MAX = 16 << 20, CHUNK = 4096 };

/* A file that others may write, or that somebody else owns, must not run as us. */
static const char *distrust(const struct stat *file)
{
	if (file->st_uid != 0 && file->st_uid != geteuid())
		return "it belongs to another user";
	if (file->st_mode & (S_IWGRP | S_IWOTH))
		return "others can write it";
	return NULL;
}

static int fail(lua_State *L, const char *why)
{
	lua_pushnil(L);
	lua_pushstring(L, why);
	return 2;
}

/* Reads to the end. Raises, with fd left to its guard, when memory ends. */
static void push_content(lua_State *L, int fd, int *error)
{
	luaL_Buffer buffer;
	size_t total = 0;
	ssize_t n;

	luaL_buffinit(L, &buffer);
	do {
		n = read(fd, luaL_prepbuffsize(&buffer, CHUNK), CHUNK);
		if (n > 0)
			luaL_addsize(&buffer, n);
		total += n > 0 ? n : 0;
	} while ((n > 0 && total <= SCRIPT_MAX) || (n < 0 && errno == EINTR));
	*error = n < 0 ? errno : total > SCRIPT_MAX ? EFBIG : 0;
	luaL_pushresult(&buffer);
}

static int close_guard(lua_State *L)
{
	int *fd = lua_touserdata(L, 1);

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return 0;
}

/* core.read(path[, trusted]) -> text, or nil, reason[, true when there is a file]. With trusted: only
 * a file that nobody else could have written. */
static int files_read(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);
	bool trusted = lua_toboolean(L, 2);
	struct stat file;
	int error;

	int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
	*fd = -1;
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, close_guard);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "__gc");
	lua_setfield(L, -2, "__close");
	lua_setmetatable(L, -2);
	lua_toclose(L, -1);
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not hold us */
	if (*fd < 0 || fstat(*fd, &file))
		return fail(L, strerror(errno));
	if (S_ISDIR(file.st_mode))
		return fail(L, strerror(EISDIR));
	if (fcntl(*fd, F_SETFL, 0)) /* but one that was named may be slow */
		return fail(L, strerror(errno));
	const char *why = trusted ? distrust(&file) : NULL;
	if (why) {
		fail(L, why);
		lua_pushboolean(L, true);
		return 3;
	}
	push_content(L, *fd, &error);
	return error ? fail(L, strerror(error)) : 1;
}

/* core.names(folder) -> array of its files' names, empty when it cannot be read */
static int files_names(lua_State *L)
{
	DIR *folder = opendir(luaL_checkstring(L, 1));
	char names[256][256];
	int n = 0;

	if (folder) { /* nothing that raises while it is open */
		for (struct dirent *entry; n < 256 && (entry = readdir(folder));)
			strncpy(names[n++], entry->d_name, sizeof names[0]);
		closedir(folder);
	}
	lua_createtable(L, n, 0);
	for (int i = 0; i < n; i++) {
		lua_pushstring(L, names[i]);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

/* core.embedded(name) -> text or nil */
static int files_embedded(lua_State *L)
{
	const struct embedded *file = embedded_find(luaL_checkstring(L, 1));

	if (!file)
		return 0;
	lua_pushlstring(L, file->text, file->size);
	return 1;
}

/* core.embedded_name(i) -> name of embedded file i, from 1, or nil */
static int files_embedded_name(lua_State *L)
{
	const struct embedded *file = embedded_at(luaL_checkinteger(L, 1) - 1);

	lua_pushstring(L, file ? file->name : NULL);
	return 1;
}

const luaL_Reg files_functions[] = {
	{"read", files_read},
	{"names", files_names},
	{"embedded", files_embedded},
	{"embedded_name", files_embedded_name},
	{NULL, NULL},
};
