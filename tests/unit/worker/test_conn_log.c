#include "worker/conn_log.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "unit/unit.h"
#include "worker/session.h"

extern const struct unit_test conn_log_tests[];

/* As they stand in memory. */
struct logged {
    struct session session;
    struct conn_record record;
};

struct heard {
    unsigned lines;
    size_t longest;
    char text[LOG_RECORD_SIZE + 1];
};

static void hear(void *context, const char *record, size_t size)
{
    struct heard *heard = context;

    heard->lines++;
    if (size > heard->longest)
        heard->longest = size;
    memcpy(heard->text, record, size);
    heard->text[size] = '\0';
}

static void listen_to_log(struct heard *heard)
{
    memset(heard, 0, sizeof(*heard));
    log_to_sink(hear, heard);
}

static bool is_last(const struct heard *heard, const char *end)
{
    size_t length = strlen(end);
    size_t size = strlen(heard->text);

    return size >= length && strcmp(heard->text + size - length, end) == 0;
}

/* Without the key nothing is kept, and every step is nothing. */
static void test_off(void)
{
    const struct conf_service service = {.log_connections = 0};
    const struct addr client = {.family = ADDR_IPV4};
    struct logged logged = {.session = {.is_logged = false}};
    struct heard heard;

    listen_to_log(&heard);
    ASSERT_NUMBER(conn_log_room(&service), 0);
    conn_log_begin(&logged.session, &client, &service);
    CU_ASSERT_FALSE(logged.session.is_logged);
    conn_log_tried(&logged.session, 2);
    conn_log_replayed(&logged.session);
    conn_log_connected(&logged.session);
    conn_log_moved(&logged.session, 1, 2);
    conn_log_reason(&logged.session, BOARD_END_IDLE);
    conn_log_end(&logged.session);
    ASSERT_NUMBER(heard.lines, 0);
    log_to_fd(2);
}

/* One line, once, with what was counted. */
static void test_line(void)
{
    const struct conf_service service = {.name = "test", .log_connections = 1};
    const struct addr client = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}, .port = 7};
    struct logged logged = {.session = {.is_logged = false}};
    struct heard heard;

    listen_to_log(&heard);
    ASSERT_NUMBER(conn_log_room(&service), sizeof(logged.record));
    conn_log_begin(&logged.session, &client, &service);
    CU_ASSERT_TRUE(logged.session.is_logged);
    conn_log_tried(&logged.session, 0);
    conn_log_tried(&logged.session, 3);
    conn_log_replayed(&logged.session);
    conn_log_moved(&logged.session, 100, 0);
    conn_log_moved(&logged.session, 11, 5000000000);
    conn_log_reason(&logged.session, BOARD_END_CLIENT_GONE);
    ASSERT_NUMBER(heard.lines, 0);
    conn_log_end(&logged.session);
    ASSERT_NUMBER(heard.lines, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(heard.text, ": event=connection service=test client=127.0.0.1:7 "
                                              "backend=- address=- local=- connect_ms=- "
                                              "duration_ms="));
    CU_ASSERT_TRUE(is_last(&heard, " bytes_in=111 bytes_out=5000000000 reason=\"client left\" "
                                   "retries=2 replays=1\n"));
    log_to_fd(2);
}

/* The longest that can be is written whole. */
static void test_longest(void)
{
    const struct addr widest = {.family = ADDR_IPV6,
                                .port = 65535,
                                .scope = UINT32_MAX,
                                .ip = {0xfe, 0x80, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                       0x11, 0x11, 0x11, 0x11, 0x11, 0x11}};
    struct conf_service service = {.log_connections = 1};
    struct logged logged = {.session = {.is_logged = false}};
    struct heard heard;

    memset(service.name, 's', sizeof(service.name) - 1);
    listen_to_log(&heard);
    conn_log_begin(&logged.session, &widest, &service);
    CU_ASSERT_TRUE(logged.session.is_logged);
    memcpy(logged.record.backend, service.name, sizeof(service.name));
    logged.record.address = logged.record.local = widest;
    logged.record.begun_us = 0;
    logged.record.connected_us = UINT64_MAX;
    conn_log_moved(&logged.session, UINT64_MAX, UINT64_MAX);
    conn_log_tried(&logged.session, UINT32_MAX);
    logged.record.replays = UINT32_MAX;
    conn_log_reason(&logged.session, BOARD_END_DEAD_BACKEND);
    conn_log_end(&logged.session);
    CU_ASSERT_TRUE(is_last(&heard, " replays=4294967295\n"));
    CU_ASSERT_TRUE(heard.longest < LOG_RECORD_SIZE);
    log_to_fd(2);
}

const struct unit_test conn_log_tests[] = {
    {"off", test_off},
    {"line", test_line},
    {"longest", test_longest},
    {NULL, NULL},
};
