/* k0slbctl top, apart from the terminal: keys, rates, and the frames that are drawn. */
#include "control/top.h"

#include <stdio.h>
#include <string.h>

#include "control/top_rows.h"
#include "report/words.h"
#include "run.h"
#include "unit/report/sample.h"
#include "unit/unit.h"

extern const struct unit_test top_tests[];

/* ---- keys ---- */

static void keys_are_told_from_bytes(void)
{
    static const struct {
        const char *bytes;
        enum top_key key; /* of the last byte; those before are none */
    } cases[] = {
        {"q", TOP_KEY_QUIT},
        {"\003", TOP_KEY_QUIT},
        {"\032", TOP_KEY_SUSPEND},
        {"p", TOP_KEY_PAUSE},
        {" ", TOP_KEY_PAUSE},
        {"s", TOP_KEY_SORT},
        {"x", TOP_KEY_NONE},
        {"\033[A", TOP_KEY_UP},
        {"\033[B", TOP_KEY_DOWN},
        {"\033OA", TOP_KEY_UP},
        {"\033[5~", TOP_KEY_PAGE_UP},
        {"\033[6~", TOP_KEY_PAGE_DOWN},
        {"\033[H", TOP_KEY_HOME},
        {"\033[F", TOP_KEY_END},
        {"\033[1~", TOP_KEY_HOME},
        {"\033[4~", TOP_KEY_END},
        {"\033[1;5A", TOP_KEY_NONE + TOP_KEY_UP},
        {"\033[C", TOP_KEY_NONE},
        {"\033[99999999999~", TOP_KEY_NONE},
        {"\033\033[A", TOP_KEY_UP},
        {"\033q", TOP_KEY_QUIT},
        {"\033[200~q", TOP_KEY_QUIT},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct top_keys keys = {.number = 0};
        enum top_key key = TOP_KEY_NONE;

        for (const char *at = cases[i].bytes; *at != '\0'; at++) {
            ASSERT_NUMBER(key, TOP_KEY_NONE);
            key = top_keys_feed(&keys, (unsigned char)*at);
        }
        ASSERT_NUMBER(key, cases[i].key);
    }
}

/* ---- rates ---- */

static void rates_are_differences(void)
{
    struct sample before;
    struct sample now;
    struct top_rates rates;
    struct top_sight sight = {.now = &now.snapshot, .before = &before.snapshot};

    sample_fill_good(&before);
    sample_fill_good(&now);
    sight.elapsed_ms = 500;
    now.services[0].counts.total += 10;
    now.services[0].counts.bytes_in += 1000;
    now.backends[0][1].counts.total += 4;
    now.backends[0][1].counts.bytes_out += 3000;
    CU_ASSERT(top_service_rates(&sight, &now.services[0], &rates));
    ASSERT_NUMBER(rates.sessions, 20);
    ASSERT_NUMBER(rates.bytes_in, 2000);
    CU_ASSERT(top_backend_rates(&sight, &now.services[0], &now.backends[0][1], &rates));
    ASSERT_NUMBER(rates.sessions, 8);
    ASSERT_NUMBER(rates.bytes_out, 6000);
    CU_ASSERT(top_sum_rates(&sight, &rates));
    ASSERT_NUMBER(rates.sessions, 20);
    top_remember(&sight);
    ASSERT_NUMBER(sight.history_count, 1);
    ASSERT_NUMBER(sight.history[0], 2000);
}

/* Whatever a worker writes, it is a rate that everything else can go on with. */
static void no_rate_is_beyond_bounds(void)
{
    struct sample before;
    struct sample now;
    struct top_rates rates;
    struct top_sight sight = {.now = &now.snapshot, .before = &before.snapshot, .elapsed_ms = 1};

    sample_fill_good(&before);
    sample_fill_good(&now);
    now.services[0].counts.bytes_in = UINT64_MAX;
    CU_ASSERT(top_service_rates(&sight, &now.services[0], &rates));
    ASSERT_NUMBER(rates.bytes_in, UINT64_C(1) << 48);
}

