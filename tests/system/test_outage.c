/*
 * Outages under load: controllers of an API are killed, hung, cut off and restarted while clients
 * open TLS connections and hold watches. Nobody who connects may fail, and the times are printed.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/far.h"
#include "system/house.h"
#include "system/surge.h"

/* The usual checks of kubeAPI. */
#define INTERVAL_MS      1000
#define FAST_INTERVAL_MS 200
#define CHECK_CONNECT_MS 1000
#define CONNECT_MS       2000
#define REFUSED_MS       50
#define CLOSED_MS        2500

/* What a machine with other things to do may add to a time; nothing adds to what has failed. */
#define MARGIN_MS  1000
#define VERDICT_MS 15000

#define PER_SECOND 50
#define WATCHES    21 /* as many at each controller */
#define EACH       (WATCHES / HOUSE_CONTROLLERS)

/*
 * A connection whose server had begun to answer when it died can be saved by nobody; so many are
 * at that point.
 */
#define MOST_CUT 2

/* Why no controller can be cut off here; NULL = it can. */
static const char *why_not;

struct outage {
    struct house house;
    struct surge surge;
    uint64_t began_ms;   /* when the first controller failed */
    uint64_t refused_ms; /* when the first connection to it did */
    uint64_t sent_ms;    /* when the last one was sent there */
};

static struct snapshot_backend look(struct outage *outage, unsigned controller)
{
    return house_look(&outage->house, controller, HOUSE_API);
}

static bool wait_api(struct outage *outage, unsigned controller, enum snapshot_status status)
{
    return house_wait(&outage->house, controller, HOUSE_API, status, VERDICT_MS);
}

/* ---- before ---- */

static int open_plan(struct outage *outage, const struct house_plan *plan, unsigned per_second)
{
    struct surge_plan surge = {.per_second = per_second, .watches = WATCHES};

    *outage = (struct outage){.began_ms = 0};
    if (house_open(&outage->house, plan) == -1)
        return -1;
    CU_ASSERT_TRUE(house_wait_all_up(&outage->house, VERDICT_MS));
    surge.address = outage->house.scene.listen;
    if (surge_start(&outage->surge, &surge) == -1) {
        CU_FAIL("clients do not start");
        return -1;
    }
    for (int i = 1; i <= HOUSE_CONTROLLERS; i++)
        ASSERT_NUMBER(surge_open_watches(&outage->surge, i), EACH);
    if (per_second > 0)
        CU_ASSERT_TRUE(surge_wait(&outage->surge, per_second, VERDICT_MS));
    return 0;
}

static int open_outage(struct outage *outage, unsigned per_second)
{
    const struct house_plan plan = {.services = 1};

    return open_plan(outage, &plan, per_second);
}

static void close_outage(struct outage *outage)
{
    surge_fini(&outage->surge);
    house_close(&outage->house);
}

/* ---- during ---- */

/* Connections to the first controller, good and bad. */
static uint64_t count_sent(struct outage *outage, uint64_t *refused)
{
    struct snapshot_backend backend = look(outage, 0);

    *refused = backend.connect_errors;
    return backend.counts.total + backend.connect_errors;
}

/* From now on the first controller fails: looks where connections go while so many are made. */
static void follow(struct outage *outage, unsigned requests)
{
    const struct surge_counts *counts = outage->surge.counts;
    uint64_t until = counts->begun + requests;
    uint64_t refused_before;
    uint64_t refused;
    uint64_t before = count_sent(outage, &refused_before);
    uint64_t deadline_ms = mono_ms() + VERDICT_MS;

    while (counts->begun < until && mono_ms() < deadline_ms) {
        uint64_t sent = count_sent(outage, &refused);

        if (sent > before)
            outage->sent_ms = mono_ms();
        if (refused > refused_before && outage->refused_ms == 0)
            outage->refused_ms = mono_ms();
        before = sent;
        wait_a_moment();
    }
    CU_ASSERT_TRUE(mono_ms() < deadline_ms);
}

/* ---- after ---- */

/* From one moment to a later one, which may not have come. */
static int64_t span(uint64_t from_ms, uint64_t until_ms)
{
    return until_ms == 0 || from_ms == 0 ? 0 : (int64_t)(until_ms - from_ms);
}

