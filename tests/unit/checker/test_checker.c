#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "channel/channel.h"

#include "house.h"

static struct house *open_house(unsigned backends)
{
    struct house *house = malloc(sizeof(*house));

    CU_ASSERT_PTR_NOT_NULL_FATAL(house);
    house_init(house, backends);
    return house;
}

static void close_house(struct house *house)
{
    CU_ASSERT_TRUE(house_stop(house));
    house_fini(house);
    free(house);
}

static uint64_t since(const struct house *house, unsigned backend)
{
    return board_health_since(house->board, house->backends[backend].slot);
}

static struct board_check check_of(const struct house *house, unsigned backend)
{
    struct board_check check;

    board_check_copy(house->board, house->backends[backend].slot, &check);
    return check;
}

/* Waits for an answer newer than the one of `before_ms`. */
static bool wait_answer(const struct house *house, unsigned backend, uint64_t before_ms,
                        uint64_t most_ms)
{
    uint64_t until_ms = mono_ms() + most_ms;

    while (check_of(house, backend).at_ms == before_ms && mono_ms() < until_ms)
        poll(NULL, 0, 1);
    return check_of(house, backend).at_ms != before_ms;
}

static bool is_probed_within(const struct house *house, unsigned backend, uint64_t ms)
{
    return wait_answer(house, backend, check_of(house, backend).at_ms, ms);
}

static void test_first_round(void)
{
    struct house *house = open_house(3);
    struct board_check check;
    uint64_t told;

    house_close(house, 2);
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_BORN));
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    ASSERT_NUMBER(house_health(house, 2), BOARD_DOWN);
    ASSERT_NUMBER(board_checker(house->board)->first_round, 1);
    CU_ASSERT_TRUE(read(house->birth.health_event, &told, sizeof(told)) == sizeof(told));
    CU_ASSERT_TRUE(told >= 3);
    check = check_of(house, 2);
    ASSERT_NUMBER(check.code, CHECKED_L4CON);
    ASSERT_TEXT(check.description, "connection refused");
    ASSERT_NUMBER(check.good, 0);
    CU_ASSERT_TRUE(check.bad >= 1 && check.at_ms != 0 && check.changed_ms != 0);
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is up: L4OK connected (first check)"));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b2 is down: L4CON connection refused (first check)"));
    close_house(house);
}

static void test_unasked_is_up(void)
{
    struct house *house = open_house(2);

    house->service.check = CHECK_NONE;
    house_close(house, 0);
    house_close(house, 1);
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    ASSERT_NUMBER(check_of(house, 0).at_ms, 0);
    close_house(house);
}

static void test_down_and_back(void)
{
    struct house *house = open_house(2);

    house_start(house);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    house_close(house, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is suspect: L4CON connection refused (1 of 3)"));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is down: L4CON connection refused (3 of 3)"));
    house_listen(house, 0, 4096);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is up: L4OK connected (2 of 2)"));
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    close_house(house);
}

/* Probed once an hour: whatever happens quickly is the report's doing. */
static struct house *open_quiet_house(unsigned backends)
{
    struct house *house = open_house(backends);

    house->service.check_interval = 3600000;
    house->service.check_down_interval = 3600000;
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    return house;
}

static void test_refused_client_and_refused_probe_are_down(void)
{
    struct house *house = open_quiet_house(2);
    uint64_t start_ms;

    house_close(house, 1);
    start_ms = mono_ms();
    house_report(house, 1, BOARD_EVIDENCE_REFUSED);
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_DOWN));
    CU_ASSERT_TRUE(since(house, 1) - start_ms < 500); /* not the heartbeat, nor three probes */
    CU_ASSERT_TRUE(house_wait_log(house, "s/b1 is suspect: a client's connection was refused"));
    CU_ASSERT_TRUE(
        house_wait_log(house, "s/b1 is down: L4CON connection refused (1 of 3, and a client's)"));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    close_house(house);
}

static void test_reported_but_well(void)
{
    struct house *house = open_quiet_house(1);

    house_report(house, 0, BOARD_EVIDENCE_RESET);
    CU_ASSERT_TRUE(
        house_wait_log(house, "s/b0 is suspect: a client's connection was reset before an answer"));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is up: L4OK connected\"\n"));
    close_house(house);
}

