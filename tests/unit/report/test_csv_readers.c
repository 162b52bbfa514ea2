/*
 * The CSV as its readers take it: their rules, put in C, over what HAProxy 2.6 answers (which shows
 * that the rules are right) and over our own report. Telegraf goes by names, prometheus's
 * haproxy_exporter by positions.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "csv_reader.h"
#include "report/report.h"
#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test csv_readers_tests[];

/* ---- the texts ---- */

/* Reads what a running HAProxy 2.6 has answered; false when the place is not known. */
static bool read_fixture(struct csv_table *table)
{
    const char *root = getenv("K0SLB_SRCDIR");
    char path[4096];
    char *text = NULL;
    size_t size = 0;
    FILE *file;

    if (root == NULL) {
        unit_skip("K0SLB_SRCDIR is not set");
        return false;
    }
    snprintf(path, sizeof(path), "%s/tests/fixtures/haproxy-2.6.csv", root);
    file = fopen(path, "r");
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_FATAL(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    CU_ASSERT_FATAL(csv_read(text, table));
    free(text);
    return true;
}

static void read_ours(const struct sample *sample, struct csv_table *table)
{
    const struct epoch *epoch = sample_epoch();
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    report_csv(&sample->snapshot, epoch, &out);
    CU_ASSERT_FATAL(csv_read(out.data, table));
    textbuf_fini(&out);
    epoch_unmap(epoch);
}

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list != NULL && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

/* A decimal number as both programs parse it: digits alone, a sign where it may be negative. */
static bool is_number(const char *text, bool may_be_negative)
{
    text += may_be_negative && *text == '-';
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* ---- Telegraf ---- */

/*
 * What it makes a tag or a text field of. Anything else is parsed as a number, and skipped where
 * that fails; the second list is what HAProxy loses so, and ours may.
 */
static const char *const telegraf_texts[] = {"pxname",   "svname", "status",  "check_status",
                                             "last_chk", "mode",   "tracked", "agent_status",
                                             "last_agt", "addr",   "cookie",  NULL};
static const char *const telegraf_skips[] = {"check_desc", "agent_desc", "algo", "-",
                                             "state",      "reason",     NULL};

static bool telegraf_takes(const char *column, const char *value)
{
    if (value[0] == '\0' || is_one_of(column, telegraf_texts) || is_one_of(column, telegraf_skips))
        return true;
    if (strcmp(column, "type") == 0)
        return strlen(value) == 1 && strchr("0123", value[0]) != NULL;
    return is_number(value, strcmp(column, "lastsess") == 0);
}

static void check_telegraf(const struct csv_table *table)
{
    for (size_t row = 1; row < table->row_count; row++) {
        for (size_t i = 0; i < table->widths[0]; i++) {
            if (!telegraf_takes(table->cells[0][i], table->cells[row][i]))
                ASSERT_TEXT(table->cells[row][i], table->cells[0][i]);
        }
    }
}

static void telegraf_loses_nothing(void)
{
    struct csv_table table;
    struct sample sample;

    if (read_fixture(&table)) {
        check_telegraf(&table);
        csv_free(&table);
    }
    sample_fill(&sample);
    sample_certify(&sample.backends[0][0]);
    read_ours(&sample, &table);
    check_telegraf(&table);
    csv_free(&table);
}

/* ---- haproxy_exporter ---- */

#define EXPORTER_LEAST_FIELDS 33
#define EXPORTER_NAME         1
#define EXPORTER_STATUS       17
#define EXPORTER_TYPE         32

/* The fields that it exports for each type: frontends, backends, servers. */
struct range {
    unsigned first;
    unsigned last;
};
static const struct range exporter_fields[3][13] = {
    {{4, 10}, {12, 12}, {33, 35}, {39, 44}, {48, 48}, {51, 54}, {79, 79}},
    {{2, 9}, {13, 19}, {30, 30}, {33, 33}, {35, 35}, {39, 44}, {49, 54}, {58, 61}},
    {{2, 9},
     {13, 16},
     {18, 18},
     {21, 21},
     {24, 24},
     {30, 30},
     {33, 33},
     {35, 35},
     {38, 44},
     {49, 50},
     {58, 61}},
};

/* Every field of a row that it looks at is empty or a number. */
static void check_exporter_row(const char *const *row, size_t width)
{
    const struct range *range;

    CU_ASSERT_FATAL(width >= EXPORTER_LEAST_FIELDS);
    CU_ASSERT_FATAL(strlen(row[EXPORTER_TYPE]) == 1 && strchr("012", row[EXPORTER_TYPE][0]));
    for (range = exporter_fields[row[EXPORTER_TYPE][0] - '0']; range->last > 0; range++) {
        for (unsigned i = range->first; i <= range->last; i++) {
            if (i != EXPORTER_STATUS && row[i][0] != '\0' && !is_number(row[i], true))
                ASSERT_TEXT(row[i], "a number");
        }
    }
}

/* Its metric "up": 1 for these words and 0 for all others. */
static bool exporter_is_up(const char *status)
{
    static const char *const words[] = {"UP",       "UP 1/3", "UP 2/3", "OPEN",
                                        "no check", "DRAIN",  NULL};

    return is_one_of(status, words);
}

static void check_exporter(const struct csv_table *table)
{
    for (size_t row = 1; row < table->row_count; row++)
        check_exporter_row(table->cells[row], table->widths[row]);
}

static void the_exporter_parses_every_field(void)
{
    struct csv_table table;
    struct sample sample;

    if (read_fixture(&table)) {
        check_exporter(&table);
        csv_free(&table);
    }
    sample_fill(&sample);
    read_ours(&sample, &table);
    check_exporter(&table);
    csv_free(&table);
}

/* Where something new is sent to, and where it is not. */
static void the_exporter_sees_who_is_up(void)
{
    static const struct {
        enum snapshot_status status;
        bool is_up;
    } cases[] = {
        {STATUS_UP, true},       {STATUS_SUSPECT, true}, {STATUS_DOWN, false},
        {STATUS_BLOCKED, false}, {STATUS_MAINT, false},  {STATUS_UNCHECKED, false},
    };
    struct csv_table table;
    struct sample sample;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (unsigned failures = 0; failures < 5; failures++) {
            sample_fill_good(&sample);
            sample.backends[0][1].status = cases[i].status;
            sample.backends[0][1].check.bad = (uint16_t)failures;
            read_ours(&sample, &table);
            ASSERT_NUMBER(
                exporter_is_up(csv_at(&table, "kubeAPI_backend", "k0s-controller2", "status")),
                cases[i].is_up);
            CU_ASSERT(exporter_is_up(csv_at(&table, "kubeAPI", "FRONTEND", "status")));
            CU_ASSERT(exporter_is_up(csv_at(&table, "kubeAPI_backend", "BACKEND", "status")));
            csv_free(&table);
        }
    }
}

/* ---- those who go by positions or want a value ---- */

/* A column that HAProxy fills for a TCP proxy is filled by us, but for what nobody here knows. */
static void check_filled(const struct csv_table *theirs, const struct csv_table *ours,
                         const char *proxy, const char *server)
{
    static const char *const unknown[] = {"slim",  "lastsess",  "ctime_max",
                                          "ttime", "ttime_max", NULL};

    for (size_t i = 0; i < 103; i++) {
        const char *column = theirs->cells[0][i];

        if (csv_at(theirs, proxy, server, column)[0] == '\0' || is_one_of(column, unknown))
            continue;
        if (csv_at(ours, proxy, server, column)[0] == '\0')
            ASSERT_TEXT("empty", column);
    }
}

static void what_haproxy_fills_is_filled(void)
{
    struct csv_table theirs;
    struct csv_table ours;
    struct sample sample;

    if (!read_fixture(&theirs))
        return;
    sample_fill(&sample);
    read_ours(&sample, &ours);
    check_filled(&theirs, &ours, "kubeAPI", "FRONTEND");
    check_filled(&theirs, &ours, "kubeAPI_backend", "k0s-controller1");
    check_filled(&theirs, &ours, "kubeAPI_backend", "k0s-controller2");
    check_filled(&theirs, &ours, "kubeAPI_backend", "BACKEND");
    csv_free(&theirs);
    csv_free(&ours);
}

const struct unit_test csv_readers_tests[] = {
    {"telegraf_loses_nothing", telegraf_loses_nothing},
    {"the_exporter_parses_every_field", the_exporter_parses_every_field},
    {"the_exporter_sees_who_is_up", the_exporter_sees_who_is_up},
    {"what_haproxy_fills_is_filled", what_haproxy_fills_is_filled},
    {NULL, NULL},
};
