#include "checker/advise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mono.h"
#include "probe/trust.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test advise_tests[];

#define CONTROLLERS 3

/* What a checker is born into, with targets that a test sets as probes would. */
struct desk {
    struct conf_service service;
    struct conf_backend backends[CONTROLLERS];
    struct conf_external external;
    struct board *board;
    const struct epoch *epoch;
    struct probe_trust *trust;
    struct target targets[CONTROLLERS];
    struct target_shared shared;
    struct advise *advise;
    char log[8192];
};

/* ---- the desk ---- */

static void hear(void *context, const char *record, size_t size)
{
    struct desk *desk = context;
    size_t used = strlen(desk->log);

    if (used + size < sizeof(desk->log))
        memcpy(desk->log + used, record, size);
}

static void make_board(struct desk *desk)
{
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {
        .name = name, .services = 1, .backends = CONTROLLERS, .workers = 1, .group = (gid_t)-1};

    snprintf(name, sizeof(name), "k0slb-unit-advise-%d", (int)getpid());
    desk->board = made_board(&plan);
    CU_ASSERT_PTR_NOT_NULL_FATAL(desk->board);
    board_unlink(desk->board);
    desk->service.slot = (uint16_t)claim_service(desk->board, &desk->service);
    for (unsigned i = 0; i < CONTROLLERS; i++) {
        struct conf_backend *backend = &desk->backends[i];

        backend->slot = (uint16_t)claim_backend(desk->board, desk->service.slot, backend);
        board_set_address(desk->board, backend->slot, &backend->address);
    }
    CU_ASSERT_EQUAL_FATAL(board_enter(desk->board, BOARD_ROLE_CHECKER, 0), 0);
}

