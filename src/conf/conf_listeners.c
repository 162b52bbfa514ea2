#include "conf/conf_listeners.h"

#include <string.h>

#include "conf/conf_address.h"

static void add_sockets(struct conf *conf, const char *value, uint16_t owner, uint32_t line)
{
    struct conf_listener pair[2];
    char reason[CONF_REASON_SIZE];
    char item[CONF_LINE_SIZE];

    while (conf_list_next(&value, item) == 1) {
        int count = conf_address_listen(item, pair, reason);

        for (int i = 0; i < count && conf->listener_count <= CONF_MAX_LISTENERS; i++) {
            pair[i].owner = owner;
            pair[i].line = line;
            conf->listeners[conf->listener_count++] = pair[i];
        }
    }
}

void conf_listeners_add(struct conf *conf, const struct conf_statements *statements,
                        const char *section, const char *fallback, uint16_t owner)
{
    if (conf_statements_find(statements, section, "listen") == NULL && fallback != NULL)
        add_sockets(conf, fallback, owner, 0);
    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];

        if (!statement->refused && *statement->value != '\0' &&
            strcmp(statement->section, section) == 0 && strcmp(statement->key, "listen") == 0)
            add_sockets(conf, statement->value, owner, statement->line);
    }
}

static void add_range(struct conf *conf, struct conf_access *access, const struct cidr *range)
{
    if (conf->cidr_count > CONF_MAX_CIDRS)
        return;
    conf->cidrs[conf->cidr_count++] = *range;
    access->cidr_count++;
}

static void add_allowed(struct conf *conf, struct conf_access *access,
                        const struct conf_allow *allow)
{
    size_t count;
    const struct cidr *ranges;

    switch (allow->kind) {
    case CONF_ALLOW_ALL:
        access->everyone = 1;
        break;
    case CONF_ALLOW_CONTROLLERS:
        access->controllers = 1;
        break;
    case CONF_ALLOW_RANGE:
        add_range(conf, access, &allow->range);
        break;
    case CONF_ALLOW_PRIVATE:
        ranges = cidr_private(&count);
        for (size_t i = 0; i < count; i++)
            add_range(conf, access, &ranges[i]);
        break;
    }
}

static void add_list(struct conf *conf, struct conf_access *access, const char *value)
{
    struct conf_allow allow;
    char reason[CONF_REASON_SIZE];
    char item[CONF_LINE_SIZE];

    while (conf_list_next(&value, item) == 1) {
        if (conf_address_allow(item, &allow, reason) == 0)
            add_allowed(conf, access, &allow);
    }
}

void conf_access_fill(struct conf *conf, const struct conf_statements *statements,
                      const char *section, const char *fallback, struct conf_access *access)
{
    *access = (struct conf_access){.first_cidr = conf->cidr_count};
    if (conf_statements_find(statements, section, "allow") == NULL && fallback != NULL)
        add_list(conf, access, fallback);
    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];

        if (!statement->refused && strcmp(statement->section, section) == 0 &&
            strcmp(statement->key, "allow") == 0)
            add_list(conf, access, statement->value);
    }
}
