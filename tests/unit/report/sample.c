#include "sample.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "unit/unit.h"

#define START_MS 1790000000000 /* 2026-09-21T14:13:20Z */

static struct addr address_of(const char *ip, unsigned port)
{
    struct addr addr = {.family = ADDR_NONE};

    if (addr_parse(&addr, ip) == 0)
        addr.port = (uint16_t)port;
    return addr;
}

static void set_check(struct snapshot_backend *backend, enum board_check_code code,
                      const char *description, uint32_t duration_us)
{
    backend->check.code = (uint16_t)code;
    backend->check.duration_us = duration_us;
    snprintf(backend->check.description, sizeof(backend->check.description), "%s", description);
}

static void fill_backend(struct snapshot_backend *backend, unsigned number, unsigned port)
{
    char ip[ADDR_TEXT_SIZE];

    snprintf(backend->name, sizeof(backend->name), "k0s-controller%u", number);
    snprintf(ip, sizeof(ip), "10.0.0.1%u", number);
    backend->address = address_of(ip, port);
    backend->weight = 1;
    backend->status = STATUS_UP;
    backend->health = BOARD_UP;
    backend->since_seconds = 273600;
    set_check(backend, CHECKED_L6OK, "TLSv1.3", 2345);
    backend->counts = (struct snapshot_counts){.total = 1034,
                                               .bytes_in = 1288490188,
                                               .bytes_out = 34603008,
                                               .active = 5,
                                               .active_max = 20,
                                               .per_second = 2};
}

static void fill_service(struct sample *sample, unsigned index, const char *name, unsigned port)
{
    struct snapshot_service *service = &sample->services[index];

    snprintf(service->name, sizeof(service->name), "%s", name);
    service->slot = index;
    service->enabled = true;
    service->balance = BALANCE_LEASTCONN;
    service->check = CHECK_TLS;
    service->status = SERVICE_UP;
    service->counts = (struct snapshot_counts){.total = 3102,
                                               .bytes_in = 3865470566,
                                               .bytes_out = 103809024,
                                               .active = 15,
                                               .active_max = 60,
                                               .per_second = 6};
    sample->listeners[index][0] = address_of("0.0.0.0", port);
    sample->listeners[index][1] = address_of("::", port);
    service->listeners = sample->listeners[index];
    service->listener_count = 2;
    service->backends = sample->backends[index];
    service->backend_count = SAMPLE_BACKENDS;
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        fill_backend(&service->backends[i], i + 1, port);
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        service->backends[i].slot = index * SAMPLE_BACKENDS + i;
}

static void fill_processes(struct sample *sample)
{
    static const struct snapshot_process processes[SAMPLE_PROCESSES] = {
        {.pid = 4243,
         .role = BOARD_ROLE_WORKER,
         .slot = 0,
         .alive = true,
         .state = "running",
         .sessions = 10},
        {.pid = 4244,
         .role = BOARD_ROLE_WORKER,
         .slot = 1,
         .alive = true,
         .state = "running",
         .sessions = 5},
        {.pid = 4245, .role = BOARD_ROLE_CHECKER, .alive = true},
        {.pid = 4246, .role = BOARD_ROLE_STATS, .alive = true},
    };

    memcpy(sample->processes, processes, sizeof(processes));
}

static void fill_events(struct sample *sample)
{
    sample->events[0].at_ms = START_MS;
    strcpy(sample->events[0].text, "started");
    sample->events[1].at_ms = START_MS + 61000;
    strcpy(sample->events[1].text, "kubeAPI/k0s-controller2 is down: L4CON connection refused");
}

