#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "metrics_reader.h"
#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test report_metrics_tests[];

/* The metrics of a sample, which have to be good ones; free `out`. */
static void render(const struct sample *sample, struct textbuf *out)
{
    const struct epoch *epoch = sample_epoch();

    textbuf_init(out, 1 << 20);
    report_metrics(&sample->snapshot, epoch, out);
    CU_ASSERT_FALSE(out->truncated);
    ASSERT_TEXT(metrics_complaint(out->data) != NULL ? metrics_complaint(out->data) : "", "");
    epoch_unmap(epoch);
}

static void the_reader_is_strict(void)
{
#define HEAD "# HELP a_total x\n# TYPE a_total counter\n"
#define HIST "# HELP h x\n# TYPE h histogram\n"
    static const char *const good[] = {
        HEAD,
        HEAD "a_total 1\n",
        HEAD "a_total{b=\"c\\\"\\\\d\",e=\"\xc3\xa9\"} 1.5\n",
        HIST "h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n",
    };
    static const char *const bad[] = {
        "a_total 1\n",
        HEAD "a_total 1",
        HEAD "b_total 1\n",
        HEAD "a_total\n",
        HEAD "a_total -\n",
        HEAD "a_total 1.\n",
        HEAD "a_total{} 1\n",
        HEAD "a_total{b=c} 1\n",
        HEAD "a_total{b=\"c} 1\n",
        HEAD "a_total{b=\"\\x\"} 1\n",
        HEAD "a_total{b=\"c\",} 1\n",
        HEAD "a_total 1\na_total 1\n",
        HEAD HEAD,
        "# HELP a x\n# TYPE a counter\n",
        "# HELP a_total x\n# TYPE a_total gauge\n",
        "# HELP a x\n# TYPE b gauge\n",
        HIST "h_bucket{le=\"1.0\"} 1\nh_count 1\n",
        HIST "h_bucket{le=\"1.0\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n",
        HIST "h_bucket{le=\"+Inf\"} 1\nh_count 2\n",
        HIST "h_bucket{le=\"+Inf\"} 1\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CU_ASSERT_PTR_NULL(metrics_complaint(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CU_ASSERT_PTR_NOT_NULL(metrics_complaint(bad[i]));
}

/* ---- values ---- */

struct expectation {
    const char *series;
    const char *value;
};

static void expect_all(const struct sample *sample, const struct expectation *cases, size_t count)
{
    struct textbuf out;
    char value[40];

    render(sample, &out);
    for (size_t i = 0; i < count; i++) {
        metrics_at(out.data, cases[i].series, value, sizeof(value));
        if (strcmp(value, cases[i].value) != 0)
            ASSERT_TEXT(cases[i].series, cases[i].value);
        ASSERT_TEXT(value, cases[i].value);
    }
    textbuf_fini(&out);
}

static void the_balancer_is_told(void)
{
    static const struct expectation cases[] = {
        {"k0slb_process_build_info{version=\"0.1.0\"}", "1"},
        {"k0slb_process_start_time_seconds", "1790000000.000"},
        {"k0slb_process_uptime_seconds", "273605"},
        {"k0slb_process_health{state=\"ok\"}", "1"},
        {"k0slb_process_health{state=\"degraded\"}", "0"},
        {"k0slb_process_workers{state=\"running\"}", "2"},
        {"k0slb_process_workers{state=\"stalled\"}", "0"},
        {"k0slb_process_workers_wanted", "2"},
        {"k0slb_process_orphans", "0"},
        {"k0slb_process_current_connections", "15"},
        {"k0slb_process_dropped_logs_total", "8"},
        {"k0slb_checker_silent_seconds", "1.007"},
        {"k0slb_config_epoch", "1"},
        {"k0slb_config_last_reload_successful", "0"},
        {"k0slb_reloads_total", "3"},
        {"k0slb_warnings{code=\"ca-differs\"}", "2"},
        {"k0slb_warnings{code=\"not-in-use\"}", "1"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.snapshot.log_dropped = 8;
    sample.snapshot.checker_age_ms = 1007;
    sample.snapshot.reload_ok = false;
    sample.snapshot.reloads = 3;
    sample.snapshot.warnings[2] = sample.snapshot.warnings[0];
    sample.snapshot.warning_count = 3;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void health_is_what_healthz_says(void)
{
    static const struct {
        const char *state;
        enum board_admin_state admin;
        unsigned workers; /* that live, of two */
    } cases[] = {
        {"ok", BOARD_ADMIN_READY, 2},
        {"degraded", BOARD_ADMIN_READY, 1},
        {"failed", BOARD_ADMIN_READY, 0},
        {"maint", BOARD_ADMIN_MAINT, 2},
    };
    struct sample sample;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
            char series[80];

            snprintf(series, sizeof(series), "k0slb_process_health{state=\"%s\"}", cases[k].state);
            sample_fill_good(&sample);
            sample.snapshot.admin = cases[i].admin;
            for (unsigned n = cases[i].workers; n < 2; n++)
                sample.processes[n].alive = false;
            expect_all(&sample, &(struct expectation){series, i == k ? "1" : "0"}, 1);
        }
    }
}

#define FRONT "{proxy=\"kubeAPI\"}"
#define BACK  "{proxy=\"kubeAPI_backend\"}"
#define CP(n) "{proxy=\"kubeAPI_backend\",server=\"k0s-controller" #n "\"}"

static void proxies_are_told(void)
{
    static const struct expectation cases[] = {
        {"k0slb_frontend_status{proxy=\"kubeAPI\",state=\"UP\"}", "1"},
        {"k0slb_frontend_status{proxy=\"kubeAPI\",state=\"DOWN\"}", "0"},
        {"k0slb_frontend_status{proxy=\"konnectivity\",state=\"UP\"}", "(none)"},
        {"k0slb_frontend_current_sessions" FRONT, "15"},
        {"k0slb_frontend_limit_sessions" FRONT, "100"},
        {"k0slb_frontend_limit_sessions{proxy=\"controllerJoinAPI\"}", "(none)"},
        {"k0slb_frontend_connections_total" FRONT, "3106"},
        {"k0slb_frontend_bytes_in_total" FRONT, "3865470566"},
        {"k0slb_frontend_denied_connections_total" FRONT, "4"},
        {"k0slb_frontend_denied_sessions_total" FRONT, "5"},
        {"k0slb_frontend_refused_sessions_total" FRONT, "3"},
        {"k0slb_frontend_sources_full_total" FRONT, "6"},
        {"k0slb_backend_status{proxy=\"kubeAPI_backend\",state=\"UP\"}", "1"},
        {"k0slb_backend_status{proxy=\"controllerJoinAPI_backend\",state=\"DOWN\"}", "1"},
        {"k0slb_backend_agg_server_status{proxy=\"kubeAPI_backend\",state=\"UP\"}", "2"},
        {"k0slb_backend_agg_server_status{proxy=\"kubeAPI_backend\",state=\"DOWN\"}", "1"},
        {"k0slb_backend_sessions_total" BACK, "3000"},
        {"k0slb_backend_connection_errors_total" BACK, "11"},
        {"k0slb_backend_connection_attempts_total" BACK, "3009"},
        {"k0slb_backend_internal_errors_total" BACK, "7"},
        {"k0slb_backend_server_aborts_total" BACK, "4"},
        {"k0slb_backend_active_servers" BACK, "1"},
        {"k0slb_backend_backup_servers" BACK, "1"},
        {"k0slb_backend_weight" BACK, "1"},
        {"k0slb_backend_sessions_ended_total{proxy=\"kubeAPI_backend\",reason=\"client FIN\"}",
         "1000"},
        {"k0slb_backend_sessions_ended_total{proxy=\"kubeAPI_backend\",reason=\"backend down\"}",
         "0"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.services[0].accepted = 3102;
    sample.services[0].sums = (struct snapshot_sums){.sessions = 3000,
                                                     .connect_errors = 8,
                                                     .local_errors = 1,
                                                     .ends = {[BOARD_END_BACKEND_RESET] = 4,
                                                              [BOARD_END_INTERNAL] = 6,
                                                              [BOARD_END_CLIENT_FIN] = 1000}};
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void servers_are_told(void)
{
    static const struct expectation cases[] = {
        {"k0slb_server_status{proxy=\"kubeAPI_backend\",server=\"k0s-controller1\",state=\"UP\"}",
         "1"},
        {"k0slb_server_status{proxy=\"kubeAPI_backend\",server=\"k0s-controller1\",state=\"DOWN\"}",
         "0"},
        {"k0slb_server_status{proxy=\"kubeAPI_backend\",server=\"k0s-controller2\",state=\"DOWN\"}",
         "1"},
        {"k0slb_server_suspect" CP(1), "0"},
        {"k0slb_server_suspect" CP(3), "1"},
        {"k0slb_server_ready_verified" CP(1), "1"},
        {"k0slb_server_current_sessions" CP(1), "5"},
        {"k0slb_server_sessions_total" CP(1), "1034"},
        {"k0slb_server_connection_errors_total" CP(2), "3"},
        {"k0slb_server_connection_attempts_total" CP(2), "1037"},
        {"k0slb_server_backup" CP(3), "1"},
        {"k0slb_server_active" CP(3), "0"},
        {"k0slb_server_weight" CP(3), "256"},
        {"k0slb_server_check_last_change_seconds" CP(2), "12"},
        {"k0slb_server_check_failures_total" CP(2), "231"},
        {"k0slb_server_check_up_down_total" CP(2), "3"},
        {"k0slb_server_downtime_seconds_total" CP(2), "77"},
        {"k0slb_server_check_duration_seconds" CP(1), "0.002345"},
        {"k0slb_server_check_code" CP(1), "(none)"},
        {"k0slb_server_check_code" CP(3), "401"},
        {"k0slb_server_check_status{proxy=\"kubeAPI_backend\",server=\"k0s-controller2\","
         "state=\"L4CON\"}",
         "1"},
        {"k0slb_server_cert_not_after_timestamp_seconds" CP(1), "1790086400"},
        {"k0slb_server_cert_names_ok" CP(1), "1"},
        {"k0slb_server_cert_ca_ok" CP(1), "1"},
        {"k0slb_server_cert_ca_ok" CP(2), "(none)"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.backends[0][2].status = STATUS_SUSPECT;
    sample.backends[0][2].check.status = 401;
    sample.backends[0][1].checks_failed = 231;
    sample.backends[0][1].went_down = 3;
    sample.backends[0][1].downtime_seconds = 77;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void services_have_outages(void)
{
    static const struct expectation cases[] = {
        {"k0slb_backend_check_up_down_total{proxy=\"kubeAPI_backend\"}", "2"},
        {"k0slb_backend_check_last_change_seconds{proxy=\"kubeAPI_backend\"}", "44"},
        {"k0slb_backend_downtime_seconds_total{proxy=\"kubeAPI_backend\"}", "55"},
        {"k0slb_backend_sessions_ended_total{proxy=\"kubeAPI_backend\",reason=\"admin\"}", "6"},
    };
    struct sample sample;

    sample_fill_good(&sample);
    sample.services[0].went_down = 2;
    sample.services[0].since_seconds = 44;
    sample.services[0].downtime_seconds = 55;
    sample.services[0].sums.ends[BOARD_END_ADMIN] = 6;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

/* Clients are counted by what they hold, and never named. */
static void clients_are_counted(void)
{
#define LINKS(state) "k0slb_konnectivity_links{proxy=\"konnectivity_backend\",state=\"" state "\"}"
    static const struct expectation cases[] = {
        {"k0slb_konnectivity_sources{proxy=\"konnectivity_backend\"}", "7"},
        {LINKS("full"), "1"},
        {LINKS("partial"), "2"},
        {LINKS("none"), "0"},
        {"k0slb_konnectivity_sources{proxy=\"kubeAPI_backend\"}", "(none)"},
    };
    struct snapshot_client clients[3] = {
        {.total = 4, .at = {1, 2, 1}}, {.total = 1, .at = {0, 1}}, {.total = 1, .at = {1}}};
    struct sample sample;
    struct textbuf out;

    sample_fill_good(&sample);
    CU_ASSERT(addr_parse(&clients[0].address, "10.9.8.7") == 0);
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        sample.backends[1][i].ordinal = i;
    sample.services[1].balance = BALANCE_SOURCE_SPREAD;
    sample.services[1].clients = clients;
    sample.services[1].client_count = ARRAY_LEN(clients);
    sample.services[1].clients_left_out = 4;
    expect_all(&sample, cases, ARRAY_LEN(cases));
    render(&sample, &out);
    CU_ASSERT_PTR_NULL(strstr(out.data, "10.9.8.7"));
    textbuf_fini(&out);
}

static void connect_times_are_a_histogram(void)
{
#define BUCKET(le)                                                                                 \
    "k0slb_server_connect_time_seconds_bucket{proxy=\"kubeAPI_backend\","                          \
    "server=\"k0s-controller1\",le=\"" le "\"}"
    static const struct expectation cases[] = {
        {BUCKET("0.000064"), "1"},
        {BUCKET("0.000128"), "1"},
        {BUCKET("0.000256"), "4"},
        {BUCKET("1.048576"), "4"},
        {BUCKET("+Inf"), "9"},
        {"k0slb_server_connect_time_seconds_count" CP(1), "9"},
        {"k0slb_server_connect_time_seconds_sum" CP(1), "(none)"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.backends[0][0].connect_time[0] = 1;
    sample.backends[0][0].connect_time[2] = 3;
    sample.backends[0][0].connect_time[BOARD_HISTOGRAM - 1] = 5;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

/* A check that is not made any more says nothing. */
static void no_check_has_no_result(void)
{
    static const struct expectation cases[] = {
        {"k0slb_server_check_duration_seconds" CP(1), "(none)"},
        {"k0slb_server_check_status{proxy=\"kubeAPI_backend\",server=\"k0s-controller1\","
         "state=\"L6OK\"}",
         "(none)"},
        {"k0slb_server_status{proxy=\"kubeAPI_backend\",server=\"k0s-controller1\","
         "state=\"MAINT\"}",
         "1"},
    };
    struct sample sample;

    sample_fill_good(&sample);
    sample.backends[0][0].status = STATUS_MAINT;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

/* ---- what comes from outside ---- */

static void names_are_escaped(void)
{
    static const struct expectation cases[] = {
        {"k0slb_server_active{proxy=\"kubeAPI_backend\",server=\"a\\\"b\\\\c?d\"}", "1"},
        {"k0slb_warnings{code=\"x\\\"} 1\"}", "1"},
    };
    struct sample sample;

    sample_fill_good(&sample);
    strcpy(sample.backends[0][0].name, "a\"b\\c\nd");
    strcpy(sample.snapshot.warnings[0].code, "x\"} 1");
    sample.snapshot.warning_count = 1;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void any_bytes_give_good_metrics(void)
{
    struct sample sample;
    struct textbuf out;
    struct rng rng;

    rng_seed(&rng, 13);
    for (int round = 0; round < 50; round++) {
        struct snapshot_backend *backend = &sample.backends[0][1];

        sample_fill_good(&sample);
        for (size_t i = 0; i < sizeof(backend->name) - 1; i++)
            backend->name[i] = (char)(1 + rng_below(&rng, 255));
        memset(backend->name, round % 2 == 0 ? '"' : 'x', 40);
        for (size_t i = 0; i < BOARD_CODE_SIZE - 1; i++)
            sample.snapshot.warnings[0].code[i] = (char)(1 + rng_below(&rng, 255));
        sample.snapshot.warning_count = 1;
        memset(&backend->counts, 0xff, sizeof(backend->counts));
        render(&sample, &out);
        textbuf_fini(&out);
    }
}

static void a_bound_is_kept_and_told(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    textbuf_init(&out, 1000);
    report_metrics(&sample.snapshot, NULL, &out);
    CU_ASSERT(out.truncated);
    CU_ASSERT(out.length <= 1000);
    textbuf_fini(&out);
}

const struct unit_test report_metrics_tests[] = {
    {"the_reader_is_strict", the_reader_is_strict},
    {"the_balancer_is_told", the_balancer_is_told},
    {"health_is_what_healthz_says", health_is_what_healthz_says},
    {"proxies_are_told", proxies_are_told},
    {"servers_are_told", servers_are_told},
    {"services_have_outages", services_have_outages},
    {"clients_are_counted", clients_are_counted},
    {"connect_times_are_a_histogram", connect_times_are_a_histogram},
    {"no_check_has_no_result", no_check_has_no_result},
    {"names_are_escaped", names_are_escaped},
    {"any_bytes_give_good_metrics", any_bytes_give_good_metrics},
    {"a_bound_is_kept_and_told", a_bound_is_kept_and_told},
    {NULL, NULL},
};
