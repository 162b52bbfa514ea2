#include "report/report.h"

#include <stdio.h>

#include "base/defs.h"
#include "report/connect_time.h"
#include "report/csv_row.h"
#include "report/haproxy.h"
#include "report/words.h"

/* HAProxy's numbers for what a row is about. */
enum row_type { ROW_FRONTEND, ROW_BACKEND, ROW_SERVER };

static void set_identity(struct csv_row *row, const char *name, enum row_type type, unsigned number)
{
    csv_row_text(row, COLUMN_pxname, row->proxy);
    csv_row_text(row, COLUMN_svname, name);
    csv_row_text(row, COLUMN_mode, "tcp");
    csv_row_number(row, COLUMN_pid, 1); /* HAProxy's own processes, of which it has one */
    csv_row_number(row, COLUMN_type, type);
    csv_row_number(row, COLUMN_sid, number);
    csv_row_text(row, COLUMN_end, "-");
}

static void set_counts(struct csv_row *row, const struct snapshot_counts *counts)
{
    csv_row_number(row, COLUMN_scur, counts->active);
    csv_row_number(row, COLUMN_smax, counts->active_max);
    csv_row_number(row, COLUMN_stot, counts->total);
    csv_row_number(row, COLUMN_bin, counts->bytes_in);
    csv_row_number(row, COLUMN_bout, counts->bytes_out);
    csv_row_number(row, COLUMN_rate, counts->per_second);
    csv_row_number(row, COLUMN_rate_max, counts->per_second_max);
}

/* ---- frontends ---- */

static void set_frontend(struct csv_row *row, const struct snapshot_service *service,
                         const struct conf_service *conf)
{
    static const uint8_t zeroes[] = {
        COLUMN_dreq,         COLUMN_dresp,   COLUMN_ereq,    COLUMN_rate_lim, COLUMN_req_rate,
        COLUMN_req_rate_max, COLUMN_req_tot, COLUMN_comp_in, COLUMN_comp_out, COLUMN_comp_byp,
        COLUMN_comp_rsp,     COLUMN_wrew,    COLUMN_eint};

    snprintf(row->proxy, sizeof(row->proxy), "%s", service->name);
    set_identity(row, "FRONTEND", ROW_FRONTEND, 0);
    csv_row_zeroes(row, zeroes, ARRAY_LEN(zeroes));
    set_counts(row, &service->counts);
    csv_row_text(row, COLUMN_status, "OPEN");
    csv_row_number(row, COLUMN_iid, 2 * service->slot + 2);
    csv_row_number(row, COLUMN_conn_rate, service->counts.per_second);
    csv_row_number(row, COLUMN_conn_rate_max, service->counts.per_second_max);
    csv_row_number(row, COLUMN_conn_tot, service->accepted + service->denied);
    csv_row_number(row, COLUMN_dcon, service->denied);
    csv_row_number(row, COLUMN_dses, service->limited);
    if (conf != NULL && conf->max_connections > 0)
        csv_row_number(row, COLUMN_slim, conf->max_connections);
    csv_row_text(row, COLUMN_state, snapshot_service_status_name(service->status));
    csv_row_number(row, COLUMN_refused, service->refused);
    csv_row_number(row, COLUMN_limited, service->limited);
    csv_row_number(row, COLUMN_sources_full, service->sources_full);
}

/* ---- servers ---- */

