/* SPDX-License-Identifier: MIT
 *
 * walk: every value of a record, through a visitor that touches all bytes and checks what decode.h
 * promises: one value for each argument, in well-formed lists and structs. Aborts when it is not so.
 */
#ifndef FUZZ_WALK_H
#define FUZZ_WALK_H

#include "record.h"

/* All pieces and arguments of a record, whose `size` bytes are readable and no more. */
void walk_record(const struct record *record);

#endif
