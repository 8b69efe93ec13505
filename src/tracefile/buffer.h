/* SPDX-License-Identifier: MIT
 *
 * buffer: bytes that are used again for one frame after the other.
 */
#ifndef TRACEFILE_BUFFER_H
#define TRACEFILE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes room for `size` bytes at *bytes, which has *room; both are set. False: no memory, and
 * nothing has changed. What was there stays; the owner frees. */
bool buffer_grow(uint8_t **bytes, size_t *room, size_t size);

#endif