static void without_two_looks_there_are_none(void)
{
    struct sample before;
    struct sample now;
    struct top_rates rates;
    struct top_sight sight = {.now = &now.snapshot};

    sample_fill_good(&before);
    sample_fill_good(&now);
    CU_ASSERT_FALSE(top_sum_rates(&sight, &rates));
    top_remember(&sight);
    ASSERT_NUMBER(sight.history_count, 0);
    sight.before = &before.snapshot;
    sight.elapsed_ms = 1000;
    strcpy(now.services[0].name, "new");
    CU_ASSERT_FALSE(top_service_rates(&sight, &now.services[0], &rates));
    now.backends[1][0].counts.total = 1; /* it counts anew */
    CU_ASSERT_FALSE(top_backend_rates(&sight, &now.services[1], &now.backends[1][0], &rates));
    ASSERT_NUMBER(rates.sessions, 0);
}

static void backends_that_moved_are_found(void)
{
    struct sample before;
    struct sample now;
    struct top_rates rates;
    struct top_sight sight = {.now = &now.snapshot, .before = &before.snapshot, .elapsed_ms = 1000};

    sample_fill_good(&before);
    sample_fill_good(&now);
    now.backends[0][0] = before.backends[0][2];
    now.backends[0][0].counts.total += 7;
    CU_ASSERT(top_backend_rates(&sight, &now.services[0], &now.backends[0][0], &rates));
    ASSERT_NUMBER(rates.sessions, 7);
}

static void the_history_is_bounded(void)
{
    struct sample before;
    struct sample now;
    struct top_sight sight = {.now = &now.snapshot, .before = &before.snapshot, .elapsed_ms = 1000};

    sample_fill_good(&before);
    sample_fill_good(&now);
    for (unsigned i = 0; i < TOP_HISTORY + 5; i++) {
        now.services[0].counts.bytes_in++;
        top_remember(&sight);
    }
    ASSERT_NUMBER(sight.history_count, TOP_HISTORY);
    ASSERT_NUMBER(sight.history[0], 6);
    ASSERT_NUMBER(sight.history[TOP_HISTORY - 1], TOP_HISTORY + 5);
}

/* ---- orders ---- */

static void lists_come_in_the_order_that_is_wanted(void)
{
    static const struct {
        enum top_order order;
        const char *names; /* of the first service's backends */
    } cases[] = {
        {TOP_AS_STATUS, "123"}, {TOP_WORST, "312"}, {TOP_SESSIONS, "213"}, {TOP_BYTES, "231"}};
    struct sample before;
    struct sample now;
    struct top_sight sight = {.now = &now.snapshot, .before = &before.snapshot, .elapsed_ms = 1000};

    sample_fill_good(&before);
    sample_fill_good(&now);
    now.backends[0][2].status = STATUS_DOWN;
    now.backends[0][1].counts.active = 9;
    now.backends[0][1].counts.bytes_in += 300;
    now.backends[0][2].counts.bytes_out += 200;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct top_rows rows;

        CU_ASSERT_FATAL(top_rows_make(&sight, cases[i].order, &rows) == 0);
        ASSERT_NUMBER(rows.count, 3 * (1 + SAMPLE_BACKENDS));
        CU_ASSERT_PTR_NULL(rows.list[0].backend);
        for (size_t k = 0; k < SAMPLE_BACKENDS; k++) {
            const char *name = rows.list[1 + k].backend->name;

            CU_ASSERT(name[strlen(name) - 1] == cases[i].names[k]);
        }
        top_rows_free(&rows);
    }
}

/* ---- frames ---- */

/* A frame without the sequences that colour it and put it into its place. */
static void strip(const struct textbuf *frame, struct textbuf *out)
{
    textbuf_clear(out);
    textbuf_puts(out, "");
    for (const char *at = frame->data; *at != '\0'; at++) {
        if (*at == '\033')
            at += strcspn(at, "mH");
        else if (*at != '\r')
            textbuf_append(out, at, 1);
    }
}

static void draw(const struct top_sight *sight, struct top_view *view, struct textbuf *out)
{
    struct textbuf frame;

    textbuf_init(&frame, 1u << 20);
    top_draw(sight, view, &frame);
    CU_ASSERT_FALSE(frame.truncated);
    CU_ASSERT(strncmp(frame.data, "\033[H", 3) == 0);
    strip(&frame, out);
    textbuf_fini(&frame);
}

