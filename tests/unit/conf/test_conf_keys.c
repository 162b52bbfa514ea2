#include "conf/conf_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "conf/conf.h"
#include "conf/conf_value.h"
#include "unit/unit.h"

extern const struct unit_test conf_keys_tests[];

static void every_row_is_whole(void)
{
    char reason[CONF_REASON_SIZE];
    size_t count;
    const struct conf_key *keys = conf_keys(&count);

    CU_ASSERT(count > 20);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT(keys[i].sections != 0);
        CU_ASSERT(strlen(keys[i].help) > 10 && strchr(keys[i].help, '\n') == NULL);
        CU_ASSERT(conf_key_is_scalar(&keys[i]) == (keys[i].size != 0));
        CU_ASSERT(keys[i].least <= keys[i].most);
        CU_ASSERT(keys[i].type != CONF_TYPE_WORD || keys[i].words != NULL);
        if (keys[i].type == CONF_TYPE_DURATION || keys[i].type == CONF_TYPE_TIMEOUT)
            ASSERT_NUMBER(keys[i].size, sizeof(uint64_t));
        if (keys[i].fallback != NULL)
            ASSERT_NUMBER(conf_value_check(&keys[i], keys[i].fallback, reason), 0);
    }
}

static void no_key_is_there_twice(void)
{
    size_t count;
    const struct conf_key *keys = conf_keys(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            CU_ASSERT(strcmp(keys[i].name, keys[j].name) != 0 ||
                      (keys[i].sections & keys[j].sections) == 0);
    }
}

