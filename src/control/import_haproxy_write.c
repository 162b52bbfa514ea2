#include "control/import_haproxy_service.h"

#include <stdio.h>
#include <string.h>

#include "base/strnum.h"
#include "conf/conf_keys.h"
#include "conf/conf_services.h"

#define LIST_SIZE 8192

/* Nobody reads more. */
#define NOTES_MOST 1000

/* A tunnel or a watch that is well may be silent for so long. */
#define SILENT_MS UINT64_C(3600000)

/* ---- values ---- */

/* What holds without the line. */
static const char *find_default(const struct haproxy_service *service, const char *key)
{
    const char *value = conf_services_built_in_value(service->name, key);

    return value != NULL ? value : conf_key_find(CONF_IN_SERVICE, key)->fallback;
}

void haproxy_write_text(struct import_draft *draft, const struct haproxy_service *service,
                        const char *key, const struct haproxy_value *value)
{
    const char *fallback = find_default(service, key);

    if (value->text != NULL && (fallback == NULL || strcmp(fallback, value->text) != 0))
        import_draft_key(draft, value->line, key, "%s", value->text);
}

void haproxy_write_value(struct import_draft *draft, const struct haproxy_service *service,
                         const char *name, enum haproxy_key key)
{
    haproxy_write_text(draft, service, name, &service->values[key]);
}

/* Of two times the shorter one that there is; 0 is longest. */
static struct haproxy_value shorter(const struct haproxy_value *a, const struct haproxy_value *b)
{
    uint64_t ms_a;
    uint64_t ms_b;

    if (a->text == NULL || strnum_duration(a->text, 0, UINT64_MAX, &ms_a) == -1 || ms_a == 0)
        return b->text != NULL ? *b : *a;
    if (b->text == NULL || strnum_duration(b->text, 0, UINT64_MAX, &ms_b) == -1 || ms_b == 0)
        return *a;
    return ms_a <= ms_b ? *a : *b;
}

static bool is_long(const char *duration)
{
    uint64_t ms;

    return strnum_duration(duration, 0, UINT64_MAX, &ms) == 0 && (ms == 0 || ms >= SILENT_MS);
}

/* The times of HAProxy's own samples would cut watches and tunnels that are well. */
static void write_idle(struct import_draft *draft, struct haproxy *file,
                       const struct haproxy_service *service)
{
    struct haproxy_value idle = service->values[HAPROXY_IDLE_TUNNEL];

    if (idle.text == NULL)
        idle =
            shorter(&service->values[HAPROXY_IDLE_CLIENT], &service->values[HAPROXY_IDLE_SERVER]);
    if (idle.text == NULL)
        return;
    if (!haproxy_is_k0s(service) || (is_long(idle.text) && service->built_in != HAPROXY_JOIN_API))
        haproxy_write_text(draft, service, "idle_timeout", &idle);
    else if (service->built_in != HAPROXY_JOIN_API)
        haproxy_note_at(file, HAPROXY_NO_PROXY, idle.line,
                        "timeout: %s of silence would end watches and tunnels that are well; "
                        "idle_timeout stays 0 for them",
                        idle.text);
    else if (idle.line > service->back->line || idle.line > service->front->line)
        haproxy_note_at(file, HAPROXY_NO_PROXY, idle.line, "timeout: idle_timeout of %s stays %s",
                        service->name, conf_services_built_in_value(service->name, "idle_timeout"));
}

static void write_half_close(struct import_draft *draft, const struct haproxy_service *service)
{
    struct haproxy_value fin =
        shorter(&service->values[HAPROXY_FIN_CLIENT], &service->values[HAPROXY_FIN_SERVER]);

    haproxy_write_text(draft, service, "half_close_timeout", &fin);
}

static void write_balance(struct import_draft *draft, struct haproxy *file,
                          const struct haproxy_service *service)
{
    const struct haproxy_value *balance = &service->values[HAPROXY_BALANCE];

    if (service->built_in != HAPROXY_KONNECTIVITY)
        haproxy_write_text(draft, service, "balance", balance);
    else if (service->back->server_count > CONF_MAX_SPREAD)
        import_draft_key(draft, service->front->line, "balance", "leastconn");
    else if (balance->text != NULL)
        haproxy_note_at(file, HAPROXY_NO_PROXY, balance->line,
                        "balance %s: source-spread alone gets every agent of %s to each controller",
                        balance->text, service->name);
}

/* ---- a service ---- */