/* All clients have come to an end, and none of them has failed. */
static void assert_served(struct outage *outage, const char *what, unsigned most_cut)
{
    const struct surge_counts *counts = outage->surge.counts;

    CU_ASSERT_TRUE(surge_finish(&outage->surge));
    printf("%s: of %" PRIu64 " requests %" PRIu64 " answered, %" PRIu64 " not ready, %" PRIu64
           " cut, %" PRIu64 " failed; the slowest took %" PRIu64 " ms\n",
           what, counts->begun, counts->answered, counts->unready, counts->cut, counts->failed,
           counts->slowest_ms);
    ASSERT_NUMBER(counts->failed, 0);
    CU_ASSERT_TRUE(counts->cut <= most_cut);
}

static void assert_within(const char *what, int64_t took_ms, int64_t most_ms)
{
    printf("    %s: %" PRId64 " ms, to be %" PRId64 " ms\n", what, took_ms, most_ms);
    CU_ASSERT_TRUE(took_ms <= most_ms + MARGIN_MS);
}

/* The watches of the first controller are closed, and no other one. */
static void assert_watches_closed(struct outage *outage, int64_t most_ms)
{
    uint64_t deadline_ms = mono_ms() + VERDICT_MS;

    while (surge_open_watches(&outage->surge, 1) > 0 && mono_ms() < deadline_ms)
        wait_a_moment();
    ASSERT_NUMBER(surge_open_watches(&outage->surge, 1), 0);
    ASSERT_NUMBER(surge_open_watches(&outage->surge, 2), EACH);
    ASSERT_NUMBER(surge_open_watches(&outage->surge, 3), EACH);
    assert_within("its watches closed",
                  span(outage->began_ms, surge_last_close_ms(&outage->surge, 1)), most_ms);
}

/* ---- a dead controller ---- */

/* Of the connections that follow, the share of a controller that has just returned. */
static void assert_ramp(struct outage *outage)
{
    uint64_t first = look(outage, 0).counts.total;
    uint64_t all = look_counts(&outage->house.scene.instance).total;
    double share;

    CU_ASSERT_TRUE(surge_wait(&outage->surge, 3 * PER_SECOND, VERDICT_MS));
    all = look_counts(&outage->house.scene.instance).total - all;
    first = look(outage, 0).counts.total - first;
    share = all > 0 ? (double)first / (double)all : 1;
    printf("    its share after it came back: %.0f %%\n", 100 * share);
    CU_ASSERT_TRUE(share <= 0.6);
}

static void test_killed(void)
{
    struct outage outage;

    if (open_outage(&outage, PER_SECOND) == 0) {
        controller_kill(&outage.house.controllers[0]);
        outage.began_ms = mono_ms();
        follow(&outage, 4 * PER_SECOND);
        assert_within("last connection there after the first refusal",
                      span(outage.refused_ms, outage.sent_ms), REFUSED_MS);
        assert_watches_closed(&outage, CLOSED_MS);
        CU_ASSERT_TRUE(wait_api(&outage, 0, STATUS_DOWN));
        ASSERT_NUMBER(controller_start(&outage.house.controllers[0], 1), 0);
        CU_ASSERT_TRUE(wait_api(&outage, 0, STATUS_UP));
        assert_ramp(&outage);
        assert_served(&outage, "killed", MOST_CUT);
    }
    close_outage(&outage);
}

/* One after the other is restarted. */
static void test_rolling(void)
{
    struct outage outage;

    if (open_outage(&outage, PER_SECOND) == 0) {
        for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
            controller_kill(&outage.house.controllers[i]);
            CU_ASSERT_TRUE(surge_wait(&outage.surge, PER_SECOND / 2, VERDICT_MS));
            ASSERT_NUMBER(controller_start(&outage.house.controllers[i], 1), 0);
            CU_ASSERT_TRUE(house_wait_all_up(&outage.house, VERDICT_MS));
            CU_ASSERT_TRUE(surge_wait(&outage.surge, PER_SECOND / 2, VERDICT_MS));
        }
        assert_served(&outage, "rolling restart", HOUSE_CONTROLLERS * MOST_CUT);
    }
    close_outage(&outage);
}

