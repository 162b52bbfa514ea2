#include "conf/conf_services.h"

#include <stdio.h>
#include <string.h>

#include "conf/conf_listeners.h"
#include "conf/conf_resolve.h"
#include "conf/conf_value.h"

static const char *const built_in_names[] = {"kubeAPI", "konnectivity", "controllerJoinAPI"};

/* What their protocols need; only their own sections override it. */
static const struct {
    const char *service;
    const char *key;
    const char *value;
} built_in_values[] = {
    {"kubeAPI", "listen", ":6443"},
    {"kubeAPI", "port", "6443"},
    {"kubeAPI", "balance", "leastconn"},
    {"kubeAPI", "check", "https"},
    {"kubeAPI", "check_method", "GET"},
    {"kubeAPI", "check_path", "/readyz"},
    {"kubeAPI", "check_expect", "200, 401"},
    {"kubeAPI", "slow_start", "15s"},
    {"konnectivity", "listen", ":8132"},
    {"konnectivity", "port", "8132"},
    {"konnectivity", "balance", "source-spread"},
    {"konnectivity", "check", "h2"},
    {"konnectivity", "on_down_spread", "0"},
    {"controllerJoinAPI", "listen", ":9443"},
    {"controllerJoinAPI", "port", "9443"},
    {"controllerJoinAPI", "balance", "leastconn"},
    {"controllerJoinAPI", "check", "https"},
    {"controllerJoinAPI", "check_method", "HEAD"},
    {"controllerJoinAPI", "check_path", "/v1beta1/ca"},
    {"controllerJoinAPI", "check_expect", "405, 401"},
    {"controllerJoinAPI", "requires", "kubeAPI"},
    {"konnectivity", "idle_timeout", "0"},
    {"controllerJoinAPI", "idle_timeout", "60s"},
    {"kubeAPI", "hello_timeout", "1s"},
    {"konnectivity", "hello_timeout", "1s"},
    {"controllerJoinAPI", "hello_timeout", "1s"},
};

bool conf_services_is_built_in(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(built_in_names); i++) {
        if (strcmp(built_in_names[i], name) == 0)
            return true;
    }
    return false;
}

const char *conf_services_suggest(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(built_in_names); i++) {
        if (conf_is_typo(name, built_in_names[i]))
            return built_in_names[i];
    }
    return NULL;
}

char *conf_services_section(const char *name, char out[CONF_SECTION_SIZE])
{
    snprintf(out, CONF_SECTION_SIZE, "service %s", name);
    return out;
}

bool conf_services_has_servers(const struct conf_statements *statements, const char *section)
{
    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];

        if (strcmp(statement->section, section) == 0 && strncmp(statement->key, "server ", 7) == 0)
            return true;
    }
    return false;
}

static void add_service(struct conf *conf, const char *name)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        if (strcmp(conf->services[i].name, name) == 0)
            return;
    }
    if (conf->service_count <= CONF_MAX_SERVICES)
        strcpy(conf->services[conf->service_count++].name, name);
}

/* The built-in ones first, then as they are written. */
static void list_services(struct conf *conf, const struct conf_statements *statements)
{
    bool has_controllers = conf_statements_find(statements, "controllers", "") != NULL;

    for (size_t i = 0; i < ARRAY_LEN(built_in_names) && has_controllers; i++)
        add_service(conf, built_in_names[i]);
    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];

        if (statement->key[0] == '\0' && !statement->refused &&
            conf_section_find(statement->section) == CONF_IN_SERVICE)
            add_service(conf, conf_statement_service(statement));
    }
}

const char *conf_services_built_in_value(const char *name, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(built_in_values); i++) {
        if (strcmp(built_in_values[i].service, name) == 0 &&
            strcmp(built_in_values[i].key, key) == 0)
            return built_in_values[i].value;
    }
    return NULL;
}

static void apply_built_in(struct conf_service *service)
{
    for (size_t i = 0; i < ARRAY_LEN(built_in_values); i++) {
        const struct conf_key *key = conf_key_find(CONF_IN_SERVICE, built_in_values[i].key);

        if (strcmp(built_in_values[i].service, service->name) == 0 && conf_key_is_scalar(key))
            conf_value_apply(key, built_in_values[i].value, service);
    }
}

/* The port that all the service's sockets have; 0 when there is none, or more than one. */
static uint16_t common_port(const struct conf *conf, const struct conf_service *service)
{
    uint16_t port = 0;

    for (unsigned i = service->first_listener; i < conf->listener_count; i++) {
        if (port != 0 && conf->listeners[i].address.port != port)
            return 0;
        port = conf->listeners[i].address.port;
    }
    return port;
}