static void write_binds(struct import_draft *draft, const struct haproxy_proxy *proxy,
                        const char *fallback)
{
    char list[LIST_SIZE] = "";
    size_t length = 0;

    for (size_t i = 0; i < proxy->bind_count && length < sizeof(list); i++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s", i > 0 ? ", " : "",
                                   proxy->binds[i].item);
    if (fallback == NULL || strcmp(list, fallback) != 0)
        import_draft_list(draft, proxy->binds[0].line, "listen", list);
}

/* The weight, and what else is said behind an address. */
static void format_use(const struct haproxy_server *server, char out[64])
{
    const char *weight = server->values[HAPROXY_WEIGHT].text;

    if (server->values[HAPROXY_DISABLED].text != NULL)
        weight = "0";
    if (weight != NULL && strcmp(weight, "1") == 0)
        weight = NULL;
    snprintf(out, 64, "%s%s%s", weight != NULL ? " weight=" : "", weight != NULL ? weight : "",
             server->values[HAPROXY_BACKUP].text != NULL ? " backup" : "");
}

static void note_disabled(struct haproxy *file, const struct haproxy_server *server)
{
    if (server->values[HAPROXY_DISABLED].text != NULL)
        haproxy_note_at(file, HAPROXY_NO_PROXY, server->line,
                        "server %s is disabled: with weight=0 nothing new goes there",
                        server->name);
}

static void write_servers(const struct haproxy_services *services, struct import_draft *draft,
                          const struct haproxy_service *service)
{
    for (size_t i = 0; i < service->back->server_count; i++) {
        const struct haproxy_server *server = &service->back->servers[i];
        unsigned port = haproxy_server_port(service, server);
        bool is_v6 = strchr(server->host, ':') != NULL;
        char key[CONF_NAME_SIZE + 8];
        char use[64];

        if (port == 0) {
            haproxy_note_at(services->file, HAPROXY_NO_PROXY, server->line,
                            "server %s: write it with a port", server->name);
            continue;
        }
        snprintf(key, sizeof(key), "server %s", server->clean_name);
        format_use(server, use);
        note_disabled(services->file, server);
        import_draft_key(draft, server->line, key, "%s%s%s:%u%s", is_v6 ? "[" : "", server->host,
                         is_v6 ? "]" : "", port, use);
    }
}

/* The join API waits for the API of the same name, which has to be there then. */
static void write_requires(const struct haproxy_services *services, struct import_draft *draft,
                           const struct haproxy_service *service)
{
    const struct haproxy_service *api = services->built_ins[HAPROXY_KUBE_API];

    if (service->built_in != HAPROXY_JOIN_API || api == NULL)
        return;
    for (size_t i = 0; i < service->back->server_count; i++) {
        const struct haproxy_server *server = &service->back->servers[i];
        bool is_there = false;

        for (size_t j = 0; j < api->back->server_count; j++)
            is_there |= strcmp(server->clean_name, api->back->servers[j].clean_name) == 0;
        if (!is_there) {
            import_draft_key(draft, server->line, "requires", "none");
            return;
        }
    }
}

static void write_where(const struct haproxy_services *services, struct import_draft *draft,
                        const struct haproxy_service *service)
{
    const struct haproxy_value *disabled = &service->front->values[HAPROXY_DISABLED];

    if (disabled->text != NULL)
        import_draft_key(draft, disabled->line, "enabled", "no");
    write_binds(draft, service->front, conf_services_built_in_value(service->name, "listen"));
    if (!services->has_controllers || !haproxy_is_k0s(service)) {
        write_servers(services, draft, service);
        write_requires(services, draft, service);
    } else if (service->port != haproxy_built_in_port(service->built_in)) {
        import_draft_key(draft, service->back->line, "port", "%u", service->port);
    }
}

static void write_access(struct import_draft *draft, const struct haproxy_service *service)
{
    const struct haproxy_value *allow = &service->values[HAPROXY_ALLOW];
    const struct haproxy_value *deny = &service->values[HAPROXY_DENY];

    if (allow->text != NULL)
        import_draft_list(draft, allow->line, "allow", allow->text);
    if (deny->text != NULL)
        import_draft_list(draft, deny->line, "deny", deny->text);
}

/* Whether anything but the name of a section stands from that line on. */
static bool has_key(const struct import_draft *draft, size_t first)
{
    for (size_t i = first; i < draft->count; i++) {
        if (draft->lines[i].kind == DRAFT_KEY || draft->lines[i].origin != 0)
            return true;
    }
    return false;
}

