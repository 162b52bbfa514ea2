#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The one state of a process that is not passed along: where its words go. */
static struct {
    const char *name;
    enum log_level level;
    int fd;
    log_sink *sink;
    void *context;
    uint64_t dropped;
    uint64_t dropped_said;
} state = {.name = "k0slb", .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

void log_set_name(const char *name)
{
    state.name = name;
}

void log_set_level(enum log_level level)
{
    state.level = level;
}

bool log_is_on(enum log_level level)
{
    return level <= state.level;
}

void log_to_fd(int fd)
{
    state.fd = fd;
    state.sink = NULL;
}

void log_to_sink(log_sink *sink, void *context)
{
    state.sink = sink;
    state.context = context;
}

uint64_t log_dropped(void)
{
    return state.dropped;
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"error", "warning", "notice", "info", "debug"};

    return names[level];
}

/* Turns what could forge or garble a line into '?'. */
static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
    }
}

static int emit(const char *record, size_t size)
{
    if (state.sink != NULL) {
        state.sink(state.context, record, size);
        return 0;
    }
    return write(state.fd, record, size) == (ssize_t)size ? 0 : -1;
}

static void write_record(enum log_level level, const char *text)
{
    char record[LOG_RECORD_SIZE];
    int size = snprintf(record, sizeof(record) - 1, "<%d>%s: %s", (int)level, state.name, text);

    if (size > (int)sizeof(record) - 2)
        size = (int)sizeof(record) - 2;
    record[size++] = '\n';
    if (emit(record, (size_t)size) == -1)
        state.dropped++;
}

/* The first line that fits again says how many did not. */
static void say_dropped(void)
{
    struct keyvalue line;
    uint64_t before = state.dropped;
    uint64_t lines = before - state.dropped_said;

    if (lines == 0)
        return;
    keyvalue_begin(&line, "log");
    keyvalue_word(&line, "lost", "pipe");
    keyvalue_number(&line, "lines", lines);
    keyvalue_quote(&line, "text", "%llu log lines were dropped before this one",
                   (unsigned long long)lines);
    write_record(LOG_LEVEL_WARNING, line.text);
    if (state.dropped == before)
        state.dropped_said = before;
    else
        state.dropped = before;
}

static void log_line(enum log_level level, const char *format, va_list args) PRINTF_LIKE(2, 0);

static void log_line(enum log_level level, const char *format, va_list args)
{
    char text[LOG_RECORD_SIZE];
    int saved = errno;

    if (!log_is_on(level))
        return;
    say_dropped();
    errno = saved; /* for %m */
    vsnprintf(text, sizeof(text), format, args);
    clean(text);
    write_record(level, text);
    errno = saved;
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_ERROR, format, args);
    va_end(args);
}

void log_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_WARNING, format, args);
    va_end(args);
}

void log_notice(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_NOTICE, format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_INFO, format, args);
    va_end(args);
}

void log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_DEBUG, format, args);
    va_end(args);
}

void log_event(enum log_level level, struct keyvalue *line, const char *format, ...)
{
    va_list args;
    int saved = errno;

    if (!log_is_on(level))
        return;
    va_start(args, format);
    keyvalue_vquote(line, "text", format, args);
    va_end(args);
    say_dropped();
    write_record(level, line->text);
    errno = saved;
}

void log_error_lines(const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        size_t length = strcspn(lines, "\n");

        log_error("%.*s", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
}
