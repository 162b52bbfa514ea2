/*
 * What is counted over time: down times, transitions, failed checks, highest values. All of it goes
 * on through reloads, a checker's death and a restart that takes over.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#include "system/change.h"

#define PLAIN CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\nserver b2 = @2\n"
#define OTHER                                                                                      \
    CHANGE_BEGIN "[service test]\nlisten = @L\nbalance = random\n"                                 \
                 "server b1 = @1 weight=3\nserver b2 = @2\n"

/* A verdict, with a machine that has other things to do. */
#define VERDICT_MS 10000

static struct board_history history_of(struct scene *scene, const char *backend)
{
    unsigned slot = look_backend(&scene->instance, backend).slot;
    struct board_history history;

    board_history_copy(scene->instance.board, slot, &history);
    return history;
}

static void take_down(struct scene *scene, unsigned backend, const char *name)
{
    peer_shut(&scene->peers[backend]);
    CU_ASSERT_TRUE(wait_status(&scene->instance, name, STATUS_DOWN, VERDICT_MS));
}

static void bring_back(struct scene *scene, unsigned backend, const char *name)
{
    ASSERT_NUMBER(peer_reopen(&scene->peers[backend]), 0);
    CU_ASSERT_TRUE(wait_status(&scene->instance, name, STATUS_UP, VERDICT_MS));
}

/* ---- the master's looks ---- */

struct beat {
    uint64_t ms;
};

static bool has_looked(struct scene *scene, struct beat *beat)
{
    uint64_t ms = atomic_load(&board_master(scene->instance.board)->heartbeat_ms);
    bool is_new = ms != 0 && ms != beat->ms;

    beat->ms = ms;
    return is_new;
}

/* The master has looked twice since: whatever has been is in its numbers. */
static void wait_looks(struct scene *scene)
{
    struct beat beat = {0};
    unsigned looks = 0;

    (void)has_looked(scene, &beat);
    for (unsigned i = 0; i < 100000 && looks < 2; i++) {
        looks += has_looked(scene, &beat);
        wait_a_moment();
    }
    ASSERT_NUMBER(looks, 2);
}

/* ---- backends ---- */

static bool is_down_a_second(const struct snapshot *snapshot, const void *context)
{
    (void)context;
    return snapshot->services[0].backends[0].downtime_seconds >= 1;
}

static void test_counted(void)
{
    struct board_history history;
    struct scene scene;

    if (change_open(&scene, 2, PLAIN) == 0) {
        history = history_of(&scene, "b1");
        ASSERT_NUMBER(history.transitions, 0);
        ASSERT_NUMBER(history.down_ms, 0);
        take_down(&scene, 0, "b1");
        CU_ASSERT_TRUE(wait_board(&scene.instance, is_down_a_second, NULL, VERDICT_MS));
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").went_down, 1);
        ASSERT_NUMBER(look_backend(&scene.instance, "b1").transitions, 1);
        CU_ASSERT_TRUE(look_backend(&scene.instance, "b1").checks_failed > 0);
        bring_back(&scene, 0, "b1");
        history = history_of(&scene, "b1");
        ASSERT_NUMBER(history.transitions, 2);
        ASSERT_NUMBER(history.went_down, 1);
        ASSERT_NUMBER(history.down_since_ms, 0);
        CU_ASSERT_TRUE(history.down_ms >= 1000);
        history = history_of(&scene, "b2");
        ASSERT_NUMBER(history.transitions, 0);
        ASSERT_NUMBER(history.down_ms, 0);
    }
    scene_close(&scene);
}

/* ---- what comes between ---- */

/* Reads as it did, of a checker that has asked meanwhile. */
static void assert_goes_on(struct scene *scene, const struct board_history *before)
{
    struct board_history now;

    CU_ASSERT_TRUE(wait_checked_again(&scene->instance, "b1", VERDICT_MS));
    now = history_of(scene, "b1");
    ASSERT_NUMBER(now.down_since_ms, before->down_since_ms);
    ASSERT_NUMBER(now.down_ms, before->down_ms);
    ASSERT_NUMBER(now.transitions, before->transitions);
    ASSERT_NUMBER(now.went_down, before->went_down);
    CU_ASSERT_TRUE(now.checks_failed > before->checks_failed);
}

static void kill_checker(struct scene *scene)
{
    pid_t old = instance_child(&scene->instance, BOARD_ROLE_CHECKER, 0);

    ASSERT_NUMBER(instance_kill(old, SIGKILL), 0);
    CU_ASSERT_TRUE(wait_child(&scene->instance, BOARD_ROLE_CHECKER, 0, old, VERDICT_MS) != -1);
}

static void take_over(struct scene *scene)
{
    instance_signal(&scene->instance, SIGUSR2);
    ASSERT_NUMBER(instance_wait_exit(&scene->instance, SOON_MS), 0);
    ASSERT_NUMBER(instance_start(&scene->instance), 0);
}

