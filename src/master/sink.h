/*
 * Where the master's log lines end: standard error, or the local syslog daemon by a socket of its
 * own (syslog(3) waits when that daemon does not read). A sink takes a line or says that it cannot;
 * it never waits.
 */
#ifndef K0SLB_MASTER_SINK_H
#define K0SLB_MASTER_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/log.h"
#include "conf/conf.h"

#define SINK_SYSLOG_PATH "/dev/log"

/* A formatted line: a record, and the time or priority in front of it. */
#define SINK_LINE_SIZE (LOG_RECORD_SIZE + CONF_NAME_SIZE + 64)

enum sink_result {
    SINK_DONE,
    SINK_LATER, /* the reader is slow, or not there: try the same line again */
    SINK_LOST,  /* it never will */
};

struct sink_ops;

/* Made by one of the functions below; moved and copied only before its first line. */
struct sink {
    const struct sink_ops *ops;
    int fd;                     /* syslog: its socket, -1 while there is none */
    const char *path;           /* of the syslog daemon's socket; by reference */
    char ident[CONF_NAME_SIZE]; /* what syslog calls this instance */
    pid_t pid;
    uint64_t next_try_ms; /* no connection is tried before then */
};

struct sink_ops {
    /* Writes the line for a text ("NAME: text", no newline); returns its length. */
    size_t (*format)(const struct sink *sink, enum log_level level, const char *text,
                     char line[SINK_LINE_SIZE]);
    enum sink_result (*write)(struct sink *sink, const char *line, size_t size);
    void (*close)(struct sink *sink);
};

/* "TIME LEVEL NAME: text" into a descriptor that stays the caller's. */
struct sink sink_stderr(int fd);

/* Datagrams to the socket at `path`, as of the program `ident` with that pid, facility daemon. */
struct sink sink_syslog(const char *path, const char *ident, pid_t pid);

/*
 * What `log` says; a daemon's `auto` is syslog. Warns when that is standard error, which a daemon
 * does not have.
 */
struct sink sink_choose(const struct conf_global *global, bool is_daemon);

/*
 * Writes "k0slbd: text", with "warning: " or "notice: " in between for those levels: a line for
 * whoever calls the program, while there is no log yet. Lost where it would have to wait.
 */
void sink_say(int fd, enum log_level level, const char *text, size_t size);

/* Writes each line of a text as it stands; the same holds. */
void sink_say_lines(int fd, const char *lines);

#endif
