#include "conf/conf_report.h"

#include "unit/unit.h"

extern const struct unit_test conf_report_tests[];

static void the_four_forms(void)
{
    struct conf_report report = {.path = "a.ini"};

    conf_report_add(&report, CONF_ERROR, 3, "stats", "listen", "bad %d", 7);
    conf_report_add(&report, CONF_ERROR, 3, "stats", NULL, "bad");
    conf_report_add(&report, CONF_ERROR, 3, NULL, NULL, "bad");
    conf_report_add(&report, CONF_ERROR, 0, NULL, NULL, "bad");
    conf_report_add(&report, CONF_WARNING, 0, "k0slb", "user", "odd");
    ASSERT_NUMBER(report.count, 5);
    ASSERT_NUMBER(report.errors, 4);
    ASSERT_TEXT(report.messages[0].text, "a.ini:3: [stats] listen: bad 7");
    ASSERT_TEXT(report.messages[1].text, "a.ini:3: [stats]: bad");
    ASSERT_TEXT(report.messages[2].text, "a.ini:3: bad");
    ASSERT_TEXT(report.messages[3].text, "a.ini: bad");
    ASSERT_TEXT(report.messages[4].text, "a.ini: [k0slb] user: odd");
    conf_report_free(&report);
    ASSERT_NUMBER(report.count, 0);
    ASSERT_NUMBER(report.errors, 0);
}

static void the_same_is_said_once(void)
{
    struct conf_report report = {.path = "a.ini"};

    conf_report_add(&report, CONF_ERROR, 3, NULL, NULL, "bad");
    conf_report_add(&report, CONF_ERROR, 4, NULL, NULL, "bad");
    conf_report_add(&report, CONF_ERROR, 3, NULL, NULL, "bad");
    ASSERT_NUMBER(report.count, 2);
    ASSERT_NUMBER(report.errors, 2);
    conf_report_free(&report);
}

static void sorted_by_line_and_then_by_time(void)
{
    struct conf_report report = {.path = "a"};

    conf_report_add(&report, CONF_ERROR, 9, NULL, NULL, "1");
    conf_report_add(&report, CONF_ERROR, 2, NULL, NULL, "2");
    conf_report_add(&report, CONF_WARNING, 2, NULL, NULL, "3");
    conf_report_add(&report, CONF_ERROR, 0, NULL, NULL, "4");
    conf_report_add(&report, CONF_ERROR, 2, NULL, NULL, "0");
    conf_report_sort(&report);
    ASSERT_TEXT(report.messages[0].text, "a: 4");
    ASSERT_TEXT(report.messages[1].text, "a:2: 2");
    ASSERT_TEXT(report.messages[2].text, "a:2: 3");
    ASSERT_TEXT(report.messages[3].text, "a:2: 0");
    ASSERT_TEXT(report.messages[4].text, "a:9: 1");
    conf_report_free(&report);
}

static void control_bytes_are_masked(void)
{
    struct conf_report report = {.path = "a"};

    conf_report_add(&report, CONF_ERROR, 1, "s", "k", "x\033[2J\ny\x7f");
    ASSERT_TEXT(report.messages[0].text, "a:1: [s] k: x?[2J?y?");
    conf_report_free(&report);
}

static void very_many_are_cut_off(void)
{
    struct conf_report report = {.path = "a"};

    for (unsigned i = 1; i <= CONF_REPORT_MOST + 500; i++)
        conf_report_add(&report, CONF_ERROR, i, NULL, NULL, "bad");
    ASSERT_NUMBER(report.count, CONF_REPORT_MOST + 1);
    conf_report_sort(&report);
    ASSERT_TEXT(report.messages[0].text, "a: too many mistakes to show them all");
    ASSERT_TEXT(report.messages[1].text, "a:1: bad");
    conf_report_free(&report);
}

const struct unit_test conf_report_tests[] = {
    {"the_four_forms", the_four_forms},
    {"the_same_is_said_once", the_same_is_said_once},
    {"sorted_by_line_and_then_by_time", sorted_by_line_and_then_by_time},
    {"control_bytes_are_masked", control_bytes_are_masked},
    {"very_many_are_cut_off", very_many_are_cut_off},
    {NULL, NULL},
};
