/* SPDX-License-Identifier: MIT
 *
 * Escaping, quoting, cutting and formatting of any bytes and numbers: text.lua beside this has the checks.
 * The host lives on, as these modules keep nothing of what they were given.
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
	fuzz_host_check(host, "tests/fuzz/text.lua", "check", bytes, size);
	return 0;
}
