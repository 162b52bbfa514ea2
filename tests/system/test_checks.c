/*
 * Many health checks at once: bad backends beside good ones, a thousand of them, a checker that
 * does not run for a while, and what is left of a probe when it has ended.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/house.h"
#include "system/sanitized.h"
#include "system/volume.h"

/* A verdict of several probes, with a machine that has other things to do. */
#define VERDICT_MS 10000

#define MANY_HOSTS 1000

/* ---- backends of a further service ---- */

/* How many there are, of each of the houses' controllers, with names "ck-N". */
static unsigned each[HOUSE_CONTROLLERS];

static const char *service_keys;

static void write_service(const struct house *house, struct textbuf *text)
{
    char address[ADDR_TEXT_SIZE];

    textbuf_printf(text, "[service many]\ncheck = https\nlisten = %s\n%s",
                   addr_format(&house->scene.spare[2], address), service_keys);
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        for (unsigned k = 0; k < each[i]; k++)
            textbuf_printf(text, "server c%u-%u = %s\n", i + 1, k,
                           addr_format(&house->controllers[i].addresses[HOUSE_JOIN], address));
    }
}

static struct controller_port *port_of(struct house *house, unsigned controller)
{
    return house_port(house, controller, HOUSE_JOIN);
}

/* What the checks have said so far of a controller's backends in that service. */
struct tally {
    unsigned checked; /* have had a result */
    unsigned good;    /* of these, the last one was */
    unsigned down;
    unsigned code; /* of these, with the wanted one */
    uint32_t fastest_us;
    uint32_t slowest_us;
};

static void count_backend(const struct snapshot_backend *backend, enum board_check_code code,
                          struct tally *tally)
{
    tally->down += backend->health == BOARD_DOWN;
    if (backend->check.at_ms == 0)
        return;
    tally->checked++;
    tally->good += backend->check.bad == 0;
    if (backend->check.code != code)
        return;
    if (tally->code == 0 || backend->check.duration_us < tally->fastest_us)
        tally->fastest_us = backend->check.duration_us;
    if (backend->check.duration_us > tally->slowest_us)
        tally->slowest_us = backend->check.duration_us;
    tally->code++;
}

static struct tally tally(struct house *house, unsigned controller, enum board_check_code code)
{
    const char prefix[] = {'c', (char)('1' + controller), '-', '\0'};
    struct snapshot *snapshot = snapshot_take(house->scene.instance.board);
    struct tally tally = {.checked = 0};

    for (size_t i = 0; snapshot != NULL && i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t k = 0; k < service->backend_count; k++) {
            if (strncmp(service->backends[k].name, prefix, strlen(prefix)) == 0)
                count_backend(&service->backends[k], code, &tally);
        }
    }
    snapshot_free(snapshot);
    return tally;
}

/* A house whose join ports are the backends of that service, and nothing else is checked. */
static int prepare(struct house *house, const char *keys)
{
    const struct house_plan plan = {
        .defaults = "check_interval = 1s\n",
        .more = write_service,
    };

    service_keys = keys;
    if (house_prepare(house, &plan) == -1)
        return -1;
    house->services = CONTROLLER_PORTS;
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        port_of(house, i)->status = 200;
        port_of(house, i)->probe[0] = '\0';
    }
    return 0;
}

static int start(struct house *house)
{
    if (house_start_controllers(house) == -1)
        return -1;
    return house_start(house);
}

/* ---- HC-03: a handshake that drips ---- */

#define DRIP_TIMEOUT_MS 1000

