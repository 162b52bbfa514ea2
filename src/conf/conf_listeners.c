#include "conf/conf_listeners.h"

#include <string.h>

#include "conf/conf_address.h"
#include "conf/conf_value.h"

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

/* Whether nothing was written, so that the fallback holds. */
static bool is_default(const struct conf_list *list)
{
    return list->fallback != NULL &&
           conf_statements_find(list->statements, list->section, list->key) == NULL;
}

/* The next statement of the list that says something, from *at on; NULL = no more. */
static const struct conf_statement *next_statement(const struct conf_list *list, size_t *at)
{
    while (*at < list->statements->count) {
        const struct conf_statement *statement = &list->statements->list[(*at)++];

        if (!statement->refused && *statement->value != '\0' &&
            strcmp(statement->section, list->section) == 0 &&
            strcmp(statement->key, list->key) == 0)
            return statement;
    }
    return NULL;
}

void conf_listeners_add(struct conf *conf, const struct conf_list *list, uint16_t owner)
{
    const struct conf_statement *statement;
    size_t at = 0;

    if (is_default(list))
        add_sockets(conf, list->fallback, owner, 0);
    while ((statement = next_statement(list, &at)) != NULL)
        add_sockets(conf, statement->value, owner, statement->line);
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

static void add_access(struct conf *conf, struct conf_access *access, const char *value)
{
    struct conf_allow allow;
    char reason[CONF_REASON_SIZE];
    char item[CONF_LINE_SIZE];

    while (conf_list_next(&value, item) == 1) {
        if (conf_address_allow(item, &allow, reason) == 0)
            add_allowed(conf, access, &allow);
    }
}

void conf_access_fill(struct conf *conf, const struct conf_list *list, struct conf_access *access)
{
    const struct conf_statement *statement;
    size_t at = 0;

    *access = (struct conf_access){.first_cidr = conf->cidr_count};
    if (is_default(list))
        add_access(conf, access, list->fallback);
    while ((statement = next_statement(list, &at)) != NULL)
        add_access(conf, access, statement->value);
}

static void add_locals(struct conf *conf, struct conf_service *service, const char *value)
{
    char reason[CONF_REASON_SIZE];
    char item[CONF_LINE_SIZE];
    struct addr local;

    while (conf_list_next(&value, item) == 1) {
        if (conf_address_source(item, &local, reason) == -1 || conf->local_count > CONF_MAX_LOCALS)
            continue;
        conf->locals[conf->local_count++] = local;
        service->local_count++;
    }
}

void conf_locals_fill(struct conf *conf, const struct conf_list *list, struct conf_service *service)
{
    const struct conf_statement *statement;
    size_t at = 0;

    service->first_local = conf->local_count;
    service->local_count = 0;
    while ((statement = next_statement(list, &at)) != NULL)
        add_locals(conf, service, statement->value);
}

static void add_externals(struct conf *conf, const char *value)
{
    struct conf_external external;
    char reason[CONF_REASON_SIZE];
    char item[CONF_LINE_SIZE];

    while (conf_list_next(&value, item) == 1) {
        if (conf_address_external(item, &external, reason) == 0 &&
            conf->external_count <= CONF_MAX_EXTERNALS)
            conf->externals[conf->external_count++] = external;
    }
}

void conf_externals_fill(struct conf *conf, const struct conf_list *list)
{
    const struct conf_statement *statement;
    size_t at = 0;

    while ((statement = next_statement(list, &at)) != NULL)
        add_externals(conf, statement->value);
}

static void add_expected(struct conf_service *service, const char *value)
{
    struct conf_statuses statuses;
    char reason[CONF_REASON_SIZE];
    char item[CONF_LINE_SIZE];

    while (conf_list_next(&value, item) == 1) {
        if (conf_value_statuses(item, &statuses, reason) == -1)
            continue;
        for (unsigned status = statuses.first; status <= statuses.last; status++)
            service->check_expect[status / 64] |= UINT64_C(1) << (status % 64);
    }
}

void conf_expect_fill(struct conf *conf, const struct conf_list *list, struct conf_service *service)
{
    const struct conf_statement *statement;
    size_t at = 0;

    (void)conf;
    memset(service->check_expect, 0, sizeof(service->check_expect));
    if (is_default(list))
        add_expected(service, list->fallback);
    while ((statement = next_statement(list, &at)) != NULL)
        add_expected(service, statement->value);
}
