/* SPDX-License-Identifier: MIT
 *
 * Chains: what runs for each kind of record, resolved once by lua/hooks.lua, walked here for every
 * record. Walking allocates nothing and looks nothing up by name.
 */
#include <stdlib.h>
#include <string.h>

#include "script/state.h"

/* --- binding ------------------------------------------------------------------------------------- */

int chain_type_number(lua_State *L, int index)
{
	struct host *host = host_of(L);
	int top = lua_gettop(L);

	if (lua_isnoneornil(L, index))
		return TYPE_NONE;
	if (!strcmp(luaL_checkstring(L, index), "*"))
		return TYPE_ANY;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &host->keys.types); // types
	lua_pushvalue(L, index);
	if (lua_rawget(L, -2) != LUA_TNUMBER) {
		lua_pushvalue(L, index);
		lua_rawseti(L, top + 1, ++host->types);
		lua_pushvalue(L, index);
		lua_pushinteger(L, host->types);
		lua_rawset(L, top + 1);
		lua_pushinteger(L, host->types);
	}
	int type = lua_tointeger(L, -1);
	lua_settop(L, top);
	return type;
}

/* Does the function at index take no parameter? Then it cannot look at the event. */
static bool takes_nothing(lua_State *L, int index)
{
	lua_Debug info;

	lua_pushvalue(L, index);
	return lua_getinfo(L, ">u", &info) && !info.nparams && !info.isvararg;
}

/* What scripts registered; sinks are bundled ones. */
static bool is_of_scripts(enum role role)
{
	return role == ROLE_HOOK || role == ROLE_FILTER;
}

/* The entry's table is on top; the chain has room. "type" entries become the chain's typer. */
static void add_entry(lua_State *L, struct chain *chain)
{
	static const char *const roles[] = {"model", "type", "filter", "hook", "sink", NULL};
	int table = lua_gettop(L);

	lua_getfield(L, table, "role");
	enum role role = luaL_checkoption(L, -1, NULL, roles);
	lua_getfield(L, table, "label");
	int label = lua_gettop(L);
	lua_getfield(L, table, "fn");
	chain->blind &= role == ROLE_HOOK && takes_nothing(L, lua_gettop(L));
	if (role == ROLE_TYPE) {
		if (lua_type(L, -1) == LUA_TSTRING)
			chain->type = chain_type_number(L, lua_gettop(L));
		else
			chain->typer = hook_keep(L, -1, label, false);
	} else {
		static const char *const calm[] = {"call", "skip", "count", NULL};
		struct entry entry = {.role = role,
				      .hook = hook_keep(L, -1, label, is_of_scripts(role))};
		lua_getfield(L, table, "type");
		entry.type = chain_type_number(L, lua_gettop(L));
		lua_getfield(L, table, "calm");
		entry.calm = luaL_checkoption(L, lua_gettop(L), "call", calm);
		if (lua_getfield(L, table, "together") == LUA_TFUNCTION)
			entry.together = hook_keep(L, -1, label, is_of_scripts(role));
		chain->together &= role == ROLE_MODEL || entry.together;
		chain->for_scripts |= is_of_scripts(role);
		if (role == ROLE_MODEL) { /* before all others, in their order */
			memmove(&chain->entries[chain->models + 1], &chain->entries[chain->models],
				(chain->count - chain->models) * sizeof entry);
			chain->entries[chain->models++] = entry;
		} else {
			chain->entries[chain->count] = entry;
		}
		chain->count++;
	}
	lua_settop(L, table);
}

/* A chain of the array of entries at index 2, the split function at 3 and whether it is bare at 4. */
static struct chain *chain_new(lua_State *L)
{
	struct host *host = host_of(L);
	lua_Integer n = luaL_len(L, 2);
	struct chain *chain = calloc(1, sizeof *chain + n * sizeof chain->entries[0]);

	if (!chain) {
		luaL_error(L, "not enough memory");
		return NULL;
	}
	chain->next = host->chains; /* owned from here on, whatever is raised */
	host->chains = chain;
	chain->bare = lua_toboolean(L, 4);
	chain->blind = n > 0 && lua_isnoneornil(L, 3);
	chain->together = n > 0;
	if (!lua_isnoneornil(L, 3))
		chain->split = hook_keep(L, 3, 0, false);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_geti(L, 2, i);
		luaL_checktype(L, -1, LUA_TTABLE);
		add_entry(L, chain);
		lua_pop(L, 1);
	}
	chain->together &= chain->count > chain->models;
	return chain;
}

