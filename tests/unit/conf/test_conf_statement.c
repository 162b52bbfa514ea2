#include "conf/conf_statement.h"

#include <stdio.h>

#include "unit/unit.h"

extern const struct unit_test conf_statement_tests[];

static void blanks_become_one(void)
{
    struct conf_statements statements = {0};
    struct conf_statement *added =
        conf_statements_add(&statements, "service \t x", "server\t\tone", "v", 7);

    CU_ASSERT_PTR_NOT_NULL_FATAL(added);
    ASSERT_TEXT(added->section, "service x");
    ASSERT_TEXT(added->key, "server one");
    ASSERT_TEXT(conf_statement_service(added), "x");
    ASSERT_TEXT(conf_statement_server(added), "one");
    ASSERT_NUMBER(added->line, 7);
    conf_statements_free(&statements);
}

static void found_by_section_and_key(void)
{
    struct conf_statements statements = {0};
    const struct conf_statement *found;
    char value[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(value, sizeof(value), "%d", i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(conf_statements_add(
            &statements, i < 500 ? "a" : "b", i % 500 == 0 ? "" : "k", value, (uint32_t)i));
    }
    found = conf_statements_find(&statements, "b", "k");
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    ASSERT_TEXT(found->value, "501");
    found = conf_statements_find(&statements, "b", "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    ASSERT_NUMBER(found->line, 500);
    CU_ASSERT_PTR_NULL(conf_statements_find(&statements, "c", "k"));
    conf_statements_free(&statements);
    ASSERT_NUMBER(statements.count, 0);
}

static void refused_is_remembered_by_section(void)
{
    struct conf_statements statements = {0};

    conf_statements_add(&statements, "a", "k", "", 1)->refused = true;
    conf_statements_add(&statements, "b", "k", "", 2);
    CU_ASSERT(conf_statements_has_refused(&statements, "a"));
    CU_ASSERT(!conf_statements_has_refused(&statements, "b"));
    conf_statements_free(&statements);
}

const struct unit_test conf_statement_tests[] = {
    {"blanks_become_one", blanks_become_one},
    {"found_by_section_and_key", found_by_section_and_key},
    {"refused_is_remembered_by_section", refused_is_remembered_by_section},
    {NULL, NULL},
};
