/* SPDX-License-Identifier: MIT
 *
 * constants_check: compares the table's constants with those of the headers that were included. The
 * C library's and the kernel's cannot be included together, so there are two such programs.
 */
#ifndef CONSTANTS_CHECK_H
#define CONSTANTS_CHECK_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct constant_check {
	const char *family, *name;
	uint64_t value, header;
};

/* Enums and flags are compared as unsigned ints, which is what a call's register holds. */
#define CHECK(family, name, value) {family, #name, value, (uint64_t)(name)},

static inline void check_constants(const struct constant_check *checks, size_t count)
{
	size_t wrong = 0;

	assert_true(count > 400);
	for (size_t i = 0; i < count; i++) {
		if (checks[i].value == checks[i].header)
			continue;
		print_error("%s: %s is 0x%" PRIx64 ", the header has 0x%" PRIx64 "\n",
			    checks[i].family, checks[i].name, checks[i].value, checks[i].header);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

#endif
