#include "report/metric.h"

#include <stdio.h>

#include "base/defs.h"
#include "report/connect_time.h"
#include "report/haproxy.h"

/* Room for `le="…"`. */
#define BOUND_SIZE 32

static void write_server_status(const struct metric_subject *subject, struct promtext *prom)
{
    enum haproxy_state now = haproxy_state(subject->backend);

    for (int state = 0; state < HAPROXY_STATES; state++)
        metric_put_state(subject, prom, haproxy_state_name((enum haproxy_state)state),
                         (enum haproxy_state)state == now);
}

static void write_suspect(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, subject->backend->status == STATUS_SUSPECT);
}

static void write_server_active(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, !subject->backend->backup);
}

static void write_server_attempts(const struct metric_subject *subject, struct promtext *prom)
{
    const struct snapshot_backend *backend = subject->backend;

    metric_put(subject, prom,
               backend->counts.total + backend->connect_errors + backend->local_errors);
}

static void write_server_internal(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom,
               subject->backend->local_errors + subject->backend->ends[BOARD_END_INTERNAL]);
}

static void write_server_client_aborts(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, haproxy_client_aborts(subject->backend->ends));
}

static void write_server_server_aborts(const struct metric_subject *subject, struct promtext *prom)
{
    metric_put(subject, prom, haproxy_server_aborts(subject->backend->ends));
}

/* Whether it is being probed, and there is a result. */
static bool is_checked(const struct metric_subject *subject)
{
    return subject->backend->check.code != CHECKED_NONE &&
           haproxy_check(subject->service, subject->backend)[0] != '\0';
}

static void write_check_status(const struct metric_subject *subject, struct promtext *prom)
{
    const char *result = haproxy_check(subject->service, subject->backend);

    if (result[0] != '\0')
        metric_put_state(subject, prom, result, 1);
}

static void write_check_code(const struct metric_subject *subject, struct promtext *prom)
{
    if (is_checked(subject) && subject->backend->check.status != 0)
        metric_put(subject, prom, subject->backend->check.status);
}

static void write_check_duration(const struct metric_subject *subject, struct promtext *prom)
{
    struct promtext_key key = {.suffix = "", .labels = subject->labels, .more = ""};

    if (is_checked(subject))
        promtext_sample_scaled(prom, &key, subject->backend->check.duration_us, 6);
}

