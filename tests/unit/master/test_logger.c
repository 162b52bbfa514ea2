#include "master/logger.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

#include "unit/descriptors.h"
#include "unit/master/desk.h"
#include "unit/unit.h"

extern const struct unit_test logger_tests[];

/* The last line, which says what is missing before it: its number stands there twice. */
#define LOST(by, words) "\nwarning master: event=log lost=" by " lines=%u text=\"%u " words "\"\n"

/* ---- records ---- */

static void test_records(void)
{
    struct desk *desk = desk_open();

    desk_take(desk, "<0>worker 1: bad\n<1>checker: so so\n<3>stats: good\n<4>worker 2: x\n");
    ASSERT_TEXT(desk_seen(desk), "error worker 1: bad\nwarning checker: so so\ninfo stats: good\n"
                                 "debug worker 2: x\n");
    ASSERT_NUMBER(desk->logger.dropped, 0);
    desk_close(desk);
}

/* The master's own lines take the same way. */
static void test_own_lines(void)
{
    struct desk *desk = desk_open();

    log_set_name("master");
    log_set_level(LOG_LEVEL_INFO);
    log_notice("%d workers", 3);
    log_debug("not asked for");
    ASSERT_TEXT(desk_seen(desk), "notice master: 3 workers\n");
    desk_close(desk);
}

static void test_cut_in_two(void)
{
    struct desk *desk = desk_open();

    desk_take(desk, "<3>worker 1: first\n<1>wor");
    ASSERT_TEXT(desk_seen(desk), "info worker 1: first\n");
    desk_take(desk, "ker 2: sec");
    ASSERT_TEXT(desk_seen(desk), "");
    desk_take(desk, "ond\n<3>worker 3: third\n");
    ASSERT_TEXT(desk_seen(desk), "warning worker 2: second\ninfo worker 3: third\n");
    desk_close(desk);
}

/* What was said before the end still comes out. */
static void test_close_reads_the_rest(void)
{
    enum { LINES = LOGGER_LINES_MOST };
    struct desk *desk = desk_open();
    const char *line;
    char text[64];
    int count = 0;

    for (int i = 0; i < LINES; i++) {
        snprintf(text, sizeof(text), "<3>worker 1: line %d\n", i);
        desk_write(desk, text);
    }
    logger_close(&desk->logger);
    ASSERT_NUMBER(desk->logger.pipe.fd, -1);
    ASSERT_NUMBER(desk->logger.pipe_write, -1);
    for (line = desk_seen(desk); *line != '\0'; line += strcspn(line, "\n") + 1) {
        snprintf(text, sizeof(text), "info worker 1: line %d\n", count++);
        CU_ASSERT(strncmp(line, text, strlen(text)) == 0);
    }
    ASSERT_NUMBER(count, LINES);
    desk_close(desk);
}

/* A record of the full size comes out whole. */
static void test_longest_record(void)
{
    struct desk *desk = desk_open();
    char record[LOG_RECORD_SIZE + 1];

    memset(record, 'x', sizeof(record));
    memcpy(record, "<3>w: ", 6);
    record[LOG_RECORD_SIZE - 1] = '\n';
    record[LOG_RECORD_SIZE] = '\0';
    desk_take(desk, record);
    ASSERT_NUMBER(strlen(desk_seen(desk)), LOG_RECORD_SIZE - 3 + strlen("info "));
    CU_ASSERT(strncmp(desk->seen, "info w: xxx", 11) == 0);
    desk_close(desk);
}

/* What a child writes does not steer the terminal that shows it. */
static void test_control_bytes(void)
{
    struct desk *desk = desk_open();

    desk_take(desk, "<3>worker 1: \033[2Ja\tb\x7f\n");
    ASSERT_TEXT(desk_seen(desk), "info worker 1: ?[2Ja?b?\n");
    desk_close(desk);
}

/* While a start is going on, errors and warnings are said to its caller as well. */
static void test_echo(void)
{
    struct desk *desk = desk_open();
    char text[256] = "";
    int ends[2];

    CU_ASSERT_FATAL(fd_pipe(ends) == 0);
    desk->logger.echo = ends[1];
    log_set_name("master");
    log_error("this is bad");
    log_warning("this is odd");
    log_notice("this is nothing");
    desk_take(desk, "<0>worker 1: no room\n");
    desk_take(desk, "<1>worker 1: event=limit at=9 text=\"\\\"9\\\" is\\u001b all\"\n");
    CU_ASSERT(read(ends[0], text, sizeof(text) - 1) > 0);
    ASSERT_TEXT(text, "k0slbd: this is bad\nk0slbd: warning: this is odd\n"
                      "k0slbd: worker 1: no room\nk0slbd: warning: worker 1: \"9\" is? all\n");
    ASSERT_TEXT(desk_seen(desk), "error master: this is bad\nwarning master: this is odd\n"
                                 "notice master: this is nothing\nerror worker 1: no room\n"
                                 "warning worker 1: event=limit at=9 "
                                 "text=\"\\\"9\\\" is\\u001b all\"\n");
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    desk_close(desk);
}

