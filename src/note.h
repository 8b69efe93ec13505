/* SPDX-License-Identifier: MIT
 *
 * note: what a source has to tell the user, as text.
 */
#ifndef NOTE_H
#define NOTE_H

#include "record.h"

/* Said of a RECORD_NOTE whatever the scripts say, since it is about what tracing does to the
 * program. */
void note_tell(const struct record *record);

#endif
