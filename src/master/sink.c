#include "master/sink.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/keyvalue.h"
#include "base/mono.h"

/* ---- standard error ---- */

/*
 * It may be shared with a shell, so it is not made non-blocking: it is asked before each line. A
 * pipe that says yes has room for a whole page, more than a line can be; what has hung up says yes
 * too, and refuses the line.
 */
static bool can_write(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    return poll(&ready, 1, 0) == 1;
}

static size_t format_stderr(const struct sink *sink, enum log_level level, const char *text,
                            char line[SINK_LINE_SIZE])
{
    char time[WALL_TEXT_SIZE];
    int length = snprintf(line, SINK_LINE_SIZE, "%s %s %s\n", wall_format(wall_ms(), time),
                          log_level_name(level), text);

    (void)sink;
    if (length < SINK_LINE_SIZE)
        return (size_t)length;
    line[SINK_LINE_SIZE - 2] = '\n';
    return SINK_LINE_SIZE - 1;
}

static enum sink_result write_stderr(struct sink *sink, const char *line, size_t size)
{
    if (!can_write(sink->fd))
        return SINK_LATER;
    return write(sink->fd, line, size) == (ssize_t)size ? SINK_DONE : SINK_LOST;
}

static void close_stderr(struct sink *sink)
{
    sink->fd = -1;
}

struct sink sink_stderr(int fd)
{
    static const struct sink_ops ops = {format_stderr, write_stderr, close_stderr};

    return (struct sink){.ops = &ops, .fd = fd};
}

/* What was between quotation marks must not steer a terminal either. */
static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
    }
}

/* An event is said in its words alone, behind the name of who has written it. */
static void put_into_words(char text[LOG_RECORD_SIZE])
{
    const char *event = keyvalue_find(text);
    char words[LOG_RECORD_SIZE] = "";

    if (event != NULL && keyvalue_get(event, "text", words, sizeof(words)))
        snprintf(text + (event - text), (size_t)(LOG_RECORD_SIZE - (event - text)), "%s", words);
}

void sink_say(int fd, enum log_level level, const char *text, size_t size)
{
    char line[SINK_LINE_SIZE];
    char words[LOG_RECORD_SIZE];
    const char *kind = level == LOG_LEVEL_ERROR     ? ""
                       : level == LOG_LEVEL_WARNING ? "warning: "
                                                    : "notice: ";
    int length;

    snprintf(words, sizeof(words), "%.*s", (int)size, text);
    put_into_words(words);
    clean(words);
    length = snprintf(line, sizeof(line), "k0slbd: %s%s\n", kind, words);

    if (length < (int)sizeof(line) && can_write(fd) && write(fd, line, (size_t)length) == -1)
        return; /* nobody to tell */
}

void sink_say_lines(int fd, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");

        length += lines[length] == '\n';
        if (!can_write(fd) || write(fd, lines, length) == -1)
            return;
        lines += length;
    }
}

/* ---- which one ---- */

struct sink sink_choose(const struct conf_global *global, bool is_daemon)
{
    if (global->log == LOG_SYSLOG || (global->log == LOG_AUTO && is_daemon))
        return sink_syslog(SINK_SYSLOG_PATH, global->name, getpid());
    if (is_daemon)
        log_warning("[k0slb] log = stderr: a daemon has none, its log lines are lost");
    return sink_stderr(STDERR_FILENO);
}
