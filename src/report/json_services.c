#include "report/json_services.h"

#include <ctype.h>

#include "report/connect_time.h"
#include "report/sentence.h"
#include "report/tunnel.h"
#include "report/words.h"

/* Room for "backend_fin" and the like. */
#define REASON_SIZE 32

/* More than any sentence about a service has. */
#define SENTENCE_LIMIT 16384

/* ---- numbers of backends, and of services ---- */

static void put_connections(struct json *json, const struct snapshot_counts *counts)
{
    json_open(json, "connections", "{");
    json_put_number(json, "active", counts->active);
    json_put_number(json, "active_max", counts->active_max);
    json_put_number(json, "total", counts->total);
    json_put_number(json, "per_second", counts->per_second);
    json_put_number(json, "per_second_max", counts->per_second_max);
    json_close(json, "}");
    json_open(json, "bytes", "{");
    json_put_number(json, "in", counts->bytes_in);
    json_put_number(json, "out", counts->bytes_out);
    json_close(json, "}");
}

/* The bounds that so many percent of the connects stayed below. */
static void put_connect_time(struct json *json, const uint64_t buckets[BOARD_HISTOGRAM])
{
    if (connect_time_percentile_us(buckets, 50) == 0) {
        json_put_word(json, "connect_ms", "null");
        return;
    }
    json_open(json, "connect_ms", "{");
    json_put_ms(json, "p50", (uint32_t)connect_time_percentile_us(buckets, 50));
    json_put_ms(json, "p90", (uint32_t)connect_time_percentile_us(buckets, 90));
    json_put_ms(json, "p95", (uint32_t)connect_time_percentile_us(buckets, 95));
    json_put_ms(json, "p99", (uint32_t)connect_time_percentile_us(buckets, 99));
    json_close(json, "}");
}

/* "client FIN" as a key: "client_fin". */
static void name_reason(enum board_end end, char key[REASON_SIZE])
{
    const char *name = board_end_name(end);
    size_t i;

    for (i = 0; name[i] != '\0' && i < REASON_SIZE - 1; i++)
        key[i] = (char)(name[i] == ' ' ? '_' : tolower((unsigned char)name[i]));
    key[i] = '\0';
}

static void put_ends(struct json *json, const uint64_t ends[BOARD_END_COUNT])
{
    json_open(json, "ends", "{");
    for (int end = 0; end < BOARD_END_COUNT; end++) {
        char key[REASON_SIZE];

        name_reason((enum board_end)end, key);
        json_put_number(json, key, ends[end]);
    }
    json_close(json, "}");
}

/* What went wrong at a backend, or at all of them together. */
struct failures {
    uint64_t connect;
    uint64_t reset;
    uint64_t local;
    uint64_t retries;
    uint64_t replays;
};

static void put_failures(struct json *json, const struct failures *failures)
{
    json_open(json, "errors", "{");
    json_put_number(json, "connect", failures->connect);
    json_put_number(json, "reset", failures->reset);
    json_put_number(json, "local", failures->local);
    json_close(json, "}");
    json_put_number(json, "retries", failures->retries);
    json_put_number(json, "replays", failures->replays);
}

/* ---- backends ---- */

static void put_check(struct json *json, const struct board_check *check)
{
    json_open(json, "check", "{");
    if (check->code == CHECKED_NONE)
        json_put_word(json, "result", "null");
    else
        json_put_text(json, "result", board_check_name(check->code));
    if (check->status == 0)
        json_put_word(json, "code", "null");
    else
        json_put_number(json, "code", check->status);
    json_put_text(json, "description", check->description);
    if (check->code == CHECKED_NONE)
        json_put_word(json, "duration_ms", "null");
    else
        json_put_ms(json, "duration_ms", check->duration_us);
    if (check->at_ms == 0)
        json_put_word(json, "at", "null");
    else
        json_put_time(json, "at", check->at_ms);
    json_close(json, "}");
}

static void put_reason(struct json *json, const struct snapshot_service *service,
                       const struct snapshot_backend *backend)
{
    struct textbuf reason;

    textbuf_init(&reason, 4 * BOARD_DESCRIPTION_SIZE);
    words_reason(&reason, service, backend);
    json_put_text(json, "reason", reason.data != NULL ? reason.data : "");
    json->out->truncated |= reason.truncated;
    textbuf_fini(&reason);
}

/* The address in use; of a name that has none yet, the name. */
static void put_place(struct json *json, const struct snapshot_backend *backend)
{
    char text[CONF_PLACE_SIZE];

    if (backend->host[0] != '\0' && backend->address.family == ADDR_NONE)
        json_put_text(json, "address", conf_place_format(backend->host, &backend->address, text));
    else
        json_put_address(json, "address", &backend->address);
    if (backend->host[0] != '\0')
        json_put_text(json, "host", backend->host);
    else
        json_put_word(json, "host", "null");
}

/* Names are good unless the checker has found that some are missing. */
static void put_certificate(struct json *json, const struct board_certificate *certificate)
{
    const struct certificate *facts = &certificate->facts;

    if (certificate->at_ms == 0) {
        json_put_word(json, "certificate", "null");
        return;
    }
    json_open(json, "certificate", "{");
    json_put_text(json, "issuer", facts->issuer);
    if (facts->not_after_s > 0)
        json_put_time(json, "not_after", (uint64_t)facts->not_after_s * 1000);
    else
        json_put_word(json, "not_after", "null");
    json_put_bool(json, "names_ok", (certificate->flags & BOARD_CERTIFICATE_LACKS_NAMES) == 0);
    if (facts->authority_known)
        json_put_bool(json, "ca_ok", facts->trusted);
    else
        json_put_word(json, "ca_ok", "null");
    json_close(json, "}");
}

