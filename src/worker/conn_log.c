#include "worker/conn_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mono.h"
#include "worker/session.h"

#define US_PER_MS 1000

/* Room for any number of milliseconds. */
#define MS_TEXT_SIZE 32

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

static const char *ms_text(uint64_t us, char text[MS_TEXT_SIZE])
{
    snprintf(text, MS_TEXT_SIZE, "%" PRIu64 ".%03u", us / US_PER_MS, (unsigned)(us % US_PER_MS));
    return text;
}

static void write_line(const struct conn_record *record)
{
    bool was_connected = record->connected_us != 0;
    char client[ADDR_TEXT_SIZE];
    char address[ADDR_TEXT_SIZE];
    char local[ADDR_TEXT_SIZE];
    char connect[MS_TEXT_SIZE];
    char duration[MS_TEXT_SIZE];

    log_info("connection service=%s client=%s backend=%s address=%s local=%s connect_ms=%s "
             "duration_ms=%s bytes_in=%" PRIu64 " bytes_out=%" PRIu64 " reason=\"%s\" "
             "retries=%" PRIu32 " replays=%" PRIu32,
             record->service, addr_format(&record->client, client),
             was_connected ? record->backend : "-", addr_format(&record->address, address),
             addr_format(&record->local, local),
             was_connected ? ms_text(record->connected_us - record->begun_us, connect) : "-",
             ms_text(mono_us() - record->begun_us, duration), record->bytes_in, record->bytes_out,
             board_end_name(record->reason), record->retries, record->replays);
}

void conn_log_end(struct session *session)
{
    const struct conn_record *record = record_of(session);

    if (record != NULL)
        write_line(record);
}
