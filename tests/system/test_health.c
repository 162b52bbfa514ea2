/*
 * What deep health checks make of a controller: the three services of k0s with their defaults,
 * good and bad answers, and what becomes of sessions.
 */
#include <string.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/house.h"
#include "system/surge.h"

/* A verdict of several probes, with a machine that has other things to do. */
#define VERDICT_MS 8000

/* Sessions, as many at each controller. */
#define EACH     2
#define SESSIONS (EACH * HOUSE_CONTROLLERS)

static struct controller_port *api(struct house *house, unsigned controller)
{
    return house_port(house, controller, HOUSE_API);
}

static struct snapshot_backend look(struct house *house, unsigned controller)
{
    return house_look(house, controller, HOUSE_API);
}

static bool wait_api(struct house *house, unsigned controller, enum snapshot_status status)
{
    return house_wait(house, controller, HOUSE_API, status, VERDICT_MS);
}

/* Its last answer, waited for, says that. */
static bool wait_description(struct house *house, unsigned controller, const char *text)
{
    uint64_t deadline_ms = mono_ms() + VERDICT_MS;

    while (strstr(look(house, controller).check.description, text) == NULL) {
        if (mono_ms() > deadline_ms) {
            printf("not \"%s\" but: %s\n", text, look(house, controller).check.description);
            return false;
        }
        wait_a_moment();
    }
    return true;
}

/* Watches, as many at each controller. To be ended by surge_fini(). */
static bool open_sessions(struct house *house, struct surge *surge)
{
    const struct surge_plan plan = {.address = house->scene.listen, .watches = SESSIONS};

    if (surge_start(surge, &plan) == -1)
        return false;
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
        ASSERT_NUMBER(look(house, i).counts.active, EACH);
    return true;
}

static unsigned count_open(const struct surge *surge)
{
    unsigned open = 0;

    for (int i = 1; i <= HOUSE_CONTROLLERS; i++)
        open += surge_open_watches(surge, i);
    return open;
}

/* So many of them are left, in time; the others have been told. */
static bool wait_open(struct house *house, const struct surge *surge, unsigned sessions)
{
    uint64_t deadline_ms = mono_ms() + VERDICT_MS;

    while (count_open(surge) != sessions && mono_ms() < deadline_ms)
        wait_a_moment();
    return count_open(surge) == sessions &&
           wait_active(&house->scene.instance, sessions, VERDICT_MS);
}

/* ---- the services of k0s ---- */

static void assert_usual(struct house *house, bool verified)
{
    CU_ASSERT_TRUE(house_wait_all_up(house, VERDICT_MS));
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        struct snapshot_backend backend = look(house, i);

        ASSERT_NUMBER(backend.check.code, CHECKED_L7OK);
        ASSERT_NUMBER(backend.check.status, verified ? 200 : 401);
        ASSERT_NUMBER(backend.ready_verified, verified);
        ASSERT_NUMBER(house_look(house, i, HOUSE_TUNNEL).check.code, CHECKED_L7OK);
        ASSERT_NUMBER(house_look(house, i, HOUSE_JOIN).check.code, CHECKED_L7OK);
        ASSERT_NUMBER(house_look(house, i, HOUSE_JOIN).check.status, 405);
        ASSERT_NUMBER(api(house, i)->others, 0);
        ASSERT_NUMBER(house_port(house, i, HOUSE_JOIN)->others, 0);
        ASSERT_NUMBER(api(house, i)->shown > 0, verified);
        ASSERT_NUMBER(house_port(house, i, HOUSE_JOIN)->shown, 0);
        CU_ASSERT_TRUE(api(house, i)->probes > 0);
    }
}

static void see_usual(bool identity)
{
    const struct house_plan plan = {.services = 3, .identity = identity};
    struct house house;

    if (house_prepare(&house, &plan) == 0) {
        for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
            api(&house, i)->status = 401;
            api(&house, i)->known_status = 200;
        }
        if (house_start_controllers(&house) == 0 && house_start(&house) == 0)
            assert_usual(&house, identity);
    }
    house_close(&house);
}

/* k0s turns anonymous access off: 401 is alive, and no more than that. */
static void test_anonymous(void)
{
    see_usual(false);
}

static void test_known(void)
{
    see_usual(true);
}

