/* SPDX-License-Identifier: MIT
 *
 * Hooks that do not return. A count hook of Lua's would end them, but while one is set the
 * interpreter runs at half its speed; so it is set only when needed: a timer of our CPU time looks
 * whether the same hook runs as at its last tick, and if so the hook counts from there. It is then
 * ended by its budget, or by the first tick that finds it has had too much time (few instructions
 * take long when they call slow functions) or a signal waiting that ends the trace.
 *
 * The timer's signal is one that was at its default and unblocked, so that what a traced command
 * inherits is not changed: exec resets a caught signal to its default, and timers are not inherited.
 */
#include <signal.h>
#include <time.h>

#include "script/state.h"
#include "signals.h"

enum {
	TICK_MS = 50,       /* of CPU time: a process that sleeps is not woken */
	STEP = 1000000,     /* instructions between looks at the budget */
	BUDGET = 100000000, /* instructions: about a second */
	SECONDS = 10,       /* of CPU time, for a hook that does not use up its budget */
	TICKS = SECONDS * 1000 / TICK_MS,
};

static struct watch *watched; /* the signal handler's; there is one timer */

/* The session reads what it has blocked when the hook has returned. */
static bool is_told_to_end(void)
{
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	for (int signal = 1; signal < SIGRTMIN; signal++) {
		enum signal_meaning meaning = signal_meaning(signal);
		bool is_end = meaning == SIGNAL_INTERRUPT || meaning == SIGNAL_TERMINATE;
		if (is_end && sigismember(&pending, signal))
			return true;
	}
	return false;
}

/* Has the hook that runs had all its time? The ticks may be those of one before it. */
static bool is_late(const struct watch *watch)
{
	return watch->ticks >= TICKS && watch->seen == watch->sequence;
}

static void push_reason(lua_State *L, const struct watch *watch)
{
	if (watch->used >= BUDGET)
		lua_pushfstring(L, "interrupted: it ran for %d million instructions; it is not called again",
				BUDGET / 1000000);
	else if (is_late(watch))
		lua_pushfstring(L, "interrupted: it ran for %d seconds; it is not called again", SECONDS);
	else
		lua_pushliteral(L, "interrupted");
}

static void stop_hook(lua_State *L, lua_Debug *debug)
{
	struct watch *watch = &host_of(L)->watch;

	(void)debug;
	if (!(watch->sequence & 1)) /* a library's coroutine between hooks */
		return;
	if (watch->counted != watch->sequence) {
		watch->counted = watch->sequence;
		watch->used = 0;
	}
	watch->used += lua_gethookcount(L);
	bool is_spent = watch->used >= BUDGET || is_late(watch);
	if (!is_spent && !is_told_to_end()) {
		lua_sethook(L, stop_hook, LUA_MASKCOUNT, STEP);
		return;
	}
	/* A pcall inside the hook may catch this. From now on every instruction raises, so the
	 * next one outside of it ends the hook. */
	lua_sethook(L, stop_hook, LUA_MASKCOUNT, 1);
	watch->armed = true;
	if (is_spent) /* It would hold the program as long for every further event. */
		host_of(L)->running->is_off = true;
	luaL_where(L, 0); /* a hook of Lua's is no level of its own */
	push_reason(L, watch);
	lua_concat(L, 2);
	lua_error(L);
}

/* Calls only lua_sethook, which is made for signal handlers, and sigpending. */
static void tick(int signal)
{
	struct watch *watch = watched;

	(void)signal;
	if (!watch)
		return;
	if (!(watch->sequence & 1) || watch->sequence != watch->seen) {
		watch->seen = watch->sequence;
		watch->ticks = 0;
		return;
	}
	watch->ticks++;
	if (is_late(watch) || is_told_to_end()) /* at its next instruction */
		lua_sethook(watch->state, stop_hook, LUA_MASKCOUNT, 1);
	else if (!watch->armed)
		lua_sethook(watch->state, stop_hook, LUA_MASKCOUNT, STEP);
	watch->armed = true;
}

void watch_disarm(struct host *host)
{
	lua_sethook(host->watch.state, NULL, 0, 0);
	host->watch.armed = false;
}

static bool is_free(int signal)
{
	struct sigaction action;
	sigset_t blocked;

	return !sigaction(signal, NULL, &action) && action.sa_handler == SIG_DFL &&
	       !sigprocmask(SIG_SETMASK, NULL, &blocked) && !sigismember(&blocked, signal);
}

void watch_start(struct host *host)
{
	static const int signals[] = {SIGVTALRM, SIGPROF, SIGALRM};
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL};
	struct itimerspec period = {.it_interval.tv_nsec = TICK_MS * 1000000L,
				    .it_value.tv_nsec = TICK_MS * 1000000L};
	size_t i = 0;

	while (i < sizeof signals / sizeof signals[0] && !is_free(signals[i]))
		i++;
	if (watched || i == sizeof signals / sizeof signals[0])
		return; /* hooks then are not watched, which only matters when one loops */
	event.sigev_signo = signals[i];
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &host->watch.timer))
		return;
	host->watch.signal = signals[i];
	watched = &host->watch;
	sigaction(signals[i], &action, NULL);
	timer_settime(host->watch.timer, 0, &period, NULL);
}

void watch_stop(struct host *host)
{
	if (!host->watch.signal)
		return;
	timer_delete(host->watch.timer);
	signal(host->watch.signal, SIG_DFL);
	watched = NULL;
	host->watch.signal = 0;
}

/* --- coroutines ---------------------------------------------------------------------------------- */

/* A coroutine is a lua_State of its own, and the handler cannot know which one runs. So each counts
 * from its beginning, within the hook that resumes it. */
static int create(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	if (lua_isfunction(L, -1)) /* of coroutine.wrap: the coroutine is its upvalue */
		lua_getupvalue(L, -1, 1);
	else
		lua_pushvalue(L, -1);
	lua_State *thread = lua_tothread(L, -1);
	if (thread)
		lua_sethook(thread, stop_hook, LUA_MASKCOUNT, STEP);
	lua_pop(L, 1);
	return 1;
}

int watch_coroutines(lua_State *L)
{
	static const char *const makers[] = {"create", "wrap"};

	lua_getglobal(L, "coroutine");
	for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
		lua_getfield(L, -1, makers[i]);
		lua_pushcclosure(L, create, 1);
		lua_setfield(L, -2, makers[i]);
	}
	lua_pop(L, 1);
	return 0;
}
