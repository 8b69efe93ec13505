/* SPDX-License-Identifier: MIT
 *
 * trap_rights: says who it is, for tests that give its file the setuid bit.
 */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	printf("uid %d effective %d, gid %d effective %d\n", (int)getuid(), (int)geteuid(), (int)getgid(),
	       (int)getegid());
	return 0;
}
