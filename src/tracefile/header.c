/* SPDX-License-Identifier: MIT
 *
 * See header.h.
 */
#include "tracefile/header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tracefile/recorder.h"

/* --- writing -------------------------------------------------------------------------------------
 */

static bool add(struct header_bytes *to, enum header_tag tag, const void *bytes, size_t size)
{
	struct header_field field = {tag, size};
	size_t needed = to->size + sizeof field + size;

	if (needed > to->room) {
		uint8_t *grown = realloc(to->bytes, needed * 2);
		if (!grown)
			return false;
		to->bytes = grown;
		to->room = needed * 2;
	}
	memcpy(to->bytes + to->size, &field, sizeof field);
	memcpy(to->bytes + to->size + sizeof field, bytes, size);
	to->size = needed;
	return true;
}

static bool add_text(struct header_bytes *to, enum header_tag tag, const char *text)
{
	return add(to, tag, text, strlen(text));
}

static bool add_machine(struct header_bytes *to, const struct identity *identity)
{
	struct utsname system = {0};

	uname(&system);
	return add_text(to, HEADER_HOST, identity->host) &&
	       add_text(to, HEADER_BOOT, identity->boot) &&
	       add_text(to, HEADER_RUN, identity->run) &&
	       add_text(to, HEADER_KERNEL, system.release) &&
	       add_text(to, HEADER_MACHINE, system.machine);
}

static bool add_target(struct header_bytes *to, const struct target *target)
{
	bool ok = true;

	for (char **argument = target->command; ok && argument && *argument; argument++)
		ok = add_text(to, HEADER_ARGUMENT, *argument);
	for (size_t i = 0; ok && !target->command && i < target->pid_count; i++)
		ok = add(to, HEADER_PID, &target->pids[i], sizeof(int32_t));
	return ok;
}

static bool is_changed(char **changes, const char *variable)
{
	size_t length = strcspn(variable, "=");

	for (; changes && *changes; changes++)
		if (strcspn(*changes, "=") == length && memcmp(*changes, variable, length) == 0)
			return true;
	return false;
}

/* Names only, unless they were asked for: values are secrets more often than not. */
static bool add_variable(struct header_bytes *to, const char *variable, bool with_values)
{
	return add(to, HEADER_VARIABLE, variable, strcspn(variable, with_values ? "" : "="));
}

/* What the command is started with; of processes that run it is not known. */
static bool add_environment(struct header_bytes *to, const struct target *target, bool with_values)
{
	char **changes = target->environment;
	bool ok = true;

	if (!target->command)
		return true;
	for (char **variable = environ; ok && variable && *variable; variable++)
		if (!is_changed(changes, *variable))
			ok = add_variable(to, *variable, with_values);
	for (; ok && changes && *changes; changes++)
		if (strchr(*changes, '=')) /* else it is taken away */
			ok = add_variable(to, *changes, with_values);
	return ok;
}

static bool add_sight(struct header_bytes *to, const struct sight *sight)
{
	uint32_t numbers[] = {sight->flags, sight->user};

	return add_text(to, HEADER_SOURCE, sight->source) &&
	       add_text(to, HEADER_REMARK, sight->remark) &&
	       add_text(to, HEADER_NO_FAULTS, sight->why_no_faults) &&
	       add_text(to, HEADER_NO_LATENCY, sight->why_no_latency) &&
	       add(to, HEADER_SIGHT, numbers, sizeof numbers);
}

bool header_write(struct header_bytes *to, const struct recording *recording,
		  const struct sight *sight)
{
	uint64_t times[] = {recording->start_ns, recording->run->wallclock_ns};

	return add_machine(to, &recording->run->identity) && add_sight(to, sight) &&
	       add_target(to, recording->target) &&
	       add_environment(to, recording->target, recording->with_values) &&
	       add(to, HEADER_TIMES, times, sizeof times) &&
	       add(to, HEADER_INTEREST, recording->interest, INTEREST_KEPT);
}

/* --- reading -------------------------------------------------------------------------------------
 */

static void take_text(char *to, size_t room, const uint8_t *bytes, size_t size)
{
	size = size < room ? size : room - 1;
	memcpy(to, bytes, size);
	to[size] = '\0';
}

