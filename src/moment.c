/* SPDX-License-Identifier: MIT
 *
 * See moment.h.
 */
#include "moment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Nanoseconds; 0: no unit of time. */
static double unit_ns(const char *name)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{"", 1e9},   {"s", 1e9}, {"ms", 1e6},	{"us", 1e3},
		{"µs", 1e3}, {"ns", 1},	 {"min", 60e9}, {"h", 3600e9},
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].name, name) == 0)
			return units[i].ns;
	return 0;
}

bool moment_parse(struct moment *moment, const char *text)
{
	bool is_before_end = *text == '-';
	const char *number = text + (*text == '-' || *text == '+');
	size_t digits = strspn(number, "0123456789."); /* strtod knows more: inf, 0x, exponents */
	char *end;
	double value = strtod(number, &end), unit = unit_ns(number + digits);

	if (!digits || end != number + digits || !unit || value * unit >= 0x1p63)
		return false;
	*moment = (struct moment){true, is_before_end, llround(value * unit)};
	return true;
}

uint64_t moment_in(const struct moment *moment, uint64_t whole_ns)
{
	if (!moment->is_before_end)
		return moment->ns;
	return moment->ns < whole_ns ? whole_ns - moment->ns : 0;
}