/* An unanswered hello is slow evidence: the only backend is not suspected for it. */
static void test_unanswered_hello_spares_the_last(void)
{
    struct house *house = open_quiet_house(1);
    uint64_t up_since = since(house, 0);
    uint64_t before_ms = check_of(house, 0).at_ms;

    house_report(house, 0, BOARD_EVIDENCE_SILENT);
    CU_ASSERT_TRUE(wait_answer(house, 0, before_ms, 5000)); /* asked at once all the same */
    ASSERT_NUMBER(since(house, 0), up_since);
    close_house(house);
}

/* With no room in its accept queue a listener answers the first SYN and then none. */
static void test_waiting_probe_makes_suspect(void)
{
    struct house *house = open_house(3);

    house_close(house, 0);
    house_listen(house, 0, 0);
    house_start(house);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is suspect: no answer for 50 ms"));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is down: L4TOUT connection timed out (3 of 3)"));
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    ASSERT_NUMBER(house_health(house, 2), BOARD_UP);
    close_house(house);
}

/* Three probes overlap: the third has failed long before three timeouts one after the other. */
static void test_waiting_probes_overlap(void)
{
    struct house *house = open_house(3);
    uint64_t suspect_ms;

    house->service.check_connect_timeout = 1000;
    house_close(house, 0);
    house_listen(house, 0, 0);
    house_start(house);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    suspect_ms = since(house, 0);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(since(house, 0) - suspect_ms >= 1000);
    CU_ASSERT_TRUE(since(house, 0) - suspect_ms < 1500);
    close_house(house);
}

/* Stopped for much longer than any timeout, with probes out: nobody is judged for it. */
static void test_stopped_checker_judges_nobody(void)
{
    struct house *house = open_house(HOUSE_BACKENDS);
    uint64_t up_since[HOUSE_BACKENDS];
    uint64_t continued_ms;

    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    for (unsigned i = 0; i < HOUSE_BACKENDS; i++)
        up_since[i] = since(house, i);
    kill(house->checker, SIGSTOP);
    poll(NULL, 0, 1500);
    continued_ms = wall_ms();
    kill(house->checker, SIGCONT);
    CU_ASSERT_TRUE(house_wait_log(house, "no backend is judged for that time"));
    for (unsigned i = 0; i < HOUSE_BACKENDS; i++) {
        uint64_t until_ms = mono_ms() + 5000;

        while (check_of(house, i).at_ms < continued_ms + 300 && mono_ms() < until_ms)
            poll(NULL, 0, 1);
        ASSERT_NUMBER(house_health(house, i), BOARD_UP);
        ASSERT_NUMBER(since(house, i), up_since[i]);
    }
    CU_ASSERT_TRUE(board_checker(house->board)->stalls >= 1);
    close_house(house);
}

