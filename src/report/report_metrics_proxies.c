#include "report/metric.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/defs.h"
#include "report/haproxy.h"
#include "report/tunnel.h"

/* Room for `reason="…"`. */
#define REASON_SIZE 64

/* ---- frontends ---- */

static void write_open(const struct metric_subject *subject, struct promtext *prom)
{
    bool is_open = subject->service->listener_count > 0;

    metric_put_state(subject, prom, "UP", is_open);
    metric_put_state(subject, prom, "DOWN", !is_open);
}

static void write_limit(const struct metric_subject *subject, struct promtext *prom)
{
    if (subject->conf != NULL && subject->conf->max_connections > 0)
        metric_put(subject, prom, subject->conf->max_connections);
}

static void write_arrivals(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, subject->service->accepted + subject->service->denied);
}

static const struct metric frontend_metrics[] = {
    {"k0slb_frontend_status", "gauge", "1 for the state that the frontend is in.",
     .write = write_open},
    {"k0slb_frontend_current_sessions", "gauge", "Sessions open now.",
     METRIC_FIELD(snapshot_service, counts.active)},
    {"k0slb_frontend_max_sessions", "gauge", "The most sessions that were open at once.",
     METRIC_FIELD(snapshot_service, counts.active_max)},
    {"k0slb_frontend_limit_sessions", "gauge", "max_connections, where there is one.",
     .write = write_limit},
    {"k0slb_frontend_sessions_total", "counter", "Connections that were let in.",
     METRIC_FIELD(snapshot_service, accepted)},
    {"k0slb_frontend_connections_total", "counter", "Connections that came.",
     .write = write_arrivals},
    {"k0slb_frontend_bytes_in_total", "counter", "Bytes from clients.",
     METRIC_FIELD(snapshot_service, counts.bytes_in)},
    {"k0slb_frontend_bytes_out_total", "counter", "Bytes to clients.",
     METRIC_FIELD(snapshot_service, counts.bytes_out)},
    {"k0slb_frontend_max_session_rate", "gauge", "The most connections let in within a second.",
     METRIC_FIELD(snapshot_service, counts.per_second_max)},
    {"k0slb_frontend_denied_connections_total", "counter",
     "Connections that allow and deny kept out.", METRIC_FIELD(snapshot_service, denied)},
    {"k0slb_frontend_denied_sessions_total", "counter",
     "Connections beyond source_max_connections.", METRIC_FIELD(snapshot_service, limited)},
    {"k0slb_frontend_refused_sessions_total", "counter",
     "Connections that no backend could be had for.", METRIC_FIELD(snapshot_service, refused)},
    {"k0slb_frontend_sources_full_total", "counter",
     "Connections whose client found no room in the table of max_sources.",
     METRIC_FIELD(snapshot_service, sources_full)},
};

/* ---- backends ---- */

static void write_backend_status(const struct metric_subject *subject, struct promtext *prom)
{
    bool is_up = haproxy_is_up(subject->service);

    metric_put_state(subject, prom, "UP", is_up);
    metric_put_state(subject, prom, "DOWN", !is_up);
}

static void write_server_states(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot_service *service = subject->service;

    for (int state = 0; state < HAPROXY_STATES; state++) {
        unsigned count = 0;

        for (size_t i = 0; i < service->backend_count; i++)
            count += haproxy_state(&service->backends[i]) == (enum haproxy_state)state;
        metric_put_state(subject, prom, haproxy_state_name((enum haproxy_state)state), count);
    }
}

static void write_weight(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, haproxy_usable(subject->service).weight);
}

static void write_active(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, haproxy_usable(subject->service).active);
}

static void write_backup(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, haproxy_usable(subject->service).backup);
}

static void write_errors(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot_service *service = subject->service;

    metric_put(subject, prom, service->sums.connect_errors + service->refused);
}

static void write_attempts(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot_sums *sums = &subject->service->sums;

    metric_put(subject, prom, sums->sessions + sums->connect_errors + sums->local_errors);
}

