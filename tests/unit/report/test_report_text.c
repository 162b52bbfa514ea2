#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test report_text_tests[];

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
        "\n"
        "! kubeAPI is reachable: 2 of 3 controllers are up; k0s-controller2 has been down for 12s\n"
        "    (connection refused).\n"
        "  konnectivity is disabled.\n"
        "! controllerJoinAPI is not reachable, and never was: all 3 controllers have been down for "
        "3d 4h\n"
        "    (connection refused).\n"
        "\n"
        "warnings\n"
        "! ca-differs: signed by another CA (key 0B:0B:0B:0B) than the others (key CA:CA:CA:CA):\n"
        "    kubeAPI/k0s-controller3\n"
        "  remedy: all controllers must share one CA\n"
        "! not-in-use: no probe has ever been good: controllerJoinAPI\n"
        "  remedy: enabled = no in [service controllerJoinAPI]\n"
        "\n"
        "  CONTROLLER       kubeAPI   controllerJoinAPI\n"
        "! k0s-controller1  up 3d 4h  down 3d 4h\n"
        "! k0s-controller2  down 12s  down 3d 4h\n"
        "! k0s-controller3  up 3d 4h  down 3d 4h\n"
        "\n"
        "kubeAPI  degraded  listen :6443, leastconn, check tls\n"
        "  NAME             ADDRESS         STATE     CHECK     NOW MAX TOTAL /s   IN OUT ERR "
        "RETRY\n"
        "  k0s-controller1  10.0.0.11:6443  up 3d 4h  L6OK 2ms    5  20  1034  2 1.2G 33M   0     "
        "0\n"
        "! k0s-controller2  10.0.0.12:6443  down 12s  L4CON       5  20  1034  2 1.2G 33M   3     "
        "0\n"
        "      connection refused\n"
        "  k0s-controller3  10.0.0.13:6443  up 3d 4h  L6OK 2ms    5  20  1034  2 1.2G 33M   0     "
        "0\n"
        "      backup, weight 256\n"
        "  all                                                   15  60  3102  6 3.6G 99M   0     "
        "0\n"
        "  turned away: refused 3, denied 4, limited 5, untold 6\n"
        "\n"
        "konnectivity  disabled\n"
        "\n"
        "controllerJoinAPI  down  listen :9443, leastconn, check tls; not in use? enabled = no\n"
        "  NAME             ADDRESS         STATE       CHECK  NOW MAX TOTAL /s IN OUT ERR RETRY\n"
        "! k0s-controller1  10.0.0.11:9443  down 3d 4h  L4CON    0   0     0  0  0   0   0     0\n"
        "      connection refused\n"
        "! k0s-controller2  10.0.0.12:9443  down 3d 4h  L4CON    0   0     0  0  0   0   0     0\n"
        "      connection refused\n"
        "! k0s-controller3  10.0.0.13:9443  down 3d 4h  L4CON    0   0     0  0  0   0   0     0\n"
        "      connection refused\n"
        "  all                                                   0   0     0  0  0   0   0     0\n"
        "\n"
        "epoch    1, no reload since the start at 2026-09-21T14:13:20Z\n"
        "workers  2 of 2 running, 15 sessions open\n"
        "stats    :9000\n"
        "\n"
        "last events\n"
        "  2026-09-21T14:13:20Z  started\n"
        "  2026-09-21T14:14:21Z  kubeAPI/k0s-controller2 is down: L4CON connection refused\n";
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    out = text_of(&sample);
    ASSERT_TEXT(out.data, golden);
    textbuf_fini(&out);
}

/* The places of a line as a terminal counts them, without what only colours it. */
static size_t places_of(const char *line)
{
    size_t places = 0;

    for (; *line != '\0' && *line != '\n'; line++) {
        if (*line == '\033')
            line += strcspn(line, "m");
        else
            places += ((unsigned char)*line & 0xc0) != 0x80;
    }
    return places;
}

static void expect_narrow(const struct textbuf *out, unsigned width)
{
    for (const char *line = out->data; *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (places_of(line) > width)
            unit_assert_text(line, "a shorter line", __FILE__, __LINE__);
    }
}