/* Who cannot serve the API cannot let anybody join; tunnels are another matter. */
static void test_requires(void)
{
    const struct house_plan plan = {.services = 3, .defaults = HOUSE_QUICK};
    struct house house;

    if (house_open(&house, &plan) == 0) {
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        api(&house, 1)->status = 500;
        CU_ASSERT_TRUE(wait_api(&house, 1, STATUS_DOWN));
        CU_ASSERT_TRUE(house_wait(&house, 1, HOUSE_JOIN, STATUS_BLOCKED, VERDICT_MS));
        ASSERT_NUMBER(house_look(&house, 1, HOUSE_JOIN).check.code, CHECKED_L7OK);
        ASSERT_NUMBER(house_look(&house, 1, HOUSE_TUNNEL).status, STATUS_UP);
        ASSERT_NUMBER(house_look(&house, 0, HOUSE_JOIN).status, STATUS_UP);
        ASSERT_NUMBER(house_look(&house, 2, HOUSE_JOIN).status, STATUS_UP);
        api(&house, 1)->status = 200;
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
    }
    house_close(&house);
}

/* ---- answers ---- */

struct manner_case {
    enum house_service service;
    enum controller_manner manner;
    enum controller_protocol protocol;
    enum controller_leaf leaf;
    enum board_check_code code;
};

/* Each makes a controller go down; meanwhile the others stay up, and it comes back after it. */
static const struct manner_case manner_cases[] = {
    {HOUSE_API, CONTROLLER_DRIPS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L7TOUT},
    {HOUSE_API, CONTROLLER_BABBLES, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L7RSP},
    {HOUSE_API, CONTROLLER_BRAGS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L7RSP},
    {HOUSE_API, CONTROLLER_LEAVES, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L7RSP},
    {HOUSE_API, CONTROLLER_IS_SILENT, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L7TOUT},
    {HOUSE_API, CONTROLLER_ALERTS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L6RSP},
    {HOUSE_API, CONTROLLER_DRIPS_TLS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L6TOUT},
    {HOUSE_API, CONTROLLER_IS_NO_TLS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L6RSP},
    {HOUSE_API, CONTROLLER_LEAVES_TLS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L6RSP},
    {HOUSE_API, CONTROLLER_RESETS_TLS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L6RSP},
    {HOUSE_API, CONTROLLER_STALLS_TLS, CONTROLLER_HTTP, CONTROLLER_LEAF, CHECKED_L6TOUT},
    {HOUSE_API, CONTROLLER_ANSWERS, CONTROLLER_H2, CONTROLLER_LEAF, CHECKED_L6RSP},
    {HOUSE_API, CONTROLLER_ANSWERS, CONTROLLER_HTTP, CONTROLLER_LEAF_FOREIGN, CHECKED_L6RSP},
    {HOUSE_TUNNEL, CONTROLLER_BABBLES, CONTROLLER_H2, CONTROLLER_LEAF, CHECKED_L7RSP},
    {HOUSE_TUNNEL, CONTROLLER_IS_SILENT, CONTROLLER_H2, CONTROLLER_LEAF, CHECKED_L7TOUT},
    {HOUSE_TUNNEL, CONTROLLER_DRIPS, CONTROLLER_H2, CONTROLLER_LEAF, CHECKED_L7TOUT},
    {HOUSE_TUNNEL, CONTROLLER_ANSWERS, CONTROLLER_NO_ALPN, CONTROLLER_LEAF, CHECKED_L6RSP},
    {HOUSE_TUNNEL, CONTROLLER_STALLS_TLS, CONTROLLER_H2, CONTROLLER_LEAF, CHECKED_L6TOUT},
};

static void order(struct controller_port *port, const struct manner_case *what)
{
    port->protocol = what->protocol;
    port->leaf = what->leaf;
    port->manner = what->manner;
}

static void try_manner(struct house *house, const struct manner_case *what)
{
    const struct manner_case usual = {.protocol = what->service == HOUSE_TUNNEL ? CONTROLLER_H2
                                                                                : CONTROLLER_HTTP};
    struct controller_port *port = house_port(house, 0, what->service);

    order(port, what);
    CU_ASSERT_TRUE(house_wait(house, 0, what->service, STATUS_DOWN, VERDICT_MS));
    ASSERT_NUMBER(house_look(house, 0, what->service).check.code, what->code);
    ASSERT_NUMBER(house_look(house, 1, what->service).status, STATUS_UP);
    ASSERT_NUMBER(house_look(house, 2, what->service).status, STATUS_UP);
    order(port, &usual);
    CU_ASSERT_TRUE(house_wait(house, 0, what->service, STATUS_UP, VERDICT_MS));
}