static void make_epoch(struct desk *desk)
{
    struct conf conf = {
        .global = {.name = "unit"},
        .services = &desk->service,
        .backends = desk->backends,
        .externals = &desk->external,
        .service_count = 1,
        .backend_count = CONTROLLERS,
        .external_count = 1,
    };
    int fd = epoch_seal(&conf, 1);

    CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
    desk->epoch = epoch_map(fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(desk->epoch);
    close(fd);
}

static void make_conf(struct desk *desk)
{
    desk->service = (struct conf_service){
        .name = "kubeAPI",
        .enabled = 1,
        .check = CHECK_TLS,
        .backend_count = CONTROLLERS,
        .required = CONF_NO_INDEX,
    };
    strcpy(desk->external.host, "lb.example");
    for (unsigned i = 0; i < CONTROLLERS; i++) {
        struct conf_backend *backend = &desk->backends[i];

        snprintf(backend->name, sizeof(backend->name), "cp%u", i + 1);
        CU_ASSERT_EQUAL(addr_parse(&backend->address, "127.0.0.1"), 0);
        backend->weight = 1;
        backend->required = CONF_NO_INDEX;
    }
}

static void make_targets(struct desk *desk)
{
    struct probe_trust_fault fault;

    desk->trust = probe_trust_read(desk->epoch, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(desk->trust);
    desk->shared = (struct target_shared){
        .loop = loop_new(),
        .board = desk->board,
        .epoch = desk->epoch,
        .trust = desk->trust,
        .targets = desk->targets,
    };
    CU_ASSERT_PTR_NOT_NULL_FATAL(desk->shared.loop);
    for (unsigned i = 0; i < CONTROLLERS; i++) {
        struct target *target = &desk->targets[i];

        target->service = epoch_service(desk->epoch, 0);
        target->backend = epoch_backend(desk->epoch, i);
        target->answered = target->is_good = target->ever_good = true;
        target->check.code = CHECKED_L6OK;
    }
}

/* Publishes a certificate with that name, as a full handshake does. */
static void certify(struct desk *desk, unsigned controller, const char *names)
{
    unsigned slot = desk->targets[controller].backend->slot;
    struct board_certificate certificate = {
        .life = board_backend_life(desk->board, slot),
        .at_ms = wall_ms() + 1,
    };

    snprintf(certificate.facts.names, sizeof(certificate.facts.names), "%s", names);
    board_set_certificate(desk->board, slot, &certificate);
}

static void begin(struct desk *desk)
{
    desk->advise = advise_new(&desk->shared);
    CU_ASSERT_PTR_NOT_NULL_FATAL(desk->advise);
}

static struct desk *desk_open(void)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    CU_ASSERT_PTR_NOT_NULL_FATAL(desk);
    make_conf(desk);
    make_board(desk);
    make_epoch(desk);
    make_targets(desk);
    log_to_sink(hear, desk);
    for (unsigned i = 0; i < CONTROLLERS; i++)
        certify(desk, i, "lb.example");
    begin(desk);
    return desk;
}

static void desk_close(struct desk *desk)
{
    log_to_fd(STDERR_FILENO);
    advise_free(desk->advise);
    loop_free(desk->shared.loop);
    probe_trust_free(desk->trust);
    epoch_unmap(desk->epoch);
    board_close(desk->board);
    free(desk);
}

static void beat(struct desk *desk, unsigned times)
{
    while (times-- > 0)
        advise_look(desk->advise);
}

/* Beats that any change is told after, the first ones included. */
#define ENOUGH (ADVISE_FIRST_BEATS + ADVISE_RESTLESS_BEATS)

static unsigned count_in_log(const struct desk *desk, const char *text)
{
    unsigned count = 0;

    for (const char *at = desk->log; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

/* The code of the only warning; "" = none, "several" = more than one. */
static const char *only_code(const struct desk *desk)
{
    static struct board_warnings warnings;

    board_warnings_copy(desk->board, &warnings);
    if (warnings.count > 1)
        return "several";
    return warnings.count == 1 ? warnings.list[0].code : "";
}

static uint32_t flags_of(const struct desk *desk, unsigned controller)
{
    struct board_certificate certificate;

    CU_ASSERT_TRUE(
        board_certificate_copy(desk->board, desk->targets[controller].backend->slot, &certificate));
    return certificate.flags;
}

/* ---- the tests ---- */

static void nothing_is_said_where_all_is_well(void)
{
    struct desk *desk = desk_open();

    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "");
    ASSERT_TEXT(desk->log, "");
    desk_close(desk);
}

static void a_warning_is_logged_when_it_comes_and_when_it_goes(void)
{
    struct desk *desk = desk_open();

    certify(desk, 1, "other.example");
    beat(desk, ADVISE_FIRST_BEATS);
    ASSERT_TEXT(only_code(desk), "");
    beat(desk, 1);
    ASSERT_TEXT(only_code(desk), "name-missing");
    beat(desk, ENOUGH);
    ASSERT_NUMBER(count_in_log(desk, "name-missing: external_address lb.example is not in the "
                                     "certificate of: kubeAPI/cp2\"\n"),
                  1);
    certify(desk, 1, "lb.example");
    beat(desk, 2);
    ASSERT_TEXT(only_code(desk), "");
    ASSERT_NUMBER(count_in_log(desk, "name-missing is over: "), 1);
    ASSERT_NUMBER(count_in_log(desk, "\n"), 2);
    desk_close(desk);
}

/* One more whom it is about is news; the others are not over for it. */
static void a_change_is_logged_as_it_is_now(void)
{
    struct desk *desk = desk_open();

    certify(desk, 1, "other.example");
    beat(desk, ENOUGH);
    certify(desk, 2, "other.example");
    beat(desk, ENOUGH);
    ASSERT_NUMBER(count_in_log(desk, "kubeAPI/cp2\"\n"), 1);
    ASSERT_NUMBER(count_in_log(desk, "kubeAPI/cp2, kubeAPI/cp3\"\n"), 1);
    ASSERT_NUMBER(count_in_log(desk, "is over"), 0);
    desk_close(desk);
}

static void a_certificate_that_lacks_names_is_marked(void)
{
    struct desk *desk = desk_open();

    certify(desk, 1, "other.example");
    beat(desk, ENOUGH);
    ASSERT_NUMBER(flags_of(desk, 0), 0);
    ASSERT_NUMBER(flags_of(desk, 1), BOARD_CERTIFICATE_LACKS_NAMES);
    usleep(2000); /* another handshake has another time */
    certify(desk, 1, "other.example");
    ASSERT_NUMBER(flags_of(desk, 1), 0);
    beat(desk, 1);
    ASSERT_NUMBER(flags_of(desk, 1), BOARD_CERTIFICATE_LACKS_NAMES);
    certify(desk, 1, "lb.example");
    beat(desk, ENOUGH);
    ASSERT_NUMBER(flags_of(desk, 1), 0);
    desk_close(desk);
}

static void the_next_checker_does_not_say_it_again(void)
{
    struct desk *desk = desk_open();

    certify(desk, 1, "other.example");
    beat(desk, ENOUGH);
    advise_free(desk->advise);
    begin(desk);
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "name-missing");
    ASSERT_NUMBER(count_in_log(desk, "\n"), 1);
    desk_close(desk);
}

/* Changes are waited for until they rest, but not for ever. */
static void what_never_rests_is_told_all_the_same(void)
{
    struct desk *desk = desk_open();
    unsigned beats = 0;

    beat(desk, ENOUGH);
    certify(desk, 1, "other.example");
    while (only_code(desk)[0] == '\0' && beats < 100) {
        desk->targets[0].check.status++;
        beat(desk, 1);
        beats++;
    }
    ASSERT_NUMBER(beats, ADVISE_RESTLESS_BEATS);
    desk_close(desk);
}

static void a_clock_does_not_move_by_being_read(void)
{
    struct desk *desk = desk_open();

    desk->targets[0].has_clock = true;
    desk->targets[0].clock_ms = 58000;
    beat(desk, ENOUGH);
    desk->targets[0].clock_ms = 61000;
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "");
    desk->targets[0].clock_ms = 67000;
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "clock-off");
    desk->targets[0].clock_ms = 59500;
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "clock-off");
    desk_close(desk);
}

