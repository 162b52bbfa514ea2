#include "report/report.h"

#include <string.h>

#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test report_text_tests[];

#define COLUMNS 120

/* The report of the sample; free with textbuf_fini(). */
static struct textbuf text_of(const struct sample *sample)
{
    struct textbuf out;

    textbuf_init(&out, 100000);
    report_text(&sample->snapshot, &(struct report_look){.color = false}, &out);
    CU_ASSERT_FALSE_FATAL(out.truncated);
    return out;
}

static void expect_line(const struct sample *sample, const char *line)
{
    struct textbuf out = text_of(sample);
    const char *found = strstr(out.data, line);

    if (found == NULL || (found != out.data && found[-1] != '\n'))
        ASSERT_TEXT(out.data, line);
    textbuf_fini(&out);
}

static void the_whole_reads_like_this(void)
{
    static const char golden[] =
        "k0slb 0.1.0 k0slb pid 4242 up 3d 4h\n"
        "health   ok\n"
        "services 1 down (controllerJoinAPI), 1 degraded (kubeAPI), 1 disabled\n"
        "warnings 2, see below\n"
        "epoch    1, no reload since the start at 2026-09-21T14:13:20Z\n"
        "workers  2 of 2 running, 15 sessions open\n"
        "stats    :9000\n"
        "\n"
        "kubeAPI  degraded  listen :6443  leastconn  check tls  sessions 15/3102  6/s  in 3.6G  "
        "out 99M\n"
        "  turned away: refused 3, denied 4, limited 5, untold 6\n"
        "  NAME             ADDRESS         WEIGHT      STATUS  SINCE  WHY                       "
        "NOW MAX TOTAL   IN OUT ERR RETRY\n"
        "  k0s-controller1  10.0.0.11:6443  1           up      3d 4h  L6OK TLSv1.3 in 2 ms      "
        "  5  20  1034 1.2G 33M   0     0\n"
        "! k0s-controller2  10.0.0.12:6443  1           down    12s    L4CON connection refused  "
        "  5  20  1034 1.2G 33M   3     0\n"
        "  k0s-controller3  10.0.0.13:6443  256 backup  up      3d 4h  L6OK TLSv1.3 in 2 ms      "
        "  5  20  1034 1.2G 33M   0     0\n"
        "\n"
        "konnectivity  disabled\n"
        "\n"
        "controllerJoinAPI  down  listen :9443  leastconn  check tls  sessions 0/0  0/s  in 0  "
        "out 0  not in use? enabled = no\n"
        "  NAME             ADDRESS         WEIGHT  STATUS  SINCE  WHY                       "
        "NOW MAX TOTAL IN OUT ERR RETRY\n"
        "! k0s-controller1  10.0.0.11:9443  1       down    3d 4h  L4CON connection refused  "
        "  0   0     0  0   0   0     0\n"
        "! k0s-controller2  10.0.0.12:9443  1       down    3d 4h  L4CON connection refused  "
        "  0   0     0  0   0   0     0\n"
        "! k0s-controller3  10.0.0.13:9443  1       down    3d 4h  L4CON connection refused  "
        "  0   0     0  0   0   0     0\n"
        "\n"
        "warnings\n"
        "! ca-differs: signed by another CA (key 0B:0B:0B:0B) than the others (key CA:CA:CA:CA):\n"
        "    kubeAPI/k0s-controller3\n"
        "  remedy: all controllers must share one CA\n"
        "! not-in-use: no probe has ever been good: controllerJoinAPI\n"
        "  remedy: enabled = no in [service controllerJoinAPI]\n"
        "\n"
        "last events\n"
        "  2026-09-21T14:13:20Z  started\n"
        "  2026-09-21T14:14:21Z  kubeAPI/k0s-controller2 is down: L4CON connection refused\n";
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    out = text_of(&sample);
    CU_ASSERT_STRING_EQUAL(out.data, golden);
    textbuf_fini(&out);
}

static void lines_fit_a_terminal(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    sample.backends[0][1].counts.total = 1234567;
    sample.backends[0][2].weight = 1;
    out = text_of(&sample);
    for (const char *line = out.data; *line != '\0'; line += strcspn(line, "\n") + 1)
        CU_ASSERT(strcspn(line, "\n") <= COLUMNS);
    textbuf_fini(&out);
}

static void a_dead_master_is_told_first(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.master_alive = false;
    sample.processes[1].alive = false;
    expect_line(&sample, "k0slb 0.1.0 k0slb pid 4242 is DEAD, was started 3d 4h ago\n"
                         "living   worker 1 (pid 4243), checker (pid 4245), stats (pid 4246); "
                         "start k0slbd again, or end it all by k0slbctl stop\n"
                         "health   degraded: the master is dead; 1 of 2 workers missing\n");
    sample.snapshot.process_count = 0;
    expect_line(&sample, "living   none; start k0slbd again, or end it all by k0slbctl stop\n"
                         "health   no worker serves: the master is dead; 2 of 2 workers missing; "
                         "the checker is missing; the stats process is missing\n");
}

static void orphans_are_told(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[0].orphan = true;
    sample.processes[0].state = "draining";
    sample.processes[2].orphan = true;
    expect_line(&sample, "workers  1 of 2 running, 5 sessions open\n"
                         "orphans  worker (pid 4243), checker (pid 4245): of an earlier master, "
                         "finishing\n"
                         "stats    :9000\n");
    sample.processes[0].alive = false;
    sample.processes[2].alive = false;
    expect_line(&sample, "workers  1 of 2 running, 5 sessions open\nstats    :9000\n");
}

