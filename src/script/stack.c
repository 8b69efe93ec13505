/* SPDX-License-Identifier: MIT
 *
 * Stacks of calls: which calls they are wanted of, and the frames as tables.
 */
#include <string.h>

#include "frame.h"
#include "script/state.h"

/* core.want_stack(name): of every architecture's call of that name. False: there is none. */
int stack_want(lua_State *L)
{
	struct host *host = host_of(L);
	const char *name = luaL_checkstring(L, 1);
	bool any = false;

	for (unsigned arch = 0; arch < ARCH_COUNT; arch++) {
		int nr = syscall_number(arch, name);
		if (nr < 0 || nr >= INTEREST_NRS)
			continue;
		interest_add(host->interest.stacks, arch, (unsigned)nr);
		any = true;
	}
	lua_pushboolean(L, any);
	return 1;
}

static void set_text(lua_State *L, const char *name, const char *text, size_t size)
{
	if (!size)
		return;
	lua_pushlstring(L, text, size);
	lua_setfield(L, -2, name);
}

static void push_frame(lua_State *L, const struct frame *frame)
{
	lua_createtable(L, 0, 6);
	lua_pushinteger(L, (lua_Integer)frame->address);
	lua_setfield(L, -2, "address");
	set_text(L, "module", frame->module, frame->module_size);
	set_text(L, "name", frame->name, frame->name_size);
	set_text(L, "file", frame->file, frame->file_size);
	if (frame->module_size) {
		lua_pushinteger(L, (lua_Integer)frame->offset);
		lua_setfield(L, -2, "offset");
	}
	if (frame->line) {
		lua_pushinteger(L, frame->line);
		lua_setfield(L, -2, "line");
	}
}

/* An array, the innermost first. The piece comes from the event's record, be it of a file. */
static void push_frames(lua_State *L, const struct piece *piece)
{
	struct frame frame;
	size_t at = 0;

	lua_newtable(L);
	for (lua_Integer i = 1;
	     i <= FRAMES_MAX && frame_next(piece_bytes(piece), piece->size, &at, &frame); i++) {
		push_frame(L, &frame);
		lua_rawseti(L, -2, i);
	}
	if (piece->flags & PIECE_TRUNCATED) {
		lua_pushboolean(L, true);
		lua_setfield(L, -2, "truncated");
	}
}

/* e.stack: the same table each time; nil when the call has none, an error when nobody wanted any. */
void stack_push(lua_State *L, struct event *event)
{
	const struct piece *piece = record_find(event->record, 0, PIECE_STACK, 0);

	if (!interest_any(host_of(L)->interest.stacks))
		luaL_error(L, "e.stack is only there after want(\"stack\", \"openat\"), "
			      "with the names of calls");
	if (!piece) {
		lua_pushnil(L);
		return;
	}
	if (!event->stack_known) {
		push_frames(L, piece);
		lua_setiuservalue(L, 1, VALUE_STACK);
		event->stack_known = true;
	}
	lua_getiuservalue(L, 1, VALUE_STACK);
}