static void write_internal(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot_sums *sums = &subject->service->sums;

    metric_put(subject, prom, sums->local_errors + sums->ends[BOARD_END_INTERNAL]);
}

static void write_client_aborts(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, haproxy_client_aborts(subject->service->sums.ends));
}

static void write_server_aborts(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, haproxy_server_aborts(subject->service->sums.ends));
}

/* The words are those of the log's lines for connections. */
static void write_ends(const struct metric_subject *subject, struct promtext *prom)
{
    for (int end = 0; end < BOARD_END_COUNT; end++) {
        char more[REASON_SIZE];

        snprintf(more, sizeof(more), "reason=\"%s\"", board_end_name((enum board_end)end));
        metric_put_more(subject, prom, more, subject->service->sums.ends[end]);
    }
}

/* Clients of a service that spreads each one's connections over its servers. */
static void write_sources(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot_service *service = subject->service;

    if (service->balance == BALANCE_SOURCE_SPREAD)
        metric_put(subject, prom, service->client_count + service->clients_left_out);
}

static void write_links(const struct metric_subject *subject, struct promtext *prom)
{
    static const enum tunnel_links all[] = {TUNNEL_FULL, TUNNEL_PARTIAL, TUNNEL_NONE};
    const struct snapshot_service *service = subject->service;

    if (service->balance != BALANCE_SOURCE_SPREAD)
        return;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        metric_put_state(subject, prom, tunnel_links_name(all[i]), tunnel_count(service, all[i]));
}

static const struct metric backend_metrics[] = {
    {"k0slb_backend_status", "gauge", "1 for the state that the backend is in.",
     .write = write_backend_status},
    {"k0slb_backend_agg_server_status", "gauge", "Servers in each state.",
     .write = write_server_states},
    {"k0slb_backend_current_sessions", "gauge", "Sessions open now.",
     METRIC_FIELD(snapshot_service, counts.active)},
    {"k0slb_backend_max_sessions", "gauge", "The most sessions that were open at once.",
     METRIC_FIELD(snapshot_service, counts.active_max)},
    {"k0slb_backend_sessions_total", "counter", "Sessions given to servers.",
     METRIC_FIELD(snapshot_service, sums.sessions)},
    {"k0slb_backend_loadbalanced_total", "counter", "Times that a server was chosen and reached.",
     METRIC_FIELD(snapshot_service, sums.sessions)},
    {"k0slb_backend_bytes_in_total", "counter", "Bytes from clients.",
     METRIC_FIELD(snapshot_service, counts.bytes_in)},
    {"k0slb_backend_bytes_out_total", "counter", "Bytes to clients.",
     METRIC_FIELD(snapshot_service, counts.bytes_out)},
    {"k0slb_backend_max_session_rate", "gauge", "The most connections let in within a second.",
     METRIC_FIELD(snapshot_service, counts.per_second_max)},
    {"k0slb_backend_weight", "gauge", "Weight of the servers that new sessions go to.",
     .write = write_weight},
    {"k0slb_backend_active_servers", "gauge", "Usable servers that are no backups.",
     .write = write_active},
    {"k0slb_backend_backup_servers", "gauge", "Usable servers that are backups.",
     .write = write_backup},
    {"k0slb_backend_connection_attempts_total", "counter", "Connects that were tried.",
     .write = write_attempts},
    {"k0slb_backend_connection_errors_total", "counter",
     "Connects that failed, and connections that no server could be had for.",
     .write = write_errors},
    {"k0slb_backend_response_errors_total", "counter", "Sessions that servers reset.",
     METRIC_FIELD(snapshot_service, sums.resets)},
    {"k0slb_backend_redispatch_warnings_total", "counter",
     "Sessions that went to a server after another one had failed.",
     METRIC_FIELD(snapshot_service, sums.retries)},
    {"k0slb_backend_replays_total", "counter",
     "Sessions whose TLS hello was repeated to another server.",
     METRIC_FIELD(snapshot_service, sums.replays)},
    {"k0slb_backend_client_aborts_total", "counter", "Sessions that clients broke off.",
     .write = write_client_aborts},
    {"k0slb_backend_server_aborts_total", "counter", "Sessions that servers broke off.",
     .write = write_server_aborts},
    {"k0slb_backend_internal_errors_total", "counter", "Failures for a reason of our own.",
     .write = write_internal},
    {"k0slb_backend_check_up_down_total", "counter",
     "Times that the last server that was up or suspect went down.",
     METRIC_FIELD(snapshot_service, went_down)},
    {"k0slb_backend_check_last_change_seconds", "gauge",
     "Time since it last went down or came back.", METRIC_FIELD(snapshot_service, since_seconds)},
    {"k0slb_backend_downtime_seconds_total", "counter", "How long it was down, all together.",
     METRIC_FIELD(snapshot_service, downtime_seconds)},
    {"k0slb_backend_sessions_ended_total", "counter", "Sessions that have ended, by reason.",
     .write = write_ends},
    {"k0slb_konnectivity_sources", "gauge", "Client addresses with connections (source-spread).",
     .write = write_sources},
    {"k0slb_konnectivity_links", "gauge",
     "Client addresses by what they hold of the servers that are up (source-spread).",
     .write = write_links},
};

