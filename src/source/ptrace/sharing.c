/* SPDX-License-Identifier: MIT
 *
 * One CPU for two. When a single task makes calls, it and we take turns: on two CPUs each turn
 * wakes one that went idle, on one CPU it is a mere switch, at a third of the cost. When several
 * tasks run they are left alone, or they would lose what they do at the same time. How many can run
 * is told by their stops: a long row of stops of one task alone means that it is the only one.
 *
 * The kernel offers no way to have a task woken where we are, other than its affinity (the wake-ups
 * of ptrace are not synchronous ones, and prefer an idle CPU). So that is narrowed for as long as
 * the row lasts, and is what it was whenever the program could look: at the entry of
 * sched_getaffinity and sched_setaffinity, of what makes tasks (they inherit it), before the
 * program opens a file of /proc as far as scripts hook that, and at the trace's end. Only tasks
 * that die with us are narrowed: if we are killed, nobody is left with a narrow mask.
 */
#include <sched.h>

#include "source/ptrace/sharing.h"

#define ROW 32u /* stops in a row */
#define LEASE \
	20000u /* stops after which it is let go for a while: another CPU may be the better one */

/* The one we are on if the task may run there, else one that both may use; -1: none. */
static int common_cpu(const cpu_set_t *ours, const cpu_set_t *theirs)
{
	int here = sched_getcpu();

	if (here >= 0 && here < CPU_SETSIZE && CPU_ISSET(here, theirs) && CPU_ISSET(here, ours))
		return here;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, ours) && CPU_ISSET(cpu, theirs))
			return cpu;
	return -1;
}

static void sharing_begin(struct sharing *sharing, pid_t tid)
{
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof sharing->ours, &sharing->ours) < 0 ||
	    sched_getaffinity(tid, sizeof sharing->theirs, &sharing->theirs) < 0)
		return;
	int cpu = common_cpu(&sharing->ours, &sharing->theirs);
	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(tid, sizeof one, &one) < 0)
		return; /* it changed its user */
	sharing->tid = tid;
	sched_setaffinity(0, sizeof one, &one);
}

void sharing_end(struct sharing *sharing)
{
	sharing->row = 0;
	if (!sharing->tid)
		return;
	sched_setaffinity(sharing->tid, sizeof sharing->theirs, &sharing->theirs);
	sched_setaffinity(0, sizeof sharing->ours, &sharing->ours);
	sharing->tid = 0;
}

void sharing_stopped(struct sharing *sharing, pid_t tid)
{
	if (!sharing->allowed)
		return;
	if (sharing->last != tid || sharing->row == LEASE) {
		sharing_end(sharing);
		sharing->last = tid;
	}
	if (++sharing->row == ROW)
		sharing_begin(sharing, tid);
}
