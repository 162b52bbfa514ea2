/*
 * Log lines. A process writes each as one record of at most PIPE_BUF bytes into one non-blocking
 * descriptor (the log pipe, whose reader is the master), so that nobody ever waits for a log: what
 * does not fit is counted and said later. The master instead has its lines taken by a function.
 */
#ifndef K0SLB_BASE_LOG_H
#define K0SLB_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/keyvalue.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/* One record: "<LEVEL>NAME: text\n" with LEVEL a digit, newline included, no NUL. */
#define LOG_RECORD_SIZE 1024

/* Takes one record of `size` bytes. */
typedef void log_sink(void *context, const char *record, size_t size);

/* Says who speaks ("worker 1") and down to which level. The name is kept by reference. */
void log_set_name(const char *name);
void log_set_level(enum log_level level);

/* Whether lines of that level are written: for whom making one costs something. */
bool log_is_on(enum log_level level);

/* Sends records to a descriptor, which the caller keeps open, or to a function. */
void log_to_fd(int fd);
void log_to_sink(log_sink *sink, void *context);

/* Records that this process could not write since it began. */
uint64_t log_dropped(void);

/* Each writes one line; a final newline is added, control bytes become '?'. errno is kept. */
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_notice(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * Writes a line of keys and values (base/keyvalue.h) as the one for an event, and says last of all,
 * as its key `text`, what has happened in words. The events and their keys stand in k0slbd(8).
 */
void log_event(enum log_level level, struct keyvalue *line, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Writes each line of a text, which may be NULL, as an error of its own. */
void log_error_lines(const char *lines);

/* The word for a level: "error", "warning" … */
const char *log_level_name(enum log_level level);

#endif