/* ---- subjects ---- */

/* All proxies and servers, each of a kind one after the other. */
struct subjects {
    struct metric_subject *frontends;
    struct metric_subject *backends;
    struct metric_subject *servers;
    size_t proxy_count;
    size_t server_count;
};

static void add_service(struct subjects *subjects, const struct metric_subject *service)
{
    const char *name = service->service->name;
    char backend[HAPROXY_NAME_SIZE];

    haproxy_backend_name(service->service, backend);
    subjects->frontends[subjects->proxy_count] = *service;
    metric_set_labels(&subjects->frontends[subjects->proxy_count], name, "");
    subjects->backends[subjects->proxy_count] = *service;
    metric_set_labels(&subjects->backends[subjects->proxy_count], backend, "");
    subjects->proxy_count++;
    for (size_t i = 0; i < service->service->backend_count; i++) {
        struct metric_subject *server = &subjects->servers[subjects->server_count++];

        *server = *service;
        server->backend = &service->service->backends[i];
        server->record = server->backend;
        metric_set_labels(server, backend, server->backend->name);
    }
}

/* Returns 0, or -1 with errno ENOMEM; *subjects is to be freed in either case. */
static int make_subjects(const struct snapshot *snapshot, const struct epoch *epoch,
                         struct subjects *subjects)
{
    size_t servers = 0;

    for (size_t i = 0; i < snapshot->service_count; i++)
        servers += snapshot->services[i].backend_count;
    subjects->frontends = calloc(snapshot->service_count + 1, sizeof(*subjects->frontends));
    subjects->backends = calloc(snapshot->service_count + 1, sizeof(*subjects->backends));
    subjects->servers = calloc(servers + 1, sizeof(*subjects->servers));
    if (subjects->frontends == NULL || subjects->backends == NULL || subjects->servers == NULL)
        return -1;
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];
        const struct metric_subject subject = {.snapshot = snapshot,
                                               .service = service,
                                               .conf = haproxy_conf(epoch, service),
                                               .record = service};

        if (service->enabled)
            add_service(subjects, &subject);
    }
    return 0;
}

void metric_write_proxies(const struct snapshot *snapshot, const struct epoch *epoch,
                          struct textbuf *out)
{
    struct subjects subjects = {0};

    if (make_subjects(snapshot, epoch, &subjects) == -1) {
        out->truncated = true;
    } else {
        metric_write(frontend_metrics, ARRAY_LEN(frontend_metrics), subjects.frontends,
                     subjects.proxy_count, out);
        metric_write(backend_metrics, ARRAY_LEN(backend_metrics), subjects.backends,
                     subjects.proxy_count, out);
        metric_write_servers(subjects.servers, subjects.server_count, out);
    }
    free(subjects.frontends);
    free(subjects.backends);
    free(subjects.servers);
}
