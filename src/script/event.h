/* SPDX-License-Identifier: MIT
 *
 * event: the object `e` that hooks are given, and e.args.
 */
#ifndef SCRIPT_EVENT_H
#define SCRIPT_EVENT_H

#include <lauxlib.h>
#include <lua.h>

#include "record.h"
#include "syscalls/syscalls.h"

enum { FIELDS_MAX = 128 }; /* fields added by the library */

/* User values of the userdata; library field n has VALUE_FIELDS + n. */
enum { VALUE_RAW = 1, VALUE_ARGS, VALUE_STACK, VALUE_FIELDS };

/* The event that all hooks see through one userdata. */
struct event {
	const struct record *record;         /* NULL outside hooks */
	const struct syscall_row *row;       /* NULL for calls the table does not know, other kinds */
	uint64_t computed[FIELDS_MAX / 64];  /* library fields whose value was computed at first touch */
	uint64_t assigned[FIELDS_MAX / 64];  /* and those a model has set */
	uint32_t args_known;                 /* bit i: e.args[i + 1] is decoded */
	bool raw_known, stack_known;
	bool assignable;                     /* models are running: e.NAME = value is allowed */
	bool bare;                           /* library fields are not there, for want of models */
	int type;
	int index;
};

/* Makes it the record's, with nothing computed yet. */
void event_begin(struct event *event, const struct record *record);

static inline bool event_is_call(const struct event *event)
{
	return event->record->kind == RECORD_CALL || event->record->kind == RECORD_ENTER;
}

/* True when the piece has bytes, be it none: the memory was there. */
static inline bool piece_is_readable(const struct piece *piece)
{
	return piece && (piece->size || !(piece->flags & PIECE_UNREADABLE));
}

/* The event that is being dispatched; raises when its hook is over. */
struct event *event_check(lua_State *L);

/* Pushes the new userdata. [-0, +1, e] */
void event_new(lua_State *L);

/* core.field, core.method */
int event_field(lua_State *L);
int event_method(lua_State *L);

/* fields.c: name of field number i of those that C has; NULL past the last. */
const char *field_name(size_t i);
/* Pushes its value, in the event's __index; the userdata is at index 1. [-0, +1, e] */
void field_push(lua_State *L, struct event *event, size_t i);

/* args.c: pushes the new userdata of e.args. [-0, +1, e] */
void args_new(lua_State *L);
/* Push a decoded value. [-0, +1, e] */
int args_sockaddr(lua_State *L, const void *bytes, size_t size);
int args_rights(lua_State *L, const void *bytes, size_t size, unsigned arch);
/* Number (0-based) of the argument named or numbered at index, or -1. */
int args_find(lua_State *L, const struct syscall_row *row, int index);

#endif
