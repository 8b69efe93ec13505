/* SPDX-License-Identifier: MIT
 *
 * identity: where a trace was made and which one it is, so that rows of many machines can be told
 * apart.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

struct identity {
	char host[65]; /* the machine's name (uname(2)), any bytes */
	char boot[37]; /* a UUID of this boot of it, see random(4); "" when /proc does not tell */
	char run[37];  /* a random UUID of this trace */
};

/* Who we are now. A trace that is replayed has the identity of its recording instead. */
void identity_make(struct identity *identity);

#endif
