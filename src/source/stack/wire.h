/* SPDX-License-Identifier: MIT
 *
 * wire: what the tracer and its worker say to each other about stacks, as messages of a socket that
 * keeps their bounds. The tracer asks for the frames of a stopped task, then serves what the worker
 * needs for them (memory, files) until it has answered. The two are one program, so nothing here is
 * ever read by another version; but a worker that a hostile file has taken over may say anything.
 */
#ifndef STACK_WIRE_H
#define STACK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	WIRE_SPACES = 16, /* address spaces the worker remembers */
	WIRE_PAGE = 4096,
	WIRE_BYTES_MAX = 32768, /* that follow a message's head */
	WIRE_REGISTERS = 17,
};

enum wire_what {
	/* from the tracer */
	WIRE_SPACE,  /* number a has other modules now; they follow, b in all */
	WIRE_MODULE, /* from address a to b, of the file c; its name */
	WIRE_STACK,  /* of space a; b: 1 for 32 bits; the registers by DWARF's numbers, then memory
			from c on */
	WIRE_ANSWER, /* to the three below: bytes, or a file */
	/* from the worker */
	WIRE_READ,   /* a page of memory, at address a */
	WIRE_OPEN,   /* the file of module number b of space a */
	WIRE_DEBUG,  /* the file of debug information whose build id are the bytes */
	WIRE_FRAMES, /* the frames (frame.h); a: 1 when there are more */
};

struct wire_head {
	uint32_t what, size; /* size: of the bytes that follow */
	uint64_t a, b, c;
};

struct wire {
	struct wire_head head;
	uint8_t bytes[WIRE_BYTES_MAX];
};

/* Sends the message, with a descriptor unless that is negative. False: the other side is gone, or
 * takes nothing. */
bool wire_send(int socket, const struct wire *wire, int fd);

/* Takes a message; with `fd`, the descriptor that came along is there, or -1, else there is none.
 * False: the other side is gone or what it said is no message. */
bool wire_receive(int socket, struct wire *wire, int *fd);

/* The worker: answers until the other side is gone, then ends. Never returns. */
_Noreturn void worker_run(int socket);

#endif
