#include "control/import_haproxy_service.h"

#include <string.h>

/* [stats] lets in those of `private` by default. */
#define RANGES_MOST (CONF_MAX_CIDRS - 16)

/* ---- what is no service ---- */

static size_t index_of(const struct haproxy *file, const struct haproxy_proxy *proxy)
{
    return (size_t)(proxy - file->proxies);
}

static const char *name_kind(const struct haproxy_proxy *proxy)
{
    if (proxy->kind == HAPROXY_LISTEN)
        return "listen";
    return proxy->kind == HAPROXY_FRONTEND ? "frontend" : "backend";
}

/* One note takes the place of all about that section. */
static void leave_out(struct haproxy *file, size_t proxy, const char *why)
{
    file->proxies[proxy].left_out = true;
    haproxy_note_at(file, HAPROXY_NO_PROXY, file->proxies[proxy].line, "%s %s is left out: %s",
                    name_kind(&file->proxies[proxy]), file->proxies[proxy].name, why);
}

static bool is_tcp(const struct haproxy_proxy *proxy)
{
    const char *mode = proxy->values[HAPROXY_MODE].text;

    return mode == NULL || strcmp(mode, "tcp") == 0;
}

static bool is_stats_page(const struct haproxy_proxy *proxy)
{
    return proxy->is_stats && proxy->server_count == 0 && proxy->bind_count > 0 &&
           (proxy->kind & HAPROXY_FRONTEND) != 0 && proxy->values[HAPROXY_BACKEND].text == NULL;
}

static bool encrypts(const struct haproxy_proxy *back)
{
    for (size_t i = 0; i < back->server_count; i++) {
        if (back->servers[i].values[HAPROXY_ENCRYPTS].text != NULL)
            return true;
    }
    return false;
}

/* Whether it is known where all of them are. */
static bool has_port(const struct haproxy_proxy *front, const struct haproxy_proxy *back)
{
    struct haproxy_service service = {.front = front, .back = back};

    for (size_t i = 0; i < back->server_count; i++) {
        if (haproxy_server_port(&service, &back->servers[i]) != 0)
            return true;
    }
    return false;
}

/* What speaks against a backend; NULL = nothing. */
static const char *find_back_obstacle(const struct haproxy_proxy *back)
{
    if (back == NULL)
        return "it has no default_backend";
    if (!is_tcp(back))
        return "its backend is not in mode tcp";
    if (back->server_count == 0)
        return "it has no server line";
    if (back->server_count == HAPROXY_SERVERS)
        return "it has too many servers";
    if (encrypts(back))
        return "its servers have ssl: k0slb does not speak TLS for clients";
    return NULL;
}

/* Why the pair cannot be a service; NULL = it can. */
static const char *find_obstacle(const struct haproxy_proxy *front,
                                 const struct haproxy_proxy *back)
{
    const char *why = find_back_obstacle(back);

    if (!is_tcp(front))
        return "it is not in mode tcp";
    if (front->terminates)
        return "it ends TLS, and k0slb passes it on";
    if (front->bind_count == 0)
        return "it listens nowhere";
    if (front->bind_count == HAPROXY_BINDS)
        return "it listens at too many places";
    if (why == NULL && !has_port(front, back))
        return "its servers have no port";
    return why;
}

/*
 * Returns 0 with *back, which may be NULL, or -1 after a message. The servers of a listen section
 * are not used when it has a default_backend.
 */
static int find_back(struct haproxy *file, const struct haproxy_proxy *front,
                     const struct haproxy_proxy **back)
{
    const struct haproxy_value *wanted = &front->values[HAPROXY_BACKEND];

    *back = front->kind == HAPROXY_LISTEN ? front : NULL;
    if (wanted->text == NULL)
        return 0;
    for (size_t i = 0; i < file->proxy_count; i++) {
        if ((file->proxies[i].kind & HAPROXY_BACKENDS) != 0 &&
            strcmp(file->proxies[i].name, wanted->text) == 0) {
            *back = &file->proxies[i];
            return 0;
        }
    }
    return haproxy_error(file, wanted->line, "default_backend: there is no backend \"%s\"",
                         wanted->text);
}

/* ---- one service ---- */

/* What one server may have for itself alone. */
static bool is_own(size_t key)
{
    return key == HAPROXY_WEIGHT || key == HAPROXY_BACKUP || key == HAPROXY_DISABLED;
}

static bool is_of_server(size_t key)
{
    return key > HAPROXY_BACK_LAST || key == HAPROXY_SOURCE;
}

bool haproxy_is_common(size_t key)
{
    return is_of_server(key) && !is_own(key) && key != HAPROXY_ENCRYPTS;
}

static size_t count_ranges(const struct haproxy_value *list)
{
    size_t count = list->text != NULL;

    for (const char *c = list->text; c != NULL && (c = strchr(c, ',')) != NULL; c++)
        count++;
    return count;
}

/* A configuration may have so many ranges in all; those of [stats] are among them. */
static void take_rules(struct haproxy_services *services, struct haproxy_service *service)
{
    struct haproxy_value *allow = &service->values[HAPROXY_ALLOW];
    struct haproxy_value *deny = &service->values[HAPROXY_DENY];
    size_t front = index_of(services->file, service->front);
    size_t count;

    haproxy_settle_rules(services->file, front, allow, deny);
    count = count_ranges(allow) + count_ranges(deny);
    if (services->range_count + count > RANGES_MOST) {
        haproxy_note_at(services->file, front, service->front->line,
                        "%s: more addresses than `allow` and `deny` may have: all are let in",
                        service->front->name);
        *allow = *deny = (struct haproxy_value){0};
        return;
    }
    services->range_count += count;
}