/* Whether a socket in that state (proc(5): 01 established, 02 SYN sent) is bound for the port. */
static bool has_socket(uint16_t port, const char *state)
{
    char line[256];
    char wanted[64];
    bool found = false;
    FILE *table = fopen("/proc/net/tcp", "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    snprintf(wanted, sizeof(wanted), " %08X:%04X %s ", htonl(INADDR_LOOPBACK), port, state);
    while (!found && fgets(line, sizeof(line), table) != NULL)
        found = strstr(line, wanted) != NULL;
    fclose(table);
    return found;
}

static bool wait_socket(uint16_t port, const char *state)
{
    uint64_t until_ms = mono_ms() + 5000;

    while (!has_socket(port, state) && mono_ms() < until_ms)
        poll(NULL, 0, 1);
    return has_socket(port, state);
}

/*
 * A probe is out when the checker is stopped, and connects (by the kernel's second SYN) while it
 * stands still, after the probe's time: that is a good answer.
 */
static void test_answer_during_a_stop_is_good(void)
{
    struct house *house = open_house(1);
    uint16_t port = house->backends[0].address.port;
    uint64_t before_ms;
    uint64_t up_since;

    house->service.check_interval = house->service.check_fast_interval = 3600000;
    house->service.check_connect_timeout = 900; /* the second SYN comes after a second */
    house_close(house, 0);
    house_listen(house, 0, 0); /* full after the first probe, until somebody accepts */
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    up_since = since(house, 0);
    before_ms = check_of(house, 0).at_ms;
    house_report(house, 0, BOARD_EVIDENCE_SILENT);
    CU_ASSERT_TRUE(wait_socket(port, "02"));
    kill(house->checker, SIGSTOP);
    close(accept(house->listeners[0], NULL, NULL));
    CU_ASSERT_TRUE(wait_socket(port, "01"));
    kill(house->checker, SIGCONT);
    CU_ASSERT_TRUE(wait_answer(house, 0, before_ms, 5000));
    ASSERT_NUMBER(check_of(house, 0).code, CHECKED_L4OK);
    ASSERT_NUMBER(check_of(house, 0).good, 2);
    ASSERT_NUMBER(house_health(house, 0), BOARD_UP);
    ASSERT_NUMBER(since(house, 0), up_since);
    close_house(house);
}

static void test_successor_goes_on(void)
{
    struct house *house = open_house(3);
    uint64_t up_since;
    uint64_t down_since;
    uint64_t until_ms = mono_ms() + 5000;
    uint16_t bad;

    house_close(house, 2);
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    CU_ASSERT_TRUE(house_stop(house));
    up_since = since(house, 0);
    down_since = since(house, 2);
    bad = check_of(house, 2).bad;
    house_close(house, 1); /* up as far as the successor knows: one refusal is not the end */
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    while (check_of(house, 2).bad == bad && mono_ms() < until_ms)
        poll(NULL, 0, 1);
    CU_ASSERT_TRUE(check_of(house, 2).bad > bad);
    ASSERT_NUMBER(since(house, 0), up_since);
    ASSERT_NUMBER(since(house, 2), down_since);
    CU_ASSERT_TRUE(house_wait_log(house, "s/b1 is suspect: L4CON connection refused (1 of 3)"));
    close_house(house);
}

static void test_maint_stops_probing(void)
{
    struct house *house = open_house(2);
    uint64_t until_ms = mono_ms() + 5000;

    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    house_say(house, 0, BOARD_ADMIN_MAINT);
    while (is_probed_within(house, 0, 300) && mono_ms() < until_ms)
        continue;
    CU_ASSERT_FALSE(is_probed_within(house, 0, 300));
    CU_ASSERT_TRUE(is_probed_within(house, 1, 300));
    ASSERT_NUMBER(house_health(house, 0), BOARD_UNCHECKED);
    house_say(house, 0, BOARD_ADMIN_READY);
    CU_ASSERT_TRUE(is_probed_within(house, 0, 3000));
    close_house(house);
}

/* What was known before maint may be long over: one answer decides, and it comes up beside others.
 */
static void test_maint_ends_unchecked(void)
{
    struct house *house = open_house(3);

    house->service.slow_start = 60000;
    house_start(house);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    house_say(house, 0, BOARD_ADMIN_MAINT);
    house_say(house, 1, BOARD_ADMIN_MAINT);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UNCHECKED));
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UNCHECKED));
    house_close(house, 0);
    house_say(house, 0, BOARD_ADMIN_READY);
    house_say(house, 1, BOARD_ADMIN_READY);
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is down: L4CON connection refused (first check)"));
    CU_ASSERT_TRUE(house_wait_marks(house, 1, BOARD_MARK_RAMP, BOARD_MARK_RAMP));
    ASSERT_NUMBER(house_health(house, 1), BOARD_UP);
    ASSERT_NUMBER(house_marks(house, 2) & BOARD_MARK_RAMP, 0);
    close_house(house);
}

static void test_no_address_is_down(void)
{
    static const struct addr none;
    struct house *house = open_house(2);

    house->backends[0].address = none;
    house_start(house);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(
        house_wait_log(house, "s/b0 is down: L4CON name does not resolve (first check)"));
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UP));
    close_house(house);
}

/* The master has resolved the name anew, and says so. */
static void move(struct house *house, unsigned backend, const struct addr *address)
{
    static const uint64_t one = 1;

    board_set_address(house->board, house->backends[backend].slot, address);
    CU_ASSERT_TRUE(write(house->birth.look_event, &one, sizeof(one)) == sizeof(one));
}

