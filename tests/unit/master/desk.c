#include "unit/master/desk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

#include "unit/descriptors.h"
#include "unit/unit.h"

#define TIME_LENGTH 21 /* of a line's beginning, blank included */
#define SETTLE_MS   5000

struct desk *desk_open(void)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    CU_ASSERT_FATAL(desk != NULL);
    desk->before = descriptors_open();
    desk->loop = loop_new();
    CU_ASSERT_FATAL(desk->loop != NULL && fd_pipe(desk->sink) == 0);
    /* A shell's standard error would block. */
    CU_ASSERT_FATAL(fcntl(desk->sink[1], F_SETFL, 0) == 0);
    CU_ASSERT_FATAL(logger_open(&desk->logger, sink_stderr(desk->sink[1])) == 0);
    CU_ASSERT_FATAL(logger_watch(&desk->logger, desk->loop) == 0);
    return desk;
}

void desk_close(struct desk *desk)
{
    logger_close(&desk->logger);
    fd_close(&desk->sink[0]);
    fd_close(&desk->sink[1]);
    loop_free(desk->loop);
    ASSERT_NUMBER(descriptors_open(), desk->before);
    free(desk);
}

void desk_write(struct desk *desk, const char *text)
{
    ASSERT_NUMBER(write(desk->logger.pipe_write, text, strlen(text)), strlen(text));
}

void desk_turn(struct desk *desk)
{
    CU_ASSERT(loop_turn(desk->loop, 0) != -1);
}

void desk_take(struct desk *desk, const char *text)
{
    desk_write(desk, text);
    desk_turn(desk);
}

void desk_settle(struct desk *desk)
{
    uint64_t deadline_ms = mono_ms() + SETTLE_MS;

    while (loop_timer_is_set(&desk->logger.retry) && mono_ms() < deadline_ms)
        CU_ASSERT(loop_turn(desk->loop, 100) != -1);
    CU_ASSERT(!loop_timer_is_set(&desk->logger.retry));
    CU_ASSERT(line_queue_is_empty(&desk->logger.queue));
}

static bool has_time(const char *line)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ ";

    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool digit = line[i] >= '0' && line[i] <= '9';

        if (shape[i] == 'd' ? !digit : line[i] != shape[i])
            return false;
    }
    return true;
}

/* Copies raw lines without their times. */
static void strip_times(const char *line, char *out)
{
    while (*line != '\0') {
        size_t length;

        if (has_time(line))
            line += TIME_LENGTH;
        else
            *out++ = '!';
        length = strcspn(line, "\n");
        length += line[length] == '\n';
        memcpy(out, line, length);
        out += length;
        line += length;
    }
    *out = '\0';
}

const char *desk_seen(struct desk *desk)
{
    char *raw = calloc(1, DESK_SEEN_SIZE / 2);
    size_t got = 0;
    ssize_t more;

    CU_ASSERT_FATAL(raw != NULL);
    while ((more = read(desk->sink[0], raw + got, DESK_SEEN_SIZE / 2 - 1 - got)) > 0)
        got += (size_t)more;
    strip_times(raw, desk->seen);
    free(raw);
    return desk->seen;
}

void desk_block(struct desk *desk)
{
    char nothing[4096] = {0};

    CU_ASSERT(fd_set_nonblocking(desk->sink[1]) == 0);
    while (write(desk->sink[1], nothing, sizeof(nothing)) > 0)
        continue;
    while (write(desk->sink[1], nothing, 1) > 0)
        continue;
    CU_ASSERT(fcntl(desk->sink[1], F_SETFL, 0) == 0);
}

void desk_unblock(struct desk *desk)
{
    char nothing[4096];

    while (read(desk->sink[0], nothing, sizeof(nothing)) > 0)
        continue;
}

unsigned desk_overfill(struct desk *desk)
{
    char record[1000];

    memset(record, 'x', sizeof(record));
    memcpy(record, "<3>w: ", 6);
    record[sizeof(record) - 2] = '\n';
    record[sizeof(record) - 1] = '\0';
    for (int i = 0; i < LINE_QUEUE_SIZE / 1000 + 10; i++)
        desk_take(desk, record);
    return (unsigned)desk->logger.dropped;
}
