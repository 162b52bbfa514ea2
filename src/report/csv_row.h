/* A row of the CSV report while it is filled: its columns by name, written in their order. */
#ifndef K0SLB_REPORT_CSV_ROW_H
#define K0SLB_REPORT_CSV_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/textbuf.h"

#include "report/haproxy.h"

/* clang-format off */
/* HAProxy 2.6's columns in its order: readers count them. */
#define CSV_HAPROXY_COLUMNS(X)                                                                     \
    X(pxname) X(svname) X(qcur) X(qmax) X(scur) X(smax) X(slim) X(stot) X(bin) X(bout) X(dreq)     \
    X(dresp) X(ereq) X(econ) X(eresp) X(wretr) X(wredis) X(status) X(weight) X(act) X(bck)         \
    X(chkfail) X(chkdown) X(lastchg) X(downtime) X(qlimit) X(pid) X(iid) X(sid) X(throttle)        \
    X(lbtot) X(tracked) X(type) X(rate) X(rate_lim) X(rate_max) X(check_status) X(check_code)      \
    X(check_duration) X(hrsp_1xx) X(hrsp_2xx) X(hrsp_3xx) X(hrsp_4xx) X(hrsp_5xx) X(hrsp_other)    \
    X(hanafail) X(req_rate) X(req_rate_max) X(req_tot) X(cli_abrt) X(srv_abrt) X(comp_in)          \
    X(comp_out) X(comp_byp) X(comp_rsp) X(lastsess) X(last_chk) X(last_agt) X(qtime) X(ctime)      \
    X(rtime) X(ttime) X(agent_status) X(agent_code) X(agent_duration) X(check_desc)                \
    X(agent_desc) X(check_rise) X(check_fall) X(check_health) X(agent_rise) X(agent_fall)          \
    X(agent_health) X(addr) X(cookie) X(mode) X(algo) X(conn_rate) X(conn_rate_max) X(conn_tot)    \
    X(intercepted) X(dcon) X(dses) X(wrew) X(connect) X(reuse) X(cache_lookups) X(cache_hits)      \
    X(srv_icur) X(src_ilim) X(qtime_max) X(ctime_max) X(rtime_max) X(ttime_max) X(eint)            \
    X(idle_conn_cur) X(safe_conn_cur) X(used_conn_cur) X(need_conn_est) X(uweight)                 \
    X(agg_server_status) X(agg_server_check_status) X(agg_check_status)

/* Ours, behind the column "-" that ends HAProxy's. New ones come last. */
#define CSV_OWN_COLUMNS(X)                                                                         \
    X(state) X(reason) X(ready_verified) X(replays) X(refused) X(limited) X(sources_full)          \
    X(connect_p50_us) X(connect_p90_us) X(connect_p99_us) X(cert_not_after) X(cert_names_ok)       \
    X(cert_ca_ok)
/* clang-format on */

/* COLUMN_scur and so on; COLUMN_end is "-". */
#define CSV_COLUMN_NUMBER(name) COLUMN_##name,
enum csv_column {
    CSV_HAPROXY_COLUMNS(CSV_COLUMN_NUMBER) COLUMN_end,
    CSV_OWN_COLUMNS(CSV_COLUMN_NUMBER) COLUMN_COUNT
};

/* What stands in one column: neither a text nor a number where it is not known. */
struct csv_cell {
    const char *text;
    uint64_t number;
    bool has_number;
};

/* Zero-initialised, nothing is known. The texts are for who fills the row. */
struct csv_row {
    struct csv_cell cells[COLUMN_COUNT];
    char proxy[HAPROXY_NAME_SIZE];
    char address[ADDR_TEXT_SIZE];
};

void csv_row_number(struct csv_row *row, enum csv_column column, uint64_t number);

/* The text is not copied, and may hold anything. */
void csv_row_text(struct csv_row *row, enum csv_column column, const char *text);

/* What a TCP proxy never does, and HAProxy counts all the same. */
void csv_row_zeroes(struct csv_row *row, const uint8_t *columns, size_t count);

void csv_row_write(const struct csv_row *row, struct textbuf *out);

/* The names of all columns, behind "# ". */
void csv_row_write_names(struct textbuf *out);

#endif
