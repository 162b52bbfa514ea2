#include "control/import_haproxy_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strnum.h"
#include "conf/conf_keys.h"
#include "conf/conf_services.h"

#define LIST_SIZE 8192

/* A tunnel or a watch that is well may be silent for so long. */
#define SILENT_MS UINT64_C(3600000)

/* ---- values ---- */

/* What holds without the line. */
static const char *find_default(const struct haproxy_service *service, const char *key)
{
    const char *value = conf_services_built_in_value(service->name, key);

    return value != NULL ? value : conf_key_find(CONF_IN_SERVICE, key)->fallback;
}

static void write_text(struct import_draft *draft, const struct haproxy_service *service,
                       const char *key, const struct haproxy_value *value)
{
    const char *fallback = find_default(service, key);

    if (value->text != NULL && (fallback == NULL || strcmp(fallback, value->text) != 0))
        import_draft_key(draft, value->line, key, "%s", value->text);
}

static void write_value(struct import_draft *draft, const struct haproxy_service *service,
                        const char *name, enum haproxy_key key)
{
    write_text(draft, service, name, &service->values[key]);
}

static bool is_k0s(const struct haproxy_service *service)
{
    return service->built_in != HAPROXY_BUILT_INS;
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
    if (!is_k0s(service) || (is_long(idle.text) && service->built_in != HAPROXY_JOIN_API))
        write_text(draft, service, "idle_timeout", &idle);
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

    write_text(draft, service, "half_close_timeout", &fin);
}

static void write_balance(struct import_draft *draft, struct haproxy *file,
                          const struct haproxy_service *service)
{
    const struct haproxy_value *balance = &service->values[HAPROXY_BALANCE];

    if (service->built_in != HAPROXY_KONNECTIVITY)
        write_text(draft, service, "balance", balance);
    else if (balance->text != NULL)
        haproxy_note_at(file, HAPROXY_NO_PROXY, balance->line,
                        "balance %s: source-spread alone gets every agent of %s to each controller",
                        balance->text, service->name);
}

/* ---- the check ---- */

static enum conf_check find_check(const struct haproxy_service *service)
{
    const char *probe = service->values[HAPROXY_PROBE].text;
    bool has_tls = service->values[HAPROXY_TLS].text != NULL;

    if (service->values[HAPROXY_CHECK].text == NULL)
        return CHECK_NONE;
    if (probe != NULL && strcmp(probe, "tls") == 0)
        return CHECK_TLS;
    if (probe != NULL && strcmp(probe, "http") == 0 && has_tls)
        return CHECK_HTTPS;
    return has_tls ? CHECK_TLS : CHECK_TCP;
}

static void write_http(struct import_draft *draft, const struct haproxy_service *service)
{
    const struct haproxy_value *expect = &service->values[HAPROXY_EXPECT];

    write_value(draft, service, "check_method", HAPROXY_METHOD);
    write_value(draft, service, "check_path", HAPROXY_PATH);
    write_value(draft, service, "check_host", HAPROXY_HOST);
    if (expect->text != NULL)
        write_text(draft, service, "check_expect", expect);
    else
        import_draft_key(draft, service->values[HAPROXY_PROBE].line, "check_expect", "200-399");
}

/* HAProxy's file holds both; since 2.2 the key may stand beside it. */
static void write_certificate(struct import_draft *draft, const struct haproxy_service *service)
{
    const struct haproxy_value *cert = &service->values[HAPROXY_CERT];
    char key[CONF_PATH_SIZE + 8];

    if (cert->text == NULL)
        return;
    snprintf(key, sizeof(key), "%s.key", cert->text);
    import_draft_key(draft, cert->line, "check_cert", "%s", cert->text);
    import_draft_key(draft, cert->line, "check_key", "%s",
                     access(key, F_OK) == 0 ? key : cert->text);
}

static void write_tls(const struct haproxy_services *services, struct import_draft *draft,
                      const struct haproxy_service *service)
{
    const struct haproxy_value *verify = &service->values[HAPROXY_VERIFY];

    write_value(draft, service, "check_sni", HAPROXY_SNI);
    if (verify->text != NULL && strcmp(verify->text, "none") == 0 && services->ca != NULL)
        import_draft_key(draft, verify->line, "check_verify", "none");
    if (verify->text != NULL && strcmp(verify->text, "ca") == 0 && services->ca == NULL)
        haproxy_note_at(services->file, HAPROXY_NO_PROXY, verify->line,
                        "verify required: name the CA by `ca` in [k0slb]");
    write_certificate(draft, service);
}

/* k0slb knows how to ask k0s's services. */
static enum conf_check write_kind(struct import_draft *draft, struct haproxy *file,
                                  const struct haproxy_service *service)
{
    enum conf_check check = find_check(service);
    const struct haproxy_value *probe = &service->values[HAPROXY_PROBE];
    const struct haproxy_value *path = &service->values[HAPROXY_PATH];

    if (is_k0s(service)) {
        const char *own = conf_services_built_in_value(service->name, "check_path");

        if (probe->text != NULL && strcmp(probe->text, "http") == 0 && path->text != NULL &&
            (own == NULL || strcmp(own, path->text) != 0))
            haproxy_note_at(file, HAPROXY_NO_PROXY, probe->line,
                            "check of %s: %s has a check of its own", path->text, service->name);
        return service->built_in == HAPROXY_KONNECTIVITY ? CHECK_H2 : CHECK_HTTPS;
    }
    if (check != CHECK_TLS)
        import_draft_key(draft, probe->line, "check", "%s", conf_check_name(check));
    if (check == CHECK_TCP && probe->text != NULL && strcmp(probe->text, "http") == 0)
        haproxy_note_at(file, HAPROXY_NO_PROXY, probe->line,
                        "option httpchk: HTTP is only checked over TLS; %s is by connecting",
                        service->name);
    if (check == CHECK_HTTPS)
        write_http(draft, service);
    return check;
}