void chain_free_all(struct host *host)
{
	for (struct chain *chain = host->chains, *next; chain; chain = next) {
		next = chain->next;
		free(chain);
	}
	host->chains = NULL;
}

/* Every number without a name, of every architecture. */
static void bind_unknown(struct chain *(*chains)[INTEREST_NRS], uint64_t (*interest)[INTEREST_NRS / 64],
			 struct chain *chain)
{
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (int nr = 0; nr < INTEREST_NRS; nr++) {
			if (syscall_row(arch, nr))
				continue;
			chains[arch][nr] = chain;
			interest_add(interest, arch, nr);
		}
}

/* Every architecture's call of that name. False: there is none. */
static bool bind_call(struct chain *(*chains)[INTEREST_NRS], uint64_t (*interest)[INTEREST_NRS / 64],
		      const char *name, struct chain *chain)
{
	bool any = false;

	for (unsigned arch = 0; arch < ARCH_COUNT; arch++) {
		int nr = syscall_number(arch, name);
		if (nr < 0 || nr >= INTEREST_NRS)
			continue;
		chains[arch][nr] = chain;
		interest_add(interest, arch, nr);
		any = true;
	}
	return any;
}

static bool bind_kind(struct host *host, const char *name, struct chain *chain)
{
	for (unsigned kind = RECORD_FORK; kind < RECORD_KINDS; kind++)
		if (!strcmp(name, record_kind_name(kind))) {
			host->kinds[kind] = chain;
			host->interest.kinds |= UINT32_C(1) << kind;
			return true;
		}
	return false;
}

static bool bind(struct host *host, const char *key, struct chain *chain)
{
	if (!strcmp(key, "start"))
		host->start = chain;
	else if (!strcmp(key, "finish"))
		host->finish = chain;
	else if (!strcmp(key, "call:?"))
		bind_unknown(host->calls, host->interest.calls, host->unknown_call = chain);
	else if (!strcmp(key, "enter:?"))
		bind_unknown(host->enters, host->interest.enters, host->unknown_enter = chain);
	else if (!strncmp(key, "call:", 5))
		return bind_call(host->calls, host->interest.calls, key + 5, chain) &&
		       (!chain->blind || bind_call(host->calls, host->interest.begun, key + 5, chain));
	else if (!strncmp(key, "enter:", 6))
		return bind_call(host->enters, host->interest.enters, key + 6, chain);
	else
		return bind_kind(host, key, chain);
	return true;
}

int chain_bind(lua_State *L)
{
	struct host *host = host_of(L);
	const char *key = luaL_checkstring(L, 1);

	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 4);
	if (host->dispatching)
		return luaL_error(L, "chains are bound before the trace starts");
	if (!bind(host, key, chain_new(L)))
		return luaL_error(L, "nothing can be bound to '%s'", key);
	return 0;
}

/* core.calm(type[, below_ns[, error]]) -> how many of its events were, since this was asked last */
int chain_calm(lua_State *L)
{
	int type = chain_type_number(L, 1);

	if (type >= CALM_TYPES) { /* its events are told of like all others */
		lua_pushinteger(L, 0);
		return 1;
	}
	struct calm *calm = &host_of(L)->calm[type];
	if (!lua_isnoneornil(L, 2)) {
		calm->below_ns = luaL_checkinteger(L, 2);
		calm->answer = lua_isnoneornil(L, 3) ? 0 : -errno_number(luaL_checkstring(L, 3));
	}
	lua_pushinteger(L, (lua_Integer)calm->count);
	calm->count = 0;
	return 1;
}

/* --- walking ------------------------------------------------------------------------------------- */

static const struct chain *chain_of(const struct host *host, const struct record *record)
{
	if (record->kind != RECORD_CALL && record->kind != RECORD_ENTER)
		return record->kind < RECORD_KINDS ? host->kinds[record->kind] : NULL;
	if (record->arch >= ARCH_COUNT)
		return NULL;
	bool call = record->kind == RECORD_CALL;
	if (record->nr < 0 || record->nr >= INTEREST_NRS)
		return call ? host->unknown_call : host->unknown_enter;
	return (call ? host->calls : host->enters)[record->arch][record->nr];
}

static bool call_with_event(struct host *host, lua_State *L, struct hook *hook, int results)
{
	hook_push(L, hook);
	lua_pushvalue(L, SLOT_EVENT);
	return hook_call(host, L, hook, 1, results);
}