static void test_kept(void)
{
    struct board_history before;
    struct scene scene;

    if (change_open(&scene, 2, PLAIN) == 0) {
        take_down(&scene, 0, "b1");
        bring_back(&scene, 0, "b1");
        take_down(&scene, 0, "b1");
        before = history_of(&scene, "b1");
        ASSERT_NUMBER(before.went_down, 2);
        ASSERT_CHANGE(&scene, OTHER);
        assert_goes_on(&scene, &before);
        kill_checker(&scene);
        assert_goes_on(&scene, &before);
        take_over(&scene);
        assert_goes_on(&scene, &before);
        bring_back(&scene, 0, "b1");
        ASSERT_NUMBER(history_of(&scene, "b1").transitions, 4);
        CU_ASSERT_TRUE(history_of(&scene, "b1").down_ms > before.down_ms);
        CU_ASSERT_TRUE(instance_has_no_earlier(&scene.instance, VERDICT_MS));
    }
    scene_close(&scene);
}

/* Another address is the same backend; one that was gone from the file is a new one. */
static void test_moved(void)
{
    static const char moved[] =
        CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @3\nserver b2 = @2\n";
    static const char gone[] = CHANGE_BEGIN "[service test]\nlisten = @L\nserver b2 = @2\n";
    struct board_history before;
    struct scene scene;

    if (change_open(&scene, 3, PLAIN) == 0) {
        take_down(&scene, 0, "b1");
        before = history_of(&scene, "b1");
        ASSERT_CHANGE(&scene, moved);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, VERDICT_MS));
        ASSERT_NUMBER(history_of(&scene, "b1").transitions, before.transitions + 1);
        ASSERT_NUMBER(history_of(&scene, "b1").down_since_ms, 0);
        CU_ASSERT_TRUE(history_of(&scene, "b1").checks_failed >= before.checks_failed);
        ASSERT_CHANGE(&scene, gone);
        ASSERT_CHANGE(&scene, moved);
        CU_ASSERT_TRUE(wait_status(&scene.instance, "b1", STATUS_UP, VERDICT_MS));
        ASSERT_NUMBER(history_of(&scene, "b1").transitions, 0);
        ASSERT_NUMBER(history_of(&scene, "b1").down_ms, 0);
    }
    scene_close(&scene);
}

/* ---- services ---- */

struct outage {
    uint64_t transitions;
    uint64_t seconds;
};

static bool has_outage(const struct snapshot *snapshot, const void *context)
{
    const struct outage *outage = context;

    return snapshot->services[0].transitions == outage->transitions &&
           snapshot->services[0].downtime_seconds >= outage->seconds;
}

static bool wait_outage(struct scene *scene, uint64_t transitions, uint64_t seconds)
{
    const struct outage outage = {transitions, seconds};

    return wait_board(&scene->instance, has_outage, &outage, VERDICT_MS);
}

/* A service is down when the last of its backends is, and back with the first. */
static void test_outage(void)
{
    struct scene scene;

    if (change_open(&scene, 2, PLAIN) == 0) {
        wait_looks(&scene); /* what it has never seen up has not gone down */
        take_down(&scene, 0, "b1");
        take_down(&scene, 1, "b2");
        CU_ASSERT_TRUE(wait_outage(&scene, 1, 1));
        ASSERT_CHANGE(&scene, OTHER);
        take_over(&scene);
        CU_ASSERT_TRUE(wait_outage(&scene, 1, 3));
        bring_back(&scene, 0, "b1");
        CU_ASSERT_TRUE(wait_outage(&scene, 2, 3));
        CU_ASSERT_TRUE(instance_has_no_earlier(&scene.instance, VERDICT_MS));
    }
    scene_close(&scene);
}

/* ---- rates ---- */

static struct snapshot_counts counts_of(struct scene *scene)
{
    struct snapshot *snapshot = snapshot_take(scene->instance.board);
    struct snapshot_counts counts;

    CU_ASSERT_FATAL(snapshot != NULL && snapshot->service_count == 1);
    counts = snapshot->services[0].counts;
    snapshot_free(snapshot);
    return counts;
}

/* What a new master takes over has not come within its first second. */
static void test_highest(void)
{
    struct snapshot_counts before;
    struct snapshot_counts after;
    struct scene scene;

    if (change_open(&scene, 2, PLAIN) == 0) {
        for (int i = 0; i < 4; i++) {
            ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
            wait_looks(&scene);
        }
        before = counts_of(&scene);
        CU_ASSERT_TRUE(before.per_second_max > 0 && before.per_second_max < 80);
        ASSERT_NUMBER(before.per_second, 0);
        take_over(&scene);
        wait_looks(&scene);
        after = counts_of(&scene);
        CU_ASSERT_TRUE(after.total >= before.total);
        ASSERT_NUMBER(after.per_second_max, before.per_second_max);
        CU_ASSERT_TRUE(after.active_max >= before.active_max);
        CU_ASSERT_TRUE(instance_has_no_earlier(&scene.instance, VERDICT_MS));
    }
    scene_close(&scene);
}

static const struct unit_test once[] = {
    {"counted", test_counted}, {"kept", test_kept},       {"moved", test_moved},
    {"outage", test_outage},   {"highest", test_highest}, {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"copy/2", once},
        {NULL, NULL},
    };

    return unit_main("test_history", suites, argc, argv);
}