/* What a check with this result has found, in a few words. */
static const char *explain(enum board_check_code code)
{
    static const char *const texts[] = {
        [CHECKED_NONE] = "not checked yet",
        [CHECKED_L4OK] = "connected",
        [CHECKED_L4TOUT] = "no connection in time",
        [CHECKED_L4CON] = "no connection",
        [CHECKED_L6OK] = "TLS handshake done",
        [CHECKED_L6TOUT] = "no TLS handshake in time",
        [CHECKED_L6RSP] = "TLS handshake failed",
        [CHECKED_L7OK] = "expected answer",
        [CHECKED_L7TOUT] = "no answer in time",
        [CHECKED_L7RSP] = "not an answer of that protocol",
        [CHECKED_L7STS] = "unexpected status",
    };

    return code < ARRAY_LEN(texts) ? texts[code] : "";
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* 0 to rise - 1 is down, rise to rise + fall - 1 is up. */
static uint64_t check_health(const struct snapshot_backend *backend,
                             const struct conf_service *conf)
{
    const struct board_check *check = &backend->check;

    if (backend->health == BOARD_UP)
        return (uint64_t)conf->check_rise + conf->check_fall - 1;
    if (backend->health == BOARD_SUSPECT)
        return (uint64_t)conf->check_rise + conf->check_fall - 1 -
               least(check->bad, conf->check_fall - 1);
    return least(check->good, conf->check_rise - 1);
}

static void set_check(struct csv_row *row, const struct snapshot_service *service,
                      const struct snapshot_backend *backend, const struct conf_service *conf)
{
    const struct board_check *check = &backend->check;
    const char *result = haproxy_check(service, backend);

    if (result[0] == '\0')
        return;
    csv_row_text(row, COLUMN_check_status, result);
    csv_row_text(row, COLUMN_check_desc, explain(check->code));
    csv_row_text(row, COLUMN_last_chk, check->description);
    if (check->status != 0)
        csv_row_number(row, COLUMN_check_code, check->status);
    if (check->code != CHECKED_NONE)
        csv_row_number(row, COLUMN_check_duration, check->duration_us / 1000);
    if (conf == NULL)
        return;
    csv_row_number(row, COLUMN_check_rise, conf->check_rise);
    csv_row_number(row, COLUMN_check_fall, conf->check_fall);
    csv_row_number(row, COLUMN_check_health, check_health(backend, conf));
}

/* HAProxy has the average of the last connects; ours is the median of all. */
static void set_connect_time(struct csv_row *row, const uint64_t buckets[BOARD_HISTOGRAM])
{
    uint64_t median_us = connect_time_percentile_us(buckets, 50);

    csv_row_number(row, COLUMN_ctime, median_us / 1000);
    if (median_us == 0)
        return;
    csv_row_number(row, COLUMN_connect_p50_us, median_us);
    csv_row_number(row, COLUMN_connect_p90_us, connect_time_percentile_us(buckets, 90));
    csv_row_number(row, COLUMN_connect_p99_us, connect_time_percentile_us(buckets, 99));
}

/* Of one that is not probed HAProxy says nothing here, and neither do we. */
static void set_history(struct csv_row *row, const struct snapshot_service *service,
                        const struct snapshot_backend *backend)
{
    csv_row_number(row, COLUMN_lastchg, backend->since_seconds);
    if (service->check == CHECK_NONE)
        return;
    csv_row_number(row, COLUMN_chkfail, backend->checks_failed);
    csv_row_number(row, COLUMN_chkdown, backend->went_down);
    csv_row_number(row, COLUMN_downtime, backend->downtime_seconds);
}

static void set_certificate(struct csv_row *row, const struct board_certificate *certificate)
{
    const struct certificate *facts = &certificate->facts;

    if (certificate->at_ms == 0)
        return;
    if (facts->not_after_s > 0)
        csv_row_number(row, COLUMN_cert_not_after, (uint64_t)facts->not_after_s);
    csv_row_number(row, COLUMN_cert_names_ok,
                   (certificate->flags & BOARD_CERTIFICATE_LACKS_NAMES) == 0);
    if (facts->authority_known)
        csv_row_number(row, COLUMN_cert_ca_ok, facts->trusted);
}

static void set_errors(struct csv_row *row, const struct snapshot_backend *backend)
{
    csv_row_number(row, COLUMN_econ, backend->connect_errors);
    csv_row_number(row, COLUMN_eresp, backend->resets);
    csv_row_number(row, COLUMN_wredis, backend->retries);
    csv_row_number(row, COLUMN_cli_abrt, haproxy_client_aborts(backend->ends));
    csv_row_number(row, COLUMN_srv_abrt, haproxy_server_aborts(backend->ends));
    csv_row_number(row, COLUMN_eint, backend->local_errors + backend->ends[BOARD_END_INTERNAL]);
    csv_row_number(row, COLUMN_replays, backend->replays);
}

static void set_server(struct csv_row *row, const struct snapshot_service *service,
                       const struct snapshot_backend *backend)
{
    static const uint8_t zeroes[] = {
        COLUMN_qcur,          COLUMN_qmax,         COLUMN_dresp,    COLUMN_wretr,
        COLUMN_qtime,         COLUMN_rtime,        COLUMN_wrew,     COLUMN_reuse,
        COLUMN_qtime_max,     COLUMN_rtime_max,    COLUMN_srv_icur, COLUMN_idle_conn_cur,
        COLUMN_need_conn_est, COLUMN_safe_conn_cur};

    haproxy_backend_name(service, row->proxy);
    set_identity(row, backend->name, ROW_SERVER, backend->slot + 1);
    csv_row_zeroes(row, zeroes, ARRAY_LEN(zeroes));
    set_counts(row, &backend->counts);
    set_errors(row, backend);
    set_connect_time(row, backend->connect_time);
    set_certificate(row, &backend->certificate);
    csv_row_text(row, COLUMN_status, haproxy_status(service, backend));
    csv_row_number(row, COLUMN_weight, backend->weight);
    csv_row_number(row, COLUMN_uweight, backend->weight);
    csv_row_number(row, COLUMN_act, !backend->backup);
    csv_row_number(row, COLUMN_bck, backend->backup);
    csv_row_number(row, COLUMN_iid, 2 * service->slot + 3);
    set_history(row, service, backend);
    csv_row_number(row, COLUMN_lbtot, backend->counts.total);
    csv_row_number(row, COLUMN_used_conn_cur, backend->counts.active);
    csv_row_number(row, COLUMN_connect,
                   backend->counts.total + backend->connect_errors + backend->local_errors);
    if (backend->counts.total == 0)
        csv_row_text(row, COLUMN_lastsess, "-1");
    if (backend->address.family != ADDR_NONE)
        csv_row_text(row, COLUMN_addr, addr_format(&backend->address, row->address));
    csv_row_text(row, COLUMN_state, snapshot_status_name(backend->status));
    csv_row_number(row, COLUMN_ready_verified, backend->ready_verified);
}

/* ---- backends ---- */

static void set_sums(struct csv_row *row, const struct snapshot_service *service)
{
    const struct snapshot_sums *sums = &service->sums;

    csv_row_number(row, COLUMN_stot, sums->sessions);
    csv_row_number(row, COLUMN_lbtot, sums->sessions);
    csv_row_number(row, COLUMN_connect, sums->sessions + sums->connect_errors + sums->local_errors);
    csv_row_number(row, COLUMN_econ, sums->connect_errors + service->refused);
    csv_row_number(row, COLUMN_eresp, sums->resets);
    csv_row_number(row, COLUMN_wredis, sums->retries);
    csv_row_number(row, COLUMN_cli_abrt, haproxy_client_aborts(sums->ends));
    csv_row_number(row, COLUMN_srv_abrt, haproxy_server_aborts(sums->ends));
    csv_row_number(row, COLUMN_eint, sums->local_errors + sums->ends[BOARD_END_INTERNAL]);
    csv_row_number(row, COLUMN_replays, sums->replays);
}

static void set_backend(struct csv_row *row, const struct snapshot_service *service)
{
    static const uint8_t zeroes[] = {COLUMN_qcur,
                                     COLUMN_qmax,
                                     COLUMN_dreq,
                                     COLUMN_dresp,
                                     COLUMN_wretr,
                                     COLUMN_comp_in,
                                     COLUMN_comp_out,
                                     COLUMN_comp_byp,
                                     COLUMN_comp_rsp,
                                     COLUMN_qtime,
                                     COLUMN_rtime,
                                     COLUMN_wrew,
                                     COLUMN_reuse,
                                     COLUMN_qtime_max,
                                     COLUMN_rtime_max,
                                     COLUMN_agg_server_status,
                                     COLUMN_agg_server_check_status,
                                     COLUMN_agg_check_status};
    struct haproxy_usable usable = haproxy_usable(service);

    haproxy_backend_name(service, row->proxy);
    set_identity(row, "BACKEND", ROW_BACKEND, 0);
    csv_row_zeroes(row, zeroes, ARRAY_LEN(zeroes));
    set_counts(row, &service->counts);
    set_sums(row, service);
    set_connect_time(row, service->sums.connect_time);
    csv_row_text(row, COLUMN_status, haproxy_is_up(service) ? "UP" : "DOWN");
    csv_row_text(row, COLUMN_algo, conf_balance_name(service->balance));
    csv_row_number(row, COLUMN_weight, usable.weight);
    csv_row_number(row, COLUMN_uweight, usable.weight);
    csv_row_number(row, COLUMN_act, usable.active);
    csv_row_number(row, COLUMN_bck, usable.backup);
    csv_row_number(row, COLUMN_iid, 2 * service->slot + 3);
    csv_row_number(row, COLUMN_chkdown, service->went_down);
    csv_row_number(row, COLUMN_lastchg, service->since_seconds);
    csv_row_number(row, COLUMN_downtime, service->downtime_seconds);
    if (service->sums.sessions == 0)
        csv_row_text(row, COLUMN_lastsess, "-1");
    csv_row_text(row, COLUMN_state, snapshot_service_status_name(service->status));
    csv_row_number(row, COLUMN_refused, service->refused);
}

/* ---- all of it ---- */

static void write_server(const struct snapshot_service *service,
                         const struct snapshot_backend *backend, const struct conf_service *conf,
                         struct textbuf *out)
{
    struct csv_row row = {0};
    struct textbuf why;

    set_server(&row, service, backend);
    set_check(&row, service, backend, conf);
    textbuf_init(&why, 4 * BOARD_DESCRIPTION_SIZE);
    words_reason(&why, service, backend);
    csv_row_text(&row, COLUMN_reason, why.data != NULL ? why.data : "");
    csv_row_write(&row, out);
    out->truncated |= why.truncated;
    textbuf_fini(&why);
}

static void write_service(const struct snapshot_service *service, const struct conf_service *conf,
                          struct textbuf *out)
{
    struct csv_row frontend = {0};
    struct csv_row backend = {0};

    set_frontend(&frontend, service, conf);
    csv_row_write(&frontend, out);
    for (size_t i = 0; i < service->backend_count; i++)
        write_server(service, &service->backends[i], conf, out);
    set_backend(&backend, service);
    csv_row_write(&backend, out);
}

void report_csv(const struct snapshot *snapshot, const struct epoch *epoch, struct textbuf *out)
{
    csv_row_write_names(out);
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        if (service->enabled)
            write_service(service, haproxy_conf(epoch, service), out);
    }
}
