#include "control/import_haproxy_service.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *haproxy_clean_name(const char *name, char out[CONF_NAME_SIZE])
{
    size_t length = 0;

    for (; *name != '\0' && length < HAPROXY_NAME_MOST; name++) {
        bool is_fine = isalnum((unsigned char)*name) || strchr("-_.", *name) != NULL;

        out[length] = is_fine && (length > 0 || *name != '.') ? *name : '_';
        length++;
    }
    out[length] = '\0';
    return out;
}

/* ---- what is no service ---- */

static size_t index_of(const struct haproxy *file, const struct haproxy_proxy *proxy)
{
    return (size_t)(proxy - file->proxies);
}

/* One note takes the place of all about that section. */
static void leave_out(struct haproxy *file, const struct haproxy_proxy *proxy, const char *why)
{
    size_t kept = 0;

    for (size_t i = 0; i < file->note_count; i++) {
        if (file->notes[i].proxy == index_of(file, proxy))
            free(file->notes[i].text);
        else
            file->notes[kept++] = file->notes[i];
    }
    file->note_count = kept;
    haproxy_note_at(file, HAPROXY_NO_PROXY, proxy->line, "%s %s is left out: %s",
                    proxy->kind == HAPROXY_LISTEN     ? "listen"
                    : proxy->kind == HAPROXY_FRONTEND ? "frontend"
                                                      : "backend",
                    proxy->name, why);
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

/* Why the pair cannot be a service; NULL = it can. */
static const char *find_obstacle(const struct haproxy_proxy *front,
                                 const struct haproxy_proxy *back)
{
    if (!is_tcp(front))
        return "it is not in mode tcp";
    if (front->terminates)
        return "it ends TLS, and k0slb passes it on";
    if (front->bind_count == 0)
        return "it listens nowhere";
    if (back == NULL)
        return "it has no default_backend";
    if (!is_tcp(back))
        return "its backend is not in mode tcp";
    if (back->server_count == 0)
        return "it has no server";
    if (encrypts(back))
        return "its servers have ssl: k0slb does not speak TLS for clients";
    return NULL;
}

/* Returns 0 with *back, which may be NULL, or -1 after a message. */
static int find_back(struct haproxy *file, const struct haproxy_proxy *front,
                     const struct haproxy_proxy **back)
{
    const struct haproxy_value *wanted = &front->values[HAPROXY_BACKEND];

    *back = front->kind == HAPROXY_LISTEN && front->server_count > 0 ? front : NULL;
    if (wanted->text == NULL || *back != NULL)
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

/* A service has one value for all its servers: that of the first which says one. */
static void merge_servers(struct haproxy *file, struct haproxy_service *service, size_t key)
{
    const struct haproxy_proxy *back = service->back;
    struct haproxy_value *value = &service->values[key];

    for (size_t i = 0; i < back->server_count && value->text == NULL; i++)
        *value = back->servers[i].values[key];
    for (size_t i = 0; i < back->server_count && value->text != NULL; i++) {
        const struct haproxy_server *server = &back->servers[i];
        const char *text = server->values[key].text;

        if (key == HAPROXY_SOURCE && text == NULL)
            continue;
        if (text == NULL || strcmp(text, value->text) != 0)
            haproxy_note_at(file, index_of(file, back), server->line,
                            "server %s: its checks and timeouts become those of its fellows",
                            server->name);
    }
}

static void merge(struct haproxy *file, struct haproxy_service *service)
{
    for (size_t key = 0; key < HAPROXY_KEYS; key++) {
        if (key <= HAPROXY_FRONT_LAST)
            service->values[key] = service->front->values[key];
        else if (key <= HAPROXY_BACK_LAST)
            service->values[key] = service->back->values[key];
        if (is_of_server(key) && !is_own(key))
            merge_servers(file, service, key);
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

static void add_service(struct haproxy_services *services, const struct haproxy_proxy *front,
                        const struct haproxy_proxy *back)
{
    struct haproxy_service *service = &services->list[services->count];

    if (services->count == CONF_MAX_SERVICES) {
        leave_out(services->file, front, "there are too many services");
        return;
    }
    *service = (struct haproxy_service){
        .built_in = HAPROXY_BUILT_INS,
        .front = front,
        .back = back,
    };
    haproxy_clean_name(front->name, service->name);
    merge(services->file, service);
    service->port = common_port(service);
    services->count++;
}

/* ---- all of them ---- */

static void leave_out_unused(struct haproxy_services *services)
{
    struct haproxy *file = services->file;

    for (size_t i = 0; i < file->proxy_count; i++) {
        const struct haproxy_proxy *proxy = &file->proxies[i];
        bool is_used = proxy->kind != HAPROXY_BACKENDS;

        for (size_t j = 0; j < services->count; j++)
            is_used |= services->list[j].back == proxy;
        if (!is_used)
            leave_out(file, proxy, "no service comes to it");
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

int haproxy_services_find(struct haproxy_services *services, struct haproxy *file)
{
    int result = 0;

    *services = (struct haproxy_services){.file = file};
    for (size_t i = 0; i < file->proxy_count; i++) {
        const struct haproxy_proxy *front = &file->proxies[i];
        const struct haproxy_proxy *back = NULL;
        const char *obstacle;

        if ((front->kind & HAPROXY_FRONTEND) == 0)
            continue;
        if (is_stats_page(front)) {
            if (services->stats == NULL)
                services->stats = front;
            else
                leave_out(file, front, "there is one page of statistics");
            continue;
        }
        if (find_back(file, front, &back) == -1)
            result = -1;
        obstacle = find_obstacle(front, back);
        if (obstacle != NULL)
            leave_out(file, front, obstacle);
        else
            add_service(services, front, back);
    }
    leave_out_unused(services);
    find_ca(services);
    return result;
}