static void test_manners(void)
{
    const struct house_plan plan = {
        .services = 2,
        .defaults = "check_interval = 100ms\ncheck_fast_interval = 100ms\n"
                    "check_down_interval = 100ms\ncheck_fall = 2\n"
                    "check_connect_timeout = 600ms\ncheck_timeout = 600ms\n",
    };
    struct house house;

    if (house_open(&house, &plan) == 0) {
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        for (size_t i = 0; i < ARRAY_LEN(manner_cases); i++) {
            unsigned failures = CU_get_number_of_failures();

            try_manner(&house, &manner_cases[i]);
            if (CU_get_number_of_failures() > failures)
                printf("case %zu of the manners\n", i);
        }
    }
    house_close(&house);
}

/* A certificate that has ended, or lacks a name, must not be our outage. */
static void test_warnings(void)
{
    const struct house_plan plan = {.defaults = HOUSE_QUICK};
    struct house house;

    if (house_prepare(&house, &plan) == 0) {
        api(&house, 0)->leaf = CONTROLLER_LEAF_EXPIRED;
        api(&house, 1)->leaf = CONTROLLER_LEAF_NAMELESS;
        if (house_start_controllers(&house) == 0 && house_start(&house) == 0) {
            CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
            CU_ASSERT_TRUE(house_wait_warning(&house, "c1", VERDICT_MS));
            CU_ASSERT_TRUE(house_wait_warning(&house, CONTROLLER_EXTERNAL, VERDICT_MS));
        }
    }
    house_close(&house);
}

/* With etcd gone an API server takes 2 s to say so, and says what is missing. */
static void test_late_500(void)
{
    const struct house_plan plan = {.services = 1};
    struct house house;

    if (house_open(&house, &plan) == 0) {
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        api(&house, 0)->delay_ms = 2000;
        api(&house, 0)->status = 500;
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_SUSPECT));
        ASSERT_NUMBER(look(&house, 0).check.status, 200); /* while it is still waited for */
        CU_ASSERT_TRUE(wait_description(&house, 0, "etcd"));
        ASSERT_NUMBER(look(&house, 0).check.code, CHECKED_L7STS);
        ASSERT_NUMBER(look(&house, 0).check.status, 500);
        CU_ASSERT_TRUE(look(&house, 0).check.duration_us >= 2000 * 1000);
        CU_ASSERT_TRUE(house_wait(&house, 0, HOUSE_API, STATUS_DOWN, 15000));
        ASSERT_NUMBER(look(&house, 1).status, STATUS_UP);
        ASSERT_NUMBER(look(&house, 2).status, STATUS_UP);
    }
    house_close(&house);
}

/* A starting API server says 403, then 500, then 200: it is up after two of the last. */
static void test_starting(void)
{
    const struct house_plan plan = {.defaults = HOUSE_QUICK "check_rise = 3\n"};
    struct house house;

    if (house_open(&house, &plan) == 0) {
        struct controller_port *port = api(&house, 0);
        uint64_t since;

        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        controller_kill(&house.controllers[0]);
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_DOWN));
        port->status = 403;
        ASSERT_NUMBER(controller_start(&house.controllers[0], 1), 0);
        CU_ASSERT_TRUE(wait_description(&house, 0, "403"));
        since = port->probes;
        CU_ASSERT_TRUE(wait_count(&port->probes, since + 5, VERDICT_MS));
        ASSERT_NUMBER(look(&house, 0).status, STATUS_DOWN);
        port->status = 500;
        CU_ASSERT_TRUE(wait_description(&house, 0, "500"));
        since = port->probes;
        CU_ASSERT_TRUE(wait_count(&port->probes, since + 5, VERDICT_MS));
        ASSERT_NUMBER(look(&house, 0).status, STATUS_DOWN);
        since = port->probes;
        port->status = 200;
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_UP));
        CU_ASSERT_TRUE(port->probes >= since + 3);
    }
    house_close(&house);
}

/* ---- our certificate ---- */