static void reloads_are_told(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.epoch = 3;
    sample.snapshot.reload_ms = sample.snapshot.taken_ms - 185000;
    expect_line(&sample, "epoch    3, last reload ok, 3m 5s ago (2026-09-24T18:10:20Z)\n");
    sample.snapshot.reload_ok = false;
    strcpy(sample.snapshot.reload_errors, "k0slb.ini:3: [x]: unknown\nk0slb.ini:4: bad\033\n");
    expect_line(&sample, "epoch    3, LAST RELOAD FAILED 3m 5s ago (2026-09-24T18:10:20Z), what "
                         "was there stays in force:\n"
                         "         k0slb.ini:3: [x]: unknown\n"
                         "         k0slb.ini:4: bad?\n");
}

static void workers_are_told_by_state(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[1].state = "stalled";
    sample.processes[1].sessions = 0;
    sample.processes[0].sessions = 1;
    expect_line(&sample, "workers  1 of 2 running, 1 stalled, 1 session open\n");
    sample.processes[0].alive = false;
    expect_line(&sample, "workers  0 of 2 running, 1 stalled, 0 sessions open\n");
}

static void what_is_missing_is_a_dash(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.stats_listener_count = 0;
    sample.snapshot.log_dropped = 17;
    sample.snapshot.service_count = 0;
    sample.snapshot.event_count = 0;
    expect_line(&sample, "services none\n");
    expect_line(&sample, "stats    -\nlog      17 lines lost\n");
}

static void doubts_have_no_duration(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.service_count = 1;
    sample.services[0].backend_count = 1;
    sample.backends[0][0].status = STATUS_SUSPECT;
    sample.backends[0][0].health = BOARD_SUSPECT;
    expect_line(&sample, "! k0s-controller1  10.0.0.11:6443  1       suspect  3d 4h  "
                         "in doubt since L6OK    5  20  1034 1.2G 33M   0     0\n");
    sample.backends[0][0].status = STATUS_DRAIN;
    sample.backends[0][0].health = BOARD_UP;
    sample.backends[0][0].check.duration_us = 421;
    expect_line(&sample, "  k0s-controller1  10.0.0.11:6443  1       drain   3d 4h  "
                         "L6OK TLSv1.3 in 0.4 ms    5  20  1034 1.2G 33M   0     0\n");
}

static void blocked_ones_say_by_whom(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.service_count = 1;
    sample.services[0].backend_count = 1;
    sample.backends[0][0].status = STATUS_BLOCKED;
    strcpy(sample.backends[0][0].blocked_by, "web/k0s-controller1 is in drain");
    expect_line(&sample, "! k0s-controller1  10.0.0.11:6443  1       blocked  3d 4h  "
                         "web/k0s-controller1 is in drain    5  20  1034 1.2G 33M   0     0\n");
}

static void only_alive_is_told_from_ready(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.service_count = 1;
    sample.services[0].backend_count = 1;
    sample.services[0].check = CHECK_HTTPS;
    sample.backends[0][0].check.code = CHECKED_L7OK;
    sample.backends[0][0].check.status = 401;
    strcpy(sample.backends[0][0].check.description, "401, alive; readiness not verified");
    expect_line(&sample, "  k0s-controller1  10.0.0.11:6443  1       up      3d 4h  "
                         "L7OK 401, alive; readiness not verified in 2 ms    5  20  1034 1.2G 33M  "
                         " 0     0\n");
}

/* However long they are, and whoever wrote them. */
static void warnings_keep_to_their_width(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill_good(&sample);
    sample.snapshot.warning_count = BOARD_MAX_WARNINGS + 1;
    for (size_t i = 0; i < sample.snapshot.warning_count; i++) {
        struct board_warning *warning = &sample.snapshot.warnings[i];

        strcpy(warning->code, "x");
        for (size_t k = 0; k < BOARD_WARNING_SIZE - 1; k++)
            warning->text[k] = warning->remedy[k] = k % (i + 2) == 0 ? ' ' : 'a';
        warning->text[9] = '\033';
    }
    out = text_of(&sample);
    for (const char *line = strstr(out.data, "\nwarnings\n"); *line != '\0';) {
        CU_ASSERT(strcspn(line, "\n") < 100);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    CU_ASSERT_PTR_NULL(strchr(out.data, '\033'));
    textbuf_fini(&out);
}

const struct unit_test report_text_tests[] = {
    {"the_whole_reads_like_this", the_whole_reads_like_this},
    {"lines_fit_a_terminal", lines_fit_a_terminal},
    {"a_dead_master_is_told_first", a_dead_master_is_told_first},
    {"orphans_are_told", orphans_are_told},
    {"reloads_are_told", reloads_are_told},
    {"workers_are_told_by_state", workers_are_told_by_state},
    {"what_is_missing_is_a_dash", what_is_missing_is_a_dash},
    {"doubts_have_no_duration", doubts_have_no_duration},
    {"blocked_ones_say_by_whom", blocked_ones_say_by_whom},
    {"only_alive_is_told_from_ready", only_alive_is_told_from_ready},
    {"warnings_keep_to_their_width", warnings_keep_to_their_width},
    {NULL, NULL},
};