static void fill_listeners(struct conf *conf, const struct conf_statements *statements,
                           const char *section, struct conf_service *service)
{
    const struct conf_list listen = {statements, section, "listen",
                                     conf_services_built_in_value(service->name, "listen")};

    service->first_listener = conf->listener_count;
    conf_listeners_add(conf, &listen, (uint16_t)(service - conf->services));
    if (service->port == 0)
        service->port = common_port(conf, service);
    if (!service->enabled)
        conf->listener_count = service->first_listener;
    service->listener_count = (uint16_t)(conf->listener_count - service->first_listener);
}

static void add_backend(struct conf *conf, struct conf_service *service,
                        const struct conf_statement *statement)
{
    bool is_controller = statement->row->type == CONF_TYPE_CONTROLLER;
    struct conf_backend backend = {.service = (uint16_t)(service - conf->services),
                                   .required = CONF_NO_INDEX};
    char reason[CONF_REASON_SIZE];
    struct conf_server server;
    int got = is_controller ? conf_address_controller(statement->value, &server, reason)
                            : conf_address_server(statement->value, &server, reason);

    if (got == -1 || conf->backend_count > CONF_MAX_BACKENDS)
        return;
    strcpy(backend.name, is_controller ? statement->key : conf_statement_server(statement));
    strcpy(backend.host, server.host);
    backend.address = server.address;
    backend.weight = server.weight;
    backend.backup = server.backup;
    if (is_controller)
        backend.address.port = service->port;
    conf->backends[conf->backend_count++] = backend;
    service->backend_count++;
}

static void fill_backends(struct conf *conf, const struct conf_statements *statements,
                          const char *section, struct conf_service *service)
{
    bool own = conf_services_has_servers(statements, section);
    enum conf_type wanted = own ? CONF_TYPE_SERVER : CONF_TYPE_CONTROLLER;

    service->first_backend = conf->backend_count;
    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];

        if (statement->refused || statement->row == NULL || statement->row->type != wanted)
            continue;
        if (!own || strcmp(statement->section, section) == 0)
            add_backend(conf, service, statement);
    }
}

static void fill_allow(struct conf *conf, const struct conf_list *list,
                       struct conf_service *service)
{
    conf_access_fill(conf, list, &service->allow);
}

static void share_allow(struct conf_service *to, const struct conf_service *from)
{
    to->allow = from->allow;
}

static void fill_deny(struct conf *conf, const struct conf_list *list, struct conf_service *service)
{
    conf_access_fill(conf, list, &service->deny);
}

static void share_deny(struct conf_service *to, const struct conf_service *from)
{
    to->deny = from->deny;
}

static void share_expect(struct conf_service *to, const struct conf_service *from)
{
    memcpy(to->check_expect, from->check_expect, sizeof(to->check_expect));
}

static void share_locals(struct conf_service *to, const struct conf_service *from)
{
    to->first_local = from->first_local;
    to->local_count = from->local_count;
}

/* The lists that [defaults] may hold, too. */
static const struct inherited {
    const char *key;
    void (*fill)(struct conf *conf, const struct conf_list *list, struct conf_service *service);
    void (*share)(struct conf_service *to, const struct conf_service *from);
} inherited[] = {
    {"allow", fill_allow, share_allow},
    {"deny", fill_deny, share_deny},
    {"source_address", conf_locals_fill, share_locals},
    {"check_expect", conf_expect_fill, share_expect},
};

/*
 * A list of the service's own, or of a built-in one, replaces that of [defaults]. All others share
 * one copy of the latter, so that it counts but once among what a configuration may hold.
 */
static void fill_inherited(struct conf *conf, const struct conf_statements *statements,
                           const struct inherited *what)
{
    const char *fallback = conf_key_find(CONF_IN_SERVICE, what->key)->fallback;
    const struct conf_list common = {statements, "defaults", what->key, fallback};
    const struct conf_service *heir = NULL;
    char section[CONF_SECTION_SIZE];

    for (unsigned i = 0; i < conf->service_count; i++) {
        struct conf_service *service = &conf->services[i];
        const struct conf_list own = {statements, conf_services_section(service->name, section),
                                      what->key,
                                      conf_services_built_in_value(service->name, what->key)};

        if (own.fallback != NULL || conf_statements_find(statements, section, what->key) != NULL) {
            what->fill(conf, &own, service);
        } else if (heir != NULL) {
            what->share(service, heir);
        } else {
            what->fill(conf, &common, service);
            heir = service;
        }
    }
}

void conf_services_fill(struct conf *conf, const struct conf_statements *statements)
{
    char section[CONF_SECTION_SIZE];

    list_services(conf, statements);
    for (unsigned i = 0; i < conf->service_count; i++) {
        struct conf_service *service = &conf->services[i];

        conf_services_section(service->name, section);
        conf_value_store_defaults(CONF_IN_SERVICE, service);
        conf_apply(statements, "defaults", service);
        apply_built_in(service);
        conf_apply(statements, section, service);
        fill_listeners(conf, statements, section, service);
        fill_backends(conf, statements, section, service);
    }
    for (size_t i = 0; i < ARRAY_LEN(inherited); i++)
        fill_inherited(conf, statements, &inherited[i]);
}
