/* The local syslog daemon, as syslog(3) of the C library writes to it, but without ever waiting. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/fd.h"
#include "base/mono.h"
#include "master/sink.h"

/* At most one attempt in so long a time: a daemon that is being replaced is back soon. */
#define RETRY_MS 1000

/* Facility "daemon" (RFC 3164, 4.1.1), and the severities, by enum log_level. */
#define FACILITY 3
static const int severities[] = {3, 4, 5, 6, 7};

/* "<PRI>Mmm dd hh:mm:ss IDENT[PID]: text": local time and no host, as local daemons expect it. */
static size_t format_syslog(const struct sink *sink, enum log_level level, const char *text,
                            char line[SINK_LINE_SIZE])
{
    time_t now = (time_t)(wall_ms() / 1000);
    char date[24] = "";
    struct tm local;
    int length;

    if (localtime_r(&now, &local) != NULL)
        strftime(date, sizeof(date), "%b %e %H:%M:%S", &local);
    length = snprintf(line, SINK_LINE_SIZE, "<%d>%s %s[%d]: %s", FACILITY * 8 + severities[level],
                      date, sink->ident, (int)sink->pid, text);
    return length < SINK_LINE_SIZE ? (size_t)length : SINK_LINE_SIZE - 1;
}

static int connect_now(struct sink *sink)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(sink->path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, sink->path);
    sink->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sink->fd != -1 &&
        connect(sink->fd, (const struct sockaddr *)&address, sizeof(address)) == -1)
        fd_close(&sink->fd);
    return sink->fd == -1 ? -1 : 0;
}

static bool is_connected(struct sink *sink)
{
    uint64_t now_ms = mono_ms();

    if (sink->fd != -1)
        return true;
    if (now_ms < sink->next_try_ms)
        return false;
    sink->next_try_ms = now_ms + RETRY_MS;
    return connect_now(sink) == 0;
}

static bool is_busy(int error)
{
    return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

static enum sink_result write_syslog(struct sink *sink, const char *line, size_t size)
{
    /* Twice: a daemon that was restarted refuses what goes to its old socket. */
    for (int i = 0; i < 2 && is_connected(sink); i++) {
        if (send(sink->fd, line, size, MSG_NOSIGNAL) == (ssize_t)size)
            return SINK_DONE;
        if (errno == EMSGSIZE)
            return SINK_LOST;
        if (is_busy(errno))
            return SINK_LATER;
        fd_close(&sink->fd);
    }
    return SINK_LATER;
}

static void close_syslog(struct sink *sink)
{
    fd_close(&sink->fd);
}

struct sink sink_syslog(const char *path, const char *ident, pid_t pid)
{
    static const struct sink_ops ops = {format_syslog, write_syslog, close_syslog};
    struct sink sink = {.ops = &ops, .fd = -1, .path = path, .pid = pid};

    snprintf(sink.ident, sizeof(sink.ident), "%s", ident);
    return sink;
}
