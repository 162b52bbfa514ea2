#include "board/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/process.h"
#include "board/board_map.h"
#include "board/board_master.h"
#include "board/board_writer.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test snapshot_tests[];

#define SERVICES 2
#define BACKENDS 3

/* A board made by this process as its master: kubeAPI with three backends, "off" without any. */
struct fixture {
    struct board *board;
    unsigned service[SERVICES];
    unsigned backend[BACKENDS];
};

static void claim_all(struct fixture *fixture)
{
    struct conf_service kube = {.name = "kubeAPI", .enabled = 1, .check = CHECK_TLS};
    struct conf_service off = {.name = "off", .check = CHECK_TCP, .balance = BALANCE_ROUNDROBIN};

    fixture->service[0] = claim_service(fixture->board, &kube);
    fixture->service[1] = claim_service(fixture->board, &off);
    for (unsigned i = 0; i < BACKENDS; i++) {
        struct conf_backend backend = {.weight = (uint16_t)(i + 1), .backup = i == 2};
        struct addr address = {.family = ADDR_IPV4, .port = 6443, .ip = {10, 0, 0, (uint8_t)i}};

        snprintf(backend.name, sizeof(backend.name), "c%u", i);
        fixture->backend[i] = claim_backend(fixture->board, fixture->service[0], &backend);
        if (i == 0)
            address = (struct addr){.port = 6443};
        board_set_place(fixture->board, fixture->backend[i], i == 0 ? "cp0.example" : "", &address);
    }
}

static struct fixture set_up(void)
{
    struct fixture fixture;
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {
        .name = name, .services = SERVICES, .backends = BACKENDS, .workers = 2, .group = (gid_t)-1};

    snprintf(name, sizeof(name), "k0slb-unit-snapshot-%d", (int)getpid());
    fixture.board = made_board(&plan);
    CU_ASSERT_FATAL(fixture.board != NULL);
    claim_all(&fixture);
    return fixture;
}

static void tear_down(struct fixture *fixture)
{
    board_unlink(fixture->board);
    board_close(fixture->board);
}

static struct snapshot *take(const struct fixture *fixture)
{
    struct snapshot *snapshot = snapshot_take(fixture->board);

    CU_ASSERT_FATAL(snapshot != NULL);
    return snapshot;
}

/* Runs the function in a child that owns that region, as the role would. */
typedef void child_fn(struct board *board, const struct fixture *fixture);

static void run_child(const struct fixture *fixture, enum board_role role, unsigned slot,
                      child_fn *fn)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        if (board_enter(fixture->board, role, slot) == -1)
            _exit(1);
        if (role == BOARD_ROLE_WORKER)
            adopt_all(fixture->board);
        fn(fixture->board, fixture);
        _exit(0);
    }
    CU_ASSERT_FATAL(pid > 0);
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    ASSERT_NUMBER(status, 0);
}

static void run_worker(const struct fixture *fixture, unsigned slot, child_fn *fn)
{
    CU_ASSERT_FATAL(board_allocate_worker(fixture->board, slot) == 0);
    run_child(fixture, BOARD_ROLE_WORKER, slot, fn);
}

/* ---- the whole ---- */

static void an_empty_board_is_copied(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot = take(&fixture);

    CU_ASSERT(strncmp(snapshot->name, "k0slb-unit-snapshot-", 20) == 0);
    CU_ASSERT(snapshot->version[0] != '\0');
    ASSERT_NUMBER(snapshot->pid, getpid());
    CU_ASSERT(snapshot->master_alive);
    CU_ASSERT(snapshot->uptime_seconds < 60);
    ASSERT_NUMBER(snapshot->epoch, 1);
    CU_ASSERT(snapshot->reload_ok);
    ASSERT_NUMBER(snapshot->reload_ms, snapshot->started_ms);
    ASSERT_NUMBER(snapshot->workers_wanted, 2);
    ASSERT_NUMBER(snapshot->service_count, SERVICES);
    ASSERT_NUMBER(snapshot->process_count, 0);
    ASSERT_NUMBER(snapshot->event_count, 0);
    CU_ASSERT(snapshot->checker_age_ms < 60000);
    snapshot_free(snapshot);
    snapshot_free(NULL);
    tear_down(&fixture);
}