/* One controller that refuses what the others accept is at fault. */
static void test_refuses_us(void)
{
    const struct house_plan plan = {.identity = true, .defaults = HOUSE_QUICK};
    struct house house;

    if (house_open(&house, &plan) == 0) {
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        api(&house, 2)->status = 401;
        CU_ASSERT_TRUE(wait_api(&house, 2, STATUS_DOWN));
        CU_ASSERT_TRUE(wait_description(&house, 2, "rejects the certificate that c"));
        ASSERT_NUMBER(look(&house, 2).check.code, CHECKED_L7STS);
        ASSERT_NUMBER(look(&house, 2).check.status, 401);
        api(&house, 2)->status = 200;
        CU_ASSERT_TRUE(wait_api(&house, 2, STATUS_UP));
    }
    house_close(&house);
}

/* When all refuse it, it is ours that is wrong. */
static void refuse_us_all(int status)
{
    const struct house_plan plan = {.identity = true, .defaults = HOUSE_QUICK};
    struct house house;

    if (house_prepare(&house, &plan) == 0) {
        house_order_all(&house, HOUSE_API, CONTROLLER_ANSWERS, status);
        if (house_start_controllers(&house) == 0 && house_start(&house) == 0) {
            CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
            CU_ASSERT_TRUE(house_wait_probes(&house, HOUSE_API, 5, VERDICT_MS));
            CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
            ASSERT_NUMBER(look(&house, 0).ready_verified, false);
            CU_ASSERT_TRUE(house_wait_warning(&house, "certificate", VERDICT_MS));
        }
    }
    house_close(&house);
}

static void test_all_refuse_us(void)
{
    refuse_us_all(401);
    refuse_us_all(403);
}

/* Without a certificate 401 is alive, and 403 is not. */
static void test_anonymous_403(void)
{
    const struct house_plan plan = {.defaults = HOUSE_QUICK};
    struct house house;

    if (house_open(&house, &plan) == 0) {
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        api(&house, 0)->status = 403;
        api(&house, 1)->status = 401;
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_DOWN));
        CU_ASSERT_TRUE(wait_description(&house, 1, "401"));
        ASSERT_NUMBER(look(&house, 1).status, STATUS_UP);
        ASSERT_NUMBER(look(&house, 0).check.code, CHECKED_L7STS);
    }
    house_close(&house);
}

/* ---- what becomes of sessions ---- */

/* Who answers badly keeps its sessions for unready_close. */
static void test_unready_close(void)
{
    const struct house_plan plan = {.defaults =
                                        HOUSE_QUICK "unready_close = 3s\non_down_spread = 200ms\n"};
    struct house house;
    struct surge surge = {.pid = 0};

    if (house_open(&house, &plan) == 0) {
        uint64_t since_ms;

        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        CU_ASSERT_TRUE(open_sessions(&house, &surge));
        since_ms = mono_ms();
        api(&house, 0)->status = 500;
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_SUSPECT));
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_DOWN));
        ASSERT_NUMBER(look(&house, 0).counts.active, EACH);
        ASSERT_NUMBER(count_open(&surge), SESSIONS);
        CU_ASSERT_TRUE(wait_open(&house, &surge, SESSIONS - EACH));
        CU_ASSERT_TRUE(mono_ms() - since_ms >= 3000);
        ASSERT_NUMBER(look(&house, 0).counts.active, 0);
        ASSERT_NUMBER(surge_open_watches(&surge, 1), 0);
        surge_fini(&surge);
    }
    house_close(&house);
}

/* All at once without readiness is an etcd between two leaders. */
static void test_election(void)
{
    const struct house_plan plan = {.defaults = HOUSE_QUICK};
    struct house house;
    struct surge surge = {.pid = 0};

    if (house_open(&house, &plan) == 0) {
        uint64_t until_ms;

        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        CU_ASSERT_TRUE(open_sessions(&house, &surge));
        house_order_all(&house, HOUSE_API, CONTROLLER_ANSWERS, 500);
        for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
            CU_ASSERT_TRUE(wait_api(&house, i, STATUS_SUSPECT));
        for (until_ms = mono_ms() + 2000; mono_ms() < until_ms;) {
            for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
                CU_ASSERT_NOT_EQUAL(look(&house, i).status, STATUS_DOWN);
            wait_a_moment();
        }
        ASSERT_NUMBER(count_open(&surge), SESSIONS);
        house_order_all(&house, HOUSE_API, CONTROLLER_ANSWERS, 200);
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        ASSERT_NUMBER(count_open(&surge), SESSIONS);
        ASSERT_NUMBER(look_counts(&house.scene.instance).active, SESSIONS);
        ASSERT_NUMBER(instance_log_count(&house.scene.instance, " is down"), 0);
        surge_fini(&surge);
    }
    house_close(&house);
}

