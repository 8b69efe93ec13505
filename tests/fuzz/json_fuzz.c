/* SPDX-License-Identifier: MIT
 *
 * Any value as JSON, and read again: json.lua beside this makes the value and has the checks. The host
 * lives on, as nothing is kept of what it was given.
 */
#include "fuzz_host.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct options options = {.color = "never", .backend = "auto"};
	static struct limits limits;
	static struct host *host;

	if (!host)
		host = fuzz_host_open(&options, &limits);
	limits.instructions = 0;
	fuzz_host_check(host, "tests/fuzz/json.lua", "check", bytes, size);
	return 0;
}
