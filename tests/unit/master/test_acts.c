#include "master/acts.h"

#include <string.h>

#include "base/log.h"
#include "board/board_admin.h"

#include "unit/board/scratch.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test acts_tests[];

#define LATE "administrators say more than is kept"

/* A board with kubeAPI/cp1 and kubeAPI/cp2, an administrator, and who looks at what he says. */
struct desk {
    struct board *board;
    struct board *admin;
    struct acts acts;
    unsigned slots[2];
};

static void keep_quiet(void *context, const char *record, size_t size)
{
    unsigned *lines = context;

    (void)record;
    *lines += size > 0;
}

static void open_desk(struct desk *desk, unsigned *lines)
{
    struct conf_service service = {.enabled = true};
    struct conf_backend backend = {.weight = 1};
    unsigned slot;

    *desk = (struct desk){.board = scratch_board(1, 4, 2)};
    log_to_sink(keep_quiet, lines);
    strcpy(service.name, "kubeAPI");
    slot = claim_service(desk->board, &service);
    strcpy(backend.name, "cp1");
    desk->slots[0] = claim_backend(desk->board, slot, &backend);
    strcpy(backend.name, "cp2");
    desk->slots[1] = claim_backend(desk->board, slot, &backend);
    desk->admin = board_open_admin(board_master(desk->board)->name);
    CU_ASSERT_FATAL(desk->admin != NULL);
}

static void close_desk(struct desk *desk)
{
    log_to_sink(NULL, NULL);
    board_close(desk->admin);
    scratch_drop(desk->board);
}

static void say(struct desk *desk, unsigned slot, enum board_admin_state state, uint32_t over_ms)
{
    const struct board_admin_act act = {.state = state, .over_ms = over_ms, .uid = 1000};

    (void)board_set_admin(desk->admin, slot, &act);
}

static uint64_t count_events(const struct desk *desk)
{
    return atomic_load(&board_master(desk->board)->events);
}

/* The text of the event before so many others; the last one is 0. */
static const char *event_text(const struct desk *desk, uint64_t before)
{
    uint64_t count = count_events(desk);

    return count <= before
               ? ""
               : board_master(desk->board)->event[(count - 1 - before) % BOARD_MAX_EVENTS].text;
}

static void acts_are_told_once(void)
{
    unsigned lines = 0;
    struct desk desk;

    open_desk(&desk, &lines);
    acts_look(&desk.acts, desk.board, 1000);
    ASSERT_NUMBER(count_events(&desk), 0);
    say(&desk, desk.slots[0], BOARD_ADMIN_DRAIN, 30000);
    say(&desk, BOARD_SELF, BOARD_ADMIN_MAINT, 0);
    acts_look(&desk.acts, desk.board, 2000);
    acts_look(&desk.acts, desk.board, 3000);
    ASSERT_NUMBER(count_events(&desk), 2);
    ASSERT_TEXT(event_text(&desk, 1), "this balancer: maint by uid 1000");
    ASSERT_TEXT(event_text(&desk, 0), "kubeAPI/cp1: drain over 30s by uid 1000");
    ASSERT_NUMBER(lines, 2);
    close_desk(&desk);
}

/* A word of before the start that is said again is an act, though it keeps its time. */
static void what_is_said_again_is_told(void)
{
    unsigned lines = 0;
    struct desk desk;

    open_desk(&desk, &lines);
    say(&desk, desk.slots[0], BOARD_ADMIN_DRAIN, 0);
    board_my_master(desk.board)->started_ms += 3600000;
    acts_look(&desk.acts, desk.board, 1000);
    ASSERT_TEXT(event_text(&desk, 0),
                "kubeAPI/cp1: still in drain, said to an earlier start by uid 1000");
    say(&desk, desk.slots[0], BOARD_ADMIN_DRAIN, 0);
    acts_look(&desk.acts, desk.board, 2000);
    ASSERT_TEXT(event_text(&desk, 0), "kubeAPI/cp1: drain by uid 1000");
    ASSERT_NUMBER(lines, 1);
    close_desk(&desk);
}

/* A script that never ends leaves most of the events to others, and at last what holds is told. */
static void a_flood_is_bounded(void)
{
    enum { SECONDS = 1000 };
    unsigned lines = 0;
    unsigned told_late = 0;
    struct desk desk;

    open_desk(&desk, &lines);
    for (unsigned i = 0; i < SECONDS; i++) {
        say(&desk, desk.slots[0], i % 2 == 0 ? BOARD_ADMIN_DRAIN : BOARD_ADMIN_READY, 0);
        say(&desk, desk.slots[1], BOARD_ADMIN_MAINT, 0);
        acts_look(&desk.acts, desk.board, 1000 * (i + 1));
    }
    CU_ASSERT(count_events(&desk) <= BOARD_MAX_EVENTS / 4 + SECONDS / 2 + 2);
    CU_ASSERT(lines <= BOARD_MAX_EVENTS / 4 + SECONDS / 2 + 2);
    for (uint64_t i = 0; i < count_events(&desk) && i < BOARD_MAX_EVENTS; i++)
        told_late += strncmp(event_text(&desk, i), LATE, strlen(LATE)) == 0;
    CU_ASSERT(told_late <= 1);
    say(&desk, desk.slots[0], BOARD_ADMIN_DRAIN, 0);
    for (unsigned i = 0; i < 5; i++)
        acts_look(&desk.acts, desk.board, 1000 * (SECONDS + 1 + i));
    ASSERT_NUMBER(desk.acts.seen[desk.slots[0]], board_admin_word(desk.board, desk.slots[0]));
    ASSERT_NUMBER(desk.acts.seen[desk.slots[1]], board_admin_word(desk.board, desk.slots[1]));
    close_desk(&desk);
}

/* Twenty controllers with three services each may be drained in one go. */
static void a_burst_is_told(void)
{
    unsigned lines = 0;
    struct desk desk;

    open_desk(&desk, &lines);
    for (unsigned i = 0; i < BOARD_MAX_EVENTS / 8; i++) {
        say(&desk, desk.slots[0], BOARD_ADMIN_DRAIN, 0);
        say(&desk, desk.slots[1], BOARD_ADMIN_DRAIN, 0);
        acts_look(&desk.acts, desk.board, 1000);
    }
    ASSERT_NUMBER(count_events(&desk), BOARD_MAX_EVENTS / 4);
    close_desk(&desk);
}

const struct unit_test acts_tests[] = {
    {"acts_are_told_once", acts_are_told_once},
    {"what_is_said_again_is_told", what_is_said_again_is_told},
    {"a_flood_is_bounded", a_flood_is_bounded},
    {"a_burst_is_told", a_burst_is_told},
    {NULL, NULL},
};
