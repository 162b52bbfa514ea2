/*
 * What a configuration file says, statement by statement in its order, before and after somebody
 * asked what it means. A refused statement stays in the list, so that nobody complains that
 * something is missing where something wrong was written.
 */
#ifndef K0SLB_CONF_CONF_STATEMENT_H
#define K0SLB_CONF_CONF_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "conf/conf.h"

struct conf_key;

struct conf_statement {
    uint32_t line;
    bool refused; /* a message says why; its value must not be used */
    char section[CONF_NAME_SIZE];
    char key[CONF_NAME_SIZE]; /* "" = the section's header */
    char *value;
    const struct conf_key *row; /* what it sets; NULL for a header or an unknown key */
};

/* Owned by its holder; zero-initialised is empty. */
struct conf_statements {
    struct conf_statement *list;
    size_t count;
    bool section_lost; /* a section header was refused: any section may be missing */
    bool out_of_memory;
};

/*
 * Adds a copy of it; runs of blanks in section and key become one. Returns the new element, valid
 * until the next call, or NULL when memory ran out (which the list remembers).
 */
struct conf_statement *conf_statements_add(struct conf_statements *statements, const char *section,
                                           const char *key, const char *value, uint32_t line);

/* The first statement of that key, refused or not; key "" finds the header. NULL = none. */
const struct conf_statement *conf_statements_find(const struct conf_statements *statements,
                                                  const char *section, const char *key);

/* Whether anything in that section was refused. */
bool conf_statements_has_refused(const struct conf_statements *statements, const char *section);

/* The NAME in a statement of [service NAME], and in one of `server NAME`. */
const char *conf_statement_service(const struct conf_statement *statement);
const char *conf_statement_server(const struct conf_statement *statement);

void conf_statements_free(struct conf_statements *statements);

#endif