/* Exactly so many lines, each as long as the terminal is wide. */
static void expect_size(const struct textbuf *frame, unsigned rows, unsigned columns)
{
    const char *line = frame->data;

    for (unsigned i = 0; i < rows; i++) {
        char copy[4096];
        size_t size = strcspn(line, "\n");

        snprintf(copy, sizeof(copy), "%.*s", (int)size, line);
        ASSERT_NUMBER(words_width(copy), columns);
        line += size;
        CU_ASSERT_FATAL(*line == (i + 1 < rows ? '\n' : '\0'));
        line += *line == '\n';
    }
}

static void frames_fit_every_terminal(void)
{
    static const unsigned sizes[][2] = {{24, 80}, {60, 200}, {1, 1},   {2, 10},
                                        {5, 40},  {300, 20}, {10, 500}};
    struct sample before;
    struct sample now;
    struct top_sight sight = {.now = &now.snapshot, .before = &before.snapshot, .elapsed_ms = 1000};
    struct textbuf out;

    sample_fill(&before);
    sample_fill(&now);
    memset(now.backends[0][1].name, 'n', CONF_NAME_SIZE - 1);
    memset(now.backends[0][1].check.description, 'd', BOARD_DESCRIPTION_SIZE - 1);
    memset(now.snapshot.warnings[0].code, 'c', BOARD_CODE_SIZE - 1);
    memset(now.events[1].text, 'e', BOARD_EVENT_SIZE - 1);
    memset(&now.backends[0][0].counts, 0xff, sizeof(now.backends[0][0].counts));
    textbuf_init(&out, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(sizes) * 4; i++) {
        struct top_view view = {.rows = sizes[i / 4][0],
                                .columns = sizes[i / 4][1],
                                .interval_ms = 1000,
                                .color = i % 2 == 1,
                                .utf8 = i % 4 > 1,
                                .gone = i % 4 == 3 ? "not there" : NULL};

        top_remember(&sight);
        draw(&sight, &view, &out);
        expect_size(&out, view.rows, view.columns);
    }
    textbuf_fini(&out);
}

static void expect_part(const struct textbuf *frame, const char *part)
{
    if (strstr(frame->data, part) == NULL)
        ASSERT_TEXT(frame->data, part);
}

static void frames_say_what_matters(void)
{
    struct sample now;
    struct top_sight sight = {.now = &now.snapshot};
    struct top_view view = {.rows = 30, .columns = 80, .interval_ms = 1000};
    struct textbuf out;

    sample_fill(&now);
    textbuf_init(&out, 100000);
    draw(&sight, &view, &out);
    expect_part(&out, "k0slb 0.1.0  k0slb  up 3d 4h  ");
    expect_part(&out, "2026-09-24T18:13:25Z  every 1s\n");
    expect_part(&out, "sessions 30  new -/s  in -/s  out -/s");
    expect_part(&out, "! kubeAPI is reachable: 2 of 3 controllers are up; ");
    expect_part(&out, "! 2 warnings: ca-differs, not-in-use");
    expect_part(&out, "! k0s-controller2   down 12s            5  L4CON connection refused");
    expect_part(&out, "2026-09-21T14:14:21Z  kubeAPI/k0s-controller2 is down: L4CON");
    expect_part(&out, "\nq quit  p pause  s sort: as in status");
    CU_ASSERT_PTR_NULL(strstr(out.data, "konnectivity        ")); /* disabled */
    view.paused = true;
    view.gone = "k0slb is not running";
    view.order = TOP_WORST;
    now.snapshot.reload_ok = false;
    draw(&sight, &view, &out);
    expect_part(&out, "PAUSED, was every 1s\n");
    expect_part(&out, "! k0slb is not running; trying again");
    expect_part(&out, "p go on  s sort: worst first");
    textbuf_fini(&out);
}

