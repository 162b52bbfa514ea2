#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/textbuf.h"
#include "unit/unit.h"

extern const struct unit_test log_tests[];

/* Collects records; the text that a test reads. */
static void collect(void *context, const char *record, size_t size)
{
    textbuf_append(context, record, size);
    errno = EIO; /* whoever takes lines may spoil errno */
}

static void begin(struct textbuf *text)
{
    textbuf_init(text, 100000);
    log_set_name("tester");
    log_set_level(LOG_LEVEL_INFO);
    log_to_sink(collect, text);
}

static void end(struct textbuf *text)
{
    log_to_fd(STDERR_FILENO);
    log_set_level(LOG_LEVEL_INFO);
    textbuf_fini(text);
}

static void test_record(void)
{
    struct textbuf text;

    begin(&text);
    log_error("port %d: %s", 6443, "in use");
    ASSERT_TEXT(text.data, "<0>tester: port 6443: in use\n");
    end(&text);
}

static void say_all(void)
{
    log_error("e");
    log_warning("w");
    log_notice("n");
    log_info("i");
    log_debug("d");
}

static void test_levels(void)
{
    static const char *const wanted[] = {
        "<0>tester: e\n",
        "<0>tester: e\n<1>tester: w\n",
        "<0>tester: e\n<1>tester: w\n<2>tester: n\n",
        "<0>tester: e\n<1>tester: w\n<2>tester: n\n<3>tester: i\n",
        "<0>tester: e\n<1>tester: w\n<2>tester: n\n<3>tester: i\n<4>tester: d\n",
    };
    struct textbuf text;

    begin(&text);
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        textbuf_clear(&text);
        log_set_level((enum log_level)level);
        say_all();
        ASSERT_TEXT(text.data, wanted[level]);
    }
    ASSERT_TEXT(log_level_name(LOG_LEVEL_ERROR), "error");
    ASSERT_TEXT(log_level_name(LOG_LEVEL_DEBUG), "debug");
    end(&text);
}

/* Nobody can forge a second line or move the cursor; UTF-8 passes. */
static void test_control_bytes(void)
{
    struct textbuf text;

    begin(&text);
    log_info("a\nb\rc\td\033[1me\177f h\xc3\xb6st");
    ASSERT_TEXT(text.data, "<3>tester: a?b?c?d?[1me?f h\xc3\xb6st\n");
    end(&text);
}

static void test_errno(void)
{
    struct textbuf text;

    begin(&text);
    errno = ENOENT;
    log_info("why: %m");
    ASSERT_NUMBER(errno, ENOENT);
    ASSERT_TEXT(text.data, "<3>tester: why: No such file or directory\n");
    errno = ENOENT;
    log_debug("left out");
    ASSERT_NUMBER(errno, ENOENT);
    end(&text);
}

/* A line too long is cut, and ends with its newline all the same. */
static void test_long_line(void)
{
    struct textbuf text;
    char line[3 * LOG_RECORD_SIZE];

    begin(&text);
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    log_info("%s", line);
    CU_ASSERT(text.length <= LOG_RECORD_SIZE && text.length > LOG_RECORD_SIZE - 8);
    CU_ASSERT(strchr(text.data, '\n') == text.data + text.length - 1);
    CU_ASSERT(strncmp(text.data, "<3>tester: xxx", 14) == 0);
    end(&text);
}

