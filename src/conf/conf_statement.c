#include "conf/conf_statement.h"

#include <stdlib.h>
#include <string.h>

static void copy_words(char out[CONF_NAME_SIZE], const char *text)
{
    size_t length = 0;

    for (; *text != '\0' && length < CONF_NAME_SIZE - 1; text++) {
        bool blank = *text == ' ' || *text == '\t';

        if (!blank)
            out[length++] = *text;
        else if (length > 0 && out[length - 1] != ' ')
            out[length++] = ' ';
    }
    out[length] = '\0';
}

/* Room for one more; the array doubles, so that a long file does not copy it each time. */
static struct conf_statement *make_room(struct conf_statements *statements)
{
    size_t count = statements->count;
    struct conf_statement *grown;

    if ((count & (count - 1)) != 0)
        return statements->list;
    grown = reallocarray(statements->list, count == 0 ? 1 : count * 2, sizeof(*grown));
    if (grown != NULL)
        statements->list = grown;
    return grown;
}

struct conf_statement *conf_statements_add(struct conf_statements *statements, const char *section,
                                           const char *key, const char *value, uint32_t line)
{
    struct conf_statement *list = make_room(statements);
    char *copy = strdup(value);
    struct conf_statement *added;

    if (list == NULL || copy == NULL) {
        statements->out_of_memory = true;
        free(copy);
        return NULL;
    }
    added = &list[statements->count++];
    *added = (struct conf_statement){.line = line, .value = copy};
    copy_words(added->section, section);
    copy_words(added->key, key);
    return added;
}

const struct conf_statement *conf_statements_find(const struct conf_statements *statements,
                                                  const char *section, const char *key)
{
    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];

        if (strcmp(statement->section, section) == 0 && strcmp(statement->key, key) == 0)
            return statement;
    }
    return NULL;
}

bool conf_statements_has_refused(const struct conf_statements *statements, const char *section)
{
    for (size_t i = 0; i < statements->count; i++) {
        if (statements->list[i].refused && strcmp(statements->list[i].section, section) == 0)
            return true;
    }
    return false;
}

static const char *second_word(const char *text)
{
    const char *blank = strchr(text, ' ');

    return blank != NULL ? blank + 1 : "";
}

const char *conf_statement_service(const struct conf_statement *statement)
{
    return second_word(statement->section);
}

const char *conf_statement_server(const struct conf_statement *statement)
{
    return second_word(statement->key);
}

void conf_statements_free(struct conf_statements *statements)
{
    for (size_t i = 0; i < statements->count; i++)
        free(statements->list[i].value);
    free(statements->list);
    *statements = (struct conf_statements){0};
}
