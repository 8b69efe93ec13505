/* SPDX-License-Identifier: MIT
 *
 * The programs in the kernel: loaded, told of tasks, and gone with our descriptors, however we end.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "capture.skel.h"
#include "source/bpf/bpf.h"
#include "source/ptrace/proc.h"

#define RING_BYTES (4u << 20)

/* ---- may we? ---- */

static bool has_rights(void)
{
	struct proc_status status;
	uint64_t all = UINT64_C(1) << CAP_SYS_ADMIN,
		 some = UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON;

	return proc_status(getpid(), &status) &&
	       (status.capabilities & all || (status.capabilities & some) == some);
}

/* The kernel's words for what failed, kept for `why`. */
static char complaint[256];

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !*complaint) {
		vsnprintf(complaint, sizeof complaint, format, args);
		complaint[strcspn(complaint, "\n")] = 0;
	}
	return 0;
}

static int explain(int error, char *why, size_t room)
{
	if (error == -EPERM || error == -EACCES)
		snprintf(why, room,
			 "the kernel does not let us load bpf programs: %s (lockdown, or a "
			 "container's rules)",
			 strerror(-error));
	else
		snprintf(why, room, "the kernel did not take the bpf programs: %s (%s)",
			 strerror(-error),
			 *complaint ? complaint : "it may be too old: Linux 6.1 is needed");
	return error;
}

/* ---- loading ---- */

static int size_maps(struct capture_bpf *kernel, const struct tables *tables,
		     const struct interest *interest)
{
	int error = bpf_map__set_max_entries(kernel->maps.plans, tables->plan_count);

	if (!error)
		error = bpf_map__set_max_entries(kernel->maps.variants,
						 tables->variant_count ? tables->variant_count : 1);
	if (!error)
		error = bpf_map__set_max_entries(kernel->maps.slots, get_nprocs_conf());
	if (!error)
		error = bpf_map__set_max_entries(kernel->maps.ring, RING_BYTES);
	kernel->rodata->ring_size = RING_BYTES;
	kernel->rodata->data_limit = interest->data_limit;
	return error;
}

static int fill_map(struct bpf_map *map, const void *rows, uint32_t count)
{
	uint32_t *keys = calloc(count + 1, sizeof *keys);
	int error = 0;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = i;
	if (count && bpf_map_update_batch(bpf_map__fd(map), keys, rows, &count, NULL) < 0)
		error = -errno;
	free(keys);
	return error;
}

static int fill_maps(struct capture_bpf *kernel, const struct tables *tables)
{
	int error = fill_map(kernel->maps.calls, tables->calls,
			     sizeof tables->calls / sizeof *tables->calls);

	if (!error)
		error = fill_map(kernel->maps.plans, tables->plans, tables->plan_count);
	if (!error)
		error = fill_map(kernel->maps.variants, tables->variants, tables->variant_count);
	return error;
}

static int load(struct bpf_source *source, const struct interest *interest, struct tables *tables)
{
	int error = tables_make(tables, interest);

	if (error)
		return error;
	source->kernel = capture_bpf__open();
	if (!source->kernel)
		return -errno;
	error = size_maps(source->kernel, tables, interest);
	if (!error)
		error = capture_bpf__load(source->kernel);
	if (!error)
		error = fill_maps(source->kernel, tables);
	bpf_program__set_autoattach(source->kernel->progs.adopt, false);
	if (!error)
		error = capture_bpf__attach(source->kernel);
	if (!error)
		error = ring_open(&source->ring, bpf_map__fd(source->kernel->maps.ring),
				  RING_BYTES);
	return error;
}

int kernel_open(struct bpf_source *source, const struct interest *interest, char *why, size_t room)
{
	if (!has_rights()) {
		snprintf(why, room, "it needs root, or CAP_BPF and CAP_PERFMON");
		return -EPERM;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
		snprintf(why, room,
			 "this kernel does not describe itself (/sys/kernel/btf/vmlinux: %s)",
			 strerror(errno));
		return -ENOSYS;
	}
	struct tables *tables = calloc(1, sizeof *tables);
	if (!tables) {
		snprintf(why, room, "out of memory");
		return -ENOMEM;
	}
	libbpf_set_print(keep_complaint);
	int error = load(source, interest, tables);
	tables_free(tables);
	free(tables);
	return error ? explain(error, why, room) : 0;
}

void kernel_close(struct bpf_source *source)
{
	ring_close(&source->ring);
	capture_bpf__destroy(source->kernel);
	source->kernel = NULL;
}

/* ---- while it runs ---- */

static int run_adopt(struct bpf_source *source)
{
	char nothing[64];
	struct bpf_link *link = bpf_program__attach_iter(source->kernel->progs.adopt, NULL);

	if (!link)
		return -errno;
	int fd = bpf_iter_create(bpf_link__fd(link));
	int error = fd < 0 ? -errno : 0;
	while (fd >= 0 && read(fd, nothing, sizeof nothing) > 0)
		;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return error;
}

int kernel_adopt(struct bpf_source *source, char *why, size_t room)
{
	struct tracees *all = &source->inner->tracees;
	int error = 0;

	for (struct tracee *t = tracee_next(all, NULL); t && !error; t = tracee_next(all, t)) {
		uint32_t how = source->inner->command ? ADOPT_IN_CALL : ADOPT_OUTSIDE;
		t->interrupted = how == ADOPT_OUTSIDE;
		error = bpf_map_update_elem(bpf_map__fd(source->kernel->maps.adopted), &t->tid,
					    &how, BPF_ANY);
	}
	if (!error)
		error = run_adopt(source);
	if (error)
		snprintf(why, room, "cannot make tasks known to the kernel: %s", strerror(-error));
	return error;
}

void kernel_settle(struct bpf_source *source, pid_t tid, uint32_t interrupted)
{
	bpf_map_update_elem(bpf_map__fd(source->kernel->maps.settled), &tid, &interrupted, BPF_ANY);
}

uint64_t kernel_lost(const struct bpf_source *source)
{
	return __atomic_load_n(&source->kernel->bss->lost, __ATOMIC_RELAXED);
}

void kernel_sleep(struct bpf_source *source, bool asleep)
{
	__atomic_store_n(&source->kernel->bss->is_asleep, asleep, __ATOMIC_SEQ_CST);
	__atomic_store_n(&source->kernel->bss->is_waking, 0, __ATOMIC_SEQ_CST);
}