/* The leader of etcd goes, and the others are not ready until there is another one. */
static void test_leader(void)
{
    struct outage outage;

    if (open_outage(&outage, PER_SECOND) == 0) {
        controller_kill(&outage.house.controllers[0]);
        outage.began_ms = mono_ms();
        house_order_all(&outage.house, HOUSE_API, CONTROLLER_ANSWERS, 500);
        follow(&outage, 2 * PER_SECOND);
        house_order_all(&outage.house, HOUSE_API, CONTROLLER_ANSWERS, 200);
        CU_ASSERT_TRUE(wait_api(&outage, 1, STATUS_UP));
        CU_ASSERT_TRUE(wait_api(&outage, 2, STATUS_UP));
        CU_ASSERT_TRUE(wait_api(&outage, 0, STATUS_DOWN));
        ASSERT_NUMBER(instance_log_count(&outage.house.scene.instance, "c2 is down"), 0);
        ASSERT_NUMBER(instance_log_count(&outage.house.scene.instance, "c3 is down"), 0);
        assert_watches_closed(&outage, CLOSED_MS);
        assert_served(&outage, "the leader killed", MOST_CUT);
    }
    close_outage(&outage);
}

/* ---- a controller that hangs ---- */

static void test_hung(void)
{
    struct outage outage;

    if (open_outage(&outage, PER_SECOND) == 0) {
        controller_stop(&outage.house.controllers[0]);
        outage.began_ms = mono_ms();
        follow(&outage, 4 * PER_SECOND);
        assert_within("last connection there", span(outage.began_ms, outage.sent_ms),
                      INTERVAL_MS + FAST_INTERVAL_MS);
        assert_watches_closed(&outage, CLOSED_MS);
        assert_served(&outage, "hung", MOST_CUT);
    }
    close_outage(&outage);
}

/* Nobody connects: the checks alone find it. */
static void test_hung_in_quiet(void)
{
    struct outage outage;

    if (open_outage(&outage, 0) == 0) {
        controller_stop(&outage.house.controllers[0]);
        outage.began_ms = mono_ms();
        CU_ASSERT_TRUE(wait_api(&outage, 0, STATUS_SUSPECT));
        printf("hung, and nobody connects:\n");
        assert_within("suspect", span(outage.began_ms, mono_ms()), INTERVAL_MS + FAST_INTERVAL_MS);
        assert_watches_closed(&outage, CLOSED_MS);
    }
    close_outage(&outage);
}

/* Its machine vanishes without a word. */
static void test_cut_off(void)
{
    const struct house_plan plan = {.services = 1, .first_is_far = true};
    struct outage outage;

    if (why_not != NULL) {
        unit_skip(why_not);
        return;
    }
    if (open_plan(&outage, &plan, PER_SECOND) == 0) {
        far_vanish(FAR_SWALLOWED);
        outage.began_ms = mono_ms();
        follow(&outage, 5 * PER_SECOND);
        /* One that is not answered is counted when it is given up. */
        assert_within("last connection there given up", span(outage.began_ms, outage.sent_ms),
                      INTERVAL_MS + FAST_INTERVAL_MS + CONNECT_MS);
        assert_watches_closed(&outage, CLOSED_MS);
        assert_served(&outage, "cut off", MOST_CUT);
        far_appear();
    }
    close_outage(&outage);
}

/* ---- an API server without its etcd ---- */

static void test_without_etcd(void)
{
    struct outage outage;

    if (open_outage(&outage, PER_SECOND) == 0) {
        struct controller_port *port = house_port(&outage.house, 0, HOUSE_API);

        port->delay_ms = 2000;
        port->status = 500;
        outage.began_ms = mono_ms();
        follow(&outage, 4 * PER_SECOND);
        assert_within("last connection there", span(outage.began_ms, outage.sent_ms),
                      INTERVAL_MS + CHECK_CONNECT_MS);
        for (int i = 1; i <= HOUSE_CONTROLLERS; i++)
            ASSERT_NUMBER(surge_open_watches(&outage.surge, i), EACH);
        assert_served(&outage, "without etcd", 0);
    }
    close_outage(&outage);
}

static const struct unit_test tests[] = {
    {"killed", test_killed},
    {"rolling", test_rolling},
    {"leader", test_leader},
    {"hung", test_hung},
    {"hung_in_quiet", test_hung_in_quiet},
    {"cut_off", test_cut_off},
    {"without_etcd", test_without_etcd},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"outage", tests},
        {NULL, NULL},
    };

    if (far_enter() == -1)
        why_not = "no namespaces of its own, or no ip(8), for hosts that vanish";
    return unit_main("test_outage", suites, argc, argv);
}
