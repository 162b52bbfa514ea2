#include "report/report.h"

#include <string.h>

#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test report_health_tests[];

static void expect_health(const struct sample *sample, int status, const char *line)
{
    struct textbuf out;

    textbuf_init(&out, 1000);
    ASSERT_NUMBER(report_healthz(&sample->snapshot, &out), status);
    ASSERT_TEXT(out.data, line);
    textbuf_fini(&out);
}

static void expect_ready(const struct sample *sample, const char *service, int status,
                         const char *line)
{
    struct textbuf out;

    textbuf_init(&out, 1000);
    ASSERT_NUMBER(report_readyz(&sample->snapshot, service, &out), status);
    ASSERT_TEXT(out.data, line);
    textbuf_fini(&out);
}

static void health_is_ok(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    expect_health(&sample, 200, "ok\n");
    sample.snapshot.checker_age_ms = 10000;
    sample.snapshot.master_age_ms = 10000;
    expect_health(&sample, 200, "ok\n");
    /* A backend that is down is no matter of the balancer's own health. */
    sample_fill(&sample);
    expect_health(&sample, 200, "ok\n");
}

static void health_is_degraded(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[1].alive = false;
    expect_health(&sample, 200, "degraded: 1 of 2 workers missing\n");
    sample_fill_good(&sample);
    sample.processes[1].state = "stalled";
    expect_health(&sample, 200, "degraded: 1 of 2 workers stalled\n");
    sample_fill_good(&sample);
    sample.processes[2].alive = false;
    expect_health(&sample, 200, "degraded: the checker is missing\n");
    sample_fill_good(&sample);
    sample.snapshot.checker_age_ms = 10001;
    expect_health(&sample, 200, "degraded: the checker does not answer\n");
    sample_fill_good(&sample);
    sample.snapshot.master_age_ms = 10001;
    expect_health(&sample, 200, "degraded: the master does not answer\n");
    sample_fill_good(&sample);
    sample.snapshot.process_count = 3;
    expect_health(&sample, 200, "degraded: the stats process is missing\n");
    sample.snapshot.stats_listener_count = 0;
    expect_health(&sample, 200, "ok\n");
    sample_fill_good(&sample);
    sample.snapshot.master_alive = false;
    sample.processes[0].state = "draining";
    expect_health(&sample, 200, "degraded: the master is dead; 1 of 2 workers missing\n");
}

static void health_is_bad(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[0].state = "stalled";
    sample.processes[1].state = "starting";
    expect_health(&sample, 503,
                  "no worker serves: 1 of 2 workers stalled; 1 of 2 workers missing\n");
    sample_fill_good(&sample);
    sample.processes[0].orphan = true;
    sample.processes[1].orphan = true;
    expect_health(&sample, 503, "no worker serves: 2 of 2 workers missing\n");
    sample_fill_good(&sample);
    sample.snapshot.admin = BOARD_ADMIN_MAINT;
    expect_health(&sample, 503, "maint\n");
}

static void a_service_is_ready_or_says_why_not(void)
{
    struct sample sample;

    sample_fill(&sample);
    expect_ready(&sample, "kubeAPI", 200, "ok\n");
    expect_ready(&sample, "konnectivity", 503, "konnectivity: disabled\n");
    expect_ready(&sample, "controllerJoinAPI", 503,
                 "controllerJoinAPI: no backend is up: 3 down\n");
    expect_ready(&sample, "kubeapi", 404, "no such service\n");
    expect_ready(&sample, "", 404, "no such service\n");
    sample.backends[2][1].status = STATUS_SUSPECT;
    expect_ready(&sample, "controllerJoinAPI", 200, "ok\n");
    sample.backends[2][1].status = STATUS_DRAIN;
    sample.backends[2][2].status = STATUS_UNCHECKED;
    expect_ready(&sample, "controllerJoinAPI", 503,
                 "controllerJoinAPI: no backend is up: 1 unchecked, 1 down, 1 drain\n");
}

static void all_are_asked_without_kube_api(void)
{
    struct sample sample;

    sample_fill(&sample);
    expect_ready(&sample, NULL, 200, "ok\n"); /* kubeAPI speaks for all */
    strcpy(sample.services[0].name, "other");
    expect_ready(&sample, NULL, 503, "controllerJoinAPI: no backend is up: 3 down\n");
    sample.services[2].enabled = false;
    expect_ready(&sample, NULL, 200, "ok\n");
    sample.services[0].enabled = false;
    expect_ready(&sample, NULL, 503, "no service is enabled\n");
    sample_fill_good(&sample);
    sample.services[0].enabled = false; /* kubeAPI itself */
    expect_ready(&sample, NULL, 200, "ok\n");
}

const struct unit_test report_health_tests[] = {
    {"health_is_ok", health_is_ok},
    {"health_is_degraded", health_is_degraded},
    {"health_is_bad", health_is_bad},
    {"a_service_is_ready_or_says_why_not", a_service_is_ready_or_says_why_not},
    {"all_are_asked_without_kube_api", all_are_asked_without_kube_api},
    {NULL, NULL},
};