/* One more string of a NULL-terminated list. */
static int take_string(char ***list, size_t *count, const uint8_t *bytes, size_t size)
{
	char **grown = reallocarray(*list, *count + 2, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[*count] = strndup((const char *)bytes, size);
	if (!grown[*count])
		return -ENOMEM;
	grown[++*count] = NULL;
	return 0;
}

static int take_pid(struct header *header, const uint8_t *bytes, size_t size)
{
	int32_t *pids = reallocarray(header->pids, header->pid_count + 1, sizeof *pids);

	if (!pids)
		return -ENOMEM;
	header->pids = pids;
	if (size != sizeof *pids)
		return -EBADMSG;
	memcpy(&pids[header->pid_count++], bytes, size);
	return 0;
}

static int take_times(struct header *header, const uint8_t *bytes, size_t size)
{
	if (size != 2 * sizeof(uint64_t))
		return -EBADMSG;
	memcpy(&header->start_ns, bytes, sizeof(uint64_t));
	memcpy(&header->wallclock_ns, bytes + sizeof(uint64_t), sizeof(uint64_t));
	return 0;
}

static int take_sight(struct header *header, const uint8_t *bytes, size_t size)
{
	if (size != 2 * sizeof(uint32_t))
		return -EBADMSG;
	memcpy(&header->sight.flags, bytes, sizeof(uint32_t));
	memcpy(&header->sight.user, bytes + sizeof(uint32_t), sizeof(uint32_t));
	return 0;
}

static int take_interest(struct header *header, const uint8_t *bytes, size_t size)
{
	if (size != INTEREST_KEPT && size != offsetof(struct interest, stacks))
		return -EBADMSG;
	memcpy(&header->interest, bytes, size);
	return 0;
}

static int take_field(struct header *header, uint32_t tag, const uint8_t *bytes, size_t size)
{
	const struct {
		enum header_tag tag;
		char *text;
		size_t room;
	} texts[] = {
		{HEADER_HOST, header->identity.host, sizeof header->identity.host},
		{HEADER_BOOT, header->identity.boot, sizeof header->identity.boot},
		{HEADER_RUN, header->identity.run, sizeof header->identity.run},
		{HEADER_KERNEL, header->kernel, sizeof header->kernel},
		{HEADER_MACHINE, header->machine, sizeof header->machine},
		{HEADER_SOURCE, header->sight.source, sizeof header->sight.source},
		{HEADER_REMARK, header->sight.remark, sizeof header->sight.remark},
		{HEADER_NO_FAULTS, header->sight.why_no_faults, sizeof header->sight.why_no_faults},
		{HEADER_NO_LATENCY, header->sight.why_no_latency, sizeof header->sight.why_no_latency},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].tag == tag)
			take_text(texts[i].text, texts[i].room, bytes, size);
	switch (tag) {
	case HEADER_ARGUMENT:
		return take_string(&header->command, &header->command_count, bytes, size);
	case HEADER_VARIABLE:
		return take_string(&header->variables, &header->variable_count, bytes, size);
	case HEADER_PID:
		return take_pid(header, bytes, size);
	case HEADER_TIMES:
		return take_times(header, bytes, size);
	case HEADER_INTEREST:
		return take_interest(header, bytes, size);
	case HEADER_SIGHT:
		return take_sight(header, bytes, size);
	default:
		return 0;
	}
}

int header_read(struct header *header, const uint8_t *bytes, size_t size)
{
	const uint8_t *end = bytes + size;
	int failed = 0;

	while (!failed && bytes < end) {
		struct header_field field;
		if ((size_t)(end - bytes) < sizeof field)
			return -EBADMSG;
		memcpy(&field, bytes, sizeof field);
		bytes += sizeof field;
		if (field.size > (size_t)(end - bytes))
			return -EBADMSG;
		failed = take_field(header, field.tag, bytes, field.size);
		bytes += field.size;
	}
	return failed;
}

void header_free(struct header *header)
{
	for (size_t i = 0; i < header->command_count; i++)
		free(header->command[i]);
	for (size_t i = 0; i < header->variable_count; i++)
		free(header->variables[i]);
	free(header->command);
	free(header->variables);
	free(header->pids);
	memset(header, 0, sizeof *header);
}