/* Whatever the counters are, buckets rise. */
static uint64_t add_bounded(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Its buckets are those of the board; how long all connects took together is not known. */
static void write_connect_time(const struct metric_subject *subject, struct promtext *prom)
{
    struct promtext_key bucket = {.suffix = "_bucket", .labels = subject->labels};
    struct promtext_key count = {.suffix = "_count", .labels = subject->labels, .more = ""};
    uint64_t below = 0;
    char more[BOUND_SIZE];

    bucket.more = more;
    for (unsigned i = 0; i < CONNECT_TIME_BOUNDED; i++) {
        unsigned bound_us = (unsigned)connect_time_bound_us(i);

        below = add_bounded(below, subject->backend->connect_time[i]);
        snprintf(more, sizeof(more), "le=\"%u.%06u\"", bound_us / 1000000, bound_us % 1000000);
        promtext_sample(prom, &bucket, below);
    }
    below = add_bounded(below, subject->backend->connect_time[CONNECT_TIME_BOUNDED]);
    bucket.more = "le=\"+Inf\"";
    promtext_sample(prom, &bucket, below);
    promtext_sample(prom, &count, below);
}

static void write_not_after(const struct metric_subject *subject, struct promtext *prom)
{
    const struct board_certificate *certificate = &subject->backend->certificate;

    if (certificate->at_ms != 0 && certificate->facts.not_after_s > 0)
        metric_put(subject, prom, (uint64_t)certificate->facts.not_after_s);
}

static void write_names_ok(const struct metric_subject *subject, struct promtext *prom)
{
    const struct board_certificate *certificate = &subject->backend->certificate;

    if (certificate->at_ms != 0)
        metric_put(subject, prom, (certificate->flags & BOARD_CERTIFICATE_LACKS_NAMES) == 0);
}

static void write_ca_ok(const struct metric_subject *subject, struct promtext *prom)
{
    const struct board_certificate *certificate = &subject->backend->certificate;

    if (certificate->at_ms != 0 && certificate->facts.authority_known)
        metric_put(subject, prom, certificate->facts.trusted);
}

/* Of one that is not probed there is nothing to say. */
static void write_failures(const struct metric_subject *subject, struct promtext *prom)
{
    if (subject->service->check != CHECK_NONE)
        metric_put(subject, prom, subject->backend->checks_failed);
}

static const struct metric server_metrics[] = {
    {"k0slb_server_status", "gauge", "1 for the state that the server is in.",
     .write = write_server_status},
    {"k0slb_server_suspect", "gauge", "Whether something speaks against an UP server.",
     .write = write_suspect},
    {"k0slb_server_ready_verified", "gauge",
     "Whether its last good answer says that it is ready, and not just alive.",
     METRIC_FIELD(snapshot_backend, ready_verified)},
    {"k0slb_server_current_sessions", "gauge", "Sessions open now.",
     METRIC_FIELD(snapshot_backend, counts.active)},
    {"k0slb_server_max_sessions", "gauge", "The most sessions that were open at once.",
     METRIC_FIELD(snapshot_backend, counts.active_max)},
    {"k0slb_server_sessions_total", "counter", "Sessions given to the server.",
     METRIC_FIELD(snapshot_backend, counts.total)},
    {"k0slb_server_loadbalanced_total", "counter", "Times that it was chosen and reached.",
     METRIC_FIELD(snapshot_backend, counts.total)},
    {"k0slb_server_bytes_in_total", "counter", "Bytes from clients.",
     METRIC_FIELD(snapshot_backend, counts.bytes_in)},
    {"k0slb_server_bytes_out_total", "counter", "Bytes to clients.",
     METRIC_FIELD(snapshot_backend, counts.bytes_out)},
    {"k0slb_server_max_session_rate", "gauge", "The most sessions given to it within a second.",
     METRIC_FIELD(snapshot_backend, counts.per_second_max)},
    {"k0slb_server_weight", "gauge", "Its weight.", METRIC_FIELD(snapshot_backend, weight)},
    {"k0slb_server_active", "gauge", "Whether it is no backup.", .write = write_server_active},
    {"k0slb_server_backup", "gauge", "Whether it is a backup.",
     METRIC_FIELD(snapshot_backend, backup)},
    {"k0slb_server_connection_attempts_total", "counter", "Connects that were tried.",
     .write = write_server_attempts},
    {"k0slb_server_connection_errors_total", "counter", "Connects that failed.",
     METRIC_FIELD(snapshot_backend, connect_errors)},
    {"k0slb_server_response_errors_total", "counter", "Sessions that the server reset.",
     METRIC_FIELD(snapshot_backend, resets)},
    {"k0slb_server_redispatch_warnings_total", "counter",
     "Sessions that came to it after another one had failed.",
     METRIC_FIELD(snapshot_backend, retries)},
    {"k0slb_server_replays_total", "counter",
     "Sessions that came to it because another one had not answered the TLS hello.",
     METRIC_FIELD(snapshot_backend, replays)},
    {"k0slb_server_client_aborts_total", "counter", "Sessions that clients broke off.",
     .write = write_server_client_aborts},
    {"k0slb_server_server_aborts_total", "counter", "Sessions that the server broke off.",
     .write = write_server_server_aborts},
    {"k0slb_server_internal_errors_total", "counter", "Failures for a reason of our own.",
     .write = write_server_internal},
    {"k0slb_server_connect_time_seconds", "histogram", "How long connects took.",
     .write = write_connect_time},
    {"k0slb_server_check_status", "gauge", "1 for the result of the last check.",
     .write = write_check_status},
    {"k0slb_server_check_code", "gauge", "The HTTP status of the last check.",
     .write = write_check_code},
    {"k0slb_server_check_duration_seconds", "gauge", "How long the last check took.",
     .write = write_check_duration},
    {"k0slb_server_check_failures_total", "counter", "Checks with a bad result.",
     .write = write_failures},
    {"k0slb_server_check_up_down_total", "counter", "Times that it went down.",
     METRIC_FIELD(snapshot_backend, went_down)},
    {"k0slb_server_downtime_seconds_total", "counter", "How long it was down, all together.",
     METRIC_FIELD(snapshot_backend, downtime_seconds)},
    {"k0slb_server_check_last_change_seconds", "gauge", "Time since its health last changed.",
     METRIC_FIELD(snapshot_backend, since_seconds)},
    {"k0slb_server_cert_not_after_timestamp_seconds", "gauge",
     "When its certificate ends (Unix time).", .write = write_not_after},
    {"k0slb_server_cert_names_ok", "gauge", "Whether its certificate has the names it should have.",
     .write = write_names_ok},
    {"k0slb_server_cert_ca_ok", "gauge", "Whether its certificate leads to the CA.",
     .write = write_ca_ok},
};

void metric_write_servers(const struct metric_subject *servers, size_t count, struct textbuf *out)
{
    metric_write(server_metrics, ARRAY_LEN(server_metrics), servers, count, out);
}