static void what_does_not_fit_is_scrolled(void)
{
    struct sample now;
    struct top_sight sight = {.now = &now.snapshot};
    struct top_view view = {.rows = 16, .columns = 80, .interval_ms = 1000};
    struct textbuf out;

    sample_fill_good(&now);
    textbuf_init(&out, 100000);
    draw(&sight, &view, &out);
    expect_part(&out, "lines 1 to 8 of 12");
    CU_ASSERT_PTR_NULL(strstr(out.data, "controllerJoinAPI  "));
    view.scroll = 1000;
    draw(&sight, &view, &out);
    ASSERT_NUMBER(view.scroll, 4);
    expect_part(&out, "lines 5 to 12 of 12");
    view.rows = 40;
    draw(&sight, &view, &out);
    ASSERT_NUMBER(view.scroll, 0);
    CU_ASSERT_PTR_NULL(strstr(out.data, "lines "));
    textbuf_fini(&out);
}

static void hostile_texts_do_not_reach_the_terminal(void)
{
    static const char evil[] = "\033[2J\r\n\xc2\x9b"
                               "2J\xff\xe2\x80\xae";
    struct sample now;
    struct top_sight sight = {.now = &now.snapshot};
    struct top_view view = {.rows = 40, .columns = 200, .interval_ms = 1000};
    struct textbuf frame;

    sample_fill(&now);
    strcpy(now.backends[0][1].name, evil);
    strcpy(now.backends[0][1].check.description, evil);
    strcpy(now.services[0].name, evil);
    strcpy(now.events[1].text, evil);
    strcpy(now.snapshot.warnings[0].code, evil);
    strcpy(now.snapshot.name, evil);
    textbuf_init(&frame, 100000);
    top_draw(&sight, &view, &frame);
    CU_ASSERT_PTR_NULL(strchr(frame.data + 1, '\033'));
    CU_ASSERT_PTR_NULL(strstr(frame.data, "\xc2\x9b"));
    CU_ASSERT_PTR_NULL(strstr(frame.data, "\xff"));
    CU_ASSERT_PTR_NULL(strstr(frame.data, "\xe2\x80\xae"));
    textbuf_fini(&frame);
}

/* ---- the verb ---- */

static void lines_are_judged(void)
{
    static const struct {
        const char *args[RUN_ARGS];
        int status;
        const char *err;
    } cases[] = {
        {{"top"}, 2, "k0slbctl: top needs a terminal; for a file or a pipe there is k0slbctl "},
        {{"top", "kubeAPI"}, 2, "k0slbctl: top: kubeAPI is one argument too many; "},
        {{"top", "--interval"}, 2, "k0slbctl: top: option --interval needs a value; "},
        {{"top", "--interval", "99ms"}, 2, "k0slbctl: top: --interval is a duration from 100ms"},
        {{"top", "--interval", "x"}, 2, "k0slbctl: top: --interval is a duration from 100ms"},
        {{"top", "--json"}, 2, "k0slbctl: top: option --json is unknown; "},
    };
    struct run run;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        run_control(&run, cases[i].args);
        ASSERT_NUMBER(run.status, cases[i].status);
        ASSERT_TEXT(run.out, "");
        if (strncmp(run.err, cases[i].err, strlen(cases[i].err)) != 0)
            ASSERT_TEXT(run.err, cases[i].err);
    }
}

const struct unit_test top_tests[] = {
    {"keys_are_told_from_bytes", keys_are_told_from_bytes},
    {"rates_are_differences", rates_are_differences},
    {"no_rate_is_beyond_bounds", no_rate_is_beyond_bounds},
    {"without_two_looks_there_are_none", without_two_looks_there_are_none},
    {"backends_that_moved_are_found", backends_that_moved_are_found},
    {"the_history_is_bounded", the_history_is_bounded},
    {"lists_come_in_the_order_that_is_wanted", lists_come_in_the_order_that_is_wanted},
    {"frames_fit_every_terminal", frames_fit_every_terminal},
    {"frames_say_what_matters", frames_say_what_matters},
    {"what_does_not_fit_is_scrolled", what_does_not_fit_is_scrolled},
    {"hostile_texts_do_not_reach_the_terminal", hostile_texts_do_not_reach_the_terminal},
    {"lines_are_judged", lines_are_judged},
    {NULL, NULL},
};
