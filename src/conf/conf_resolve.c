#include "conf/conf_resolve.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_value.h"

/* Reports what is wrong with a statement, which counts as refused from now on. */
PRINTF_LIKE(3, 4)
static void refuse(struct conf_report *report, struct conf_statement *statement, const char *format,
                   ...)
{
    const char *key = statement->key[0] != '\0' ? statement->key : NULL;
    char reason[CONF_REASON_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    statement->refused = true;
    conf_report_add(report, CONF_ERROR, statement->line, statement->section, key, "%s", reason);
}

static void resolve_header(struct conf_statements *statements, struct conf_statement *header,
                           struct conf_report *report)
{
    enum conf_section section = conf_section_find(header->section);
    const char *meant = conf_section_suggest(header->section);
    const char *name = conf_statement_service(header);

    if (section == 0 && meant != NULL)
        refuse(report, header, "unknown section; did you mean [%s]?", meant);
    else if (section == 0)
        refuse(report, header, "unknown section");
    else if (section == CONF_IN_SERVICE && *name == '\0')
        refuse(report, header, "the service has no name: write [service NAME]");
    else if (section == CONF_IN_SERVICE && !conf_value_is_name(name))
        refuse(report, header, "\"%s\" is not a name of letters, digits, - _ and .", name);
    statements->section_lost |= header->refused;
}

static void report_unknown_key(enum conf_section section, struct conf_statement *statement,
                               struct conf_report *report)
{
    const char *meant = conf_key_suggest(section, statement->key);
    const char *home = conf_key_home(statement->key);

    if (section == CONF_IN_SERVICE && strcmp(statement->key, "server") == 0)
        refuse(report, statement, "the server has no name: write server NAME = ADDRESS:PORT");
    else if (meant != NULL)
        refuse(report, statement, "unknown key; did you mean \"%s\"?", meant);
    else if (home != NULL)
        refuse(report, statement, "unknown key here; it belongs to [%s]", home);
    else
        refuse(report, statement, "unknown key");
}

/* The NAME that a backend's key holds; NULL for other keys. */
static const char *backend_name(const struct conf_statement *statement)
{
    if (statement->row->type == CONF_TYPE_CONTROLLER)
        return statement->key;
    if (statement->row->type == CONF_TYPE_SERVER)
        return conf_statement_server(statement);
    return NULL;
}

static bool may_be_empty(enum conf_section section, const struct conf_key *row)
{
    return section == CONF_IN_STATS && row->type == CONF_TYPE_LISTEN;
}

static void resolve_value(enum conf_section section, struct conf_statement *statement,
                          struct conf_report *report)
{
    const char *name = backend_name(statement);
    char reason[CONF_REASON_SIZE];

    if (name != NULL && !conf_value_is_name(name)) {
        refuse(report, statement, "\"%s\" is not a name of letters, digits, - _ and .", name);
        return;
    }
    if (*statement->value == '\0') {
        if (!may_be_empty(section, statement->row))
            refuse(report, statement, "the value is empty");
        return;
    }
    if (conf_value_check(statement->row, statement->value, reason) == -1)
        refuse(report, statement, "%s", reason);
}

static void resolve_key(struct conf_statement *statement, struct conf_report *report)
{
    enum conf_section section = conf_section_find(statement->section);

    if (section == 0) {
        statement->refused = true;
        return;
    }
    statement->row = conf_key_find(section, statement->key);
    if (statement->row == NULL)
        report_unknown_key(section, statement, report);
    else
        resolve_value(section, statement, report);
}

static int compare_keys(const void *left, const void *right)
{
    const struct conf_statement *a = *(struct conf_statement *const *)left;
    const struct conf_statement *b = *(struct conf_statement *const *)right;
    int by_section = strcmp(a->section, b->section);
    int by_key = strcmp(a->key, b->key);

    if (by_section != 0 || by_key != 0)
        return by_section != 0 ? by_section : by_key;
    return (a->line > b->line) - (a->line < b->line);
}

/* Reports each key that stands behind itself in the sorted list. */
static void report_duplicates(struct conf_statement **sorted, size_t count,
                              struct conf_report *report)
{
    size_t first = 0;

    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[i]->section, sorted[first]->section) != 0 ||
            strcmp(sorted[i]->key, sorted[first]->key) != 0) {
            first = i;
            continue;
        }
        refuse(report, sorted[i], "is set in line %lu already", (unsigned long)sorted[first]->line);
    }
}

static void resolve_duplicates(struct conf_statements *statements, struct conf_report *report)
{
    struct conf_statement **sorted = calloc(statements->count + 1, sizeof(struct conf_statement *));
    size_t count = 0;

    if (sorted == NULL) {
        statements->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < statements->count; i++) {
        struct conf_statement *statement = &statements->list[i];

        if (statement->row != NULL && !conf_key_is_list(statement->row))
            sorted[count++] = statement;
    }
    qsort(sorted, count, sizeof(*sorted), compare_keys);
    report_duplicates(sorted, count, report);
    free(sorted);
}

void conf_resolve(struct conf_statements *statements, struct conf_report *report)
{
    for (size_t i = 0; i < statements->count; i++) {
        struct conf_statement *statement = &statements->list[i];

        if (statement->refused)
            continue;
        if (statement->key[0] == '\0')
            resolve_header(statements, statement, report);
        else
            resolve_key(statement, report);
    }
    resolve_duplicates(statements, report);
}

void conf_apply(const struct conf_statements *statements, const char *section, void *base)
{
    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];

        if (!statement->refused && statement->row != NULL && conf_key_is_scalar(statement->row) &&
            strcmp(statement->section, section) == 0)
            conf_value_apply(statement->row, statement->value, base);
    }
}
