/* What the master keeps for readers once a second. */
#include "master/monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "board/board_map.h"
#include "board/twin.h"
#include "master/reload_log.h"

#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test monitor_tests[];

#define BACKENDS 2

/* One service with two backends; the test is the master, and writes in the place of the others. */
struct scene {
    struct board *board;
    struct monitor *monitor;
    unsigned service;
    unsigned backends[BACKENDS];
};

static struct scene scene_open(void)
{
    struct conf_service service = {.name = "kubeAPI", .enabled = 1, .check = CHECK_TLS};
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {
        .name = name, .services = 2, .backends = BACKENDS + 1, .workers = 1, .group = (gid_t)-1};
    struct scene scene = {.monitor = calloc(1, sizeof(*scene.monitor))};

    snprintf(name, sizeof(name), "k0slb-unit-monitor-%d", (int)getpid());
    scene.board = made_board(&plan);
    CU_ASSERT_FATAL(scene.monitor != NULL && scene.board != NULL);
    scene.service = claim_service(scene.board, &service);
    for (unsigned i = 0; i < BACKENDS; i++) {
        struct conf_backend backend = {.weight = 1};

        snprintf(backend.name, sizeof(backend.name), "cp%u", i);
        scene.backends[i] = claim_backend(scene.board, scene.service, &backend);
    }
    CU_ASSERT_FATAL(board_allocate_worker(scene.board, 0) == 0);
    return scene;
}

static void scene_close(struct scene *scene)
{
    board_unlink(scene->board);
    board_close(scene->board);
    free(scene->monitor);
}

/* ---- in the place of a worker, and of the checker ---- */

static const char *region_of(const struct scene *scene)
{
    return (const char *)board_worker(scene->board, 0);
}

static void set_totals(const struct scene *scene, uint64_t accepted, uint64_t sessions)
{
    struct board *board = scene->board;
    struct board_service_counters *service =
        board_writable(board, board_region_services(&board->layout, region_of(scene)));
    struct board_backend_counters *backend =
        board_writable(board, board_region_backends(&board->layout, region_of(scene)));

    service += scene->service;
    backend += scene->backends[0];
    atomic_store(&service->number, atomic_load(&board_service(board, scene->service)->number));
    atomic_store(&service->accepted, accepted);
    atomic_store(&backend->number, atomic_load(&board_backend(board, scene->backends[0])->number));
    atomic_store(&backend->total, sessions);
}

static void set_active(const struct scene *scene, uint32_t sessions)
{
    _Atomic uint32_t *active = board_writable(scene->board, board_region_active(region_of(scene)));

    atomic_store(&active[scene->backends[0]], sessions);
}

static void set_health(const struct scene *scene, unsigned index, enum board_health health)
{
    unsigned slot = scene->backends[index];
    uint64_t life = board_backend_life(scene->board, slot) & 0xff;
    _Atomic uint64_t *word = board_writable(scene->board, &board_health_words(scene->board)[slot]);

    atomic_store(word, UINT64_C(1) << 16 | life << 8 | (uint64_t)health);
}

/* As if the last look had been so long ago. */
static void look_after(struct scene *scene, uint64_t gap_ms)
{
    struct board_outage *outage = &board_my_service(scene->board, scene->service)->outage;

    scene->monitor->look_ms = mono_ms() - gap_ms;
    if (atomic_load(&outage->seen_ms) != 0)
        atomic_store(&outage->seen_ms, scene->monitor->look_ms);
    monitor_look(scene->monitor, scene->board);
}

static const struct board_rate *rate_of(const struct scene *scene)
{
    return &board_service(scene->board, scene->service)->rate;
}

/* How many events there are, of which the last one says that. */
static uint64_t expect_event(const struct scene *scene, const char *text)
{
    const struct board_master *master = board_master(scene->board);
    uint64_t number = atomic_load(&master->events);

    CU_ASSERT_FATAL(number > 0);
    ASSERT_TEXT(master->event[(number - 1) % BOARD_MAX_EVENTS].text, text);
    return number;
}

/* ---- rates ---- */

