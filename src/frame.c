/* SPDX-License-Identifier: MIT
 *
 * See frame.h.
 */
#include "frame.h"

#include <string.h>

static uint16_t text_size(size_t size)
{
	return size < FRAME_TEXT_MAX ? size : FRAME_TEXT_MAX;
}

static char *put(char *to, const char *text, size_t size)
{
	if (size)
		memcpy(to, text, size);
	return to + size;
}

bool frame_add(void *bytes, size_t *size, size_t room, const struct frame *frame)
{
	struct frame_head head = {
		.address = frame->address,
		.offset = frame->offset,
		.line = frame->line,
		.module = text_size(frame->module_size),
		.name = text_size(frame->name_size),
		.file = text_size(frame->file_size),
	};
	size_t needed = sizeof head + head.module + head.name + head.file;
	char *to = (char *)bytes + *size;

	if (needed > room - *size)
		return false;
	memcpy(to, &head, sizeof head);
	to = put(to + sizeof head, frame->module, head.module);
	to = put(to, frame->name, head.name);
	put(to, frame->file, head.file);
	*size += needed;
	return true;
}

bool frame_next(const void *bytes, size_t size, size_t *at, struct frame *frame)
{
	struct frame_head head;
	const char *text = (const char *)bytes + *at + sizeof head;

	if (size - *at < sizeof head)
		return false;
	memcpy(&head, (const char *)bytes + *at, sizeof head);
	size_t whole = sizeof head + head.module + head.name + head.file;
	if (whole > size - *at)
		return false;
	*frame = (struct frame){
		.address = head.address,
		.offset = head.offset,
		.line = head.line,
		.module = text,
		.module_size = head.module,
		.name = text + head.module,
		.name_size = head.name,
		.file = text + head.module + head.name,
		.file_size = head.file,
	};
	*at += whole;
	return true;
}
