#include "worker/dead_peer.h"

#include <linux/tcp.h>
#include <stdbool.h>
#include <stdio.h>

#include "unit/unit.h"

/* ---- single moments ---- */

struct moment {
    const char *what;
    struct tcp_info info;
    uint64_t timeout_ms;
    enum peer_state state;
};

#define MS 1000 /* tcpi_rto and tcpi_rtt are microseconds */

static const struct moment moments[] = {
    {"idle for hours", {.tcpi_last_ack_recv = 9999999, .tcpi_rto = 200 * MS}, 30000, PEER_CALM},
    {"no timeout",
     {.tcpi_unacked = 3, .tcpi_last_ack_recv = 9999999, .tcpi_retransmits = 9},
     0,
     PEER_CALM},
    {"under way", {.tcpi_unacked = 3, .tcpi_last_ack_recv = 20}, 30000, PEER_BUSY},
    {"waiting for a window", {.tcpi_notsent_bytes = 1, .tcpi_last_ack_recv = 20}, 30000, PEER_BUSY},
    {"half of it", {.tcpi_unacked = 3, .tcpi_last_ack_recv = 15000}, 30000, PEER_SILENT},
    {"sent after hours of silence",
     {.tcpi_unacked = 3, .tcpi_last_ack_recv = 9999999, .tcpi_rto = 200 * MS},
     30000,
     PEER_SILENT},
    {"asked once",
     {.tcpi_unacked = 3,
      .tcpi_last_ack_recv = 9999999,
      .tcpi_last_data_sent = 300,
      .tcpi_retransmits = 1,
      .tcpi_rto = 400 * MS},
     30000,
     PEER_SILENT},
    {"asked again and again",
     {.tcpi_unacked = 3,
      .tcpi_last_ack_recv = 30000,
      .tcpi_last_data_sent = 4600,
      .tcpi_retransmits = 7,
      .tcpi_rto = 25600 * MS},
     30000,
     PEER_DEAD},
    {"a moment before",
     {.tcpi_unacked = 3,
      .tcpi_last_ack_recv = 29999,
      .tcpi_last_data_sent = 4599,
      .tcpi_retransmits = 7,
      .tcpi_rto = 25600 * MS},
     30000,
     PEER_SILENT},
    {"the answer to the last question may still come",
     {.tcpi_unacked = 3,
      .tcpi_last_ack_recv = 30000,
      .tcpi_last_data_sent = 700,
      .tcpi_rtt = 300 * MS,
      .tcpi_retransmits = 7,
      .tcpi_rto = 25600 * MS},
     30000,
     PEER_SILENT},
    {"answered all but one, without taking a byte",
     {.tcpi_unacked = 3,
      .tcpi_last_ack_recv = 52000,
      .tcpi_last_data_sent = 800,
      .tcpi_retransmits = 8,
      .tcpi_rto = 102400 * MS},
     30000,
     PEER_SILENT},
    {"one probe unanswered",
     {.tcpi_notsent_bytes = 1,
      .tcpi_last_ack_recv = 60000,
      .tcpi_probes = 1,
      .tcpi_backoff = 9,
      .tcpi_rto = 200 * MS},
     30000,
     PEER_SILENT},
    {"two, and all the time for them",
     {.tcpi_notsent_bytes = 1,
      .tcpi_last_ack_recv = 31000,
      .tcpi_probes = 2,
      .tcpi_backoff = 6,
      .tcpi_rto = 200 * MS},
     30000,
     PEER_DEAD},
    {"two, after more of them than an interval can double",
     {.tcpi_notsent_bytes = 1,
      .tcpi_last_ack_recv = 31000,
      .tcpi_probes = 2,
      .tcpi_backoff = 70,
      .tcpi_rto = 200 * MS},
     30000,
     PEER_SILENT},
    {"two, the last just now",
     {.tcpi_notsent_bytes = 1,
      .tcpi_last_ack_recv = 78000,
      .tcpi_probes = 2,
      .tcpi_backoff = 9,
      .tcpi_rto = 200 * MS},
     30000,
     PEER_SILENT},
};

static void moments_are_judged(void)
{
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        enum peer_state state = dead_peer_judge(&moments[i].info, moments[i].timeout_ms);

        if (state != moments[i].state)
            printf("    %s\n", moments[i].what);
        ASSERT_NUMBER(state, moments[i].state);
    }
}

/* ---- whole lives: the kernel asks at intervals that double, the peer answers or does not ---- */

#define LONGEST_MS 120000

struct life {
    bool probes; /* window probes; else retransmissions of what the peer has no room for */
    uint32_t rto_ms;
    uint32_t rtt_ms;
    unsigned late;         /* parts of an interval by which every timer is late */
    bool loses;            /* every second question, or its answer */
    uint32_t vanished_ms;  /* no answer to what is asked after this; 0 = it lives */
    uint32_t interval_ms;  /* the next one */
    uint32_t asked_ms;     /* the last question */
    uint32_t next_ms;      /* the next one */
    uint32_t answered_ms;  /* the last answer */
    uint32_t answering_ms; /* the next one; 0 = none is on its way */
    unsigned asked;
    unsigned unanswered;
};

static uint32_t with_delay(const struct life *life)
{
    return life->interval_ms + (life->late > 0 ? life->interval_ms / life->late : 0);
}

static void ask(struct life *life, uint32_t now)
{
    bool is_lost = life->loses && life->asked % 2 == 0;

    life->asked++;
    life->unanswered++;
    life->asked_ms = now;
    life->interval_ms = life->interval_ms < LONGEST_MS / 2 ? 2 * life->interval_ms : LONGEST_MS;
    life->next_ms = now + with_delay(life);
    if (!is_lost && (life->vanished_ms == 0 || now < life->vanished_ms))
        life->answering_ms = now + life->rtt_ms;
}

