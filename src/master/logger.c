#include "master/logger.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

/* A sink that does not take lines is tried again after so long; the longer it lasts, the later. */
#define RETRY_FIRST_MS 20
#define RETRY_MOST_MS  1000

#define SECOND_MS 1000

/* ---- lines, to the sink or into the queue ---- */

static void lose(struct logger *logger, unsigned count)
{
    logger->dropped += count;
    logger->lost += count;
}

/* Passes on what waits, in its order. Returns whether nothing waits any more. */
static bool flush(struct logger *logger)
{
    const char *line;
    size_t size;

    while ((line = line_queue_first(&logger->queue, &size)) != NULL) {
        enum sink_result result = logger->sink.ops->write(&logger->sink, line, size);

        if (result == SINK_LATER)
            return false;
        if (result == SINK_LOST)
            lose(logger, 1);
        line_queue_drop_first(&logger->queue);
        logger->retry_ms = RETRY_FIRST_MS;
    }
    return true;
}

static void put(struct logger *logger, enum log_level level, const char *text)
{
    char line[SINK_LINE_SIZE];
    size_t size = logger->sink.ops->format(&logger->sink, level, text, line);

    if (!line_queue_add(&logger->queue, line, size))
        lose(logger, 1);
}

static void put_lost(struct logger *logger, uint64_t *count, const char *by, const char *words)
{
    char text[LOG_RECORD_SIZE];
    struct keyvalue line;

    keyvalue_begin(&line, "log");
    keyvalue_word(&line, "lost", by);
    keyvalue_number(&line, "lines", *count);
    keyvalue_quote(&line, "text", "%llu %s", (unsigned long long)*count, words);
    snprintf(text, sizeof(text), "master: %s", line.text);
    *count = 0;
    put(logger, LOG_LEVEL_WARNING, text);
}

/* What was dropped is said where the gap is: as soon as there is room again. */
static void say_dropped(struct logger *logger)
{
    if (logger->lost > 0 && line_queue_is_empty(&logger->queue))
        put_lost(logger, &logger->lost, "sink", "log lines were lost here");
    if (logger->left_out > 0 && mono_ms() >= logger->second_ms + SECOND_MS)
        put_lost(logger, &logger->left_out, "rate",
                 "more log lines in a second were left out here");
}

static void plan_retry(struct logger *logger)
{
    bool waits = !line_queue_is_empty(&logger->queue) || logger->lost > 0;

    if (logger->loop == NULL || loop_timer_is_set(&logger->retry))
        return;
    if (waits)
        loop_timer_set(logger->loop, &logger->retry, mono_ms() + logger->retry_ms);
    else if (logger->left_out > 0)
        loop_timer_set(logger->loop, &logger->retry, logger->second_ms + SECOND_MS);
}

static void go_on(struct logger *logger)
{
    flush(logger);
    say_dropped(logger);
    flush(logger);
    plan_retry(logger);
}

static void on_retry(struct loop_timer *timer)
{
    struct logger *logger = CONTAINER_OF(timer, struct logger, retry);

    logger->retry_ms *= 2;
    if (logger->retry_ms > RETRY_MOST_MS)
        logger->retry_ms = RETRY_MOST_MS;
    go_on(logger);
}

/* ---- records ---- */

/* "<N>NAME: text\n": takes it apart. What a child writes must not steer a terminal. */
static enum log_level parse(const char *record, size_t size, char text[LOG_RECORD_SIZE])
{
    unsigned level = LOG_LEVEL_ERROR;

    if (size > 3 && record[0] == '<' && record[2] == '>') {
        level = (unsigned)(record[1] - '0');
        record += 3;
        size -= 3;
    }
    if (size > 0 && record[size - 1] == '\n')
        size--;
    if (size > LOG_RECORD_SIZE - 1)
        size = LOG_RECORD_SIZE - 1;
    for (size_t i = 0; i < size; i++)
        text[i] = (unsigned char)record[i] < ' ' || record[i] == 0x7f ? '?' : record[i];
    text[size] = '\0';
    return level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level;
}

static void echo(const struct logger *logger, enum log_level level, const char *text)
{
    static const char own[] = "master: ";

    if (logger->echo == -1 || level > LOG_LEVEL_WARNING)
        return;
    if (strncmp(text, own, strlen(own)) == 0)
        text += strlen(own);
    sink_say(logger->echo, level, text, strlen(text));
}

/* Whether this line is one too many in its second. A busy connection log leaves some room for what
 * matters more. */
static bool is_too_many(struct logger *logger, enum log_level level)
{
    unsigned most = LOGGER_LINES_MOST + (level <= LOG_LEVEL_NOTICE ? LOGGER_LINES_SPARE : 0);
    uint64_t now_ms = mono_ms();

    if (now_ms >= logger->second_ms + SECOND_MS) {
        say_dropped(logger);
        logger->second_ms = now_ms;
        logger->lines = 0;
    }
    if (logger->lines >= most)
        return true;
    logger->lines++;
    return false;
}

void logger_take(void *context, const char *record, size_t size)
{
    struct logger *logger = context;
    char text[LOG_RECORD_SIZE];
    enum log_level level = parse(record, size, text);

    echo(logger, level, text);
    if (is_too_many(logger, level)) {
        logger->dropped++;
        logger->left_out++;
    } else {
        flush(logger);
        say_dropped(logger);
        put(logger, level, text);
    }
    go_on(logger);
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

/* ---- the whole ---- */

int logger_open(struct logger *logger, struct sink sink)
{
    int ends[2];

    if (fd_pipe(ends) == -1)
        return -1;
    *logger = (struct logger)LOGGER_CLOSED;
    logger->pipe = (struct loop_watch){.fn = on_records, .fd = ends[0]};
    logger->pipe_write = ends[1];
    logger->sink = sink;
    logger->retry.fn = on_retry;
    logger->retry_ms = RETRY_FIRST_MS;
    log_to_sink(logger_take, logger);
    return 0;
}

int logger_watch(struct logger *logger, struct loop *loop)
{
    logger->loop = loop;
    plan_retry(logger);
    return loop_add(loop, &logger->pipe, LOOP_READ);
}

/* What waits is in the old sink's words, and for it alone. */
void logger_change(struct logger *logger, struct sink sink)
{
    if (sink.ops == logger->sink.ops)
        return;
    flush(logger);
    lose(logger, line_queue_clear(&logger->queue));
    logger->sink.ops->close(&logger->sink);
    logger->sink = sink;
    go_on(logger);
}

/* The last lines, and what was dropped before them. */
static void finish(struct logger *logger)
{
    static const struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};

    logger->second_ms = 0;
    go_on(logger);
    for (int i = 0; i < 20 && !line_queue_is_empty(&logger->queue); i++) {
        nanosleep(&moment, NULL);
        go_on(logger);
    }
}

void logger_close(struct logger *logger)
{
    if (logger->pipe.fd == -1)
        return;
    for (int i = 0; i < 1000 && read_some(logger); i++)
        continue;
    finish(logger);
    log_to_fd(STDERR_FILENO);
    if (logger->loop != NULL)
        loop_timer_stop(logger->loop, &logger->retry);
    logger->sink.ops->close(&logger->sink);
    fd_close(&logger->pipe.fd);
    fd_close(&logger->pipe_write);
}