/* Fills a text of `size` bytes, its NUL included: words are as long as they can be. */
static void fill_text(char *text, size_t size, char with)
{
    memset(text, with, size - 1);
    text[size - 1] = '\0';
}

static void set_address(struct addr *address, const char *ip, uint16_t port)
{
    CU_ASSERT(addr_parse(address, ip) == 0);
    address->port = port;
}

static void make_longest_backend(struct snapshot_backend *backend, unsigned number)
{
    static const enum snapshot_status statuses[] = {STATUS_UNCHECKED, STATUS_BLOCKED,
                                                    STATUS_SUSPECT};

    fill_text(backend->name, sizeof(backend->name), 'n');
    backend->name[0] = (char)('a' + number);
    fill_text(backend->host, sizeof(backend->host), 'h');
    set_address(&backend->address, "fe80:1111:2222:3333:4444:5555:6666:7777", 65535);
    backend->status = statuses[number];
    fill_text(backend->blocked_by, sizeof(backend->blocked_by), 'b');
    backend->health = BOARD_DOWN;
    backend->weight = 256;
    backend->backup = true;
    backend->since_seconds = UINT64_MAX;
    backend->connect_errors = backend->resets = backend->retries = UINT64_MAX / 2;
    backend->check.code = CHECKED_L4TOUT;
    backend->check.status = UINT16_MAX;
    backend->check.duration_us = UINT32_MAX;
    fill_text(backend->check.description, sizeof(backend->check.description), 'd');
    memset(&backend->counts, 0xff, sizeof(backend->counts));
    backend->ordinal = number;
}

static void make_longest_service(struct snapshot_service *service, unsigned number)
{
    fill_text(service->name, sizeof(service->name), 's');
    service->name[0] = (char)('A' + number);
    service->status = SERVICE_DEGRADED;
    service->never_good = true;
    service->refused = service->denied = service->limited = service->sources_full = UINT64_MAX;
    memset(&service->counts, 0xff, sizeof(service->counts));
    memset(&service->sums, 0xff, sizeof(service->sums));
    set_address(&service->listeners[0], "fe80:1111:2222:3333:4444:5555:6666:7777", 65535);
    set_address(&service->listeners[1], "fe80:1111:2222:3333:4444:5555:6666:7778", 65535);
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        make_longest_backend(&service->backends[i], i);
}

static void make_longest_client(struct snapshot_client *client)
{
    set_address(&client->address, "fe80:1111:2222:3333:4444:5555:6666:7777", 0);
    client->total = UINT32_MAX;
}

/* Everything is as long as it can be, and most of it is one word. */
static void make_longest(struct sample *sample, struct snapshot_client *clients, size_t count)
{
    struct snapshot *snapshot = &sample->snapshot;

    sample_fill_good(sample);
    fill_text(snapshot->name, 30, 'k');
    snapshot->pid = INT32_MAX;
    snapshot->uptime_seconds = UINT64_MAX;
    snapshot->epoch = UINT64_MAX;
    snapshot->log_dropped = UINT64_MAX;
    snapshot->reload_ok = false;
    snapshot->reload_ms = 1;
    fill_text(snapshot->reload_errors, sizeof(snapshot->reload_errors), 'e');
    for (unsigned i = 0; i < SAMPLE_SERVICES; i++)
        make_longest_service(&sample->services[i], i);
    for (size_t i = 0; i < count; i++)
        make_longest_client(&clients[i]);
    sample->services[1].clients = clients;
    sample->services[1].client_count = count;
    sample->services[1].clients_left_out = SIZE_MAX / 2;
    snapshot->warning_count = BOARD_MAX_WARNINGS + 1;
    for (size_t i = 0; i < snapshot->warning_count; i++) {
        fill_text(snapshot->warnings[i].code, BOARD_CODE_SIZE, 'c');
        fill_text(snapshot->warnings[i].text, BOARD_WARNING_SIZE, 't');
        fill_text(snapshot->warnings[i].remedy, BOARD_WARNING_SIZE, 'r');
    }
    for (size_t i = 0; i < snapshot->event_count; i++) {
        sample->events[i].at_ms = UINT64_MAX;
        fill_text(sample->events[i].text, BOARD_EVENT_SIZE, 'v');
    }
}

