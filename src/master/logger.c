#include "master/logger.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

/*
 * Standard error may be shared with a shell, so it is not made non-blocking: it is asked before
 * each line. A pipe that says yes has room for a whole page, more than a line can be.
 */
static bool can_write(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    return poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0;
}

static void write_line(struct logger *logger, const char *line, size_t size)
{
    if (!can_write(logger->sink) || write(logger->sink, line, size) != (ssize_t)size)
        logger->dropped++;
}

/* "TIME LEVEL NAME: text": a record's "<N>" becomes the word for its level. */
static void pass_on(struct logger *logger, const char *record, size_t size)
{
    char time[WALL_TEXT_SIZE];
    char line[LOG_RECORD_SIZE + 64];
    unsigned level = LOG_LEVEL_ERROR;
    int length;

    if (size > 3 && record[0] == '<' && record[2] == '>') {
        level = (unsigned)(record[1] - '0');
        record += 3;
        size -= 3;
    }
    if (level > LOG_LEVEL_DEBUG)
        level = LOG_LEVEL_DEBUG;
    length = snprintf(line, sizeof(line), "%s %s %.*s", wall_format(wall_ms(), time),
                      log_level_name((enum log_level)level), (int)size, record);
    if (length >= (int)sizeof(line))
        length = sizeof(line) - 1;
    write_line(logger, line, (size_t)length);
}

static void say_dropped(struct logger *logger)
{
    char record[96];
    int length;
    uint64_t missed = logger->dropped - logger->dropped_said;

    if (missed == 0 || !can_write(logger->sink))
        return;
    logger->dropped_said = logger->dropped;
    length = snprintf(record, sizeof(record), "<1>master: %llu log lines were lost here\n",
                      (unsigned long long)missed);
    pass_on(logger, record, (size_t)length);
}

void logger_take(void *context, const char *record, size_t size)
{
    struct logger *logger = context;

    say_dropped(logger);
    pass_on(logger, record, size);
}

/* Passes on the whole records in the buffer and keeps the rest. */
static void split(struct logger *logger)
{
    char *start = logger->buffer;
    char *newline;

    while ((newline = memchr(start, '\n', logger->held)) != NULL) {
        size_t size = (size_t)(newline - start) + 1;

        logger_take(logger, start, size);
        start += size;
        logger->held -= size;
    }
    memmove(logger->buffer, start, logger->held);
    if (logger->held == sizeof(logger->buffer))
        logger->held = 0; /* no child writes records that long: not a record */
}

static bool read_some(struct logger *logger)
{
    ssize_t got =
        read(logger->pipe.fd, logger->buffer + logger->held, sizeof(logger->buffer) - logger->held);

    if (got <= 0)
        return false;
    logger->held += (size_t)got;
    split(logger);
    return true;
}

static void on_records(struct loop_watch *watch, unsigned events)
{
    struct logger *logger = CONTAINER_OF(watch, struct logger, pipe);

    (void)events;
    read_some(logger);
}

int logger_open(struct logger *logger, int sink)
{
    int ends[2];

    if (fd_pipe(ends) == -1)
        return -1;
    *logger = (struct logger){
        .pipe = {.fn = on_records, .fd = ends[0]}, .pipe_write = ends[1], .sink = sink};
    log_to_sink(logger_take, logger);
    return 0;
}

int logger_watch(struct logger *logger, struct loop *loop)
{
    return loop_add(loop, &logger->pipe, LOOP_READ);
}

void logger_close(struct logger *logger)
{
    for (int i = 0; i < 1000 && read_some(logger); i++)
        continue;
    say_dropped(logger);
    log_to_fd(logger->sink);
    fd_close(&logger->pipe.fd);
    fd_close(&logger->pipe_write);
}