/* An event ends with its words, in one record of keys and values, however long they are. */
static void test_event(void)
{
    char words[3 * LOG_RECORD_SIZE];
    struct textbuf text;
    struct keyvalue line;

    begin(&text);
    memset(words, 'x', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    keyvalue_begin(&line, "backend");
    keyvalue_word(&line, "status", "down");
    log_event(LOG_LEVEL_NOTICE, &line, "%s is \"down\":\n%d", "cp1", 3);
    ASSERT_TEXT(text.data, "<2>tester: event=backend status=down "
                           "text=\"cp1 is \\\"down\\\":\\n3\"\n");
    textbuf_clear(&text);
    log_event(LOG_LEVEL_DEBUG, &line, "nothing");
    ASSERT_NUMBER(text.length, 0);
    keyvalue_begin(&line, "backend");
    log_set_name("worker 16 of many");
    log_event(LOG_LEVEL_NOTICE, &line, "%s", words);
    CU_ASSERT(text.length <= LOG_RECORD_SIZE && text.length > KEYVALUE_SIZE);
    CU_ASSERT(strcmp(text.data + text.length - 3, "x\"\n") == 0);
    log_set_name("tester");
    end(&text);
}

/* Reads what is in the pipe into text, which is cleared first. */
static void read_pipe(int fd, struct textbuf *text)
{
    char buffer[4096];
    ssize_t got;

    textbuf_clear(text);
    while ((got = read(fd, buffer, sizeof(buffer))) > 0)
        textbuf_append(text, buffer, (size_t)got);
}

/* A full pipe holds nobody up; the first line that fits again says how many were lost. */
static void test_full_pipe(void)
{
    uint64_t before = log_dropped();
    struct textbuf text;
    int ends[2];

    begin(&text);
    CU_ASSERT_FATAL(fd_pipe(ends) == 0);
    log_to_fd(ends[1]);
    for (int i = 0; i < 100000 && log_dropped() == before; i++)
        log_info("filling line %d", i);
    ASSERT_NUMBER(log_dropped() - before, 1);
    errno = ENOENT;
    log_info("lost too: %m");
    ASSERT_NUMBER(errno, ENOENT);
    ASSERT_NUMBER(log_dropped() - before, 2);
    read_pipe(ends[0], &text);
    CU_ASSERT(strstr(text.data, "dropped") == NULL);
    errno = ENOENT;
    log_info("again: %m");
    read_pipe(ends[0], &text);
    ASSERT_TEXT(
        text.data,
        "<1>tester: event=log lost=pipe lines=2 text=\"2 log lines were dropped before this one\"\n"
        "<3>tester: again: No such file or directory\n");
    log_info("said once");
    read_pipe(ends[0], &text);
    ASSERT_TEXT(text.data, "<3>tester: said once\n");
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    end(&text);
}

static void test_error_lines(void)
{
    static const struct {
        const char *lines;
        const char *wanted;
    } rows[] = {
        {"one", "<0>tester: one\n"},
        {"one\ntwo %d\n", "<0>tester: one\n<0>tester: two %d\n"},
        {"\nlast", "<0>tester: \n<0>tester: last\n"},
    };
    struct textbuf text;

    begin(&text);
    log_error_lines(NULL);
    log_error_lines("");
    ASSERT_NUMBER(text.length, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        textbuf_clear(&text);
        log_error_lines(rows[i].lines);
        ASSERT_TEXT(text.data, rows[i].wanted);
    }
    end(&text);
}

/* Saying first what was lost does not change what %m means in the line itself. */
static void test_errno_after_loss(void)
{
    uint64_t before = log_dropped();
    struct textbuf text;

    begin(&text);
    log_to_fd(-1);
    log_info("lost");
    ASSERT_NUMBER(log_dropped() - before, 1);
    log_to_sink(collect, &text);
    errno = ENOENT;
    log_info("why: %m");
    ASSERT_TEXT(
        text.data,
        "<1>tester: event=log lost=pipe lines=1 text=\"1 log lines were dropped before this one\"\n"
        "<3>tester: why: No such file or directory\n");
    end(&text);
}

const struct unit_test log_tests[] = {
    {"record", test_record},
    {"levels", test_levels},
    {"control_bytes", test_control_bytes},
    {"errno", test_errno},
    {"event", test_event},
    {"long_line", test_long_line},
    {"full_pipe", test_full_pipe},
    {"error_lines", test_error_lines},
    {"errno_after_loss", test_errno_after_loss},
    {NULL, NULL},
};