static int ask_type(struct host *host, lua_State *L, const struct chain *chain)
{
	if (!chain->typer)
		return chain->type;
	if (!call_with_event(host, L, chain->typer, 1))
		return TYPE_NONE;
	int type = TYPE_NONE;
	if (lua_type(L, -1) == LUA_TSTRING && lua_rawget(L, SLOT_TYPES) == LUA_TNUMBER)
		type = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return type; /* a type nobody has hooked has no number */
}

static lua_Integer ask_split(struct host *host, lua_State *L, const struct chain *chain)
{
	if (!chain->split || host->event.type == TYPE_NONE)
		return 1;
	if (!call_with_event(host, L, chain->split, 1))
		return 1;
	lua_Integer n = lua_isnumber(L, -1) ? lua_tointeger(L, -1) : 0;
	lua_pop(L, 1);
	return n;
}

/* Entries of no type belong to the record, so they run once; filters see each event. */
static bool applies(const struct entry *entry, const struct event *event)
{
	if (entry->type == TYPE_NONE)
		return event->index == 1 || entry->role == ROLE_FILTER;
	return event->type != TYPE_NONE && (entry->type == TYPE_ANY || entry->type == event->type);
}

static bool is_calm(const struct host *host)
{
	const struct record *record = host->event.record;
	int type = host->event.type;

	if (record->kind != RECORD_CALL || type >= CALM_TYPES ||
	    record->flags & (RECORD_UNFINISHED | RECORD_TAMPERED))
		return false;
	const struct calm *calm = &host->calm[type];
	return record->duration_ns < calm->below_ns &&
	       (!record_failed(record) || record->ret == calm->answer);
}

static void walk(struct host *host, lua_State *L, const struct chain *chain)
{
	for (unsigned i = chain->models; i < chain->count && !host->wants_end; i++) {
		const struct entry *entry = &chain->entries[i];
		if (!applies(entry, &host->event))
			continue;
		if (entry->calm != CALM_CALLS && is_calm(host)) { /* a hook before it may have changed that */
			host->calm[host->event.type].count += entry->calm == CALM_COUNTS;
			continue;
		}
		if (entry->role != ROLE_FILTER) {
			call_with_event(host, L, entry->hook, 0);
			continue;
		}
		if (!call_with_event(host, L, entry->hook, 1))
			continue; /* a filter that fails drops nothing */
		bool drop = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
		lua_pop(L, 1);
		if (drop)
			return;
	}
}

bool chain_has_listeners(const struct host *host, const struct chain *chain)
{
	return chain->count > chain->models && !host->wants_end && !host->is_muted;
}

static void tell(struct host *host, lua_State *L, const struct chain *chain, const struct record *record)
{
	struct event *event = &host->event;

	event_begin(event, record);
	if (record->kind == RECORD_ENTER)
		host->action.what = host->action.change_count = host->action.byte_count = 0;
	for (unsigned i = 0; i < chain->models; i++)
		call_with_event(host, L, chain->entries[i].hook, 0);
	if (chain_has_listeners(host, chain)) {
		event->type = ask_type(host, L, chain);
		lua_Integer n = ask_split(host, L, chain);
		if (n < 1)
			event->type = TYPE_NONE;
		event->assignable = false;
		event->bare = chain->bare;
		walk(host, L, chain);
		for (event->index = 2; event->index <= n; event->index++) {
			memset(event->computed, 0, sizeof event->computed);
			walk(host, L, chain);
		}
	}
	event->record = NULL;
}

void chain_dispatch(struct host *host, lua_State *L, const struct record *record)
{
	const struct chain *chain = chain_of(host, record);
	bool is_call = record->kind == RECORD_CALL || record->kind == RECORD_ENTER;

	if (chain && chain->together && !record->pieces && !host->batch.is_off) {
		batch_keep(host, L, chain, record);
		return;
	}
	if (!is_call || (chain && chain->for_scripts))
		batch_tell(host, L);
	if (chain)
		tell(host, L, chain, record);
}

void chain_notify(struct host *host, lua_State *L, struct chain *chain)
{
	int info = lua_gettop(L);

	for (unsigned i = 0; chain && i < chain->count; i++) {
		struct hook *hook = chain->entries[i].hook;
		hook_push(L, hook);
		lua_pushvalue(L, info);
		hook_call(host, L, hook, 1, 0);
	}
	lua_settop(L, info - 1);
}
