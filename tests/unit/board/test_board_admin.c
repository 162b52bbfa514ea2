#include "board/board_admin.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mono.h"
#include "board/board_carry.h"
#include "board/board_map.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test board_admin_tests[];

#define NOBODY 65534

static struct board *open_admin(const struct board *board)
{
    struct board *admin = board_open_admin(board_master(board)->name);

    CU_ASSERT_FATAL(admin != NULL);
    return admin;
}

static void say(const struct board *board, unsigned slot, enum board_admin_state state,
                uint32_t over_ms)
{
    const struct board_admin_act act = {.state = state, .over_ms = over_ms, .uid = 1000 + slot};
    struct board *admin = open_admin(board);

    (void)board_set_admin(admin, slot, &act);
    board_close(admin);
}

/* ---- one word ---- */

static void nothing_said_is_ready(void)
{
    struct board *board = scratch_board(3, 9, 2);
    struct board_admin_act act = board_admin_act(board, 5);

    ASSERT_NUMBER(act.state, BOARD_ADMIN_READY);
    ASSERT_NUMBER(act.since_ms, 0);
    ASSERT_NUMBER(act.has_uid, false);
    ASSERT_NUMBER(board_admin_self(board), BOARD_ADMIN_READY);
    scratch_drop(board);
}

static void everything_said_is_read(void)
{
    static const struct {
        unsigned slot;
        enum board_admin_state state;
        uint32_t over_ms;
        uint32_t seen_ms;
    } cases[] = {
        {0, BOARD_ADMIN_DRAIN, 0, 0},
        {1, BOARD_ADMIN_DRAIN, 30000, 30000},
        {2, BOARD_ADMIN_DRAIN, 1, 100},
        {3, BOARD_ADMIN_DRAIN, 101, 200},
        {4, BOARD_ADMIN_DRAIN, BOARD_OVER_MOST_MS, BOARD_OVER_MOST_MS},
        {5, BOARD_ADMIN_MAINT, 30000, 0},
        {6, BOARD_ADMIN_READY, 30000, 0},
        {63, BOARD_ADMIN_MAINT, 0, 0},
        {BOARD_SELF, BOARD_ADMIN_MAINT, 0, 0},
    };
    struct board *board = scratch_board(3, 9, 2);
    uint64_t began_ms = wall_ms();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        say(board, cases[i].slot, cases[i].state, cases[i].over_ms);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct board_admin_act act = board_admin_act(board, cases[i].slot);

        ASSERT_NUMBER(act.state, cases[i].state);
        ASSERT_NUMBER(board_admin(board, cases[i].slot), cases[i].state);
        ASSERT_NUMBER(act.over_ms, cases[i].seen_ms);
        CU_ASSERT(act.since_ms >= began_ms && act.since_ms <= wall_ms());
        CU_ASSERT(act.has_uid);
        ASSERT_NUMBER(act.uid, 1000 + cases[i].slot);
    }
    ASSERT_NUMBER(board_admin(board, 7), BOARD_ADMIN_READY);
    scratch_drop(board);
}

/* Who looks for a change finds one, however soon the same is said again. */
static void each_act_is_another_word(void)
{
    struct board *board = scratch_board(3, 9, 2);
    uint64_t before = board_admin_word(board, 3);

    for (int i = 0; i < 50; i++) {
        say(board, 3, BOARD_ADMIN_DRAIN, 0);
        CU_ASSERT(board_admin_word(board, 3) != before);
        before = board_admin_word(board, 3);
    }
    scratch_drop(board);
}

/* Also with another time to close its sessions in; another state has a time of its own. */
static void what_is_said_again_keeps_its_time(void)
{
    struct board *board = scratch_board(3, 9, 2);
    _Atomic uint64_t *word = board_writable(board, board_admin_word_at(board, 3));
    uint64_t long_ago_ms = wall_ms() - 60000;

    atomic_store(word, BOARD_ADMIN_DRAIN | long_ago_ms << 22);
    say(board, 3, BOARD_ADMIN_DRAIN, 0);
    ASSERT_NUMBER(board_admin_act(board, 3).since_ms, long_ago_ms + 1);
    CU_ASSERT(board_admin_act(board, 3).has_uid);
    say(board, 3, BOARD_ADMIN_DRAIN, 30000);
    ASSERT_NUMBER(board_admin_act(board, 3).since_ms, long_ago_ms + 2);
    ASSERT_NUMBER(board_admin_act(board, 3).over_ms, 30000);
    say(board, 3, BOARD_ADMIN_DRAIN, 0);
    ASSERT_NUMBER(board_admin_act(board, 3).over_ms, 0);
    say(board, 3, BOARD_ADMIN_MAINT, 0);
    CU_ASSERT(board_admin_act(board, 3).since_ms >= long_ago_ms + 60000);
    scratch_drop(board);
}