static void put_state(struct json *json, const struct snapshot_service *service,
                      const struct snapshot_backend *backend)
{
    json_put_text(json, "status", snapshot_status_name(backend->status));
    json_put_text(json, "health", board_health_name(backend->health));
    put_reason(json, service, backend);
    json_put_text(json, "admin", board_admin_name(backend->admin));
    json_put_bool(json, "ready_verified", backend->ready_verified);
    json_put_number(json, "since_seconds", backend->since_seconds);
    json_put_number(json, "downtime_seconds", backend->downtime_seconds);
    json_put_number(json, "transitions", backend->transitions);
    json_put_number(json, "went_down", backend->went_down);
    json_put_number(json, "checks_failed", backend->checks_failed);
    put_check(json, &backend->check);
}

static void put_backend(struct json *json, const struct snapshot_service *service,
                        const struct snapshot_backend *backend)
{
    const struct failures failures = {.connect = backend->connect_errors,
                                      .reset = backend->resets,
                                      .local = backend->local_errors,
                                      .retries = backend->retries,
                                      .replays = backend->replays};

    json_open(json, NULL, "{");
    json_put_text(json, "name", backend->name);
    put_place(json, backend);
    json_put_number(json, "weight", backend->weight);
    json_put_bool(json, "backup", backend->backup);
    put_state(json, service, backend);
    put_connections(json, &backend->counts);
    put_failures(json, &failures);
    put_connect_time(json, backend->connect_time);
    put_ends(json, backend->ends);
    put_certificate(json, &backend->certificate);
    json_close(json, "}");
}

/* ---- clients ---- */

static void put_client(struct json *json, const struct snapshot_service *service,
                       const struct snapshot_client *client)
{
    char text[ADDR_TEXT_SIZE];

    json_open(json, NULL, "{");
    json_put_text(json, "address", addr_format_ip(&client->address, text));
    json_put_text(json, "links", tunnel_links_name(tunnel_links(service, client)));
    json_open(json, "sessions", "{");
    for (size_t i = 0; i < service->backend_count; i++)
        json_put_number_at(json, service->backends[i].name,
                           client->at[service->backends[i].ordinal % CONF_MAX_SPREAD]);
    json_close(json, "}");
    json_close(json, "}");
}

static void put_clients(struct json *json, const struct snapshot_service *service)
{
    json_open(json, "clients", "[");
    for (size_t i = 0; i < service->client_count; i++)
        put_client(json, service, &service->clients[i]);
    json_close(json, "]");
    json_put_number(json, "clients_left_out", service->clients_left_out);
}

/* ---- services ---- */

static void put_sentence(struct json *json, const struct snapshot *snapshot,
                         const struct snapshot_service *service)
{
    struct textbuf sentence;

    textbuf_init(&sentence, SENTENCE_LIMIT);
    sentence_service(snapshot, service, &sentence);
    json_put_text(json, "sentence", sentence.data != NULL ? sentence.data : "");
    json->out->truncated |= sentence.truncated;
    textbuf_fini(&sentence);
}

static void put_terms(struct json *json, const struct snapshot *snapshot,
                      const struct snapshot_service *service)
{
    const struct snapshot_service *required = snapshot_service_in(snapshot, service->required);

    json_put_text(json, "balance", conf_balance_name(service->balance));
    json_put_text(json, "check", conf_check_name(service->check));
    if (required != NULL)
        json_put_text(json, "requires", required->name);
    else
        json_put_word(json, "requires", "null");
    json_put_text(json, "status", snapshot_service_status_name(service->status));
    put_sentence(json, snapshot, service);
    json_put_bool(json, "never_good", service->never_good);
    json_put_number(json, "downtime_seconds", service->downtime_seconds);
    json_put_number(json, "transitions", service->transitions);
    json_put_number(json, "went_down", service->went_down);
}

static void put_traffic(struct json *json, const struct snapshot_service *service)
{
    const struct snapshot_sums *sums = &service->sums;
    const struct failures failures = {.connect = sums->connect_errors,
                                      .reset = sums->resets,
                                      .local = sums->local_errors,
                                      .retries = sums->retries,
                                      .replays = sums->replays};

    put_connections(json, &service->counts);
    json_put_number(json, "refused", service->refused);
    json_put_number(json, "denied", service->denied);
    json_put_number(json, "limited", service->limited);
    json_put_number(json, "sources_full", service->sources_full);
    put_failures(json, &failures);
    put_connect_time(json, sums->connect_time);
    put_ends(json, sums->ends);
}

static void put_service(struct json *json, const struct snapshot *snapshot,
                        const struct snapshot_service *service)
{
    json_open(json, NULL, "{");
    json_put_text(json, "name", service->name);
    json_put_bool(json, "enabled", service->enabled);
    json_put_addresses(json, "listen", service->listeners, service->listener_count);
    put_terms(json, snapshot, service);
    put_traffic(json, service);
    json_open(json, "backends", "[");
    for (size_t i = 0; i < service->backend_count; i++)
        put_backend(json, service, &service->backends[i]);
    json_close(json, "]");
    if (service->balance == BALANCE_SOURCE_SPREAD)
        put_clients(json, service);
    json_close(json, "}");
}

void json_put_services(struct json *json, const struct snapshot *snapshot)
{
    json_open(json, "services", "[");
    for (size_t i = 0; i < snapshot->service_count; i++)
        put_service(json, snapshot, &snapshot->services[i]);
    json_close(json, "]");
}