static void no_line_is_longer_than_the_width(void)
{
    static const unsigned widths[] = {0, 80, 99, 200};
    struct snapshot_client clients[10] = {{.total = 0}};
    struct sample sample;

    make_longest(&sample, clients, 10);
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        struct report_look look = {.color = i % 2 == 1, .width = widths[i]};
        struct textbuf out;

        textbuf_init(&out, 1u << 20);
        report_text(&sample.snapshot, &look, &out);
        CU_ASSERT_FALSE(out.truncated);
        CU_ASSERT(out.length > 20000);
        expect_narrow(&out, widths[i] == 80 ? 80 : 99);
        textbuf_fini(&out);
    }
}

/* Whoever has written them: the board, a controller's certificate, an error's text. */
static void nothing_reaches_the_terminal_but_text(void)
{
    static const char evil[] = "\033[2J\r\n\a\b\x7f\xc2\x9b"
                               "2J\xff\xe2\x80\xae \xe2\x80\xa8x";
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    strcpy(sample.snapshot.name, "a\033b");
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++) {
        snprintf(sample.backends[0][i].name, CONF_NAME_SIZE, "%s%u", evil, i);
        strcpy(sample.backends[0][i].check.description, evil);
        strcpy(sample.backends[0][i].blocked_by, evil);
        sample.backends[0][i].status = i == 0 ? STATUS_BLOCKED : STATUS_DOWN;
    }
    strcpy(sample.services[0].name, evil);
    strcpy(sample.snapshot.warnings[0].text, evil);
    strcpy(sample.events[0].text, evil);
    sample.snapshot.reload_ok = false;
    strcpy(sample.snapshot.reload_errors, evil);
    out = text_of(&sample);
    for (const char *at = out.data; *at != '\0'; at++)
        CU_ASSERT(*at == '\n' || ((unsigned char)*at >= ' ' && *at != 0x7f));
    CU_ASSERT_PTR_NULL(strstr(out.data, "\xc2\x9b"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "\xff"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "\xe2\x80\xae"));
    expect_narrow(&out, 99);
    textbuf_fini(&out);
}

static void colours_only_where_they_are_asked_for(void)
{
    struct sample sample;
    struct textbuf plain;
    struct textbuf painted;
    struct textbuf stripped;

    sample_fill(&sample);
    plain = text_of(&sample);
    textbuf_init(&painted, 100000);
    textbuf_init(&stripped, 100000);
    report_text(&sample.snapshot, &(struct report_look){.color = true}, &painted);
    CU_ASSERT_PTR_NULL(strchr(plain.data, '\033'));
    CU_ASSERT_PTR_NOT_NULL(strstr(painted.data, "\033[31mdown 12s\033[0m"));
    for (const char *at = painted.data; *at != '\0'; at++) {
        if (*at == '\033')
            at += strcspn(at, "m");
        else
            textbuf_append(&stripped, at, 1);
    }
    ASSERT_TEXT(stripped.data, plain.data);
    textbuf_fini(&plain);
    textbuf_fini(&painted);
    textbuf_fini(&stripped);
}

static void long_names_stand_above_their_numbers(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill_good(&sample);
    sample.snapshot.service_count = 1;
    sample.services[0].backend_count = 1;
    strcpy(sample.backends[0][0].host, "k0s-controller1.machines.example.org");
    set_address(&sample.backends[0][0].address, "2001:db8::a1", 6443);
    out = text_of(&sample);
    if (strstr(out.data, "\n"
                         "    STATE     CHECK     NOW MAX TOTAL /s   IN OUT ERR RETRY\n"
                         "  k0s-controller1 k0s-controller1.machines.example.org:6443 "
                         "(2001:db8::a1)\n"
                         "    up 3d 4h  L6OK 2ms    5  20  1034  2 1.2G 33M   0     0\n") == NULL)
        ASSERT_TEXT(out.data, "");
    textbuf_fini(&out);
}

