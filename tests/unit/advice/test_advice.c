#include "advice/advice.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "cluster.h"
#include "unit/unit.h"

extern const struct unit_test advice_tests[];

static void the_most_important_come_first(void)
{
    static const char *const order[] = {"certificate-ended", "ca-differs", "flapping"};
    struct advice found[BOARD_MAX_WARNINGS];
    struct cluster cluster;

    cluster_fill(&cluster);
    cluster.seen[0].is_flapping = true;
    cluster.certificates[1].issuer_key[0] ^= 1;
    cluster.certificates[2].not_after_s = CLUSTER_NOW_S - 1;
    ASSERT_NUMBER(cluster_find(&cluster, found, BOARD_MAX_WARNINGS), 3);
    for (unsigned i = 0; i < 3; i++)
        ASSERT_TEXT(found[i].warning.code, order[i]);
    ASSERT_NUMBER(cluster_find(&cluster, found, 2), 2);
    ASSERT_TEXT(found[1].warning.code, "ca-differs");
    ASSERT_NUMBER(cluster_find(&cluster, found, 0), 0);
}

static void one_is_about_its_backend_and_several_are_not(void)
{
    struct advice found[2];
    struct cluster cluster;

    cluster_fill(&cluster);
    cluster.seen[cluster_backend(TUNNELS, 1)].is_flapping = true;
    ASSERT_NUMBER(cluster_find(&cluster, found, 2), 1);
    ASSERT_NUMBER(found[0].service, TUNNELS);
    ASSERT_NUMBER(found[0].backend, cluster_backend(TUNNELS, 1));
    cluster.seen[cluster_backend(TUNNELS, 2)].is_flapping = true;
    ASSERT_NUMBER(cluster_find(&cluster, found, 2), 1);
    ASSERT_NUMBER(found[0].service, TUNNELS);
    ASSERT_NUMBER(found[0].backend, CONF_NO_INDEX);
    cluster.seen[cluster_backend(JOIN, 0)].is_flapping = true;
    ASSERT_NUMBER(cluster_find(&cluster, found, 2), 1);
    ASSERT_NUMBER(found[0].service, CONF_NO_INDEX);
}

/* As many names as have room, and how many more there are. */
static void names_that_do_not_fit_are_counted(void)
{
    struct advice found[2];
    struct cluster cluster;
    const char *text;

    cluster_fill(&cluster);
    for (unsigned i = 0; i < CLUSTER_BACKENDS; i++)
        memset(cluster.backends[i].name, 'a' + (int)(i % CLUSTER_CONTROLLERS), CONF_NAME_SIZE - 1);
    for (unsigned i = 1; i < CLUSTER_BACKENDS; i++)
        cluster.seen[i].is_flapping = i % CLUSTER_CONTROLLERS != 0;
    ASSERT_NUMBER(cluster_find(&cluster, found, 2), 1);
    text = found[0].warning.text;
    CU_ASSERT(strlen(text) < BOARD_WARNING_SIZE - 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "kubeAPI/bbbb"));
    ASSERT_TEXT(text + strlen(text) - strlen(" and 5 more"), " and 5 more");
}

static struct board_warning warning_of(const char *code, const char *text)
{
    struct board_warning warning = {.code = ""};

    snprintf(warning.code, sizeof(warning.code), "%s", code);
    snprintf(warning.text, sizeof(warning.text), "%s", text);
    return warning;
}

static void days_are_no_news(void)
{
    static const struct {
        const char *code;
        const char *a;
        const char *b;
        bool same;
    } rows[] = {
        {"x", "ends in 12 days: a", "ends in 12 days: a", true},
        {"x", "ends in 12 days: a", "ends in 9 days: a", true},
        {"x", "ends in 2 days: a", "ends in 1 day: a", true},
        {"x", "ends in 2 days: a", "ends in 1 day: b", false},
        {"x", "ends in 2 days: cp1", "ends in 2 days: cp2", false},
        {"x", "ends in 2 days: a", "ends in 2 days: a, b", false},
        {"x", "ends in 2 days", "ends in 2 weeks", false},
        {"y", "ends in 2 days", "ends in 2 days", false},
        {"x", "", "", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct board_warning a = warning_of("x", rows[i].a);
        struct board_warning b = warning_of(rows[i].code, rows[i].b);

        if (advice_is_same(&a, &b) != rows[i].same || advice_is_same(&b, &a) != rows[i].same)
            ASSERT_TEXT(rows[i].a, rows[i].b);
        CU_ASSERT_EQUAL(advice_is_same(&a, &b), rows[i].same);
        CU_ASSERT_EQUAL(advice_is_same(&b, &a), rows[i].same);
    }
}

const struct unit_test advice_tests[] = {
    {"the_most_important_come_first", the_most_important_come_first},
    {"one_is_about_its_backend_and_several_are_not", one_is_about_its_backend_and_several_are_not},
    {"names_that_do_not_fit_are_counted", names_that_do_not_fit_are_counted},
    {"days_are_no_news", days_are_no_news},
    {NULL, NULL},
};