/* A rate is by the second, however late the look is. */
static void rates_are_by_the_second(void)
{
    struct scene scene = scene_open();
    const struct board_rate *rate = &board_backend(scene.board, scene.backends[0])->rate;

    monitor_begin(scene.monitor, scene.board);
    set_totals(&scene, 1000, 500);
    set_active(&scene, 7);
    look_after(&scene, 10000);
    CU_ASSERT(atomic_load(&rate_of(&scene)->per_second) > 50);
    CU_ASSERT(atomic_load(&rate_of(&scene)->per_second) <= 100);
    CU_ASSERT(atomic_load(&rate->per_second) > 25);
    CU_ASSERT(atomic_load(&rate->per_second) <= 50);
    ASSERT_NUMBER(atomic_load(&rate->active_max), 7);
    ASSERT_NUMBER(atomic_load(&rate_of(&scene)->active_max), 7);
    set_active(&scene, 3);
    look_after(&scene, 1000);
    ASSERT_NUMBER(atomic_load(&rate->per_second), 0);
    CU_ASSERT(atomic_load(&rate->per_second_max) > 25);
    ASSERT_NUMBER(atomic_load(&rate->active_max), 7);
    scene_close(&scene);
}

static void what_was_there_before_is_no_rate(void)
{
    struct scene scene = scene_open();

    set_totals(&scene, 1000000, 1000000);
    monitor_begin(scene.monitor, scene.board);
    look_after(&scene, 1000);
    ASSERT_NUMBER(atomic_load(&rate_of(&scene)->per_second), 0);
    ASSERT_NUMBER(atomic_load(&rate_of(&scene)->per_second_max), 0);
    scene_close(&scene);
}

/* Its first sessions are all that there are, though the last owner had as many. */
static void a_new_owner_begins_with_nothing(void)
{
    struct scene scene = scene_open();

    set_totals(&scene, 40000, 40000);
    monitor_begin(scene.monitor, scene.board);
    atomic_fetch_add(&board_my_service(scene.board, scene.service)->number, 1);
    set_totals(&scene, 50000, 50000);
    look_after(&scene, 1000);
    CU_ASSERT(atomic_load(&rate_of(&scene)->per_second) > 25000);
    scene_close(&scene);
}

static void totals_that_fall_are_no_rate(void)
{
    struct scene scene = scene_open();

    set_totals(&scene, 5000, 5000);
    monitor_begin(scene.monitor, scene.board);
    set_totals(&scene, 4000, UINT64_MAX);
    look_after(&scene, 1000);
    ASSERT_NUMBER(atomic_load(&rate_of(&scene)->per_second), 0);
    ASSERT_NUMBER(atomic_load(&board_backend(scene.board, scene.backends[0])->rate.per_second_max),
                  UINT32_MAX);
    scene_close(&scene);
}

/* ---- outages ---- */

struct look {
    enum board_health health[BACKENDS];
    enum board_standing standing; /* after it */
    unsigned transitions;
    unsigned went_down;
};

static void a_service_stands_by_its_backends(void)
{
    static const struct look looks[] = {
        {{BOARD_UNCHECKED, BOARD_UNCHECKED}, BOARD_NEVER_SEEN, 0, 0},
        {{BOARD_DOWN, BOARD_UNCHECKED}, BOARD_NEVER_SEEN, 0, 0},
        {{BOARD_DOWN, BOARD_UP}, BOARD_SEEN_GOOD, 0, 0},
        {{BOARD_DOWN, BOARD_UNCHECKED}, BOARD_SEEN_GOOD, 0, 0},
        {{BOARD_DOWN, BOARD_SUSPECT}, BOARD_SEEN_GOOD, 0, 0},
        {{BOARD_DOWN, BOARD_DOWN}, BOARD_SEEN_DOWN, 1, 1},
        {{BOARD_DOWN, BOARD_DOWN}, BOARD_SEEN_DOWN, 1, 1},
        {{BOARD_SUSPECT, BOARD_DOWN}, BOARD_SEEN_GOOD, 2, 1},
        {{BOARD_DOWN, BOARD_DOWN}, BOARD_SEEN_DOWN, 3, 2},
    };
    struct scene scene = scene_open();
    const struct board_outage *outage = &board_service(scene.board, scene.service)->outage;

    monitor_begin(scene.monitor, scene.board);
    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        for (unsigned k = 0; k < BACKENDS; k++)
            set_health(&scene, k, looks[i].health[k]);
        look_after(&scene, 1000);
        ASSERT_NUMBER(atomic_load(&outage->standing), looks[i].standing);
        ASSERT_NUMBER(atomic_load(&outage->transitions), looks[i].transitions);
        ASSERT_NUMBER(atomic_load(&outage->went_down), looks[i].went_down);
    }
    scene_close(&scene);
}