/* Whoever was killed between the two has said nothing. */
static void a_stranger_is_not_named(void)
{
    struct board *board = scratch_board(3, 9, 2);
    _Atomic uint64_t *who = board_writable(board, board_admin_who_at(board, 3));

    say(board, 3, BOARD_ADMIN_DRAIN, 0);
    atomic_store(who, UINT64_C(12345) << 32 | 7);
    ASSERT_NUMBER(board_admin_act(board, 3).has_uid, false);
    ASSERT_NUMBER(board_admin_act(board, 3).state, BOARD_ADMIN_DRAIN);
    scratch_drop(board);
}

/* What was there before is there again, and who said it; but not over what others have said. */
static void taken_back(void)
{
    const struct board_admin_act drain = {.state = BOARD_ADMIN_DRAIN, .uid = 7};
    struct board *board = scratch_board(3, 9, 2);
    struct board *admin = open_admin(board);
    struct board_admin_change change;
    uint64_t before;

    say(board, 3, BOARD_ADMIN_MAINT, 0);
    before = board_admin_word(board, 3);
    change = board_set_admin(admin, 3, &drain);
    ASSERT_NUMBER(board_admin_act(board, 3).uid, 7);
    board_take_back_admin(admin, &change);
    ASSERT_NUMBER(board_admin_word(board, 3), before);
    CU_ASSERT(board_admin_act(board, 3).has_uid);
    ASSERT_NUMBER(board_admin_act(board, 3).uid, 1003);
    change = board_set_admin(admin, 3, &drain);
    say(board, 3, BOARD_ADMIN_READY, 0);
    board_take_back_admin(admin, &change);
    ASSERT_NUMBER(board_admin(board, 3), BOARD_ADMIN_READY);
    CU_ASSERT(board_admin_act(board, 3).has_uid);
    board_close(admin);
    scratch_drop(board);
}

/* ---- several at once ---- */

static int say_often(void *context)
{
    const char *name = context;
    struct board *admin = board_open_admin(name);

    if (admin == NULL)
        return 1;
    for (int i = 0; i < 2000; i++) {
        const struct board_admin_act act = {.state = BOARD_ADMIN_DRAIN, .uid = 5};

        (void)board_set_admin(admin, 4, &act);
    }
    board_close(admin);
    return 0;
}

/* A wrong word is never seen: what is not one of those that were said. */
static void words_are_whole(void)
{
    struct board *board = scratch_board(3, 9, 2);
    char name[CONF_NAME_SIZE];
    unsigned wrong = 0;
    pid_t second;
    pid_t first;

    say(board, 4, BOARD_ADMIN_DRAIN, 0);
    memcpy(name, board_master(board)->name, sizeof(name));
    first = child_start(say_often, name);
    second = child_start(say_often, name);
    while (child_is_running(first) || child_is_running(second)) {
        struct board_admin_act act = board_admin_act(board, 4);

        wrong += act.state != BOARD_ADMIN_DRAIN || act.over_ms != 0;
    }
    ASSERT_NUMBER(child_wait(first), 0);
    ASSERT_NUMBER(child_wait(second), 0);
    ASSERT_NUMBER(wrong, 0);
    CU_ASSERT(board_admin_act(board, 4).has_uid);
    scratch_drop(board);
}

/* ---- who may ---- */

static int open_as_nobody(void *context)
{
    const char *name = context;

    if (!child_become(NOBODY, NOBODY))
        return CHILD_SKIP;
    errno = 0;
    CHILD_EXPECT(board_open_admin(name) == NULL);
    CHILD_EXPECT(errno == EACCES);
    return 0;
}

static void others_may_not(void)
{
    struct board *board = scratch_board(3, 9, 2);
    char name[CONF_NAME_SIZE];
    int status;

    memcpy(name, board_master(board)->name, sizeof(name));
    status = child_run(open_as_nobody, name);
    if (status == CHILD_SKIP)
        unit_skip("not root");
    else
        ASSERT_NUMBER(status, 0);
    errno = 0;
    CU_ASSERT(board_open_admin("k0slb-unit-nobody") == NULL);
    ASSERT_NUMBER(errno, ENOENT);
    scratch_drop(board);
}

/* ---- what lasts ---- */

static unsigned claim(struct board *board, unsigned service, const char *name)
{
    struct conf_backend backend = {.weight = 1};

    strcpy(backend.name, name);
    return claim_backend(board, service, &backend);
}

static unsigned claim_test(struct board *board)
{
    struct conf_service service = {.enabled = true};

    strcpy(service.name, "test");
    return claim_service(board, &service);
}