static void found_where_they_belong(void)
{
    static const struct {
        enum conf_section section;
        const char *key;
        const char *name; /* NULL = unknown */
    } cases[] = {
        {CONF_IN_K0SLB, "workers", "workers"},
        {CONF_IN_K0SLB, "balance", NULL},
        {CONF_IN_K0SLB, "Workers", NULL},
        {CONF_IN_CONTROLLERS, "anything", "NAME"},
        {CONF_IN_SERVICE, "server a", "server NAME"},
        {CONF_IN_SERVICE, "server", NULL},
        {CONF_IN_SERVICE, "servers a", NULL},
        {CONF_IN_SERVICE, "listen", "listen"},
        {CONF_IN_DEFAULTS, "balance", "balance"},
        {CONF_IN_DEFAULTS, "enabled", NULL},
        {CONF_IN_DEFAULTS, "listen", NULL},
        {CONF_IN_DEFAULTS, "port", NULL},
        {CONF_IN_DEFAULTS, "server a", NULL},
        {CONF_IN_DEFAULTS, "allow", "allow"},
        {CONF_IN_DEFAULTS, "deny", "deny"},
        {CONF_IN_DEFAULTS, "source_address", "source_address"},
        {CONF_IN_SERVICE, "max_sources", NULL},
        {CONF_IN_STATS, "allow", "allow"},
        {CONF_IN_STATS, "deny", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct conf_key *key = conf_key_find(cases[i].section, cases[i].key);

        ASSERT_TEXT(key != NULL ? key->name : "-", cases[i].name != NULL ? cases[i].name : "-");
    }
}

static void typos(void)
{
    static const struct {
        const char *typed;
        const char *meant;
        bool typo;
    } cases[] = {
        {"workers", "workers", true},
        {"worker", "workers", true},
        {"workerss", "workers", true},
        {"wrokers", "workers", true},
        {"workerz", "workers", true},
        {"orkers", "workers", true},
        {"wworkers", "workers", true},
        {"WORKERS", "workers", true},
        {"workesr", "workers", true},
        {"wokres", "workers", false},
        {"work", "workers", false},
        {"", "workers", false},
        {"a", "b", true},
        {"ab", "ba", true},
        {"abc", "cba", false},
        {"", "a", true},
        {"workers2x", "workers", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_NUMBER(conf_is_typo(cases[i].typed, cases[i].meant), cases[i].typo);
}

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

static void suggestions(void)
{
    ASSERT_TEXT(or_dash(conf_key_suggest(CONF_IN_SERVICE, "balanec")), "balance");
    ASSERT_TEXT(or_dash(conf_key_suggest(CONF_IN_SERVICE, "sever one")), "server NAME");
    ASSERT_TEXT(or_dash(conf_key_suggest(CONF_IN_K0SLB, "balanec")), "-");
    ASSERT_TEXT(or_dash(conf_key_suggest(CONF_IN_CONTROLLERS, "nam")), "-");
    ASSERT_TEXT(or_dash(conf_key_home("workers")), "k0slb");
    ASSERT_TEXT(or_dash(conf_key_home("balance")), "service NAME");
    ASSERT_TEXT(or_dash(conf_key_home("nonsense")), "-");
    ASSERT_TEXT(or_dash(conf_section_suggest("controlers")), "controllers");
    ASSERT_TEXT(or_dash(conf_section_suggest("Stats")), "stats");
    ASSERT_TEXT(or_dash(conf_section_suggest("sevrice kubeAPI")), "service NAME");
    ASSERT_TEXT(or_dash(conf_section_suggest("frontend")), "-");
}

static void sections(void)
{
    ASSERT_NUMBER(conf_section_find("k0slb"), CONF_IN_K0SLB);
    ASSERT_NUMBER(conf_section_find("service x"), CONF_IN_SERVICE);
    ASSERT_NUMBER(conf_section_find("service"), CONF_IN_SERVICE);
    ASSERT_NUMBER(conf_section_find("services"), 0);
    ASSERT_NUMBER(conf_section_find("k0slb x"), 0);
    ASSERT_NUMBER(conf_section_find(""), 0);
}

static void names_for_reports(void)
{
    ASSERT_TEXT(conf_balance_name(BALANCE_LEASTCONN), "leastconn");
    ASSERT_TEXT(conf_balance_name(BALANCE_ROUNDROBIN), "roundrobin");
    ASSERT_TEXT(conf_balance_name(BALANCE_SOURCE), "source");
    ASSERT_TEXT(conf_balance_name(BALANCE_SOURCE_SPREAD), "source-spread");
    ASSERT_TEXT(conf_balance_name((enum conf_balance)5), "-");
    ASSERT_TEXT(conf_check_name(CHECK_TLS), "tls");
    ASSERT_TEXT(conf_check_name(CHECK_HTTPS), "https");
    ASSERT_TEXT(conf_check_name(CHECK_H2), "h2");
    ASSERT_TEXT(conf_check_name(CHECK_NONE), "none");
    ASSERT_TEXT(conf_method_name(METHOD_HEAD), "HEAD");
    ASSERT_TEXT(conf_method_name((enum conf_method)3), "-");
    ASSERT_TEXT(conf_check_name((enum conf_check)99), "-");
}

/* Whether the sample has a line that is exactly this. */
static bool has_line(const char *sample, const char *line)
{
    size_t length = strlen(line);

    for (const char *at = strstr(sample, line); at != NULL; at = strstr(at + 1, line)) {
        if ((at == sample || at[-1] == '\n') && at[length] == '\n')
            return true;
    }
    return false;
}

static bool has_line_start(const char *sample, const char *start)
{
    const char *at = strstr(sample, start);

    return at != NULL && (at == sample || at[-1] == '\n');
}

static void every_key_stands_in_the_sample_file(void)
{
    const char *root = getenv("K0SLB_SRCDIR");
    char sample[32768] = "";
    char line[256];
    size_t count;
    const struct conf_key *keys = conf_keys(&count);
    FILE *file;

    if (root == NULL) {
        unit_skip("K0SLB_SRCDIR is not set");
        return;
    }
    snprintf(line, sizeof(line), "%s/etc/k0slb.ini", root);
    file = fopen(line, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fread(sample, 1, sizeof(sample) - 1, file) > 1000);
    fclose(file);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].fallback != NULL) {
            snprintf(line, sizeof(line), ";%s = %s", keys[i].name, keys[i].fallback);
            CU_ASSERT(has_line(sample, line));
        } else if (conf_key_is_scalar(&keys[i]) || conf_key_is_list(&keys[i])) {
            snprintf(line, sizeof(line), ";%s = ", keys[i].name);
            CU_ASSERT(has_line_start(sample, line));
        }
    }
    CU_ASSERT(has_line_start(sample, ";server "));
    CU_ASSERT(has_line(sample, ";[controllers]"));
}

const struct unit_test conf_keys_tests[] = {
    {"every_row_is_whole", every_row_is_whole},
    {"no_key_is_there_twice", no_key_is_there_twice},
    {"found_where_they_belong", found_where_they_belong},
    {"typos", typos},
    {"suggestions", suggestions},
    {"sections", sections},
    {"names_for_reports", names_for_reports},
    {"every_key_stands_in_the_sample_file", every_key_stands_in_the_sample_file},
    {NULL, NULL},
};