/* The verdict comes when the time is over, whatever drips, and good ones are not held up. */
static void test_dripping(void)
{
    /* This build's own slowness, and other programs on the machine. */
    const uint32_t late_us = (IS_SANITIZED ? 500 : 150) * 1000;
    const unsigned count = volume(15, 50);
    struct house house;

    memcpy(each, (unsigned[]){count, count, 0}, sizeof(each));
    if (prepare(&house, "check_interval = 500ms\ncheck_fast_interval = 500ms\n"
                        "check_connect_timeout = 1s\n") == 0) {
        struct tally dripping;

        port_of(&house, 0)->manner = CONTROLLER_DRIPS_TLS;
        if (start(&house) == 0) {
            struct tally good;

            CU_ASSERT_TRUE(wait_count(&port_of(&house, 0)->questions, 5 * count, VERDICT_MS));
            dripping = tally(&house, 0, CHECKED_L6TOUT);
            good = tally(&house, 1, CHECKED_L7OK);
            printf("HC-03: %u of %u timed out, after %u to %u ms; good ones took up to %u ms\n",
                   dripping.code, count, dripping.fastest_us / 1000, dripping.slowest_us / 1000,
                   good.slowest_us / 1000);
            ASSERT_NUMBER(dripping.code, count);
            ASSERT_NUMBER(dripping.down, count);
            CU_ASSERT_TRUE(dripping.fastest_us >= (DRIP_TIMEOUT_MS - 50) * 1000);
            CU_ASSERT_TRUE(dripping.slowest_us <= DRIP_TIMEOUT_MS * 1000 + late_us);
            ASSERT_NUMBER(good.good, count);
            ASSERT_NUMBER(good.down, 0);
            CU_ASSERT_TRUE(good.slowest_us <= 500 * 1000);
        }
    }
    house_close(&house);
}

/* ---- HC-09: the bad beside the good ---- */

static const enum controller_manner bad_manners[] = {
    CONTROLLER_IS_NO_TLS, CONTROLLER_BABBLES,    CONTROLLER_LEAVES_TLS, CONTROLLER_ALERTS,
    CONTROLLER_LEAVES,    CONTROLLER_RESETS_TLS, CONTROLLER_BRAGS,
};

/* No verdict about a good one is ever wrong, whatever else the same process meets. */
static void test_independent(void)
{
    const uint64_t probes = volume(1000, 10000);
    struct house house;

    memcpy(each, (unsigned[]){20, 10, 10}, sizeof(each));
    if (prepare(&house, "check_interval = 100ms\ncheck_fast_interval = 100ms\n"
                        "check_down_interval = 100ms\n") == 0) {
        port_of(&house, 0)->manner = bad_manners[0];
        /* Those that are good take their time, so that others fail meanwhile. */
        for (unsigned i = 1; i < HOUSE_CONTROLLERS; i++) {
            port_of(&house, i)->manner = CONTROLLER_DRIPS;
            port_of(&house, i)->drip_ms = 2;
            port_of(&house, i)->drip_size = 10;
        }
        if (start(&house) == 0) {
            uint64_t deadline_ms = mono_ms() + volume(30000, 200000);
            unsigned wrong_good = 0;
            unsigned wrong_bad = 0;

            for (unsigned turn = 0;
                 port_of(&house, 1)->questions < probes / 2 && mono_ms() < deadline_ms; turn++) {
                port_of(&house, 0)->manner = bad_manners[turn / 8 % ARRAY_LEN(bad_manners)];
                for (unsigned i = 1; i < HOUSE_CONTROLLERS; i++) {
                    struct tally now = tally(&house, i, CHECKED_L7OK);

                    wrong_bad += now.checked - now.good;
                }
                wrong_good += tally(&house, 0, CHECKED_L7OK).code;
                wait_a_moment();
            }
            printf("HC-09: %" PRIu64 " good probes, %" PRIu64 " bad ones\n",
                   port_of(&house, 1)->questions + port_of(&house, 2)->questions,
                   port_of(&house, 0)->questions);
            CU_ASSERT_TRUE(mono_ms() < deadline_ms);
            ASSERT_NUMBER(wrong_bad, 0);
            ASSERT_NUMBER(wrong_good, 0);
            ASSERT_NUMBER(tally(&house, 0, CHECKED_L7OK).down, 20);
        }
    }
    house_close(&house);
}

/* ---- HC-12: a thousand backends ---- */

#define WINDOW_MS 100

/* Sockets that a checker may have: for probes that run, and kept for later ones. */
#define MOST_RUNNING 128
#define MOST_KEPT    512

/* So many backends, each with an address of its own and all at the first controller's port. */
static unsigned host_count;