void sample_fill_good(struct sample *sample)
{
    struct snapshot *snapshot = &sample->snapshot;

    memset(sample, 0, sizeof(*sample));
    strcpy(snapshot->name, "k0slb");
    strcpy(snapshot->version, "0.1.0");
    snapshot->pid = 4242;
    snapshot->master_alive = true;
    snapshot->uptime_seconds = 273605;
    snapshot->started_ms = START_MS;
    snapshot->taken_ms = START_MS + 273605000;
    snapshot->epoch = 1;
    snapshot->reload_ok = true;
    snapshot->reload_ms = START_MS;
    snapshot->workers_wanted = 2;
    sample->stats_listeners[0] = address_of("0.0.0.0", 9000);
    sample->stats_listeners[1] = address_of("::", 9000);
    fill_processes(sample);
    fill_events(sample);
    fill_service(sample, 0, "kubeAPI", 6443);
    fill_service(sample, 1, "konnectivity", 8132);
    fill_service(sample, 2, "controllerJoinAPI", 9443);
    snapshot->stats_listeners = sample->stats_listeners;
    snapshot->stats_listener_count = 2;
    snapshot->services = sample->services;
    snapshot->service_count = SAMPLE_SERVICES;
    snapshot->processes = sample->processes;
    snapshot->process_count = SAMPLE_PROCESSES;
    snapshot->events = sample->events;
    snapshot->event_count = 2;
}

static void make_down(struct snapshot_backend *backend)
{
    backend->status = STATUS_DOWN;
    backend->health = BOARD_DOWN;
    backend->since_seconds = 12;
    backend->connect_errors = 3;
    set_check(backend, CHECKED_L4CON, "connection refused", 100);
}

static void warn(struct sample *sample, const char *code, const char *text, const char *remedy)
{
    struct board_warning *warning = &sample->snapshot.warnings[sample->snapshot.warning_count++];

    snprintf(warning->code, sizeof(warning->code), "%s", code);
    snprintf(warning->text, sizeof(warning->text), "%s", text);
    snprintf(warning->remedy, sizeof(warning->remedy), "%s", remedy);
}

void sample_certify(struct snapshot_backend *backend)
{
    struct certificate *facts = &backend->certificate.facts;

    backend->certificate.at_ms = START_MS;
    strcpy(facts->issuer, "CN=kubernetes-ca");
    facts->not_after_s = START_MS / 1000 + 86400;
    facts->authority_known = true;
    facts->trusted = true;
}

void sample_fill(struct sample *sample)
{
    struct snapshot_service *join = &sample->services[2];

    sample_fill_good(sample);
    make_down(&sample->backends[0][1]);
    sample->services[0].status = SERVICE_DEGRADED;
    sample->services[0].refused = 3;
    sample->services[0].denied = 4;
    sample->services[0].limited = 5;
    sample->services[0].sources_full = 6;
    sample->backends[0][2].backup = true;
    sample->backends[0][2].weight = 256;
    sample->services[1].enabled = false;
    sample->services[1].status = SERVICE_DISABLED;
    sample->services[1].listener_count = 0;
    warn(sample, "ca-differs",
         "signed by another CA (key 0B:0B:0B:0B) than the others (key CA:CA:CA:CA): "
         "kubeAPI/k0s-controller3",
         "all controllers must share one CA");
    warn(sample, "not-in-use", "no probe has ever been good: controllerJoinAPI",
         "enabled = no in [service controllerJoinAPI]");
    sample_certify(&sample->backends[0][0]);
    sample->backends[0][0].ready_verified = true;
    join->status = SERVICE_DOWN;
    join->never_good = true;
    join->counts = (struct snapshot_counts){0};
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++) {
        make_down(&sample->backends[2][i]);
        sample->backends[2][i].counts = (struct snapshot_counts){0};
        sample->backends[2][i].since_seconds = 273603;
        sample->backends[2][i].connect_errors = 0;
    }
}

const struct epoch *sample_epoch(void)
{
    struct conf_service services[SAMPLE_SERVICES] = {{.max_connections = 100}};
    struct conf conf = {.services = services, .service_count = SAMPLE_SERVICES};
    const struct epoch *epoch;
    int fd;

    for (unsigned i = 0; i < SAMPLE_SERVICES; i++) {
        services[i].slot = (uint16_t)i;
        services[i].check_rise = 2;
        services[i].check_fall = 3;
    }
    fd = epoch_seal(&conf, 1);
    CU_ASSERT_FATAL(fd != -1);
    epoch = epoch_map(fd);
    CU_ASSERT_FATAL(epoch != NULL);
    fd_close(&fd);
    return epoch;
}