/* An answer starts a probe's timer anew, by what it stands at. */
static void answer(struct life *life, uint32_t now)
{
    life->answering_ms = 0;
    life->answered_ms = now;
    life->unanswered = 0;
    if (life->probes)
        life->next_ms = now + with_delay(life);
}

static enum peer_state judge(const struct life *life, uint32_t now, uint64_t timeout_ms)
{
    struct tcp_info info = {
        .tcpi_rtt = life->rtt_ms * MS,
        .tcpi_last_ack_recv = now - life->answered_ms,
        .tcpi_last_data_sent = now - life->asked_ms,
    };

    if (life->probes) {
        info.tcpi_notsent_bytes = 1;
        info.tcpi_probes = (uint8_t)life->unanswered;
        info.tcpi_backoff = (uint8_t)(life->asked < 15 ? life->asked : 15);
        info.tcpi_rto = life->rto_ms * MS;
        info.tcpi_last_data_sent = now;
    } else {
        info.tcpi_unacked = 1;
        info.tcpi_retransmits = (uint8_t)(life->asked < 255 ? life->asked : 255);
        info.tcpi_rto = life->interval_ms * MS;
    }
    return dead_peer_judge(&info, timeout_ms);
}

/* Lives until it is given up, at most for half an hour. Returns when that was, or 0. */
static uint32_t live(struct life *life, uint64_t timeout_ms)
{
    life->interval_ms = life->rto_ms;
    life->next_ms = with_delay(life);
    for (uint32_t now = 1; now < 1800 * 1000; now++) {
        if (life->answering_ms == now)
            answer(life, now);
        if (life->next_ms == now)
            ask(life, now);
        if (judge(life, now, timeout_ms) == PEER_DEAD)
            return now;
    }
    return 0;
}

static void assert_lives(struct life life, uint64_t timeout_ms)
{
    struct life whole = life;
    uint32_t given_up = live(&whole, timeout_ms);

    if (given_up != 0)
        printf("    probes %d, rto %u, rtt %u, late %u, loses %d, timeout %llu: given up at %u\n",
               life.probes, life.rto_ms, life.rtt_ms, life.late, life.loses,
               (unsigned long long)timeout_ms, given_up);
    ASSERT_NUMBER(given_up, 0);
}

static void a_living_reader_is_never_given_up(void)
{
    static const uint64_t timeouts[] = {2000, 30000, 90000};

    for (unsigned i = 0; i < 3; i++) {
        for (unsigned bits = 0; bits < 8; bits++) {
            assert_lives((struct life){.probes = (bits & 1) != 0,
                                       .rto_ms = 210,
                                       .rtt_ms = 5,
                                       .late = (bits & 2) != 0 ? 8 : 0,
                                       .loses = (bits & 4) != 0},
                         timeouts[i]);
        }
        assert_lives((struct life){.probes = true, .rto_ms = 900, .rtt_ms = 600}, timeouts[i]);
        assert_lives((struct life){.rto_ms = 900, .rtt_ms = 600}, timeouts[i]);
    }
}

static void one_that_vanishes_is_given_up_in_time(void)
{
    static const uint64_t timeouts[] = {2000, 4000, 7000, 15000, 26000, 30000, 90000};

    for (unsigned i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        for (unsigned bits = 0; bits < 4; bits++) {
            struct life life = {.probes = (bits & 1) != 0,
                                .rto_ms = 201,
                                .rtt_ms = 1,
                                .late = (bits & 2) != 0 ? 8 : 0,
                                .vanished_ms = 1};
            uint32_t given_up = live(&life, timeouts[i]);

            CU_ASSERT_TRUE(given_up >= timeouts[i] && given_up <= timeouts[i] + 500);
        }
    }
}

/* After a long stall the questions are rare: two are waited for, and no more. */
static void a_slow_one_that_vanishes_is_given_up(void)
{
    for (unsigned bits = 0; bits < 4; bits++) {
        struct life life = {.probes = (bits & 1) != 0,
                            .rto_ms = 201,
                            .rtt_ms = 1,
                            .late = (bits & 2) != 0 ? 8 : 0,
                            .vanished_ms = 600000};
        uint32_t given_up = live(&life, 30000);

        CU_ASSERT_TRUE(given_up > life.vanished_ms && given_up < life.vanished_ms + 3 * LONGEST_MS);
    }
}

/* ---- keepalive ---- */

static void keepalive_fits_the_timeout(void)
{
    for (uint64_t timeout_ms = 2000; timeout_ms <= 86400000; timeout_ms += 500 + timeout_ms / 50) {
        struct keepalive told = dead_peer_keepalive(timeout_ms);
        uint64_t sum = 1000ull * (uint64_t)(told.idle + told.interval * told.count);

        CU_ASSERT_TRUE(told.idle >= 1 && told.interval >= 1 && told.count >= 1);
        CU_ASSERT_TRUE(told.count == 3 || timeout_ms <= 3000);
        CU_ASSERT_TRUE(sum <= timeout_ms + 999);
        CU_ASSERT_TRUE(sum + sum / 8 >= timeout_ms);
    }
}

const struct unit_test dead_peer_tests[] = {
    {"moments_are_judged", moments_are_judged},
    {"a_living_reader_is_never_given_up", a_living_reader_is_never_given_up},
    {"one_that_vanishes_is_given_up_in_time", one_that_vanishes_is_given_up_in_time},
    {"a_slow_one_that_vanishes_is_given_up", a_slow_one_that_vanishes_is_given_up},
    {"keepalive_fits_the_timeout", keepalive_fits_the_timeout},
    {NULL, NULL},
};