static void write_hosts(const struct house *house, struct textbuf *text)
{
    char address[ADDR_TEXT_SIZE];

    textbuf_printf(text, "[service many]\ncheck = https\nlisten = %s\n",
                   addr_format(&house->scene.spare[2], address));
    for (unsigned k = 0; k < host_count; k++)
        textbuf_printf(text, "server c1-%u = 127.10.%u.%u:%u\n", k, k / 250, k % 250 + 1,
                       house->controllers[0].addresses[HOUSE_JOIN].port);
}

/* The most questions that came within a window, of those from number `from` on. */
static unsigned most_at_once(const struct controller_port *port, uint64_t from, uint64_t until)
{
    unsigned most = 0;
    uint64_t first = from;

    for (uint64_t i = from; i < until; i++) {
        uint64_t asked_ms = port->asked_ms[i % CONTROLLER_VISITS];

        while (asked_ms - port->asked_ms[first % CONTROLLER_VISITS] >= WINDOW_MS)
            first++;
        if (i - first + 1 > most)
            most = (unsigned)(i - first + 1);
    }
    return most;
}

/* Whether the probes of some intervals, as they come from now on, are spread. */
static bool are_spread(struct house *house, const char *when)
{
    struct controller_port *port = port_of(house, 0);
    uint64_t from = port->questions;
    uint64_t since_ms = mono_ms();
    uint64_t until = from + 3ull * host_count;
    double mean;
    unsigned most;

    if (!wait_count(&port->questions, until, VERDICT_MS))
        return false;
    mean = 3.0 * host_count * WINDOW_MS / (double)(mono_ms() - since_ms);
    most = most_at_once(port, from, until);
    printf("HC-12: %s: %u starts in 100 ms at most, %.1f in the mean\n", when, most, mean);
    return most <= 2 * mean;
}

/*
 * A machine that stood still for a moment makes up for it, and who is slow is asked more often:
 * then it is looked at again.
 */
static void assert_spread(struct house *house, const char *when)
{
    bool spread = false;

    for (unsigned attempt = 0; attempt < 5 && !spread; attempt++)
        spread = are_spread(house, when);
    CU_ASSERT_TRUE(spread);
}

/* Every host has had its result, and it is the right one. */
static bool wait_all_known(struct house *house, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;
    struct tally now;

    do {
        now = tally(house, 0, CHECKED_L7OK);
        if (now.checked == host_count && now.code == host_count - host_count / 10)
            return true;
        wait_a_moment();
    } while (mono_ms() < deadline_ms);
    printf("HC-12: of %u hosts %u are known, %u are good\n", host_count, now.checked, now.code);
    return false;
}

static void test_thousand(void)
{
    const struct house_plan plan = {.more = write_hosts, .first_is_many = true};
    struct house house;

    host_count = volume(IS_SANITIZED ? 200 : 300, MANY_HOSTS);
    if (house_prepare(&house, &plan) == 0) {
        house.services = CONTROLLER_PORTS;
        port_of(&house, 0)->status = 200;
        port_of(&house, 0)->probe[0] = '\0';
        port_of(&house, 0)->some_fail = true;
        if (start(&house) == 0) {
            pid_t checker = instance_child(&house.scene.instance, BOARD_ROLE_CHECKER, 0);
            struct tally last;

            CU_ASSERT_TRUE(wait_all_known(&house, 2000 + VERDICT_MS));
            assert_spread(&house, "after the start");
            ASSERT_NUMBER(change_hup(&house.scene.instance), CHANGE_OK);
            assert_spread(&house, "across a reload");
            checker = wait_child(&house.scene.instance, BOARD_ROLE_CHECKER, 0, 0, VERDICT_MS);
            CU_ASSERT_TRUE(procfs_fd_count(checker) <= MOST_RUNNING + MOST_KEPT + 32);
            last = tally(&house, 0, CHECKED_L7OK);
            ASSERT_NUMBER(last.down, host_count / 10);
            CU_ASSERT_TRUE(wait_all_known(&house, SOON_MS));
        }
    }
    house_close(&house);
}

/* ---- PF-06: a checker that does not run ---- */

static bool all_are_well(struct house *house)
{
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        struct tally now = tally(house, i, CHECKED_L7OK);

        if (now.down > 0 || now.good != each[i])
            return false;
    }
    return true;
}