/* Nobody is sent to who is in drain or maint. */
static void administrators_take_a_service_down(void)
{
    struct scene scene = scene_open();
    struct board_admin *admin = (void *)(scene.board->all + scene.board->layout.admin_at);
    const struct board_outage *outage = &board_service(scene.board, scene.service)->outage;

    set_health(&scene, 0, BOARD_UP);
    set_health(&scene, 1, BOARD_UP);
    monitor_begin(scene.monitor, scene.board);
    look_after(&scene, 1000);
    atomic_store(&admin->backend[scene.backends[0]], BOARD_ADMIN_DRAIN);
    look_after(&scene, 1000);
    ASSERT_NUMBER(atomic_load(&outage->standing), BOARD_SEEN_GOOD);
    atomic_store(&admin->backend[scene.backends[1]], BOARD_ADMIN_MAINT);
    look_after(&scene, 1000);
    ASSERT_NUMBER(atomic_load(&outage->standing), BOARD_SEEN_DOWN);
    /* One that is not served is neither. */
    board_my_service(scene.board, scene.service)->enabled = 0;
    look_after(&scene, 1000);
    ASSERT_NUMBER(atomic_load(&outage->standing), BOARD_NEVER_SEEN);
    ASSERT_NUMBER(atomic_load(&outage->transitions), 1);
    scene_close(&scene);
}

static void down_times_are_added_up(void)
{
    struct scene scene = scene_open();
    const struct board_outage *outage = &board_service(scene.board, scene.service)->outage;
    uint64_t down_ms;

    set_health(&scene, 0, BOARD_DOWN);
    set_health(&scene, 1, BOARD_DOWN);
    monitor_begin(scene.monitor, scene.board);
    look_after(&scene, 1000);
    ASSERT_NUMBER(atomic_load(&outage->down_ms), 0);
    look_after(&scene, 1000);
    down_ms = atomic_load(&outage->down_ms);
    CU_ASSERT(down_ms >= 1000);
    /* Still down after a time in which nobody has looked: a master was gone. */
    look_after(&scene, 10000);
    CU_ASSERT(atomic_load(&outage->down_ms) >= down_ms + 10000);
    down_ms = atomic_load(&outage->down_ms);
    /* Back after such a time: nobody knows since when. */
    set_health(&scene, 0, BOARD_UP);
    look_after(&scene, 10000);
    ASSERT_NUMBER(atomic_load(&outage->down_ms), down_ms);
    look_after(&scene, 10000);
    ASSERT_NUMBER(atomic_load(&outage->down_ms), down_ms);
    scene_close(&scene);
}

/* ---- events ---- */

/* What became of the last owner of a slot is no news of the next one; what becomes of that is. */
static void a_new_owner_has_its_own_events(void)
{
    struct scene scene = scene_open();
    struct board_backend *backend = board_my_backend(scene.board, scene.backends[0]);
    uint64_t number;

    monitor_begin(scene.monitor, scene.board);
    set_health(&scene, 0, BOARD_UP);
    look_after(&scene, 1000);
    number = expect_event(&scene, "kubeAPI/cp0 is up");
    look_after(&scene, 1000);
    ASSERT_NUMBER(expect_event(&scene, "kubeAPI/cp0 is up"), number);
    strcpy(backend->name, "cp7");
    atomic_fetch_add(&backend->number, 100);
    look_after(&scene, 1000);
    ASSERT_NUMBER(expect_event(&scene, "kubeAPI/cp7 is up"), number + 1);
    scene_close(&scene);
}

static void set_words(const struct scene *scene, unsigned index, enum board_check_code code,
                      const char *words)
{
    unsigned slot = scene->backends[index];
    struct board_check_record *record =
        board_writable(scene->board, &board_checks(scene->board)[slot]);
    struct board_check check = {.life = board_backend_life(scene->board, slot),
                                .code = (uint16_t)code,
                                .bad = code != CHECKED_NONE};

    snprintf(check.description, sizeof(check.description), "%s", words);
    twin_write(&record->sequence, record->copies, sizeof(check), &check);
}

