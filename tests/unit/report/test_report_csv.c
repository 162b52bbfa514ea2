#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "csv_reader.h"
#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test report_csv_tests[];

/* The report of a sample as a table, which has to be a good one. */
static void render(const struct sample *sample, struct csv_table *table)
{
    const struct epoch *epoch = sample_epoch();
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    report_csv(&sample->snapshot, epoch, &out);
    CU_ASSERT_FALSE(out.truncated);
    CU_ASSERT_FATAL(csv_read(out.data, table));
    textbuf_fini(&out);
    epoch_unmap(epoch);
}

static void the_reader_is_strict(void)
{
    static const char *const good[] = {"# a,b,\n1,2,\n", "# a,b,\n\n,,\n\n",
                                       "# a\n\"x,\"\"y\"\"\"\n"};
    static const char *const bad[] = {"",
                                      "a,b,\n1,2,\n",
                                      "# a,b,\n1,\n",
                                      "# a,b,\n1,2,3,\n",
                                      "# a,b,\n1,2,",
                                      "# a,b,\n1,x\"y,\n",
                                      "# a,b,\n1,\"xy,\n",
                                      "# a,b,\n1,\"x\"y\",\n",
                                      "# a,b,\r\n1,2,\r\n"};
    struct csv_table table;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        CU_ASSERT(csv_read(good[i], &table));
        csv_free(&table);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CU_ASSERT_FALSE(csv_read(bad[i], &table));
        csv_free(&table);
    }
    CU_ASSERT(csv_read(good[2], &table));
    ASSERT_TEXT(table.cells[1][0], "x,\"y\"");
    csv_free(&table);
}

/* ---- columns ---- */

/* The first line of what HAProxy 2.6 answers, up to the column that ends its own; to be freed. */
static char *read_haproxy_names(void)
{
    const char *root = getenv("K0SLB_SRCDIR");
    char path[4096];
    char *line = NULL;
    size_t size = 0;
    FILE *file;

    if (root == NULL) {
        unit_skip("K0SLB_SRCDIR is not set");
        return NULL;
    }
    snprintf(path, sizeof(path), "%s/tests/fixtures/haproxy-2.6.csv", root);
    file = fopen(path, "r");
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_FATAL(getline(&line, &size, file) > 0);
    fclose(file);
    CU_ASSERT_FATAL(strstr(line, ",-,") != NULL);
    strstr(line, ",-,")[3] = '\0';
    return line;
}

static void haproxys_columns_come_first(void)
{
    char *names = read_haproxy_names();
    struct sample sample;
    struct textbuf out;

    if (names == NULL)
        return;
    sample_fill(&sample);
    textbuf_init(&out, 1 << 20);
    report_csv(&sample.snapshot, NULL, &out);
    CU_ASSERT_FATAL(out.length > strlen(names));
    out.data[strlen(names)] = '\0';
    ASSERT_TEXT(out.data, names);
    textbuf_fini(&out);
    free(names);
}

static void there_are_a_hundred_and_three(void)
{
    struct csv_table table;
    struct sample sample;

    sample_fill(&sample);
    render(&sample, &table);
    ASSERT_NUMBER(csv_column(&table, "-"), 103);
    ASSERT_NUMBER(csv_column(&table, "status"), 17);
    ASSERT_NUMBER(csv_column(&table, "check_status"), 36);
    ASSERT_TEXT(csv_at(&table, "kubeAPI", "FRONTEND", "-"), "-");
    ASSERT_TEXT(table.cells[0][table.widths[0] - 1], ""); /* a comma ends every line */
    csv_free(&table);
}

/* ---- rows ---- */

/* A frontend, its servers and its backend; what is disabled has none. */
static void rows_come_in_their_order(void)
{
    static const char *const rows[][2] = {
        {"kubeAPI", "FRONTEND"},
        {"kubeAPI_backend", "k0s-controller1"},
        {"kubeAPI_backend", "k0s-controller2"},
        {"kubeAPI_backend", "k0s-controller3"},
        {"kubeAPI_backend", "BACKEND"},
        {"controllerJoinAPI", "FRONTEND"},
        {"controllerJoinAPI_backend", "k0s-controller1"},
        {"controllerJoinAPI_backend", "k0s-controller2"},
        {"controllerJoinAPI_backend", "k0s-controller3"},
        {"controllerJoinAPI_backend", "BACKEND"},
    };
    struct csv_table table;
    struct sample sample;

    sample_fill(&sample);
    render(&sample, &table);
    ASSERT_NUMBER(table.row_count, 1 + ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ASSERT_TEXT(table.cells[i + 1][0], rows[i][0]);
        ASSERT_TEXT(table.cells[i + 1][1], rows[i][1]);
    }
    csv_free(&table);
}

struct expectation {
    const char *proxy;
    const char *server;
    const char *column;
    const char *value;
};