/* Its questions are out when it is stopped, and answered or given up long before it goes on. */
static void test_stopped(void)
{
    struct house house;

    memcpy(each, (unsigned[]){34, 33, 33}, sizeof(each));
    if (prepare(&house, "check_interval = 200ms\ncheck_fast_interval = 100ms\n"
                        "check_connect_timeout = 500ms\ncheck_timeout = 500ms\n"
                        "check_fall = 1\n") == 0) {
        for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
            port_of(&house, i)->delay_ms = 50;
        if (start(&house) == 0) {
            struct instance *instance = &house.scene.instance;
            pid_t checker = wait_child(instance, BOARD_ROLE_CHECKER, 0, 0, VERDICT_MS);
            uint64_t until_ms = mono_ms() + volume(3000, 60000);
            uint64_t questions;
            bool well;

            CU_ASSERT_TRUE(house_wait_probes(&house, HOUSE_JOIN, 100, VERDICT_MS));
            CU_ASSERT_TRUE(all_are_well(&house));
            ASSERT_NUMBER(instance_kill(checker, SIGSTOP), 0);
            while (mono_ms() < until_ms)
                wait_a_moment();
            questions = port_of(&house, 0)->questions;
            ASSERT_NUMBER(instance_kill(checker, SIGCONT), 0);
            do
                well = all_are_well(&house);
            while (well && port_of(&house, 0)->questions < questions + 100 &&
                   mono_ms() < until_ms + VERDICT_MS);
            CU_ASSERT_TRUE(well);
            CU_ASSERT_TRUE(mono_ms() < until_ms + VERDICT_MS);
            ASSERT_NUMBER(instance_child(instance, BOARD_ROLE_CHECKER, 0), checker);
            CU_ASSERT_TRUE(wait_log(instance, "no backend is judged for that time", SOON_MS));
        }
    }
    house_close(&house);
}

/* ---- what a probe leaves ---- */

/* Sockets of this machine in TIME_WAIT whose other end is that. */
static unsigned count_time_wait(const struct addr *end)
{
    FILE *file = fopen("/proc/net/tcp", "re");
    unsigned count = 0;
    uint32_t address; /* as the file has it: the bytes in the network's order, read as a number */
    char line[256];

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    memcpy(&address, end->ip, sizeof(address));
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned remote;
        unsigned port;
        unsigned state;

        if (sscanf(line, " %*u: %*x:%*x %x:%x %x", &remote, &port, &state) == 3)
            count += remote == address && port == end->port && state == 6;
    }
    fclose(file);
    return count;
}

/* The other end of a probe is told, has nothing to log, and no TIME_WAIT is left of it. */
static void test_orderly_end(void)
{
    const struct house_plan plan = {.services = 3, .defaults = "check_interval = 100ms\n"};
    struct house house;

    if (house_open(&house, &plan) == 0) {
        CU_ASSERT_TRUE(house_wait_all_up(&house, VERDICT_MS));
        CU_ASSERT_TRUE(house_wait_probes(&house, HOUSE_JOIN, 100, 3 * VERDICT_MS));
        for (unsigned k = 0; k < CONTROLLER_PORTS; k++) {
            struct controller_port *port = house_port(&house, 0, (enum house_service)k);
            uint64_t accepted = port->accepted;
            unsigned left;

            /* A probe that waits too long is overtaken, and ends with a reset. */
            CU_ASSERT_TRUE(wait_count(&port->quiet, accepted - accepted / 20 - 2, SOON_MS));
            left = count_time_wait(&house.controllers[0].addresses[k]);
            printf("port %u: %" PRIu64 " questions on %" PRIu64 " connections, %" PRIu64
                   " of them with a quiet end; %u in TIME_WAIT\n",
                   k, port->questions, accepted, port->quiet, left);
            CU_ASSERT_TRUE(left <= 5);
        }
    }
    house_close(&house);
}

static const struct unit_test tests[] = {
    {"HC-03_dripping", test_dripping}, {"HC-09_independent", test_independent},
    {"HC-12_thousand", test_thousand}, {"PF-06_stopped", test_stopped},
    {"orderly_end", test_orderly_end}, {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"checks", tests},
        {NULL, NULL},
    };

    return unit_main("test_checks", suites, argc, argv);
}
