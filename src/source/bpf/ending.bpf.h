/* SPDX-License-Identifier: MIT
 *
 * How a call ended, and what is to be told of that.
 */
#ifndef ENDING_BPF_H
#define ENDING_BPF_H

static __always_inline bool is_restart(long ret)
{
	return ret == -ERESTARTSYS || ret == -ERESTARTNOINTR || ret == -ERESTARTNOHAND ||
	       ret == -ERESTART_RESTARTBLOCK;
}

static __always_inline bool is_error(long ret)
{
	return ret < 0 && ret >= -4095;
}

/* How a call ended. */
struct ending {
	s64 ret;
	u32 what;  /* NONE ... */
	u32 flags; /* EVENT_ */
	u32 repeats, goes_on;
	u32 plan, phases; /* what of its memory is to be read */
};

enum {
	END_DULL = 1, /* nobody is to be told */
	END_PLAIN,    /* the record is all there is */
	END_EVENT,
	END_PAUSE,    /* the reader has to look at the task: it is to be stopped */
};

/* There was no room to tell of the call's end. */
static __always_inline void miss_end(struct state *state, const struct call_info *info, bool may_go_on)
{
	if (is_lossy && may_go_on)
		state->owed = 1;
	else if (!is_lossy || info->flags & DO_TELL)
		__sync_fetch_and_add(&lost, 1);
}

/* What of the memory is to be read now. */
static __always_inline u32 phases_of(const struct state *state, const struct call_info *info,
				     const struct ending *ending)
{
	u32 what = ending->what, phases = !is_error(ending->ret) && !ending->flags ? CAPTURE_AT_EXIT : 0;
	bool is_gone = what == EARLY || (is_lossy && state->incomplete) ||
		       (what == ADOPTED && info->flags & DO_TELL_EARLY);

	bool is_again = !is_lossy && state->incomplete && info->flags & DO_EXEC;
	return is_gone && !is_again ? phases : phases | CAPTURE_AT_ENTRY;
}

/* Is nobody to be told? */
static __always_inline bool is_dull(struct state *state, const struct call_info *info,
				    const struct ending *ending)
{
	u32 what = ending->what, execs = info->flags & DO_EXEC;

	if (what != EARLY && !(info->flags & (DO_TELL | DO_TELL_EARLY)) && !ending->repeats &&
	    !state->interrupted)
		return true;
	/* A child's; or its arguments are gone with the old program. */
	if (what == ADOPTED && !ending->ret && (execs || info->flags & (DO_CATCH_CLONE | DO_CATCH_CLONE3)))
		return true;
	if (!is_lossy || what != LATE || ending->ret || !execs)
		return false;
	miss_end(state, info, false);
	return true;
}

/* What is to be told of a call that ended: an END_. It puts what it found into the slot and the ending.
 * Global, as is what snippets.bpf.h has: the ways that lead here are many, and the verifier looks at this
 * once. */
__noinline int end_call(struct slot *slot, struct state *state, struct call_info *info, struct ending *ending,
			u64 filled)
{
	if (!slot || !state || !info || !ending)
		return END_DULL;
	struct record *record = &slot->event.record;
	bool must_pause = (!is_lossy && filled > behind_max) || state->incomplete;
	u32 what = ending->what;

	ending->repeats = ending->ret == -EINTR && info->flags & DO_REPEAT;
	ending->goes_on = ending->repeats || is_restart(ending->ret);
	if (is_dull(state, info, ending))
		return END_DULL;
	if (what == ADOPTED)
		record->flags |= RECORD_NO_ENTRY;
	record->ret = ending->ret;
	record->duration_ns = bpf_ktime_get_ns() - state->entered_ns;
	ending->phases = phases_of(state, info, ending);
	ending->plan = ending->phases && (info->plan || info->variants) ? plan_of(info, record) : 0;
	if (!plan_at(ending->plan, ending->phases))
		ending->plan = 0;
	if (what != EARLY && what != NONE && !ending->flags && !ending->goes_on && !ending->plan &&
	    !must_pause)
		return END_PLAIN;
	record->kind = what == EARLY ? EVENT_EXIT : EVENT_BOTH;
	slot->event.flags = ending->flags;
	if (ending->goes_on)
		slot->event.interrupted = state->interrupted = __sync_add_and_fetch(&interruptions, 1);
	return must_pause || ending->repeats ? END_PAUSE : END_EVENT;
}

#endif
