#include <string.h>

#include "control/import_haproxy_service.h"

/* What k0slb.ini calls it where it has one value for all servers of a service. */
static const char *const names[HAPROXY_KEYS] = {
    [HAPROXY_SOURCE] = "source_address",
    [HAPROXY_VERIFY] = "check_verify",
    [HAPROXY_CA] = "ca",
    [HAPROXY_CERT] = "check_cert",
    [HAPROXY_INTERVAL] = "check_interval",
    [HAPROXY_FAST] = "check_fast_interval",
    [HAPROXY_DOWN] = "check_down_interval",
    [HAPROXY_RISE] = "check_rise",
    [HAPROXY_FALL] = "check_fall",
    [HAPROXY_SLOW_START] = "slow_start",
    [HAPROXY_ON_DOWN] = "on_down",
    [HAPROXY_PORT] = "check_port",
    [HAPROXY_SNI] = "check_sni",
    [HAPROXY_DEAD_BACKEND] = "dead_backend_timeout",
};

/* What counts for a server; its text is NULL where nothing was said. */
static struct haproxy_value value_of(const struct haproxy_proxy *back, size_t server, size_t key)
{
    struct haproxy_value value = back->servers[server].values[key];
    const struct haproxy_value *ca = &back->servers[server].values[HAPROXY_CA];

    if (key == HAPROXY_SOURCE && value.text == NULL)
        return back->values[key];
    if (key == HAPROXY_VERIFY && value.text == NULL && ca->text != NULL)
        return (struct haproxy_value){"ca", ca->line}; /* HAProxy verifies unless it must not */
    return value;
}

static bool is_same(const struct haproxy_value *a, const struct haproxy_value *b)
{
    if (a->text == NULL || b->text == NULL)
        return a->text == b->text;
    return strcmp(a->text, b->text) == 0;
}

/* How many servers have what this one has. */
static size_t count_fellows(const struct haproxy_proxy *back, size_t server, size_t key)
{
    struct haproxy_value wanted = value_of(back, server, key);
    size_t count = 0;

    for (size_t i = 0; i < back->server_count; i++) {
        struct haproxy_value value = value_of(back, i, key);

        count += is_same(&value, &wanted);
    }
    return count;
}

/*
 * The first of the servers that the value comes from: of those with the commonest one. That nothing
 * was said wins only where most say nothing.
 */
static size_t find_model(const struct haproxy_proxy *back, size_t key)
{
    size_t model = 0;
    size_t most = 0;
    bool is_said = false;

    for (size_t i = 0; i < back->server_count; i++) {
        bool says = value_of(back, i, key).text != NULL;
        size_t count = count_fellows(back, i, key);

        if (count > most || (count == most && says && !is_said)) {
            model = i;
            most = count;
            is_said = says;
        }
    }
    return model;
}

void haproxy_merge_servers(struct haproxy_service *service, size_t key)
{
    if (service->back->server_count > 0)
        service->values[key] = value_of(service->back, find_model(service->back, key), key);
}

/* ---- what becomes of those that are different ---- */

/* `verify none` is not written where no CA is named: one that comes with credentials counts. */
static const char *tell_value(const struct haproxy_services *services, size_t key, const char *text)
{
    if (text == NULL)
        return "the default";
    if (key == HAPROXY_VERIFY && strcmp(text, "none") == 0 && services->ca == NULL)
        return "the default (none without a CA)";
    return text;
}

static void note_change(const struct haproxy_services *services, const struct haproxy_proxy *back,
                        size_t server, size_t key, size_t model)
{
    struct haproxy *file = services->file;
    const struct haproxy_server *changed = &back->servers[server];
    const char *fellow = back->servers[model].name;
    const char *text = value_of(back, model, key).text;
    size_t proxy = (size_t)(back - file->proxies);

    if (key == HAPROXY_CHECK)
        haproxy_note_at(file, proxy, changed->line, "server %s: it is %s, like %s", changed->name,
                        text != NULL ? "checked" : "not checked", fellow);
    else if (key == HAPROXY_TLS)
        haproxy_note_at(file, proxy, changed->line, "server %s: its check is %s TLS, as that of %s",
                        changed->name, text != NULL ? "by" : "without", fellow);
    else
        haproxy_note_at(file, proxy, changed->line, "server %s: %s becomes %s, that of %s",
                        changed->name, names[key], tell_value(services, key, text), fellow);
}

static void note_key(const struct haproxy_services *services, const struct haproxy_proxy *back,
                     size_t key)
{
    size_t model = find_model(back, key);
    struct haproxy_value wanted = value_of(back, model, key);

    for (size_t i = 0; i < back->server_count; i++) {
        struct haproxy_value value = value_of(back, i, key);

        if (!is_same(&value, &wanted))
            note_change(services, back, i, key, model);
    }
}

/* k0s's services are checked in their own way whatever was said; one without a check needs none. */
static bool is_of_use(const struct haproxy_service *service, size_t key)
{
    bool is_checked = haproxy_is_k0s(service) || service->values[HAPROXY_CHECK].text != NULL;

    if (key == HAPROXY_CHECK || key == HAPROXY_TLS)
        return !haproxy_is_k0s(service) && (key == HAPROXY_CHECK || is_checked);
    return is_checked || names[key] == NULL || strncmp(names[key], "check_", 6) != 0;
}

static bool is_place_same(const struct haproxy_service *service, const struct haproxy_server *a,
                          const struct haproxy_server *b)
{
    return haproxy_server_is_at(a, b) &&
           haproxy_server_port(service, a) == haproxy_server_port(service, b);
}

/* Two of one address are one machine that is counted twice, or one of them is mistyped. */
static void note_twins(struct haproxy *file, const struct haproxy_service *service)
{
    const struct haproxy_proxy *back = service->back;

    for (size_t i = 1; i < back->server_count; i++) {
        const struct haproxy_server *server = &back->servers[i];
        size_t twin = 0;

        while (twin < i && !is_place_same(service, server, &back->servers[twin]))
            twin++;
        if (twin < i)
            haproxy_note_at(file, (size_t)(back - file->proxies), server->line,
                            "server %s has the address of server %s (line %u)", server->name,
                            back->servers[twin].name, back->servers[twin].line);
    }
}

void haproxy_note_servers(const struct haproxy_services *services,
                          const struct haproxy_service *service)
{
    note_twins(services->file, service);
    for (size_t key = 0; key < HAPROXY_KEYS; key++) {
        if (haproxy_is_common(key) && is_of_use(service, key))
            note_key(services, service->back, key);
    }
}
