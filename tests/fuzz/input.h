/* SPDX-License-Identifier: MIT
 *
 * input: the fuzzer's bytes, read from the front as the numbers and blocks a target needs. When they
 * end, numbers are 0 and blocks are empty, so every input means something.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *bytes;
	size_t size;
};

/* A number of 1 to 8 bytes, little-endian. */
static inline uint64_t input_number(struct input *input, size_t bytes)
{
	uint64_t value = 0;
	size_t size = bytes < input->size ? bytes : input->size;

	if (size)
		memcpy(&value, input->bytes, size);
	input->bytes += size;
	input->size -= size;
	return value;
}

/* The next `size` bytes, or as many as are left. */
static inline struct input input_block(struct input *input, size_t size)
{
	struct input block = {input->bytes, size < input->size ? size : input->size};

	input->bytes += block.size;
	input->size -= block.size;
	return block;
}

/* A copy with a NUL after it, and nothing readable after that; freed by the caller. */
static inline char *input_text(struct input input)
{
	char *text = malloc(input.size + 1);

	if (!text)
		abort();
	if (input.size)
		memcpy(text, input.bytes, input.size);
	text[input.size] = 0;
	return text;
}

/* What libFuzzer calls; a target defines it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