/* Nothing is closed while there is no other place; it is once there is one. */
static void test_nowhere_else(void)
{
    const struct house_plan plan = {.defaults = HOUSE_QUICK
                                    "on_down_spread = 200ms\ncheck_connect_timeout = 500ms\n"};
    struct house house;
    struct surge surge = {.pid = 0};

    if (house_open(&house, &plan) == 0) {
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        CU_ASSERT_TRUE(open_sessions(&house, &surge));
        house_order_all(&house, HOUSE_API, CONTROLLER_STALLS_TLS, 200);
        for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
            CU_ASSERT_TRUE(wait_api(&house, i, STATUS_DOWN));
        CU_ASSERT_TRUE(house_wait_probes(&house, HOUSE_API, 5, VERDICT_MS));
        ASSERT_NUMBER(count_open(&surge), SESSIONS);
        CU_ASSERT_TRUE(wait_log(&house.scene.instance, "perhaps", VERDICT_MS));
        api(&house, 1)->manner = CONTROLLER_ANSWERS;
        CU_ASSERT_TRUE(wait_api(&house, 1, STATUS_UP));
        CU_ASSERT_TRUE(wait_open(&house, &surge, EACH));
        ASSERT_NUMBER(surge_open_watches(&surge, 2), EACH);
        surge_fini(&surge);
    }
    house_close(&house);
}

/* ---- sessions of TLS ---- */

/* One signature for many probes; a whole handshake after each failure. */
static void test_resumption(void)
{
    const struct house_plan plan = {.identity = true,
                                    .defaults = "check_interval = 200ms\n"
                                                "check_down_interval = 200ms\n"};
    struct house house;

    if (house_open(&house, &plan) == 0) {
        struct controller_port *port = api(&house, 0);
        uint64_t full;
        uint64_t resumed;

        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        CU_ASSERT_TRUE(wait_count(&port->resumed, 5, VERDICT_MS));
        CU_ASSERT_TRUE(port->full <= 2);  /* a second one where the first was slow */
        CU_ASSERT_TRUE(port->shown >= 5); /* the session remembers who we are */
        port->status = 500;
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_DOWN));
        resumed = port->resumed;
        full = port->full;
        CU_ASSERT_TRUE(wait_count(&port->full, full + 3, VERDICT_MS));
        ASSERT_NUMBER(port->resumed, resumed);
        port->status = 200;
        CU_ASSERT_TRUE(wait_api(&house, 0, STATUS_UP));
        CU_ASSERT_TRUE(wait_count(&port->resumed, resumed + 3, VERDICT_MS));
        full = port->full;
        CU_ASSERT_TRUE(wait_count(&port->resumed, resumed + 6, VERDICT_MS));
        CU_ASSERT_TRUE(port->full <= full + 1);
        /* A server that has forgotten us is as good as any. */
        port->forgets = true;
        CU_ASSERT_TRUE(wait_count(&port->full, full + 5, VERDICT_MS));
        ASSERT_NUMBER(look(&house, 0).status, STATUS_UP);
        ASSERT_NUMBER(look(&house, 0).check.bad, 0);
    }
    house_close(&house);
}

static const struct unit_test tests[] = {
    {"anonymous", test_anonymous},
    {"known", test_known},
    {"requires", test_requires},
    {"manners", test_manners},
    {"warnings", test_warnings},
    {"late_500", test_late_500},
    {"starting", test_starting},
    {"refuses_us", test_refuses_us},
    {"all_refuse_us", test_all_refuse_us},
    {"anonymous_403", test_anonymous_403},
    {"unready_close", test_unready_close},
    {"election", test_election},
    {"nowhere_else", test_nowhere_else},
    {"resumption", test_resumption},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"health", tests},
        {NULL, NULL},
    };

    return unit_main("test_health", suites, argc, argv);
}
