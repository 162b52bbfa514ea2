#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "json_checker.h"
#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test report_json_tests[];

static void the_checker_is_strict(void)
{
    static const char *const good[] = {"{}",
                                       "[]",
                                       " [ 1 , -0.5e+3, \"a\\u00e9\\n\", true, null ] \n",
                                       "{\"a\":{\"b\":[{}]}}",
                                       "\"\xc3\xa9\"",
                                       "0"};
    static const char *const bad[] = {"",          "{",        "[1,]",         "{\"a\":1,}",
                                      "{a:1}",     "01",       "1.",           "-",
                                      "nul",       "[1 2]",    "\"\n\"",       "\"\\x\"",
                                      "\"\\u12\"", "\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"",
                                      "{} {}",     "[1]]",     "\"a"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CU_ASSERT(json_is_valid(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CU_ASSERT_FALSE(json_is_valid(bad[i]));
}

static void the_fields_are_there(void)
{
    static const struct {
        const char *path;
        const char *value;
    } cases[] = {
        {"version", "\"0.1.0\""},
        {"name", "\"k0slb\""},
        {"pid", "4242"},
        {"admin", "\"ready\""},
        {"uptime_seconds", "273605"},
        {"epoch", "1"},
        {"last_reload", "{\"ok\":true,\"errors\":[],\"at\":\"2026-09-21T14:13:20Z\"}"},
        {"master_alive", "true"},
        {"health", "{\"status\":\"ok\",\"text\":\"ok\"}"},
        {"taken", "\"2026-09-24T18:13:25Z\""},
        {"started", "\"2026-09-21T14:13:20Z\""},
        {"reloads", "0"},
        {"workers_wanted", "2"},
        {"checks_done", "false"},
        {"log_dropped", "0"},
        {"checker", "{\"silent_seconds\":0,\"stalls\":0,\"slow_ignored\":0}"},
        {"stats_listen", "[\"0.0.0.0:9000\",\"[::]:9000\"]"},
        {"processes.2", "{\"pid\":4245,\"role\":\"checker\",\"alive\":true}"},
        {"workers.0", "{\"pid\":4243,\"number\":1,\"state\":\"running\",\"connections\":10}"},
        {"workers.1.pid", "4244"},
        {"workers.2", "(none)"},
        {"orphans", "[]"},
        {"services.0.name", "\"kubeAPI\""},
        {"services.0.listen", "[\"0.0.0.0:6443\",\"[::]:6443\"]"},
        {"services.0.balance", "\"leastconn\""},
        {"services.0.status", "\"degraded\""},
        {"services.0.connections",
         "{\"active\":15,\"active_max\":60,\"total\":3102,\"per_second\":6,"
         "\"per_second_max\":0}"},
        {"services.0.enabled", "true"},
        {"services.0.check", "\"tls\""},
        {"services.0.requires", "null"},
        {"services.0.never_good", "false"},
        {"services.0.downtime_seconds", "0"},
        {"services.0.connect_ms", "null"},
        {"services.0.errors", "{\"connect\":0,\"reset\":0,\"local\":0}"},
        {"services.1.enabled", "false"},
        {"services.2.never_good", "true"},
        {"services.0.refused", "3"},
        {"services.0.denied", "4"},
        {"services.0.limited", "5"},
        {"services.0.sources_full", "6"},
        {"services.0.bytes", "{\"in\":3865470566,\"out\":103809024}"},
        {"services.0.backends.1.name", "\"k0s-controller2\""},
        {"services.0.backends.1.address", "\"10.0.0.12:6443\""},
        {"services.0.backends.1.host", "null"},
        {"services.0.backends.1.weight", "1"},
        {"services.0.backends.1.backup", "false"},
        {"services.0.backends.1.status", "\"down\""},
        {"services.0.backends.1.health", "\"down\""},
        {"services.0.backends.1.reason", "\"L4CON connection refused\""},
        {"services.0.backends.1.admin", "\"ready\""},
        {"services.0.backends.1.since_seconds", "12"},
        {"services.0.backends.1.check",
         "{\"result\":\"L4CON\",\"code\":null,\"description\":\"connection refused\","
         "\"duration_ms\":0.100,\"at\":null}"},
        {"services.0.backends.0.check.duration_ms", "2.345"},
        {"services.0.backends.1.connections.active_max", "20"},
        {"services.0.backends.1.bytes.in", "1288490188"},
        {"services.0.backends.1.errors", "{\"connect\":3,\"reset\":0,\"local\":0}"},
        {"services.0.backends.1.retries", "0"},
        {"services.0.backends.1.replays", "0"},
        {"services.0.backends.2.backup", "true"},
        {"services.0.backends.3", "(none)"},
        {"services.1.status", "\"disabled\""},
        {"services.1.listen", "[]"},
        {"services.2.status", "\"down\""},
        {"events.1.at", "\"2026-09-21T14:14:21Z\""},
        {"events.0.text", "\"started\""},
        {"warnings.0.code", "\"ca-differs\""},
        {"warnings.1",
         "{\"code\":\"not-in-use\",\"text\":\"no probe has ever been good: controllerJoinAPI\","
         "\"remedy\":\"enabled = no in [service controllerJoinAPI]\"}"},
        {"warnings.2", "(none)"},
        {"services.0.clients", "(none)"},
        {"services.0.backends.0.certificate",
         "{\"issuer\":\"CN=kubernetes-ca\",\"not_after\":\"2026-09-22T14:13:20Z\","
         "\"names_ok\":true,\"ca_ok\":true}"},
        {"services.0.backends.1.certificate", "null"},
        {"services.0.backends.0.ready_verified", "true"},
        {"services.0.backends.1.ready_verified", "false"},
    };
    struct sample sample;
    struct textbuf out;
    char value[400];

    sample_fill(&sample);
    sample.services[0].required = sample.services[1].required = sample.services[2].required =
        BOARD_NO_SLOT;
    textbuf_init(&out, 100000);
    report_json(&sample.snapshot, &out);
    CU_ASSERT_FALSE(out.truncated);
    CU_ASSERT_FATAL(json_is_valid(out.data));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_TEXT(json_at(out.data, cases[i].path, value, sizeof(value)), cases[i].value);
    textbuf_fini(&out);
}

/* The address is the one in use; a name that has none yet stands in for it. */
static void names_are_shown(void)
{
    struct sample sample;
    struct textbuf out;
    char value[200];

    sample_fill(&sample);
    strcpy(sample.backends[0][0].host, "cp1.example");
    strcpy(sample.backends[0][1].host, "cp2.example");
    sample.backends[0][1].address = (struct addr){.port = 6443};
    textbuf_init(&out, 100000);
    report_json(&sample.snapshot, &out);
    CU_ASSERT_FATAL(json_is_valid(out.data));
    ASSERT_TEXT(json_at(out.data, "services.0.backends.0.address", value, sizeof(value)),
                "\"10.0.0.11:6443\"");
    ASSERT_TEXT(json_at(out.data, "services.0.backends.0.host", value, sizeof(value)),
                "\"cp1.example\"");
    ASSERT_TEXT(json_at(out.data, "services.0.backends.1.address", value, sizeof(value)),
                "\"cp2.example:6443\"");
    textbuf_fini(&out);
}

static void what_is_not_known_is_null(void)
{
    struct sample sample;
    struct textbuf out;
    char value[200];

    sample_fill(&sample);
    sample.backends[0][0].check = (struct board_check){0};
    sample.backends[0][0].address = (struct addr){0};
    sample.backends[0][1].check.status = 503;
    sample.processes[1].alive = false;
    sample.processes[0].orphan = true;
    textbuf_init(&out, 100000);
    report_json(&sample.snapshot, &out);
    CU_ASSERT_FATAL(json_is_valid(out.data));
    ASSERT_TEXT(json_at(out.data, "services.0.backends.0.check", value, sizeof(value)),
                "{\"result\":null,\"code\":null,\"description\":\"\",\"duration_ms\":null,"
                "\"at\":null}");
    ASSERT_TEXT(json_at(out.data, "services.0.backends.0.address", value, sizeof(value)), "null");
    ASSERT_TEXT(json_at(out.data, "services.0.backends.1.check.code", value, sizeof(value)), "503");
    ASSERT_TEXT(json_at(out.data, "workers", value, sizeof(value)), "[]");
    ASSERT_TEXT(json_at(out.data, "orphans", value, sizeof(value)),
                "[{\"pid\":4243,\"role\":\"worker\"}]");
    textbuf_fini(&out);
}

static void certificates_say_what_is_wrong(void)
{
    static const char *const paths[] = {"issuer", "not_after", "names_ok", "ca_ok"};
    static const char *const bad[] = {"\"CN=?\\\"\"", "null", "false", "false"};
    struct sample sample;
    struct textbuf out;
    char value[200];

    sample_fill(&sample);
    sample_certify(&sample.backends[0][1]);
    sample.backends[0][1].certificate.flags = BOARD_CERTIFICATE_LACKS_NAMES;
    sample.backends[0][1].certificate.facts.not_after_s = 0;
    sample.backends[0][1].certificate.facts.trusted = false;
    strcpy(sample.backends[0][1].certificate.facts.issuer, "CN=?\"");
    sample_certify(&sample.backends[0][2]);
    sample.backends[0][2].certificate.facts.authority_known = false;
    textbuf_init(&out, 100000);
    report_json(&sample.snapshot, &out);
    CU_ASSERT_FATAL(json_is_valid(out.data));
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        char path[80];

        snprintf(path, sizeof(path), "services.0.backends.1.certificate.%s", paths[i]);
        ASSERT_TEXT(json_at(out.data, path, value, sizeof(value)), bad[i]);
    }
    ASSERT_TEXT(json_at(out.data, "services.0.backends.2.certificate.ca_ok", value, sizeof(value)),
                "null");
    textbuf_fini(&out);
}

static void a_failed_reload_lists_its_errors(void)
{
    struct sample sample;
    struct textbuf out;
    char value[200];

    sample_fill(&sample);
    sample.snapshot.reload_ok = false;
    strcpy(sample.snapshot.reload_errors, "a:1: \"x\"\n\nb\\\tc");
    textbuf_init(&out, 100000);
    report_json(&sample.snapshot, &out);
    CU_ASSERT_FATAL(json_is_valid(out.data));
    ASSERT_TEXT(json_at(out.data, "last_reload.errors", value, sizeof(value)),
                "[\"a:1: \\\"x\\\"\",\"b\\\\\\u0009c\"]");
    textbuf_fini(&out);
}

static void any_bytes_give_valid_json(void)
{
    struct sample sample;
    struct textbuf out;
    struct rng rng;

    rng_seed(&rng, 7);
    textbuf_init(&out, 100000);
    for (int round = 0; round < 500; round++) {
        struct board_check *check;

        sample_fill(&sample);
        check = &sample.backends[0][0].check;
        for (size_t i = 0; i < sizeof(check->description) - 1; i++)
            check->description[i] = (char)rng_below(&rng, 256);
        for (size_t i = 0; i < BOARD_EVENT_SIZE - 1; i++)
            sample.events[0].text[i] = (char)(1 + rng_below(&rng, 255));
        textbuf_clear(&out);
        report_json(&sample.snapshot, &out);
        CU_ASSERT_FATAL(json_is_valid(out.data));
    }
    textbuf_fini(&out);
}

/* ---- numbers of time ---- */

struct expectation {
    const char *path;
    const char *value;
};

static void expect_all(const struct sample *sample, const struct expectation *cases, size_t count)
{
    struct textbuf out;
    char value[400];

    textbuf_init(&out, 1 << 20);
    report_json(&sample->snapshot, &out);
    CU_ASSERT_FALSE(out.truncated);
    CU_ASSERT_FATAL(json_is_valid(out.data));
    for (size_t i = 0; i < count; i++)
        ASSERT_TEXT(json_at(out.data, cases[i].path, value, sizeof(value)), cases[i].value);
    textbuf_fini(&out);
}

static void what_has_become_of_them_is_there(void)
{
    static const struct expectation cases[] = {
        {"services.0.backends.1.downtime_seconds", "77"},
        {"services.0.backends.1.transitions", "5"},
        {"services.0.backends.1.went_down", "3"},
        {"services.0.backends.1.checks_failed", "231"},
        {"services.0.backends.1.check.at", "\"2026-09-21T14:13:20Z\""},
        {"services.0.backends.0.downtime_seconds", "0"},
        {"services.0.downtime_seconds", "9"},
        {"services.0.transitions", "4"},
        {"services.0.went_down", "2"},
        {"services.0.requires", "\"controllerJoinAPI\""},
        {"services.0.connections.per_second_max", "99"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.backends[0][1].downtime_seconds = 77;
    sample.backends[0][1].transitions = 5;
    sample.backends[0][1].went_down = 3;
    sample.backends[0][1].checks_failed = 231;
    sample.backends[0][1].check.at_ms = sample.snapshot.started_ms;
    sample.services[0].downtime_seconds = 9;
    sample.services[0].transitions = 4;
    sample.services[0].went_down = 2;
    sample.services[0].required = sample.services[2].slot;
    sample.services[0].counts.per_second_max = 99;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void connects_and_ends_are_there(void)
{
    static const struct expectation cases[] = {
        {"services.0.connect_ms", "{\"p50\":1.024,\"p90\":1.024,\"p95\":1048.576,"
                                  "\"p99\":1048.576}"},
        {"services.0.backends.1.connect_ms.p50", "0.064"},
        {"services.0.backends.0.connect_ms", "null"},
        {"services.0.ends.client_fin", "6"},
        {"services.0.ends.admin", "7"},
        {"services.0.backends.1.ends.backend_rst", "8"},
        {"services.0.backends.1.ends.connect_failed", "0"},
    };
    struct sample sample;

    sample_fill(&sample);
    sample.services[0].sums.connect_time[4] = 94;
    sample.services[0].sums.connect_time[BOARD_HISTOGRAM - 1] = 6;
    sample.services[0].sums.ends[BOARD_END_CLIENT_FIN] = 6;
    sample.services[0].sums.ends[BOARD_END_ADMIN] = 7;
    sample.backends[0][1].connect_time[0] = 1;
    sample.backends[0][1].ends[BOARD_END_BACKEND_RESET] = 8;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

/* Names of backends are keys here, and may be anything. */
static void clients_are_listed(void)
{
    static const struct expectation cases[] = {
        {"services.1.clients.0",
         "{\"address\":\"10.9.8.7\",\"links\":\"full\",\"sessions\":{\"k0s-controller1\":1,"
         "\"k0s-\\\"2\":2,\"k0s-controller3\":1}}"},
        {"services.1.clients.1.address", "\"fd00::7\""},
        {"services.1.clients.1.links", "\"partial\""},
        {"services.1.clients_left_out", "3"},
        {"services.0.clients", "(none)"},
        {"services.0.clients_left_out", "(none)"},
        {"services.2.clients", "(none)"},
    };
    struct snapshot_client clients[2] = {{.total = 4, .at = {1, 2, 1}}, {.total = 1, .at = {1}}};
    struct sample sample;

    sample_fill_good(&sample);
    CU_ASSERT(addr_parse(&clients[0].address, "10.9.8.7") == 0);
    CU_ASSERT(addr_parse(&clients[1].address, "fd00::7") == 0);
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        sample.backends[1][i].ordinal = i;
    strcpy(sample.backends[1][1].name, "k0s-\"2");
    sample.services[1].balance = BALANCE_SOURCE_SPREAD;
    sample.services[1].clients = clients;
    sample.services[1].client_count = ARRAY_LEN(clients);
    sample.services[1].clients_left_out = 3;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void health_is_what_healthz_says(void)
{
    static const struct expectation cases[] = {
        {"health.status", "\"degraded\""},
        {"health.text", "\"degraded: 1 of 2 workers missing\""},
    };
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[1].alive = false;
    expect_all(&sample, cases, ARRAY_LEN(cases));
}

static void a_bound_is_kept_and_told(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    textbuf_init(&out, 100);
    report_json(&sample.snapshot, &out);
    CU_ASSERT(out.truncated);
    CU_ASSERT(out.length <= 100);
    textbuf_fini(&out);
}

const struct unit_test report_json_tests[] = {
    {"the_checker_is_strict", the_checker_is_strict},
    {"the_fields_are_there", the_fields_are_there},
    {"names_are_shown", names_are_shown},
    {"what_is_not_known_is_null", what_is_not_known_is_null},
    {"certificates_say_what_is_wrong", certificates_say_what_is_wrong},
    {"a_failed_reload_lists_its_errors", a_failed_reload_lists_its_errors},
    {"any_bytes_give_valid_json", any_bytes_give_valid_json},
    {"what_has_become_of_them_is_there", what_has_become_of_them_is_there},
    {"connects_and_ends_are_there", connects_and_ends_are_there},
    {"clients_are_listed", clients_are_listed},
    {"health_is_what_healthz_says", health_is_what_healthz_says},
    {"a_bound_is_kept_and_told", a_bound_is_kept_and_told},
    {NULL, NULL},
};