static void judge_all(struct desk *desk, enum board_health health)
{
    for (unsigned i = 0; i < CONTROLLERS; i++) {
        unsigned slot = desk->targets[i].backend->slot;

        desk->targets[i].is_good = desk->targets[i].ever_good = health == BOARD_UP;
        desk->targets[i].check.code = CHECKED_L4CON;
        board_set_health(desk->board, slot, board_backend_life(desk->board, slot), health, 0,
                         mono_ms());
    }
}

static void what_was_never_good_is_not_in_use(void)
{
    struct desk *desk = desk_open();

    judge_all(desk, BOARD_DOWN);
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "not-in-use");
    judge_all(desk, BOARD_UP);
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "");
    desk_close(desk);
}

/* A checker that finds it down does not know that it was good before. */
static void what_went_down_before_is_in_use(void)
{
    struct desk *desk = desk_open();
    uint64_t later_ms = board_master(desk->board)->started_mono_ms + 20000;

    for (unsigned i = 0; i < CONTROLLERS; i++) {
        unsigned slot = desk->targets[i].backend->slot;

        desk->targets[i].ever_good = false;
        desk->targets[i].check.code = CHECKED_L4CON;
        board_set_health(desk->board, slot, board_backend_life(desk->board, slot), BOARD_DOWN, 0,
                         later_ms);
    }
    advise_free(desk->advise);
    begin(desk);
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "");
    desk_close(desk);
}

/* Its backends are never looked at. */
static void a_disabled_service_has_no_targets(void)
{
    struct desk *desk = desk_open();

    certify(desk, 1, "other.example");
    for (unsigned i = 0; i < CONTROLLERS; i++)
        desk->targets[i].service = NULL;
    beat(desk, ENOUGH);
    ASSERT_TEXT(only_code(desk), "");
    desk_close(desk);
}

const struct unit_test advise_tests[] = {
    {"nothing_is_said_where_all_is_well", nothing_is_said_where_all_is_well},
    {"a_warning_is_logged_when_it_comes_and_when_it_goes",
     a_warning_is_logged_when_it_comes_and_when_it_goes},
    {"a_change_is_logged_as_it_is_now", a_change_is_logged_as_it_is_now},
    {"a_certificate_that_lacks_names_is_marked", a_certificate_that_lacks_names_is_marked},
    {"the_next_checker_does_not_say_it_again", the_next_checker_does_not_say_it_again},
    {"what_never_rests_is_told_all_the_same", what_never_rests_is_told_all_the_same},
    {"a_clock_does_not_move_by_being_read", a_clock_does_not_move_by_being_read},
    {"what_was_never_good_is_not_in_use", what_was_never_good_is_not_in_use},
    {"what_went_down_before_is_in_use", what_went_down_before_is_in_use},
    {"a_disabled_service_has_no_targets", a_disabled_service_has_no_targets},
    {NULL, NULL},
};
