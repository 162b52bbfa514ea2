#include "worker/conn_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mono.h"
#include "worker/session.h"

#define US_PER_MS 1000

_Static_assert(_Alignof(struct conn_record) <= _Alignof(struct session),
               "a record can follow a session");

/* NULL when the session is not logged. */
static struct conn_record *record_of(struct session *session)
{
    return session->is_logged ? (void *)(session + 1) : NULL;
}

size_t conn_log_room(const struct conf_service *service)
{
    return service->log_connections ? sizeof(struct conn_record) : 0;
}

void conn_log_begin(struct session *session, const struct addr *client,
                    const struct conf_service *service)
{
    struct conn_record *record;

    if (!service->log_connections)
        return;
    session->is_logged = true;
    record = record_of(session);
    memcpy(record->service, service->name, sizeof(record->service));
    record->client = *client;
    record->begun_us = mono_us();
}

void conn_log_tried(struct session *session, unsigned tried)
{
    struct conn_record *record = record_of(session);

    if (record != NULL && tried > 0)
        record->retries += tried - 1;
}

void conn_log_replayed(struct session *session)
{
    struct conn_record *record = record_of(session);

    if (record != NULL)
        record->replays++;
}

static void name_socket(int fd, struct conn_record *record)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);

    if (getsockname(fd, (struct sockaddr *)&name, &length) == 0)
        addr_from_sockaddr(&record->local, &name);
    length = sizeof(name);
    if (getpeername(fd, (struct sockaddr *)&name, &length) == 0)
        addr_from_sockaddr(&record->address, &name);
}

void conn_log_connected(struct session *session)
{
    struct conn_record *record = record_of(session);
    const struct board_backend *backend;

    if (record == NULL)
        return;
    record->connected_us = mono_us();
    backend = board_backend(session->worker->board, session->backend_slot);
    memcpy(record->backend, backend->name, sizeof(record->backend));
    name_socket(session->backend.watch.fd, record);
}

void conn_log_moved(struct session *session, uint64_t in, uint64_t out)
{
    struct conn_record *record = record_of(session);

    if (record == NULL)
        return;
    record->bytes_in += in;
    record->bytes_out += out;
}

void conn_log_reason(struct session *session, enum board_end reason)
{
    struct conn_record *record = record_of(session);

    if (record != NULL)
        record->reason = reason;
}

/* Adds a time as milliseconds with three decimals. */
static void add_ms(struct keyvalue *line, const char *key, uint64_t us)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64 ".%03u", us / US_PER_MS, (unsigned)(us % US_PER_MS));
    keyvalue_word(line, key, text);
}

static void add_places(struct keyvalue *line, const struct conn_record *record)
{
    keyvalue_word(line, "service", record->service);
    keyvalue_address(line, "client", &record->client);
    keyvalue_word(line, "backend", record->connected_us != 0 ? record->backend : NULL);
    keyvalue_address(line, "address", &record->address);
    keyvalue_address(line, "local", &record->local);
}

static void add_times(struct keyvalue *line, const struct conn_record *record)
{
    if (record->connected_us != 0)
        add_ms(line, "connect_ms", record->connected_us - record->begun_us);
    else
        keyvalue_word(line, "connect_ms", NULL);
    add_ms(line, "duration_ms", mono_us() - record->begun_us);
}

static void write_line(const struct conn_record *record)
{
    struct keyvalue line;

    keyvalue_begin(&line, "connection");
    add_places(&line, record);
    add_times(&line, record);
    keyvalue_number(&line, "bytes_in", record->bytes_in);
    keyvalue_number(&line, "bytes_out", record->bytes_out);
    keyvalue_quote(&line, "reason", "%s", board_end_name(record->reason));
    keyvalue_number(&line, "retries", record->retries);
    keyvalue_number(&line, "replays", record->replays);
    log_info("%s", line.text);
}

void conn_log_end(struct session *session)
{
    const struct conn_record *record = record_of(session);

    if (record != NULL && log_is_on(LOG_LEVEL_INFO))
        write_line(record);
}