static void write_check(const struct haproxy_services *services, struct import_draft *draft,
                        const struct haproxy_service *service)
{
    enum conf_check check = write_kind(draft, services->file, service);

    if (check == CHECK_NONE)
        return;
    if (check != CHECK_TCP)
        write_tls(services, draft, service);
    write_value(draft, service, "check_port", HAPROXY_PORT);
    write_value(draft, service, "check_interval", HAPROXY_INTERVAL);
    write_value(draft, service, "check_fast_interval", HAPROXY_FAST);
    write_value(draft, service, "check_down_interval", HAPROXY_DOWN);
    write_value(draft, service, "check_timeout", HAPROXY_CHECK_TIMEOUT);
    write_value(draft, service, "check_rise", HAPROXY_RISE);
    write_value(draft, service, "check_fall", HAPROXY_FALL);
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

/* Unique among the first ones of that backend, as HAProxy's need not be. */
static char *name_server(const struct haproxy_proxy *back, size_t at, char out[CONF_NAME_SIZE])
{
    char other[CONF_NAME_SIZE];
    unsigned alike = 0;

    haproxy_clean_name(back->servers[at].name, out);
    for (size_t i = 0; i < at; i++)
        alike += strcmp(haproxy_clean_name(back->servers[i].name, other), out) == 0;
    if (alike > 0)
        snprintf(out + strnlen(out, HAPROXY_NAME_MOST - 5), 8, "-%u", alike + 1);
    return out;
}

static void write_servers(const struct haproxy_services *services, struct import_draft *draft,
                          const struct haproxy_service *service)
{
    for (size_t i = 0; i < service->back->server_count; i++) {
        const struct haproxy_server *server = &service->back->servers[i];
        unsigned port = haproxy_server_port(service, server);
        bool is_v6 = strchr(server->host, ':') != NULL;
        char name[CONF_NAME_SIZE];
        char key[CONF_NAME_SIZE + 8];
        char use[64];

        if (port == 0) {
            haproxy_note_at(services->file, HAPROXY_NO_PROXY, server->line,
                            "server %s: write it with a port", server->name);
            continue;
        }
        snprintf(key, sizeof(key), "server %s", name_server(service->back, i, name));
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
    char name[CONF_NAME_SIZE];
    char other[CONF_NAME_SIZE];

    if (service->built_in != HAPROXY_JOIN_API || api == NULL)
        return;
    for (size_t i = 0; i < service->back->server_count; i++) {
        bool is_there = false;

        name_server(service->back, i, name);
        for (size_t j = 0; j < api->back->server_count; j++)
            is_there |= strcmp(name, name_server(api->back, j, other)) == 0;
        if (!is_there) {
            import_draft_key(draft, service->back->servers[i].line, "requires", "none");
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
    if (!services->has_controllers || !is_k0s(service)) {
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
    write_check(services, draft, service);
    write_value(draft, service, "on_down", HAPROXY_ON_DOWN);
    write_value(draft, service, "slow_start", HAPROXY_SLOW_START);
    write_value(draft, service, "connect_timeout", HAPROXY_CONNECT_TIMEOUT);
    write_value(draft, service, "retries", HAPROXY_RETRIES);
    write_idle(draft, services->file, service);
    write_half_close(draft, service);
    write_value(draft, service, "dead_client_timeout", HAPROXY_DEAD_CLIENT);
    write_value(draft, service, "dead_backend_timeout", HAPROXY_DEAD_BACKEND);
    write_value(draft, service, "max_connections", HAPROXY_MAX_CONNECTIONS);
    write_value(draft, service, "backlog", HAPROXY_BACKLOG);
    write_value(draft, service, "source_address", HAPROXY_SOURCE);
    write_access(draft, service);
    write_value(draft, service, "log_connections", HAPROXY_LOG_CONNECTIONS);
    /* It is there all the same, by its controllers. */
    if (services->has_controllers && is_k0s(service) && !has_key(draft, before))
        import_draft_cut(draft, before);
}

/* ---- the rest ---- */

static void write_controllers(const struct haproxy_services *services, struct import_draft *draft)
{
    const struct haproxy_proxy *back = services->built_ins[HAPROXY_KUBE_API]->back;

    import_draft_section(draft, "controllers");
    for (size_t i = 0; i < back->server_count; i++) {
        char name[CONF_NAME_SIZE];
        char use[64];

        format_use(&back->servers[i], use);
        note_disabled(services->file, &back->servers[i]);
        import_draft_key(draft, back->servers[i].line, name_server(back, i, name), "%s%s",
                         back->servers[i].host, use);
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
    if (stats != NULL) {
        write_binds(draft, stats, conf_key_find(CONF_IN_STATS, "listen")->fallback);
        if (stats->refresh.text != NULL && strcmp(stats->refresh.text, "2s") != 0)
            import_draft_key(draft, stats->refresh.line, "refresh", "%s", stats->refresh.text);
    }
    if (!has_key(draft, before))
        import_draft_cut(draft, before);
}

static int compare_notes(const void *a, const void *b)
{
    const struct haproxy_note *left = a;
    const struct haproxy_note *right = b;

    return (left->line > right->line) - (left->line < right->line);
}

static void write_notes(struct haproxy *file, struct import_draft *draft)
{
    if (file->note_count == 0)
        return;
    qsort(file->notes, file->note_count, sizeof(*file->notes), compare_notes);
    import_draft_blank(draft);
    for (size_t i = 0; i < file->note_count; i++)
        import_draft_comment(draft, file->notes[i].line, file->notes[i].last_line, "%s",
                             file->notes[i].text);
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