/* The next owner of a slot is another one. */
static void a_new_owner_is_ready(void)
{
    struct board *board = scratch_board(1, 2, 2);
    unsigned service = claim_test(board);
    unsigned slot = claim(board, service, "cp1");

    say(board, slot, BOARD_ADMIN_MAINT, 0);
    ASSERT_NUMBER(claim(board, service, "cp1"), slot);
    ASSERT_NUMBER(board_admin(board, slot), BOARD_ADMIN_MAINT);
    atomic_store(&board_my_backend(board, slot)->state, BOARD_SLOT_FREE);
    ASSERT_NUMBER(claim(board, service, "cp2"), slot);
    ASSERT_NUMBER(board_admin(board, slot), BOARD_ADMIN_READY);
    scratch_drop(board);
}

/* Nor is one that comes back after a reload has taken it away, with sessions left or without. */
static void one_brought_back_is_ready(void)
{
    struct board *board = scratch_board(1, 2, 2);
    unsigned service = claim_test(board);
    unsigned slot = claim(board, service, "cp1");

    say(board, slot, BOARD_ADMIN_DRAIN, 0);
    atomic_store(&board_my_backend(board, slot)->state, BOARD_SLOT_REMOVED);
    ASSERT_NUMBER(claim(board, service, "cp1"), slot);
    ASSERT_NUMBER(board_admin(board, slot), BOARD_ADMIN_READY);
    scratch_drop(board);
}

/* What is said to the old board when all has been copied is copied once more, and nothing that has
 * been said to the new one is undone. */
static void late_words_are_carried(void)
{
    struct board *before = scratch_board(2, 4, 2);
    struct board *after = scratch_board(2, 4, 2);
    unsigned service = claim_test(before);
    unsigned old1 = claim(before, service, "cp1");
    unsigned old2 = claim(before, service, "cp2");
    unsigned new1;
    unsigned new2;

    service = claim_test(after);
    new2 = claim(after, service, "cp2");
    new1 = claim(after, service, "cp1");
    say(before, old1, BOARD_ADMIN_DRAIN, 0);
    board_carry(after, before);
    say(before, old2, BOARD_ADMIN_MAINT, 0);
    say(after, new1, BOARD_ADMIN_READY, 0);
    board_carry_words(after, before);
    ASSERT_NUMBER(board_admin(after, new1), BOARD_ADMIN_READY);
    ASSERT_NUMBER(board_admin_word(after, new2), board_admin_word(before, old2));
    ASSERT_NUMBER(board_admin_act(after, new2).uid, 1000 + old2);
    scratch_drop(before);
    scratch_drop(after);
}

/* By name, whatever the slots are; the balancer's own without any. */
static void a_takeover_carries_them(void)
{
    struct board *before = scratch_board(2, 4, 2);
    struct board *after = scratch_board(2, 4, 2);
    unsigned service = claim_test(before);
    unsigned old1 = claim(before, service, "cp1");
    unsigned old2 = claim(before, service, "cp2");
    unsigned new2;
    unsigned new1;

    service = claim_test(after);
    new2 = claim(after, service, "cp2");
    new1 = claim(after, service, "cp1");
    CU_ASSERT(old1 == new2 && old2 == new1);
    say(before, old1, BOARD_ADMIN_DRAIN, 5000);
    say(before, BOARD_SELF, BOARD_ADMIN_MAINT, 0);
    board_carry(after, before);
    ASSERT_NUMBER(board_admin_word(after, new1), board_admin_word(before, old1));
    ASSERT_NUMBER(board_admin_act(after, new1).uid, 1000 + old1);
    CU_ASSERT(board_admin_act(after, new1).has_uid);
    ASSERT_NUMBER(board_admin(after, new2), BOARD_ADMIN_READY);
    ASSERT_NUMBER(board_admin_self(after), BOARD_ADMIN_MAINT);
    scratch_drop(before);
    scratch_drop(after);
}

const struct unit_test board_admin_tests[] = {
    {"nothing_said_is_ready", nothing_said_is_ready},
    {"everything_said_is_read", everything_said_is_read},
    {"each_act_is_another_word", each_act_is_another_word},
    {"what_is_said_again_keeps_its_time", what_is_said_again_keeps_its_time},
    {"a_stranger_is_not_named", a_stranger_is_not_named},
    {"taken_back", taken_back},
    {"words_are_whole", words_are_whole},
    {"others_may_not", others_may_not},
    {"a_new_owner_is_ready", a_new_owner_is_ready},
    {"one_brought_back_is_ready", one_brought_back_is_ready},
    {"a_takeover_carries_them", a_takeover_carries_them},
    {"late_words_are_carried", late_words_are_carried},
    {NULL, NULL},
};