static void uptime_counts_from_the_start(void)
{
    struct fixture fixture = set_up();
    struct board_master *master = board_my_master(fixture.board);
    struct snapshot *snapshot;

    master->started_mono_ms = mono_ms() + 5000; /* no such thing: shown as nothing */
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->uptime_seconds, 0);
    snapshot_free(snapshot);
    master->started_mono_ms = 1;
    snapshot = take(&fixture);
    CU_ASSERT(snapshot->uptime_seconds + 2 >= mono_ms() / 1000);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void a_dead_master_is_seen(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot;

    board_my_master(fixture.board)->prefix.master_start_time++;
    snapshot = take(&fixture);
    CU_ASSERT_FALSE(snapshot->master_alive);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void the_last_reload_is_copied(void)
{
    struct fixture fixture = set_up();
    struct board_master *master = board_my_master(fixture.board);
    struct snapshot *snapshot;

    memset(master->reload_errors, 'e', sizeof(master->reload_errors)); /* not terminated */
    atomic_store(&master->reload_ok, 0);
    atomic_store(&master->reload_ms, 12345);
    atomic_store(&master->epoch, 7);
    snapshot = take(&fixture);
    CU_ASSERT_FALSE(snapshot->reload_ok);
    ASSERT_NUMBER(snapshot->reload_ms, 12345);
    ASSERT_NUMBER(snapshot->epoch, 7);
    ASSERT_NUMBER(strlen(snapshot->reload_errors), BOARD_ERRORS_SIZE - 1);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

/* ---- services and backends ---- */

static void slots_are_shown_in_their_order(void)
{
    struct fixture fixture = set_up();
    struct addr listener = {.family = ADDR_IPV6, .port = 6443};
    struct snapshot *snapshot;

    board_add_socket(fixture.board, &listener, fixture.service[0], 11);
    board_add_socket(fixture.board, &listener, BOARD_NO_SLOT, 12);
    snapshot = take(&fixture);
    ASSERT_TEXT(snapshot->services[0].name, "kubeAPI");
    CU_ASSERT(snapshot->services[0].enabled);
    ASSERT_NUMBER(snapshot->services[0].listener_count, 1);
    ASSERT_NUMBER(snapshot->services[0].listeners[0].port, 6443);
    ASSERT_NUMBER(snapshot->stats_listener_count, 1);
    ASSERT_NUMBER(snapshot->services[0].backend_count, BACKENDS);
    ASSERT_TEXT(snapshot->services[0].backends[2].name, "c2");
    ASSERT_NUMBER(snapshot->services[0].backends[2].weight, 3);
    CU_ASSERT(snapshot->services[0].backends[2].backup);
    ASSERT_NUMBER(snapshot->services[0].backends[2].address.ip[3], 2);
    ASSERT_TEXT(snapshot->services[0].backends[2].host, "");
    ASSERT_NUMBER(snapshot->services[0].backends[0].address.family, ADDR_NONE);
    ASSERT_NUMBER(snapshot->services[0].backends[0].address.port, 6443);
    ASSERT_TEXT(snapshot->services[0].backends[0].host, "cp0.example");
    ASSERT_NUMBER(snapshot->services[0].status, SERVICE_DOWN);
    ASSERT_TEXT(snapshot->services[1].name, "off");
    ASSERT_NUMBER(snapshot->services[1].balance, BALANCE_ROUNDROBIN);
    ASSERT_NUMBER(snapshot->services[1].status, SERVICE_DISABLED);
    ASSERT_NUMBER(snapshot->services[1].listener_count, 0);
    ASSERT_NUMBER(snapshot->services[1].backend_count, 0);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void set_health(struct board *board, unsigned backend, enum board_health health)
{
    board_set_health(board, backend, board_backend_life(board, backend), health, 0, mono_ms());
}

static void set_mixed_health(struct board *board, const struct fixture *fixture)
{
    struct board_check check = {.code = CHECKED_L4CON, .duration_us = 70, .bad = 3};

    strcpy(check.description, "connection refused");
    check.life = board_backend_life(board, fixture->backend[1]);
    board_set_check(board, fixture->backend[1], &check);
    set_health(board, fixture->backend[0], BOARD_UP);
    set_health(board, fixture->backend[1], BOARD_DOWN);
    set_health(board, fixture->backend[2], BOARD_SUSPECT);
}

static void set_wild_check(struct board *board, const struct fixture *fixture)
{
    struct board_check check = {.code = 999};

    memset(check.description, 'x', sizeof(check.description));
    check.life = board_backend_life(board, fixture->backend[0]);
    board_set_check(board, fixture->backend[0], &check);
    set_health(board, fixture->backend[0], (enum board_health)77);
}

static void health_is_shown(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot;
    const struct snapshot_backend *down;

    run_child(&fixture, BOARD_ROLE_CHECKER, 0, set_mixed_health);
    snapshot = take(&fixture);
    down = &snapshot->services[0].backends[1];
    ASSERT_NUMBER(snapshot->services[0].status, SERVICE_DEGRADED);
    ASSERT_NUMBER(snapshot->services[0].backends[0].status, STATUS_UP);
    ASSERT_NUMBER(snapshot->services[0].backends[2].status, STATUS_SUSPECT);
    ASSERT_NUMBER(down->status, STATUS_DOWN);
    ASSERT_NUMBER(down->health, BOARD_DOWN);
    ASSERT_NUMBER(down->check.code, CHECKED_L4CON);
    ASSERT_TEXT(down->check.description, "connection refused");
    CU_ASSERT(down->since_seconds < 60);
    CU_ASSERT_FALSE(snapshot->services[0].never_good);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void what_a_service_requires_is_shown(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot = take(&fixture);

    ASSERT_NUMBER(snapshot->services[0].required, BOARD_NO_SLOT);
    snapshot_free(snapshot);
    board_publish_required(fixture.board, fixture.service[1], fixture.service[0]);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->services[0].required, BOARD_NO_SLOT);
    ASSERT_NUMBER(snapshot->services[1].required, fixture.service[0]);
    snapshot_free(snapshot);
    board_publish_required(fixture.board, fixture.service[1], BOARD_NO_SLOT);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->services[1].required, BOARD_NO_SLOT);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void wild_values_are_no_result(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot;
    const struct snapshot_backend *backend;

    run_child(&fixture, BOARD_ROLE_CHECKER, 0, set_wild_check);
    snapshot = take(&fixture);
    backend = &snapshot->services[0].backends[0];
    ASSERT_NUMBER(backend->health, BOARD_UNCHECKED);
    ASSERT_NUMBER(backend->check.code, CHECKED_NONE);
    ASSERT_NUMBER(strlen(backend->check.description), BOARD_DESCRIPTION_SIZE - 1);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void admin_words_come_first(void)
{
    struct fixture fixture = set_up();
    struct board *board = fixture.board;
    struct board_admin *admin = (void *)(board->all + board->layout.admin_at);
    struct snapshot *snapshot;

    run_child(&fixture, BOARD_ROLE_CHECKER, 0, set_mixed_health);
    atomic_store(&admin->self, BOARD_ADMIN_MAINT);
    atomic_store(&admin->backend[fixture.backend[1]], BOARD_ADMIN_MAINT);
    atomic_store(&admin->backend[fixture.backend[2]], BOARD_ADMIN_DRAIN);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->admin, BOARD_ADMIN_MAINT);
    ASSERT_NUMBER(snapshot->services[0].backends[1].status, STATUS_MAINT);
    ASSERT_NUMBER(snapshot->services[0].backends[1].health, BOARD_DOWN);
    ASSERT_NUMBER(snapshot->services[0].backends[2].status, STATUS_DRAIN);
    ASSERT_NUMBER(snapshot->services[0].status, SERVICE_UP);
    snapshot_free(snapshot);
    atomic_store(&admin->backend[fixture.backend[0]], BOARD_ADMIN_DRAIN);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->services[0].status, SERVICE_DOWN);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void set_old_health(struct board *board, const struct fixture *fixture)
{
    static const enum board_health health[BACKENDS] = {BOARD_UP, BOARD_DOWN, BOARD_UP};

    for (unsigned i = 0; i < BACKENDS; i++)
        board_set_health(board, fixture->backend[i], board_backend_life(board, fixture->backend[i]),
                         health[i], 0, mono_ms() - 50000);
}

/* Up counts from the word that let it go, where that is later; down is no administrator's work. */
static void a_status_is_as_old_as_it_is(void)
{
    struct fixture fixture = set_up();
    struct board_admin *admin = (void *)(fixture.board->all + fixture.board->layout.admin_at);
    struct snapshot *snapshot;
    const struct snapshot_backend *backends;

    run_child(&fixture, BOARD_ROLE_CHECKER, 0, set_old_health);
    atomic_store(&admin->backend[fixture.backend[0]], BOARD_ADMIN_READY | (wall_ms() - 20000)
                                                                              << 22);
    atomic_store(&admin->backend[fixture.backend[1]], BOARD_ADMIN_READY | (wall_ms() - 20000)
                                                                              << 22);
    atomic_store(&admin->backend[fixture.backend[2]], BOARD_ADMIN_READY | (wall_ms() - 90000)
                                                                              << 22);
    snapshot = take(&fixture);
    backends = snapshot->services[0].backends;
    CU_ASSERT(backends[0].since_seconds >= 20 && backends[0].since_seconds < 50);
    CU_ASSERT(backends[1].since_seconds >= 50 && backends[1].since_seconds < 80);
    CU_ASSERT(backends[2].since_seconds >= 50 && backends[2].since_seconds < 80);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void set_all_down(struct board *board, const struct fixture *fixture)
{
    for (unsigned i = 0; i < BACKENDS; i++)
        set_health(board, fixture->backend[i], BOARD_DOWN);
}

static void set_one_up(struct board *board, const struct fixture *fixture)
{
    set_health(board, fixture->backend[1], BOARD_UP);
}

static void what_was_never_good_is_told_from_what_went_down(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot;

    run_child(&fixture, BOARD_ROLE_CHECKER, 0, set_all_down);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->services[0].status, SERVICE_DOWN);
    CU_ASSERT(snapshot->services[0].never_good);
    CU_ASSERT_FALSE(snapshot->services[1].never_good);
    snapshot_free(snapshot);
    /* The same, long after the start: the backends went down then, and were good before. */
    board_my_master(fixture.board)->started_mono_ms = 1;
    snapshot = take(&fixture);
    CU_ASSERT(snapshot->uptime_seconds < 60 || !snapshot->services[0].never_good);
    snapshot_free(snapshot);
    run_child(&fixture, BOARD_ROLE_CHECKER, 0, set_one_up);
    snapshot = take(&fixture);
    CU_ASSERT_FALSE(snapshot->services[0].never_good);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

/* ---- numbers ---- */

static void count_some(struct board *board, const struct fixture *fixture)
{
    struct board_backend_counters *own = board_my_backend_counters(board, fixture->backend[1]);

    board_count(&own->total, 10);
    board_count(&own->bytes_in, 1000);
    board_count(&own->bytes_out, 2000);
    board_count(&own->connect_errors, 3);
    board_count(&own->local_errors, 4);
    board_count(&own->retries, 5);
    board_count(&own->replays, 6);
    board_count(&own->resets, 7);
    board_count(&own->ends[BOARD_END_IDLE], 2);
    board_count(&own->connect_time[3], 8);
    board_count(&board_my_service_counters(board, fixture->service[0])->accepted, 11);
    board_count(&board_my_service_counters(board, fixture->service[0])->refused, 1);
    for (int i = 0; i < 8; i++)
        board_session_begin(board, fixture->backend[1]);
}

static void workers_are_added_up(void)
{
    struct fixture fixture = set_up();
    const struct snapshot_backend *backend;
    struct snapshot *snapshot;

    run_worker(&fixture, 0, count_some);
    run_worker(&fixture, 3, count_some); /* 1, 2, 4 and 5 have no region */
    snapshot = take(&fixture);
    backend = &snapshot->services[0].backends[1];
    ASSERT_NUMBER(backend->counts.total, 20);
    ASSERT_NUMBER(backend->counts.bytes_in, 2000);
    ASSERT_NUMBER(backend->counts.bytes_out, 4000);
    ASSERT_NUMBER(backend->counts.active, 16);
    ASSERT_NUMBER(backend->counts.active_max, 16); /* the master has not looked yet */
    ASSERT_NUMBER(backend->connect_errors, 6);
    ASSERT_NUMBER(backend->local_errors, 8);
    ASSERT_NUMBER(backend->retries, 10);
    ASSERT_NUMBER(backend->replays, 12);
    ASSERT_NUMBER(backend->resets, 14);
    ASSERT_NUMBER(backend->ends[BOARD_END_IDLE], 4);
    ASSERT_NUMBER(backend->ends[BOARD_END_CLIENT_FIN], 0);
    ASSERT_NUMBER(backend->connect_time[3], 16);
    ASSERT_NUMBER(backend->connect_time[2], 0);
    ASSERT_NUMBER(snapshot->services[0].sums.sessions, 20);
    ASSERT_NUMBER(snapshot->services[0].sums.connect_errors, 6);
    ASSERT_NUMBER(snapshot->services[0].sums.local_errors, 8);
    ASSERT_NUMBER(snapshot->services[0].sums.retries, 10);
    ASSERT_NUMBER(snapshot->services[0].sums.replays, 12);
    ASSERT_NUMBER(snapshot->services[0].sums.resets, 14);
    ASSERT_NUMBER(snapshot->services[0].sums.ends[BOARD_END_IDLE], 4);
    ASSERT_NUMBER(snapshot->services[0].backends[0].counts.total, 0);
    ASSERT_NUMBER(snapshot->services[0].accepted, 22);
    ASSERT_NUMBER(snapshot->services[0].refused, 2);
    ASSERT_NUMBER(snapshot->services[0].counts.total, 22);
    ASSERT_NUMBER(snapshot->services[0].counts.bytes_out, 4000);
    ASSERT_NUMBER(snapshot->services[0].counts.active, 16);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void a_workers_death_leaves_totals_alone(void)
{
    struct fixture fixture = set_up();
    struct board_backend *slot = board_my_backend(fixture.board, fixture.backend[1]);
    struct snapshot *snapshot;

    run_worker(&fixture, 0, count_some);
    board_clear_worker(fixture.board, 0);
    atomic_store(&slot->rate.active_max, 9);
    atomic_store(&slot->rate.per_second, 2);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->services[0].backends[1].counts.total, 10);
    ASSERT_NUMBER(snapshot->services[0].backends[1].counts.active, 0);
    ASSERT_NUMBER(snapshot->services[0].backends[1].counts.active_max, 9);
    ASSERT_NUMBER(snapshot->services[0].backends[1].counts.per_second, 2);
    snapshot_free(snapshot);
    /* A removed backend is not shown, and its service's totals keep what it moved. */
    atomic_store(&slot->state, BOARD_SLOT_REMOVED);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->services[0].backend_count, BACKENDS - 1);
    ASSERT_TEXT(snapshot->services[0].backends[1].name, "c2");
    ASSERT_NUMBER(snapshot->services[0].counts.bytes_in, 1000);
    ASSERT_NUMBER(snapshot->services[0].sums.sessions, 10);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

/* ---- processes ---- */

static void show_life(struct board *board, const struct fixture *fixture)
{
    struct board_worker *own = board_my_worker(board);

    (void)fixture;
    atomic_store(&own->state, BOARD_WORKER_RUNNING);
    atomic_store(&own->heartbeat_ms, mono_ms());
    atomic_store(&own->sessions, 5);
}

static void show_no_life(struct board *board, const struct fixture *fixture)
{
    show_life(board, fixture);
    atomic_store(&board_my_worker(board)->heartbeat_ms, 1);
}

static void show_draining(struct board *board, const struct fixture *fixture)
{
    (void)fixture;
    atomic_store(&board_my_worker(board)->state, BOARD_WORKER_DRAINING);
}

static void processes_are_looked_up(void)
{
    struct fixture fixture = set_up();
    uint64_t start = process_start_time(getpid());
    struct snapshot *snapshot;

    board_add_child(fixture.board, getpid(), start, BOARD_ROLE_CHECKER, 0);
    board_add_child(fixture.board, getpid(), start + 1, BOARD_ROLE_STATS, 0);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->process_count, 2);
    ASSERT_NUMBER(snapshot->processes[0].role, BOARD_ROLE_CHECKER);
    CU_ASSERT(snapshot->processes[0].alive);
    CU_ASSERT_FALSE(snapshot->processes[1].alive);
    snapshot_free(snapshot);
    board_remove_child(fixture.board, getpid());
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->process_count, 0);
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void workers_have_states(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot;

    for (unsigned slot = 0; slot < 5; slot++)
        board_add_child(fixture.board, getpid(), process_start_time(getpid()), BOARD_ROLE_WORKER,
                        slot);
    run_worker(&fixture, 0, show_life);
    run_worker(&fixture, 1, show_no_life);
    run_worker(&fixture, 2, show_draining);
    CU_ASSERT(board_allocate_worker(fixture.board, 3) == 0);
    atomic_store(&board_my_master(fixture.board)->heartbeat_ms, mono_ms());
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->process_count, 5);
    ASSERT_TEXT(snapshot->processes[0].state, "running");
    ASSERT_NUMBER(snapshot->processes[0].sessions, 5);
    if (mono_ms() > 20000)
        ASSERT_TEXT(snapshot->processes[1].state, "stalled");
    ASSERT_TEXT(snapshot->processes[2].state, "draining");
    ASSERT_TEXT(snapshot->processes[3].state, "starting"); /* nothing written yet */
    ASSERT_TEXT(snapshot->processes[4].state, "starting"); /* no region yet */
    snapshot_free(snapshot);
    /* When the master did not run either, the machine stood still, and nobody is stalled. */
    atomic_store(&board_my_master(fixture.board)->heartbeat_ms, 1);
    snapshot = take(&fixture);
    ASSERT_TEXT(snapshot->processes[1].state, "running");
    snapshot_free(snapshot);
    tear_down(&fixture);
}

/* ---- events ---- */

static void events_come_oldest_first(void)
{
    struct fixture fixture = set_up();
    struct snapshot *snapshot;

    board_event(fixture.board, "first %d", 1);
    board_event(fixture.board, "second");
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->event_count, 2);
    ASSERT_TEXT(snapshot->events[0].text, "first 1");
    ASSERT_TEXT(snapshot->events[1].text, "second");
    CU_ASSERT(snapshot->events[1].at_ms >= snapshot->events[0].at_ms);
    snapshot_free(snapshot);
    for (int i = 3; i <= BOARD_MAX_EVENTS + 10; i++)
        board_event(fixture.board, "event %d", i);
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->event_count, BOARD_MAX_EVENTS);
    ASSERT_TEXT(snapshot->events[0].text, "event 11");
    ASSERT_TEXT(snapshot->events[BOARD_MAX_EVENTS - 1].text, "event 266");
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void torn_events_are_left_out(void)
{
    struct fixture fixture = set_up();
    struct board_master *master = board_my_master(fixture.board);
    struct snapshot *snapshot;

    board_event(fixture.board, "one");
    board_event(fixture.board, "two");
    board_event(fixture.board, "three");
    atomic_store(&master->event[0].number, 0);                    /* being written */
    atomic_store(&master->event[1].number, BOARD_MAX_EVENTS + 2); /* overtaken */
    snapshot = take(&fixture);
    ASSERT_NUMBER(snapshot->event_count, 1);
    ASSERT_TEXT(snapshot->events[0].text, "three");
    snapshot_free(snapshot);
    tear_down(&fixture);
}

static void statuses_have_names(void)
{
    ASSERT_TEXT(snapshot_status_name(STATUS_MAINT), "maint");
    ASSERT_TEXT(snapshot_status_name(STATUS_UP), "up");
    ASSERT_TEXT(snapshot_service_status_name(SERVICE_DISABLED), "disabled");
    ASSERT_TEXT(snapshot_service_status_name(SERVICE_DEGRADED), "degraded");
}

const struct unit_test snapshot_tests[] = {
    {"an_empty_board_is_copied", an_empty_board_is_copied},
    {"uptime_counts_from_the_start", uptime_counts_from_the_start},
    {"a_dead_master_is_seen", a_dead_master_is_seen},
    {"the_last_reload_is_copied", the_last_reload_is_copied},
    {"slots_are_shown_in_their_order", slots_are_shown_in_their_order},
    {"health_is_shown", health_is_shown},
    {"what_a_service_requires_is_shown", what_a_service_requires_is_shown},
    {"wild_values_are_no_result", wild_values_are_no_result},
    {"admin_words_come_first", admin_words_come_first},
    {"a_status_is_as_old_as_it_is", a_status_is_as_old_as_it_is},
    {"what_was_never_good_is_told_from_what_went_down",
     what_was_never_good_is_told_from_what_went_down},
    {"workers_are_added_up", workers_are_added_up},
    {"a_workers_death_leaves_totals_alone", a_workers_death_leaves_totals_alone},
    {"processes_are_looked_up", processes_are_looked_up},
    {"workers_have_states", workers_have_states},
    {"events_come_oldest_first", events_come_oldest_first},
    {"torn_events_are_left_out", torn_events_are_left_out},
    {"statuses_have_names", statuses_have_names},
    {NULL, NULL},
};