static void merge(struct haproxy_service *service)
{
    for (size_t key = 0; key < HAPROXY_KEYS; key++) {
        if (key <= HAPROXY_FRONT_LAST)
            service->values[key] = service->front->values[key];
        else if (key <= HAPROXY_BACK_LAST)
            service->values[key] = service->back->values[key];
        if (haproxy_is_common(key))
            haproxy_merge_servers(service, key);
    }
}

unsigned haproxy_server_port(const struct haproxy_service *service,
                             const struct haproxy_server *server)
{
    if (server->port != 0 || service->front->bind_count != 1)
        return server->port;
    return service->front->binds[0].port;
}

static unsigned common_port(const struct haproxy_service *service)
{
    unsigned port = haproxy_server_port(service, &service->back->servers[0]);

    for (size_t i = 1; i < service->back->server_count; i++) {
        if (haproxy_server_port(service, &service->back->servers[i]) != port)
            return 0;
    }
    return port;
}

static bool is_name_taken(const struct haproxy_services *services, const char *name)
{
    for (size_t i = 0; i < services->count; i++) {
        if (strcmp(services->list[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Two of HAProxy's names may be one when they are cleaned. */
static void name_service(const struct haproxy_services *services, struct haproxy_service *service)
{
    char name[CONF_NAME_SIZE];

    haproxy_clean_name(service->front->name, name);
    strcpy(service->name, name);
    for (unsigned i = 2; is_name_taken(services, service->name); i++)
        haproxy_number_name(strcpy(service->name, name), i);
}

static size_t count_servers(const struct haproxy_services *services)
{
    size_t count = 0;

    for (size_t i = 0; i < services->count; i++)
        count += services->list[i].back->server_count;
    return count;
}

static void add_service(struct haproxy_services *services, size_t front,
                        const struct haproxy_proxy *back)
{
    struct haproxy_service *service = &services->list[services->count];

    if (services->count == CONF_MAX_SERVICES) {
        leave_out(services->file, front, "there are too many services");
        return;
    }
    if (count_servers(services) + back->server_count > CONF_MAX_BACKENDS) {
        leave_out(services->file, front, "there are too many servers");
        return;
    }
    *service = (struct haproxy_service){
        .built_in = HAPROXY_BUILT_INS,
        .front = &services->file->proxies[front],
        .back = back,
    };
    name_service(services, service);
    merge(service);
    take_rules(services, service);
    service->port = common_port(service);
    services->count++;
}

/* ---- all of them ---- */

/* A backend that somebody wants keeps its notes: they say why it is not enough. */
static bool is_wanted(const struct haproxy *file, size_t back)
{
    for (size_t i = 0; i < file->proxy_count; i++) {
        const char *wanted = file->proxies[i].values[HAPROXY_BACKEND].text;

        if ((file->proxies[i].kind & HAPROXY_FRONTEND) != 0 && wanted != NULL &&
            strcmp(wanted, file->proxies[back].name) == 0)
            return is_tcp(&file->proxies[i]) && is_tcp(&file->proxies[back]);
    }
    return false;
}

static void leave_out_unused(struct haproxy_services *services)
{
    struct haproxy *file = services->file;

    for (size_t i = 0; i < file->proxy_count; i++) {
        bool is_used = file->proxies[i].kind != HAPROXY_BACKENDS || is_wanted(file, i);

        for (size_t j = 0; j < services->count; j++)
            is_used |= services->list[j].back == &file->proxies[i];
        if (!is_used)
            leave_out(file, i, "no service comes to it");
    }
}

static void find_ca(struct haproxy_services *services)
{
    for (size_t i = 0; i < services->count; i++) {
        const struct haproxy_value *ca = &services->list[i].values[HAPROXY_CA];

        if (ca->text == NULL)
            continue;
        if (services->ca == NULL) {
            services->ca = ca->text;
            services->ca_line = ca->line;
        } else if (strcmp(services->ca, ca->text) != 0) {
            haproxy_note_at(services->file, HAPROXY_NO_PROXY, ca->line,
                            "ca-file %s: there is one CA for all", ca->text);
        }
    }
}

/* Returns 0, or -1 after a message. */
static int find_service(struct haproxy_services *services, size_t front)
{
    struct haproxy *file = services->file;
    const struct haproxy_proxy *proxy = &file->proxies[front];
    const struct haproxy_proxy *back = NULL;
    const char *obstacle;

    if (is_stats_page(proxy) && services->stats == NULL) {
        services->stats = proxy;
        return 0;
    }
    if (is_stats_page(proxy)) {
        leave_out(file, front, "there is one page of statistics");
        return 0;
    }
    if (find_back(file, proxy, &back) == -1)
        return -1;
    obstacle = find_obstacle(proxy, back);
    if (obstacle == NULL)
        add_service(services, front, back);
    else if (proxy == back && proxy->server_count == 0 && is_tcp(proxy) && proxy->bind_count > 0)
        haproxy_note_at(file, front, proxy->line, "listen %s is left out: %s", proxy->name,
                        obstacle); /* the other notes say what it has in place of them */
    else
        leave_out(file, front, obstacle);
    return 0;
}

int haproxy_services_find(struct haproxy_services *services, struct haproxy *file)
{
    int result = 0;

    *services = (struct haproxy_services){.file = file};
    for (size_t i = 0; i < file->proxy_count; i++) {
        if ((file->proxies[i].kind & HAPROXY_FRONTEND) != 0 && find_service(services, i) == -1)
            result = -1;
    }
    leave_out_unused(services);
    find_ca(services);
    return result;
}