/* ---- what no child of ours writes ---- */

static unsigned count_lines(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* Whatever comes in, lines come out, each with its time, and the next record is whole. */
static void check_garbage(const char *garbage, size_t size)
{
    struct desk *desk = desk_open();

    for (size_t at = 0; at < size;) {
        size_t part = size - at < PIPE_BUF ? size - at : PIPE_BUF;

        ASSERT_NUMBER(write(desk->logger.pipe_write, garbage + at, part), part);
        desk_turn(desk);
        at += part;
    }
    desk_take(desk, "\n<3>worker 1: after it\n");
    desk_turn(desk);
    CU_ASSERT(strstr(desk_seen(desk), "\ninfo worker 1: after it\n") != NULL);
    CU_ASSERT(strchr(desk->seen, '!') == NULL);
    CU_ASSERT(count_lines(desk->seen) >= 2);
    desk_close(desk);
}

static void test_too_long(void)
{
    static const size_t sizes[] = {LOG_RECORD_SIZE,         LOG_RECORD_SIZE + 64,
                                   LOG_RECORD_SIZE + 65,    2 * LOG_RECORD_SIZE,
                                   4 * LOG_RECORD_SIZE - 1, 4 * LOG_RECORD_SIZE,
                                   4 * LOG_RECORD_SIZE + 1, 10 * LOG_RECORD_SIZE};
    char garbage[10 * LOG_RECORD_SIZE];

    memset(garbage, 'x', sizeof(garbage));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        check_garbage(garbage, sizes[i]);
}

static void test_garbage(void)
{
    static const char nul[] = "<3>worker 1: a\0b";
    static const char *const texts[] = {
        "no level at all", "<9>odd level", "<\xff>odder level", "<", "<3>", ": ", "\n\n\n",
    };

    check_garbage(nul, sizeof(nul) - 1);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        check_garbage(texts[i], strlen(texts[i]));
}

/* ---- a sink that nobody reads, and those who say too much ---- */

/* Nobody waits: the test would not end. Lines wait for the reader, and none is lost. */
static void test_blocked_sink(void)
{
    struct desk *desk = desk_open();

    desk_block(desk);
    for (int i = 0; i < 3; i++)
        desk_take(desk, "<3>worker 1: late\n");
    log_set_name("master");
    log_error("late too");
    desk_unblock(desk);
    desk_settle(desk);
    ASSERT_TEXT(desk_seen(desk), "info worker 1: late\ninfo worker 1: late\ninfo worker 1: late\n"
                                 "error master: late too\n");
    ASSERT_NUMBER(desk->logger.dropped, 0);
    desk_close(desk);
}

/* Whether the last line seen is that one. */
static bool ends_with(const struct desk *desk, const char *line)
{
    const char *said = strstr(desk->seen, line);

    return said != NULL && said[strlen(line)] == '\0';
}

/* What there is no room for is dropped, counted, and said behind what has found room. */
static void test_blocked_for_long(void)
{
    struct desk *desk = desk_open();
    char wanted[160];
    unsigned dropped;

    desk_block(desk);
    dropped = desk_overfill(desk);
    CU_ASSERT(dropped >= 10 && dropped < 20);
    desk_unblock(desk);
    desk_settle(desk);
    snprintf(wanted, sizeof(wanted), LOST("sink", "log lines were lost here"), dropped, dropped);
    desk_seen(desk);
    CU_ASSERT(ends_with(desk, wanted));
    desk_take(desk, "<3>worker 1: seen too\n");
    ASSERT_TEXT(desk_seen(desk), "info worker 1: seen too\n");
    ASSERT_NUMBER(desk->logger.dropped, dropped);
    desk_close(desk);
}

/* Who says too much is cut short for that second, and it is told how much that was. */
static void test_too_many(void)
{
    enum { TRIES = 100000 };
    struct desk *desk = desk_open();
    uint64_t begun_ms = mono_ms();
    char wanted[160];
    unsigned lines = 0;

    while (desk->logger.dropped < 50 && lines < TRIES) {
        desk_take(desk, "<3>w: x\n");
        lines++;
    }
    CU_ASSERT(lines > LOGGER_LINES_MOST);
    desk_settle(desk);
    CU_ASSERT(mono_ms() - begun_ms >= 900);
    snprintf(wanted, sizeof(wanted), LOST("rate", "more log lines in a second were left out here"),
             (unsigned)desk->logger.dropped, (unsigned)desk->logger.dropped);
    desk_seen(desk);
    CU_ASSERT(ends_with(desk, wanted));
    ASSERT_NUMBER(count_lines(desk->seen) - 1 + desk->logger.dropped, lines);
    desk_take(desk, "<3>w: again\n");
    ASSERT_TEXT(desk_seen(desk), "info w: again\n");
    desk_close(desk);
}

/* A flood of lines about connections does not hide what matters more. */
static void test_room_for_notices(void)
{
    enum { TRIES = 100000 };
    struct desk *desk = desk_open();

    for (int i = 0; desk->logger.dropped == 0 && i < TRIES; i++)
        desk_take(desk, "<3>w: x\n");
    CU_ASSERT(desk->logger.dropped == 1);
    desk_seen(desk);
    desk_take(desk, "<2>w: worse\n");
    ASSERT_TEXT(desk_seen(desk), "notice w: worse\n");
    desk_close(desk);
}

/* Those who write never wait for the master either: their pipe does not block. */
static void test_children_never_wait(void)
{
    struct desk *desk = desk_open();
    unsigned written = 0;

    CU_ASSERT(descriptor_is_nonblocking(desk->logger.pipe_write));
    CU_ASSERT(descriptor_is_cloexec(desk->logger.pipe_write));
    while (write(desk->logger.pipe_write, "<3>w: x\n", 8) == 8)
        written++;
    CU_ASSERT(written > 1000);
    desk_block(desk);
    for (unsigned i = 0; i < written; i++)
        desk_turn(desk);
    CU_ASSERT(desk->logger.dropped > written / 2);
    desk_unblock(desk);
    desk_close(desk);
}

/* What still waits, and losses that nobody was told of, come out at the end. */
static void test_losses_at_the_end(void)
{
    struct desk *desk = desk_open();
    char wanted[160];
    unsigned dropped;

    desk_block(desk);
    dropped = desk_overfill(desk);
    desk_unblock(desk);
    logger_close(&desk->logger);
    snprintf(wanted, sizeof(wanted), LOST("sink", "log lines were lost here"), dropped, dropped);
    CU_ASSERT(strncmp(desk_seen(desk), "info w: xxx", 11) == 0);
    CU_ASSERT(ends_with(desk, wanted));
    desk_close(desk);
}

/* A sink that takes nothing delays the end, but not for long. */
static void test_blocked_at_the_end(void)
{
    struct desk *desk = desk_open();
    uint64_t begun_ms = mono_ms();

    desk_block(desk);
    desk_take(desk, "<3>worker 1: late\n");
    logger_close(&desk->logger);
    CU_ASSERT(mono_ms() - begun_ms < 2000);
    desk_close(desk);
}

/* A sink that is gone is as good as a full one. */
static void test_sink_is_gone(void)
{
    struct desk *desk = desk_open();

    fd_close(&desk->sink[0]);
    for (int i = 0; i < 3; i++)
        desk_take(desk, "<3>worker 1: lost\n");
    CU_ASSERT(desk->logger.dropped >= 3);
    desk_close(desk);
}

/* ---- another sink ---- */

/* What waits for the old one is lost with it, and that is said to the new one. */
static void test_change(void)
{
    struct desk *desk = desk_open();
    char line[1000] = "";
    const char *said;
    int ends[2];

    CU_ASSERT_FATAL(fd_pipe(ends) == 0);
    desk_take(desk, "<3>worker 1: to the first\n");
    logger_change(&desk->logger, sink_syslog("/nonexistent/log", "k0slb", 1));
    desk_take(desk, "<3>worker 1: to nobody\n");
    logger_change(&desk->logger, sink_stderr(ends[1]));
    desk_take(desk, "<3>worker 1: to the third\n");
    ASSERT_TEXT(desk_seen(desk), "info worker 1: to the first\n");
    CU_ASSERT(read(ends[0], line, sizeof(line) - 1) > 0);
    said = strstr(line, "text=\"1 log lines were lost here\"\n");
    CU_ASSERT(said != NULL && strstr(said, "info worker 1: to the third\n") != NULL);
    CU_ASSERT(strstr(line, "nobody") == NULL);
    logger_change(&desk->logger, sink_stderr(-1));
    ASSERT_NUMBER(desk->logger.sink.fd, ends[1]);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    desk_close(desk);
}

const struct unit_test logger_tests[] = {
    {"records", test_records},
    {"own_lines", test_own_lines},
    {"cut_in_two", test_cut_in_two},
    {"close_reads_the_rest", test_close_reads_the_rest},
    {"longest_record", test_longest_record},
    {"control_bytes", test_control_bytes},
    {"echo", test_echo},
    {"too_long", test_too_long},
    {"garbage", test_garbage},
    {"blocked_sink", test_blocked_sink},
    {"blocked_for_long", test_blocked_for_long},
    {"too_many", test_too_many},
    {"room_for_notices", test_room_for_notices},
    {"children_never_wait", test_children_never_wait},
    {"losses_at_the_end", test_losses_at_the_end},
    {"blocked_at_the_end", test_blocked_at_the_end},
    {"sink_is_gone", test_sink_is_gone},
    {"change", test_change},
    {NULL, NULL},
};