/* At another address it is another machine: probed at once, and the first answer decides alone. */
static void test_another_address_begins_anew(void)
{
    struct house *house = open_quiet_house(2);

    house_close(house, 1);
    move(house, 0, &house->backends[1].address);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    CU_ASSERT_TRUE(house_wait_log(house, "s/b0 is down: L4CON connection refused (first check)"));
    move(house, 0, &house->backends[0].address);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    ASSERT_NUMBER(check_of(house, 0).good, 1);
    close_house(house);
}

static void accept_waiting(const struct house *house, unsigned backend)
{
    int fd;

    while ((fd = accept4(house->listeners[backend], NULL, NULL, SOCK_CLOEXEC)) != -1)
        close(fd);
}

/*
 * A question waits at the old address, where a SYN is answered only by its next repetition: then
 * that answer is good, and says nothing about the new address.
 */
static void test_old_questions_are_void(void)
{
    struct house *house = open_house(3);
    uint64_t until_ms;

    house->service.check_connect_timeout = 5000;
    house->service.check_rise = 1;
    house_close(house, 0);
    house_listen(house, 0, 0);
    CU_ASSERT_FATAL(fd_set_nonblocking(house->listeners[0]) == 0);
    house_close(house, 1);
    house_start(house);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_SUSPECT));
    move(house, 0, &house->backends[1].address);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    until_ms = mono_ms() + 2500;
    while (mono_ms() < until_ms && house_health(house, 0) == BOARD_DOWN) {
        accept_waiting(house, 0);
        CU_ASSERT_TRUE(is_probed_within(house, 0, 3000));
    }
    ASSERT_NUMBER(house_health(house, 0), BOARD_DOWN);
    close_house(house);
}

/* A name's first lookup may take a moment: nobody is down for it. */
static void test_first_lookup_is_waited_for(void)
{
    static const struct addr none;
    struct house *house = open_house(2);
    struct addr address = house->backends[0].address;

    house->backends[0].address = none;
    house_start(house);
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UP));
    ASSERT_NUMBER(board_checker(house->board)->first_round, 0);
    move(house, 0, &address);
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_BORN));
    CU_ASSERT_TRUE(house_wait_message(house, CHANNEL_CHECKS_DONE));
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    CU_ASSERT_FALSE(house_has_logged(house, "s/b0 is down"));
    close_house(house);
}

/* Where nobody asks, an address is enough, and needed. */
static void test_unasked_needs_an_address(void)
{
    static const struct addr none;
    struct house *house = open_house(2);
    struct addr address = house->backends[0].address;

    house->service.check = CHECK_NONE;
    house->backends[0].address = none;
    house_start(house);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_DOWN));
    ASSERT_TEXT(check_of(house, 0).description, "name does not resolve");
    CU_ASSERT_TRUE(house_wait(house, 1, BOARD_UP));
    move(house, 0, &address);
    CU_ASSERT_TRUE(house_wait(house, 0, BOARD_UP));
    close_house(house);
}

const struct unit_test checker_tests[] = {
    {"first_round", test_first_round},
    {"unasked_is_up", test_unasked_is_up},
    {"down_and_back", test_down_and_back},
    {"refused_client_and_refused_probe_are_down", test_refused_client_and_refused_probe_are_down},
    {"reported_but_well", test_reported_but_well},
    {"unanswered_hello_spares_the_last", test_unanswered_hello_spares_the_last},
    {"waiting_probe_makes_suspect", test_waiting_probe_makes_suspect},
    {"waiting_probes_overlap", test_waiting_probes_overlap},
    {"stopped_checker_judges_nobody", test_stopped_checker_judges_nobody},
    {"answer_during_a_stop_is_good", test_answer_during_a_stop_is_good},
    {"successor_goes_on", test_successor_goes_on},
    {"maint_stops_probing", test_maint_stops_probing},
    {"maint_ends_unchecked", test_maint_ends_unchecked},
    {"no_address_is_down", test_no_address_is_down},
    {"another_address_begins_anew", test_another_address_begins_anew},
    {"old_questions_are_void", test_old_questions_are_void},
    {"first_lookup_is_waited_for", test_first_lookup_is_waited_for},
    {"unasked_needs_an_address", test_unasked_needs_an_address},
    {NULL, NULL},
};