static void clients_that_lack_a_tunnel_are_told(void)
{
    struct snapshot_client clients[12] = {{.total = 0}};
    struct sample sample;

    sample_fill_good(&sample);
    for (unsigned i = 0; i < 12; i++) {
        char ip[ADDR_TEXT_SIZE];

        snprintf(ip, sizeof(ip), "10.0.1.%u", i);
        set_address(&clients[i].address, ip, 0);
        clients[i].total = i < 2 ? 3 : 1;
        clients[i].at[0] = 1;
        clients[i].at[1] = i < 2;
        clients[i].at[2] = i < 2;
    }
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        sample.backends[1][i].ordinal = i;
    sample.services[1].clients = clients;
    sample.services[1].client_count = 12;
    expect_line(&sample, "  clients: 12, 2 full, 10 partial\n"
                         "    10.0.1.2: 1 session, none to k0s-controller2, k0s-controller3\n");
    expect_line(&sample, "    10.0.1.9: 1 session, none to k0s-controller2, k0s-controller3\n"
                         "    and 2 more\n");
    sample.services[1].client_count = 2;
    expect_line(&sample, "  clients: 2, 2 full\n\n");
}

static void parts_say_nothing_of_the_rest(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    textbuf_init(&out, 100000);
    report_text(&sample.snapshot, &(struct report_look){.part = REPORT_SERVICE}, &out);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "is reachable"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "\nworkers "));
    textbuf_clear(&out);
    report_text(&sample.snapshot, &(struct report_look){.part = REPORT_CONTROLLER}, &out);
    CU_ASSERT_PTR_NULL(strstr(out.data, "is reachable"));
    textbuf_fini(&out);
}

static void a_dead_master_is_told_first(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.master_alive = false;
    sample.processes[1].alive = false;
    expect_line(&sample,
                "k0slb 0.1.0 k0slb pid 4242 is DEAD, was started 3d 4h ago\n"
                "living   worker 1 (pid 4243), checker (pid 4245), stats (pid 4246); start "
                "k0slbd again, or end it\n"
                "         all by k0slbctl stop\n"
                "health   degraded: the master is dead; 1 of 2 workers missing\n");
    sample.snapshot.process_count = 0;
    expect_line(&sample, "living   none; start k0slbd again, or end it all by k0slbctl stop\n"
                         "health   no worker serves: the master is dead; 2 of 2 workers missing; "
                         "the checker is missing; the\n"
                         "         stats process is missing\n");
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
    expect_line(&sample, "! there are no services\n");
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
    expect_line(&sample, "! k0s-controller1  10.0.0.11:6443  suspect 3d 4h  L6OK 2ms    5  20  "
                         "1034  2 1.2G 33M   0     0\n"
                         "      in doubt since L6OK\n");
    sample.backends[0][0].status = STATUS_DRAIN;
    sample.backends[0][0].health = BOARD_UP;
    sample.backends[0][0].check.duration_us = 421;
    expect_line(&sample, "  k0s-controller1  10.0.0.11:6443  drain 3d 4h  L6OK 0.4ms    5  20  "
                         "1034  2 1.2G 33M   0     0\n\n");
}

static void blocked_ones_say_by_whom(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.service_count = 1;
    sample.services[0].backend_count = 1;
    sample.backends[0][0].status = STATUS_BLOCKED;
    strcpy(sample.backends[0][0].blocked_by, "web/k0s-controller1 is in drain");
    expect_line(&sample, "! k0s-controller1  10.0.0.11:6443  blocked 3d 4h  L6OK 2ms    5  20  "
                         "1034  2 1.2G 33M   0     0\n"
                         "      web/k0s-controller1 is in drain\n");
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
    expect_line(&sample, "  k0s-controller1  10.0.0.11:6443  up 3d 4h  L7OK/401 2ms    5  20  "
                         "1034  2 1.2G 33M   0     0\n"
                         "  L7OK/401: alive; readiness not verified\n");
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
    {"no_line_is_longer_than_the_width", no_line_is_longer_than_the_width},
    {"nothing_reaches_the_terminal_but_text", nothing_reaches_the_terminal_but_text},
    {"colours_only_where_they_are_asked_for", colours_only_where_they_are_asked_for},
    {"long_names_stand_above_their_numbers", long_names_stand_above_their_numbers},
    {"clients_that_lack_a_tunnel_are_told", clients_that_lack_a_tunnel_are_told},
    {"parts_say_nothing_of_the_rest", parts_say_nothing_of_the_rest},
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