/* Where no probe has answered, the words are all there is. */
static void an_event_says_why(void)
{
    struct scene scene = scene_open();

    monitor_begin(scene.monitor, scene.board);
    set_words(&scene, 0, CHECKED_NONE, "no answer for 200 ms");
    set_health(&scene, 0, BOARD_SUSPECT);
    look_after(&scene, 1000);
    (void)expect_event(&scene, "kubeAPI/cp0 is suspect: no answer for 200 ms");
    set_health(&scene, 0, BOARD_UP);
    look_after(&scene, 1000);
    (void)expect_event(&scene, "kubeAPI/cp0 is up");
    set_words(&scene, 0, CHECKED_L4CON, "connection refused");
    set_health(&scene, 0, BOARD_DOWN);
    look_after(&scene, 1000);
    (void)expect_event(&scene, "kubeAPI/cp0 is down: L4CON connection refused");
    scene_close(&scene);
}

/* "join" requires kubeAPI; the word that blocks stands before what it has brought about. */
static void an_event_says_what_blocks(void)
{
    const struct conf_service service = {.name = "join", .enabled = 1, .check = CHECK_TCP};
    const struct conf_backend backend = {.name = "cp0", .weight = 1};
    struct scene scene = scene_open();
    struct board_admin *admin = (void *)(scene.board->all + scene.board->layout.admin_at);
    const struct board_master *master = board_master(scene.board);
    unsigned join = claim_service(scene.board, &service);
    uint64_t number;

    scene.backends[1] = claim_backend(scene.board, join, &backend);
    board_publish_required(scene.board, join, scene.service);
    monitor_begin(scene.monitor, scene.board);
    set_health(&scene, 0, BOARD_DOWN);
    set_health(&scene, 1, BOARD_UP | BOARD_MARK_BLOCKED);
    look_after(&scene, 1000);
    (void)expect_event(&scene, "join/cp0 is blocked: kubeAPI/cp0 is down");
    set_health(&scene, 0, BOARD_UP);
    set_health(&scene, 1, BOARD_UP);
    look_after(&scene, 1000);
    atomic_store(&admin->backend[scene.backends[0]], BOARD_ADMIN_DRAIN | UINT64_C(1) << 22);
    set_health(&scene, 1, BOARD_UP | BOARD_MARK_BLOCKED);
    look_after(&scene, 1000);
    number = expect_event(&scene, "join/cp0 is blocked: kubeAPI/cp0 is in drain");
    ASSERT_TEXT(master->event[(number - 2) % BOARD_MAX_EVENTS].text,
                "kubeAPI/cp0: still in drain, said to an earlier start by uid ?");
    scene_close(&scene);
}

/* One line for each error; the first of them, as far as there is room. */
static void a_refusal_names_the_first_error(void)
{
    static char long_line[301];
    struct textbuf errors;
    char text[BOARD_EVENT_SIZE];

    textbuf_init(&errors, 4096);
    reload_log_refusal(&errors, text, sizeof(text));
    ASSERT_TEXT(text, "reload refused");
    textbuf_puts(&errors, "k0slb.ini:3: [x]: unknown\n");
    reload_log_refusal(&errors, text, sizeof(text));
    ASSERT_TEXT(text, "reload refused, 1 error: k0slb.ini:3: [x]: unknown");
    textbuf_puts(&errors, "k0slb.ini:4: bad\n");
    reload_log_refusal(&errors, text, sizeof(text));
    ASSERT_TEXT(text, "reload refused, 2 errors: k0slb.ini:3: [x]: unknown");
    textbuf_clear(&errors);
    memset(long_line, 'x', sizeof(long_line) - 1);
    textbuf_printf(&errors, "%s\n", long_line);
    reload_log_refusal(&errors, text, sizeof(text));
    ASSERT_NUMBER(strlen(text), BOARD_EVENT_SIZE - 1);
    ASSERT_TEXT(text + BOARD_EVENT_SIZE - 6, "xx...");
    textbuf_fini(&errors);
}

const struct unit_test monitor_tests[] = {
    {"rates_are_by_the_second", rates_are_by_the_second},
    {"what_was_there_before_is_no_rate", what_was_there_before_is_no_rate},
    {"a_new_owner_begins_with_nothing", a_new_owner_begins_with_nothing},
    {"totals_that_fall_are_no_rate", totals_that_fall_are_no_rate},
    {"a_service_stands_by_its_backends", a_service_stands_by_its_backends},
    {"administrators_take_a_service_down", administrators_take_a_service_down},
    {"down_times_are_added_up", down_times_are_added_up},
    {"a_new_owner_has_its_own_events", a_new_owner_has_its_own_events},
    {"an_event_says_why", an_event_says_why},
    {"an_event_says_what_blocks", an_event_says_what_blocks},
    {"a_refusal_names_the_first_error", a_refusal_names_the_first_error},
    {NULL, NULL},
};
