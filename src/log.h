/* SPDX-License-Identifier: MIT
 *
 * log: what the tool itself has to say to its user, on stderr, as `compendium: text`. The only C
 * file that writes to the terminal. A stderr that is closed or full is ordinary: nothing is lost but
 * the text.
 */
#ifndef LOG_H
#define LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO };

/* Messages above this level are dropped; LOG_WARNING at first, LOG_INFO with -v. */
void log_set_level(enum log_level level);

/* What the messages that follow are about, such as "FILE:LINE"; NULL: nothing. It stays the caller's. */
void log_set_place(const char *place);

/* One message on one line. Bytes that could harm a terminal, and newlines, are escaped. errno is
 * kept. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A text of several lines, such as a traceback: those after the first are indented, so that none
 * passes for a message of its own. */
void log_lines(enum log_level level, const char *text);

/* A line without an end, which the next one of its kind takes the place of, and any message takes away. For a
 * terminal only: who calls it knows that stderr is one. */
void log_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes it away, when there is one: before anybody else writes to the terminal. */
void log_progress_end(void);

#endif