static void expect_all(const struct sample *sample, const struct expectation *cases, size_t count)
{
    struct csv_table table;

    render(sample, &table);
    for (size_t i = 0; i < count; i++)
        ASSERT_TEXT(csv_at(&table, cases[i].proxy, cases[i].server, cases[i].column),
                    cases[i].value);
    csv_free(&table);
}

#define FRONT "kubeAPI", "FRONTEND"
#define BACK  "kubeAPI_backend", "BACKEND"
#define CP1   "kubeAPI_backend", "k0s-controller1"
#define CP2   "kubeAPI_backend", "k0s-controller2"
#define CP3   "kubeAPI_backend", "k0s-controller3"
#define JOIN  "controllerJoinAPI_backend", "BACKEND"

static void proxies_say_what_they_know(void)
{
    static const struct expectation cases[] = {
        {FRONT, "status", "OPEN"},
        {FRONT, "scur", "15"},
        {FRONT, "smax", "60"},
        {FRONT, "slim", "100"},
        {FRONT, "stot", "3102"},
        {FRONT, "bin", "3865470566"},
        {FRONT, "bout", "103809024"},
        {FRONT, "rate", "6"},
        {FRONT, "rate_max", "9"},
        {FRONT, "conn_tot", "3106"},
        {FRONT, "dcon", "4"},
        {FRONT, "dses", "5"},
        {FRONT, "type", "0"},
        {FRONT, "mode", "tcp"},
        {FRONT, "weight", ""},
        {FRONT, "state", "degraded"},
        {FRONT, "refused", "3"},
        {FRONT, "sources_full", "6"},
        {"controllerJoinAPI", "FRONTEND", "slim", ""},
        {BACK, "status", "UP"},
        {BACK, "type", "1"},
        {BACK, "stot", "3000"},
        {BACK, "lbtot", "3000"},
        {BACK, "econ", "11"}, /* 3 of them clients that no server could be had for */
        {BACK, "eresp", "2"},
        {BACK, "wredis", "3"},
        {BACK, "connect", "3009"},
        {BACK, "cli_abrt", "3"},
        {BACK, "srv_abrt", "12"},
        {BACK, "eint", "7"},
        {BACK, "replays", "4"},
        {BACK, "chkfail", ""},
        {BACK, "chkdown", "2"},
        {BACK, "lastchg", "44"},
        {BACK, "downtime", "55"},
        {FRONT, "chkdown", ""},
        {FRONT, "downtime", ""},
        {FRONT, "lastchg", ""},
        {JOIN, "downtime", "0"},
        {BACK, "ctime", "1"},
        {BACK, "connect_p50_us", "1024"},
        {JOIN, "ctime", "0"},
        {JOIN, "connect_p50_us", ""},
        {BACK, "act", "1"},
        {BACK, "bck", "1"},
        {BACK, "weight", "1"},
        {BACK, "algo", "leastconn"},
        {BACK, "qcur", "0"},
        {JOIN, "status", "DOWN"},
        {JOIN, "act", "0"},
        {JOIN, "weight", "0"},
        {JOIN, "lastsess", "-1"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.services[0].accepted = 3102;
    sample.services[0].counts.per_second_max = 9;
    sample.services[0].went_down = 2;
    sample.services[0].since_seconds = 44;
    sample.services[0].downtime_seconds = 55;
    sample.services[0].sums = (struct snapshot_sums){.sessions = 3000,
                                                     .connect_errors = 8,
                                                     .local_errors = 1,
                                                     .resets = 2,
                                                     .retries = 3,
                                                     .replays = 4,
                                                     .connect_time = {[3] = 1, [4] = 9},
                                                     .ends = {[BOARD_END_CLIENT_RESET] = 1,
                                                              [BOARD_END_DEAD_CLIENT] = 2,
                                                              [BOARD_END_BACKEND_RESET] = 4,
                                                              [BOARD_END_DEAD_BACKEND] = 8,
                                                              [BOARD_END_INTERNAL] = 6,
                                                              [BOARD_END_CLIENT_FIN] = 1000}};
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void servers_say_what_they_know(void)
{
    static const struct expectation cases[] = {
        {CP1, "type", "2"},
        {CP1, "pid", "1"},
        {CP1, "iid", "3"},
        {CP1, "sid", "1"},
        {CP3, "sid", "3"},
        {CP1, "scur", "5"},
        {CP1, "smax", "20"},
        {CP1, "stot", "1034"},
        {CP1, "bin", "1288490188"},
        {CP1, "bout", "34603008"},
        {CP1, "status", "UP"},
        {CP1, "weight", "1"},
        {CP1, "act", "1"},
        {CP1, "bck", "0"},
        {CP1, "lastchg", "273600"},
        {CP1, "rate", "2"},
        {CP1, "check_status", "L6OK"},
        {CP1, "check_code", ""},
        {CP1, "check_duration", "2"},
        {CP1, "last_chk", "TLSv1.3"},
        {CP1, "check_desc", "TLS handshake done"},
        {CP1, "check_rise", "2"},
        {CP1, "check_fall", "3"},
        {CP1, "check_health", "4"},
        {CP1, "addr", "10.0.0.11:6443"},
        {CP1, "ctime", "8"},
        {CP1, "connect_p50_us", "8192"},
        {CP1, "connect_p99_us", "1048576"},
        {CP1, "state", "up"},
        {CP1, "reason", "L6OK TLSv1.3"},
        {CP1, "ready_verified", "1"},
        {CP1, "cert_not_after", "1790086400"},
        {CP1, "cert_names_ok", "1"},
        {CP1, "cert_ca_ok", "1"},
        {CP1, "lastsess", ""},
        {CP1, "chkfail", "0"},
        {CP1, "downtime", "0"},
        {CP2, "chkfail", "231"},
        {CP2, "chkdown", "3"},
        {CP2, "downtime", "77"},
        {CP2, "lastchg", "12"},
        {CP2, "status", "DOWN"},
        {CP2, "check_status", "L4CON"},
        {CP2, "check_health", "0"},
        {CP2, "econ", "3"},
        {CP2, "cert_not_after", ""},
        {CP2, "connect_p50_us", ""},
        {CP2, "connect", "1037"},
        {CP3, "act", "0"},
        {CP3, "bck", "1"},
        {CP3, "uweight", "256"},
        {"controllerJoinAPI_backend", "k0s-controller1", "sid", "7"},
        {"controllerJoinAPI_backend", "k0s-controller1", "lastsess", "-1"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.backends[0][1].checks_failed = 231;
    sample.backends[0][1].went_down = 3;
    sample.backends[0][1].transitions = 5;
    sample.backends[0][1].downtime_seconds = 77;
    sample.backends[0][0].connect_time[7] = 98;
    sample.backends[0][0].connect_time[BOARD_HISTOGRAM - 1] = 2;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

/* ---- words ---- */

static void states_have_haproxys_words(void)
{
    static const struct {
        enum snapshot_status status;
        enum conf_check check;
        enum board_check_code code;
        uint16_t good;
        uint16_t bad;
        const char *word;
        const char *result;
    } cases[] = {
        {STATUS_UP, CHECK_TLS, CHECKED_L6OK, 1, 0, "UP", "L6OK"},
        {STATUS_UP, CHECK_HTTPS, CHECKED_L7OK, 1, 0, "UP", "L7OK"},
        {STATUS_UP, CHECK_NONE, CHECKED_NONE, 0, 0, "no check", ""},
        {STATUS_SUSPECT, CHECK_TLS, CHECKED_L6OK, 9, 0, "UP 2/3", "L6OK"},
        {STATUS_SUSPECT, CHECK_TLS, CHECKED_L4TOUT, 0, 1, "UP 2/3", "L4TOUT"},
        {STATUS_SUSPECT, CHECK_TLS, CHECKED_L7STS, 0, 7, "UP 1/3", "L7STS"},
        {STATUS_DOWN, CHECK_TLS, CHECKED_L4CON, 0, 3, "DOWN", "L4CON"},
        {STATUS_DOWN, CHECK_TLS, CHECKED_L6OK, 1, 0, "DOWN 1/2", "L6OK"},
        {STATUS_UNCHECKED, CHECK_TLS, CHECKED_NONE, 0, 0, "DOWN", "INI"},
        {STATUS_BLOCKED, CHECK_TLS, CHECKED_L6OK, 1, 0, "NOLB", "L6OK"},
        {STATUS_DRAIN, CHECK_TLS, CHECKED_L6OK, 1, 0, "DRAIN", "L6OK"},
        {STATUS_DRAIN, CHECK_NONE, CHECKED_NONE, 0, 0, "DRAIN", ""},
        {STATUS_MAINT, CHECK_TLS, CHECKED_L6OK, 1, 0, "MAINT", ""},
    };
    struct csv_table table;
    struct sample sample;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sample_fill_good(&sample);
        sample.services[0].check = cases[i].check;
        sample.backends[0][0].status = cases[i].status;
        sample.backends[0][0].check.code = (uint16_t)cases[i].code;
        sample.backends[0][0].check.good = cases[i].good;
        sample.backends[0][0].check.bad = cases[i].bad;
        render(&sample, &table);
        ASSERT_TEXT(csv_at(&table, CP1, "status"), cases[i].word);
        ASSERT_TEXT(csv_at(&table, CP1, "check_status"), cases[i].result);
        csv_free(&table);
    }
}

/* HAProxy leaves these empty where it probes nobody. */
static void who_is_not_probed_has_no_failures(void)
{
    static const struct expectation cases[] = {
        {CP1, "chkfail", ""},       {CP1, "chkdown", ""},    {CP1, "downtime", ""},
        {CP1, "lastchg", "273600"}, {BACK, "downtime", "0"},
    };
    struct sample sample;

    sample_fill_good(&sample);
    sample.services[0].check = CHECK_NONE;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

/* A proxy is up by what new connections can be sent to. */
static void a_proxy_is_up_by_its_usable_servers(void)
{
    static const struct {
        enum snapshot_status status;
        unsigned weight;
        const char *word;
        const char *count;
    } cases[] = {
        {STATUS_UP, 2, "UP", "3"},        {STATUS_SUSPECT, 2, "UP", "3"},
        {STATUS_UP, 0, "DOWN", "0"},      {STATUS_DOWN, 2, "DOWN", "0"},
        {STATUS_BLOCKED, 2, "DOWN", "0"}, {STATUS_DRAIN, 2, "DOWN", "0"},
    };
    struct csv_table table;
    struct sample sample;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sample_fill_good(&sample);
        for (size_t k = 0; k < SAMPLE_BACKENDS; k++) {
            sample.backends[0][k].status = cases[i].status;
            sample.backends[0][k].weight = cases[i].weight;
        }
        render(&sample, &table);
        ASSERT_TEXT(csv_at(&table, BACK, "status"), cases[i].word);
        ASSERT_TEXT(csv_at(&table, BACK, "act"), cases[i].count);
        csv_free(&table);
    }
}

/* ---- what comes from outside ---- */

static void texts_are_quoted(void)
{
    struct csv_table table;
    struct sample sample;

    sample_fill_good(&sample);
    strcpy(sample.backends[0][0].check.description, "a,\"b\"\n\033[31m,c");
    render(&sample, &table);
    ASSERT_TEXT(csv_at(&table, CP1, "last_chk"), "a,\"b\"??[31m,c");
    csv_free(&table);
}

static void any_bytes_and_numbers_give_good_rows(void)
{
    struct csv_table table;
    struct sample sample;
    struct rng rng;

    rng_seed(&rng, 11);
    for (int round = 0; round < 300; round++) {
        struct snapshot_backend *backend = &sample.backends[0][1];
        unsigned char *check = (unsigned char *)&backend->check;

        sample_fill_good(&sample);
        for (size_t i = 0; i < sizeof(backend->check); i++)
            check[i] = (unsigned char)rng_below(&rng, 256);
        backend->check.description[BOARD_DESCRIPTION_SIZE - 1] = '\0';
        for (size_t i = 0; i < sizeof(backend->name) - 1; i++)
            backend->name[i] = (char)rng_below(&rng, 256);
        memset(&backend->counts, 0xff, sizeof(backend->counts));
        memset(backend->connect_time, 0xff, sizeof(backend->connect_time));
        memset(backend->ends, 0xff, sizeof(backend->ends));
        render(&sample, &table);
        ASSERT_NUMBER(table.row_count, 1 + SAMPLE_SERVICES * (SAMPLE_BACKENDS + 2));
        csv_free(&table);
    }
}

static void without_an_epoch_limits_are_not_known(void)
{
    struct csv_table table;
    struct sample sample;
    struct textbuf out;

    sample_fill_good(&sample);
    textbuf_init(&out, 1 << 20);
    report_csv(&sample.snapshot, NULL, &out);
    CU_ASSERT_FATAL(csv_read(out.data, &table));
    ASSERT_TEXT(csv_at(&table, FRONT, "slim"), "");
    ASSERT_TEXT(csv_at(&table, CP1, "check_rise"), "");
    ASSERT_TEXT(csv_at(&table, CP1, "check_status"), "L6OK");
    csv_free(&table);
    textbuf_fini(&out);
}

const struct unit_test report_csv_tests[] = {
    {"the_reader_is_strict", the_reader_is_strict},
    {"haproxys_columns_come_first", haproxys_columns_come_first},
    {"there_are_a_hundred_and_three", there_are_a_hundred_and_three},
    {"rows_come_in_their_order", rows_come_in_their_order},
    {"proxies_say_what_they_know", proxies_say_what_they_know},
    {"servers_say_what_they_know", servers_say_what_they_know},
    {"states_have_haproxys_words", states_have_haproxys_words},
    {"who_is_not_probed_has_no_failures", who_is_not_probed_has_no_failures},
    {"a_proxy_is_up_by_its_usable_servers", a_proxy_is_up_by_its_usable_servers},
    {"texts_are_quoted", texts_are_quoted},
    {"any_bytes_and_numbers_give_good_rows", any_bytes_and_numbers_give_good_rows},
    {"without_an_epoch_limits_are_not_known", without_an_epoch_limits_are_not_known},
    {NULL, NULL},
};
