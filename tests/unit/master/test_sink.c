/* The sinks, and the logger on one that talks to a syslog daemon of the test's own. */
#include "master/sink.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "master/logger.h"

#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test sink_tests[];

/* A syslog daemon: a datagram socket with a name, and what was read from it last. */
struct daemon {
    char dir[32];
    char path[48];
    int fd; /* -1 while it is down */
    char line[2000];
    unsigned before; /* descriptors */
};

static void daemon_up(struct daemon *daemon)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(address.sun_path, daemon->path);
    daemon->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(daemon->fd != -1);
    CU_ASSERT_FATAL(bind(daemon->fd, (struct sockaddr *)&address, sizeof(address)) == 0);
}

static void daemon_down(struct daemon *daemon)
{
    fd_close(&daemon->fd);
    unlink(daemon->path);
}

static void daemon_init(struct daemon *daemon)
{
    daemon->before = descriptors_open();
    daemon->fd = -1;
    strcpy(daemon->dir, "/tmp/k0slb-sink-XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(daemon->dir) != NULL);
    snprintf(daemon->path, sizeof(daemon->path), "%s/log", daemon->dir);
}

static void daemon_fini(struct daemon *daemon)
{
    daemon_down(daemon);
    rmdir(daemon->dir);
    ASSERT_NUMBER(descriptors_open(), daemon->before);
}

/* The next line, "" when there is none. */
static const char *daemon_line(struct daemon *daemon)
{
    ssize_t got = recv(daemon->fd, daemon->line, sizeof(daemon->line) - 1, 0);

    daemon->line[got > 0 ? got : 0] = '\0';
    return daemon->line;
}

/* What follows the date of the next line, which has to have that priority and about this time. */
static const char *daemon_text(struct daemon *daemon, const char *priority)
{
    const char *line = daemon_line(daemon);
    time_t now = time(NULL);
    struct tm said;
    const char *rest;

    CU_ASSERT(strncmp(line, priority, strlen(priority)) == 0);
    if (strncmp(line, priority, strlen(priority)) != 0)
        return line;
    localtime_r(&now, &said); /* the year, which is not said */
    rest = strptime(line + strlen(priority), "%b %e %H:%M:%S", &said);
    CU_ASSERT(rest != NULL && rest - line == (ptrdiff_t)strlen(priority) + 15);
    if (rest == NULL)
        return line;
    said.tm_isdst = -1;
    CU_ASSERT(llabs((long long)(mktime(&said) - now)) <= 5);
    return rest;
}

struct office {
    struct daemon daemon;
    struct logger logger;
    struct loop *loop;
};

static struct office *office_open(bool is_up)
{
    struct office *office = calloc(1, sizeof(*office));

    CU_ASSERT_FATAL(office != NULL);
    daemon_init(&office->daemon);
    if (is_up)
        daemon_up(&office->daemon);
    office->loop = loop_new();
    CU_ASSERT_FATAL(office->loop != NULL);
    CU_ASSERT_FATAL(logger_open(&office->logger, sink_syslog(office->daemon.path, "lb-1", 4711)) ==
                    0);
    CU_ASSERT_FATAL(logger_watch(&office->logger, office->loop) == 0);
    log_set_name("master");
    return office;
}

static void office_close(struct office *office)
{
    logger_close(&office->logger);
    loop_free(office->loop);
    daemon_fini(&office->daemon);
    free(office);
}

/* Turns the loop until the daemon has a line; returns it, or "" after too long a time. */
static const char *next_line(struct office *office)
{
    uint64_t deadline_ms = mono_ms() + 5000;

    while (*daemon_line(&office->daemon) == '\0' && mono_ms() < deadline_ms)
        CU_ASSERT(loop_turn(office->loop, 10) != -1);
    return office->daemon.line;
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Facility daemon; the severities of RFC 3164. */
static void test_lines(void)
{
    struct office *office = office_open(true);

    log_set_level(LOG_LEVEL_DEBUG);
    log_error("a");
    log_warning("b");
    log_notice("c");
    log_info("d");
    log_debug("e");
    log_set_level(LOG_LEVEL_INFO);
    ASSERT_TEXT(daemon_text(&office->daemon, "<27>"), " lb-1[4711]: master: a");
    ASSERT_TEXT(daemon_text(&office->daemon, "<28>"), " lb-1[4711]: master: b");
    ASSERT_TEXT(daemon_text(&office->daemon, "<29>"), " lb-1[4711]: master: c");
    ASSERT_TEXT(daemon_text(&office->daemon, "<30>"), " lb-1[4711]: master: d");
    ASSERT_TEXT(daemon_text(&office->daemon, "<31>"), " lb-1[4711]: master: e");
    CU_ASSERT(descriptor_is_cloexec(office->logger.sink.fd));
    CU_ASSERT(descriptor_is_nonblocking(office->logger.sink.fd));
    office_close(office);
}

static void test_longest_line(void)
{
    struct office *office = office_open(true);
    char text[2 * LOG_RECORD_SIZE];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_error("%s", text);
    CU_ASSERT(strlen(daemon_text(&office->daemon, "<27>")) > LOG_RECORD_SIZE - 20);
    office_close(office);
}

/* The daemon has stopped reading: its queue fills, and ours; nobody waits, nothing is silent. */
static void test_stopped_daemon(void)
{
    enum { LINES = LOGGER_LINES_MOST / 2, TEXT = 900 };
    struct office *office = office_open(true);
    uint64_t begun_ms = mono_ms();
    char text[TEXT + 1];
    unsigned got = 0;

    memset(text, 'x', TEXT);
    text[TEXT] = '\0';
    for (int i = 0; i < LINES; i++)
        log_info("%s", text);
    CU_ASSERT(mono_ms() - begun_ms < 2000);
    CU_ASSERT(office->logger.dropped > 0);
    while (*next_line(office) != '\0' && strstr(office->daemon.line, "lost here") == NULL)
        got++;
    ASSERT_NUMBER(got + office->logger.dropped, LINES);
    snprintf(text, sizeof(text), "text=\"%u log lines were lost here\"",
             (unsigned)office->logger.dropped);
    CU_ASSERT(ends_with(office->daemon.line, text));
    log_info("again");
    CU_ASSERT(ends_with(next_line(office), "master: again"));
    office_close(office);
}

/* A daemon that is restarted gets what is said meanwhile, in its order. */
static void test_restarted_daemon(void)
{
    struct office *office = office_open(true);

    log_info("one");
    CU_ASSERT(ends_with(next_line(office), "master: one"));
    daemon_down(&office->daemon);
    log_info("two");
    log_info("three");
    daemon_up(&office->daemon);
    CU_ASSERT(ends_with(next_line(office), "master: two"));
    CU_ASSERT(ends_with(next_line(office), "master: three"));
    ASSERT_NUMBER(office->logger.dropped, 0);
    office_close(office);
}

/* No daemon yet, as early at boot: asked for once a second, and told everything when it comes. */
static void test_missing_daemon(void)
{
    struct office *office = office_open(false);
    struct sink *sink = &office->logger.sink;

    log_info("one");
    CU_ASSERT(sink->next_try_ms > mono_ms() && sink->next_try_ms <= mono_ms() + 1000);
    sink->next_try_ms += 60000; /* so that this test is not too slow to see it */
    daemon_up(&office->daemon);
    for (int i = 0; i < 20; i++)
        log_info("more");
    ASSERT_NUMBER(sink->fd, -1);
    ASSERT_TEXT(daemon_line(&office->daemon), "");
    sink->next_try_ms = 0;
    CU_ASSERT(ends_with(next_line(office), "master: one"));
    CU_ASSERT(ends_with(next_line(office), "master: more"));
    ASSERT_NUMBER(office->logger.dropped, 0);
    office_close(office);
}

/* Never there: the end comes all the same. */
static void test_never_a_daemon(void)
{
    struct office *office = office_open(false);
    uint64_t begun_ms = mono_ms();

    log_info("to nobody");
    logger_close(&office->logger);
    CU_ASSERT(mono_ms() - begun_ms < 2000);
    office_close(office);
}

static void test_choose(void)
{
    static const struct {
        enum conf_log log;
        bool is_daemon;
        bool is_syslog;
    } cases[] = {
        {LOG_AUTO, false, false},  {LOG_AUTO, true, true},    {LOG_STDERR, false, false},
        {LOG_STDERR, true, false}, {LOG_SYSLOG, false, true}, {LOG_SYSLOG, true, true},
    };
    const struct sink syslog = sink_syslog("/dev/log", "x", 1);
    int null[2];

    CU_ASSERT_FATAL(fd_pipe(null) == 0);
    log_to_fd(null[1]);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct conf_global global = {.name = "lb-2", .log = cases[i].log};
        struct sink sink = sink_choose(&global, cases[i].is_daemon);

        ASSERT_NUMBER(sink.ops == syslog.ops, cases[i].is_syslog);
        if (cases[i].is_syslog) {
            ASSERT_TEXT(sink.path, "/dev/log");
            ASSERT_TEXT(sink.ident, "lb-2");
            ASSERT_NUMBER(sink.pid, getpid());
        }
    }
    log_to_fd(STDERR_FILENO);
    fd_close(&null[0]);
    fd_close(&null[1]);
}

/* What is said to the caller of a start never waits for it. */
static void test_say(void)
{
    char text[256] = "";
    int ends[2];

    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC) == 0);
    sink_say(ends[1], LOG_LEVEL_ERROR, "no room", 7);
    sink_say(ends[1], LOG_LEVEL_WARNING, "little room", 6);
    sink_say(ends[1], LOG_LEVEL_INFO, "room", 4);
    sink_say_lines(ends[1], "a\n\nb");
    CU_ASSERT(read(ends[0], text, sizeof(text) - 1) > 0);
    ASSERT_TEXT(text, "k0slbd: no room\nk0slbd: warning: little\nk0slbd: notice: room\na\n\nb");
    for (int i = 0; i < 10000; i++)
        sink_say(ends[1], LOG_LEVEL_ERROR, "nobody reads this", 17);
    sink_say_lines(ends[1], "nor\nthis\n");
    fd_close(&ends[0]);
    sink_say(ends[1], LOG_LEVEL_ERROR, "nobody is there", 15);
    fd_close(&ends[1]);
}

const struct unit_test sink_tests[] = {
    {"lines", test_lines},
    {"longest_line", test_longest_line},
    {"stopped_daemon", test_stopped_daemon},
    {"restarted_daemon", test_restarted_daemon},
    {"missing_daemon", test_missing_daemon},
    {"never_a_daemon", test_never_a_daemon},
    {"choose", test_choose},
    {"say", test_say},
    {NULL, NULL},
};