static void write_service(const struct haproxy_services *services, struct import_draft *draft,
                          const struct haproxy_service *service)
{
    char section[CONF_SECTION_SIZE];
    size_t before = draft->count;

    import_draft_section(draft, conf_services_section(service->name, section));
    write_where(services, draft, service);
    write_balance(draft, services->file, service);
    haproxy_write_check(services, draft, service);
    haproxy_write_value(draft, service, "on_down", HAPROXY_ON_DOWN);
    haproxy_write_value(draft, service, "slow_start", HAPROXY_SLOW_START);
    haproxy_write_value(draft, service, "connect_timeout", HAPROXY_CONNECT_TIMEOUT);
    haproxy_write_value(draft, service, "retries", HAPROXY_RETRIES);
    write_idle(draft, services->file, service);
    write_half_close(draft, service);
    haproxy_write_value(draft, service, "dead_client_timeout", HAPROXY_DEAD_CLIENT);
    haproxy_write_value(draft, service, "dead_backend_timeout", HAPROXY_DEAD_BACKEND);
    haproxy_write_value(draft, service, "max_connections", HAPROXY_MAX_CONNECTIONS);
    haproxy_write_value(draft, service, "backlog", HAPROXY_BACKLOG);
    haproxy_write_value(draft, service, "source_address", HAPROXY_SOURCE);
    write_access(draft, service);
    haproxy_write_value(draft, service, "log_connections", HAPROXY_LOG_CONNECTIONS);
    /* It is there all the same, by its controllers. */
    if (services->has_controllers && haproxy_is_k0s(service) && !has_key(draft, before))
        import_draft_cut(draft, before);
}

/* ---- the rest ---- */

static void write_controllers(const struct haproxy_services *services, struct import_draft *draft)
{
    const struct haproxy_proxy *back = services->built_ins[HAPROXY_KUBE_API]->back;

    import_draft_section(draft, "controllers");
    for (size_t i = 0; i < back->server_count; i++) {
        const struct haproxy_server *server = &back->servers[i];
        char use[64];

        format_use(server, use);
        note_disabled(services->file, server);
        import_draft_key(draft, server->line, server->clean_name, "%s%s", server->host, use);
    }
    for (size_t i = 0; i < HAPROXY_BUILT_INS; i++) {
        char section[CONF_SECTION_SIZE];

        if (services->built_ins[i] != NULL)
            continue;
        import_draft_section(
            draft, conf_services_section(haproxy_built_in_name((enum haproxy_built_in)i), section));
        import_draft_key(draft, 0, "enabled", "no");
    }
}

static bool is_port_taken(const struct haproxy_services *services, unsigned port)
{
    for (size_t i = 0; i < services->count; i++) {
        const struct haproxy_proxy *front = services->list[i].front;

        for (size_t j = 0; j < front->bind_count; j++) {
            if (front->binds[j].port == port)
                return true;
        }
    }
    return false;
}

/* HAProxy has no page unless it is told to; k0slb has one, where its port is free. */
static void write_stats(const struct haproxy_services *services, struct import_draft *draft)
{
    const struct haproxy_proxy *stats = services->stats;
    size_t before = draft->count;

    import_draft_section(draft, "stats");
    if (stats == NULL && is_port_taken(services, 9000))
        import_draft_key(draft, 0, "listen", "%s", "");
    if (stats != NULL && stats->terminates)
        haproxy_note_at(services->file, HAPROXY_NO_PROXY, stats->line,
                        "the page of statistics does not speak TLS");
    if (stats != NULL) {
        write_binds(draft, stats, conf_key_find(CONF_IN_STATS, "listen")->fallback);
        if (stats->refresh.text != NULL && strcmp(stats->refresh.text, "2s") != 0)
            import_draft_key(draft, stats->refresh.line, "refresh", "%s", stats->refresh.text);
    }
    if (!has_key(draft, before))
        import_draft_cut(draft, before);
}

static void write_notes(struct haproxy *file, struct import_draft *draft)
{
    haproxy_settle_notes(file);
    if (file->note_count > 0)
        import_draft_blank(draft);
    for (size_t i = 0; i < file->note_count && i < NOTES_MOST; i++)
        import_draft_comment(draft, file->notes[i].line, file->notes[i].last_line, "%s",
                             file->notes[i].text);
    if (file->note_count > NOTES_MOST)
        import_draft_comment(draft, 0, 0, "and %zu things more that were not carried over",
                             file->note_count - NOTES_MOST);
}

void haproxy_services_write(const struct haproxy_services *services, struct import_draft *draft)
{
    if (services->ca != NULL) {
        import_draft_section(draft, "k0slb");
        import_draft_key(draft, services->ca_line, "ca", "%s", services->ca);
    }
    if (services->has_controllers)
        write_controllers(services, draft);
    for (size_t i = 0; i < services->count; i++)
        write_service(services, draft, &services->list[i]);
    import_draft_share(draft, services->count);
    write_stats(services, draft);
    write_notes(services->file, draft);
}
