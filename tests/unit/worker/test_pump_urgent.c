#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "unit/unit.h"
#include "unit/worker/rig.h"

extern const struct unit_test pump_urgent_tests[];

/*
 * TCP urgent data (RFC 6093): splice(2) stops at the mark for ever. The bytes pass in their order,
 * as ordinary ones.
 */

static void report(const struct rig *rig, bool passed, const char *what)
{
    CU_ASSERT(passed);
    if (!passed)
        printf("    relay %d, %s: %llu of %llu bytes arrived, %llu wrong\n", (int)rig->means.relay,
               what, (unsigned long long)rig->received, (unsigned long long)rig->sent,
               (unsigned long long)rig->wrong);
}

/* Ordinary bytes, an urgent one, ordinary bytes; then the end or not. */
struct mark {
    unsigned before;
    unsigned behind;
};

static const struct mark marks[] = {{0, 0},     {0, 1},     {1, 0},         {1, 1},
                                    {0, 70000}, {70000, 0}, {40000, 50000}, {16384, 16384}};

/* All is there before the pump runs for the first time, the end too. */
static void test_with_end(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        for (size_t m = 0; m < ARRAY_LEN(marks); m++) {
            rig_send(&rig, marks[m].before);
            rig_send_urgent(&rig);
            rig_send(&rig, marks[m].behind);
            rig_finish(&rig);
            report(&rig, rig_move_end(&rig), "with the end");
            ASSERT_NUMBER(rig.sent, marks[m].before + 1 + marks[m].behind);
            rig_disconnect(&rig);
            rig_connect(&rig);
        }
        rig_close(&rig);
    }
}

/* The stream goes on; the end comes later. */
static void test_in_mid_stream(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        for (size_t m = 0; m < ARRAY_LEN(marks); m++) {
            rig_send(&rig, marks[m].before);
            rig_send_urgent(&rig);
            rig_send(&rig, marks[m].behind);
            report(&rig, rig_move(&rig, rig.sent, 100000), "in mid-stream");
            CU_ASSERT(rig_is_idle(&rig));
        }
        CU_ASSERT(rig_move(&rig, rig.sent + 1000000, 100000));
        rig_finish(&rig);
        report(&rig, rig_move_end(&rig), "at the end");
        rig_close(&rig);
    }
}

/* One after the other, while bulk flows and the sink is slow. */
static void test_many(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;
        bool passed = true;

        rig_open(&rig, rig_relays[r]);
        rig_narrow(&rig);
        for (int i = 0; i < 100 && passed; i++) {
            rig_send_urgent(&rig);
            passed = rig_move(&rig, rig.sent + 10000, 7001);
        }
        rig_finish(&rig);
        report(&rig, passed && rig_move_end(&rig), "many");
        rig_close(&rig);
    }
}

/* Once passed, it costs nothing more: the pump is quiet when nothing comes. */
static void test_quiet_afterwards(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;
        unsigned runs;

        rig_open(&rig, rig_relays[r]);
        rig_send(&rig, 100000);
        rig_send_urgent(&rig);
        report(&rig, rig_move(&rig, rig.sent, 1000000), "before silence");
        rig_settle(&rig);
        runs = rig.runs;
        for (int i = 0; i < 5; i++)
            rig_turn(&rig, 10);
        ASSERT_NUMBER(rig.runs, runs);
        rig_close(&rig);
    }
}

/* The source's error is used up at the mark; what lies behind it is passed on all the same. */
static void test_then_reset(void)
{
    static const unsigned behind[] = {0, 1, 1000, 40000};

    for (size_t i = 0; i < ARRAY_LEN(rig_relays) * ARRAY_LEN(behind); i++) {
        struct rig rig;
        struct pollfd gone;

        rig_open(&rig, rig_relays[i / ARRAY_LEN(behind)]);
        rig_send(&rig, 1000);
        rig_send_urgent(&rig);
        rig_send(&rig, behind[i % ARRAY_LEN(behind)]);
        rig_reset_source(&rig);
        gone = (struct pollfd){.fd = rig.from.watch.fd};
        CU_ASSERT(poll(&gone, 1, 10000) == 1);
        rig_turn(&rig, 1000);
        ASSERT_NUMBER(rig.outcome, PUMP_SOURCE_FAILED);
        ASSERT_NUMBER(rig.error, ECONNRESET);
        rig_receive(&rig, 1000000);
        report(&rig, rig.received == rig.sent && rig.wrong == 0, "before a reset");
        CU_ASSERT(!rig.is_sink_at_end);
        rig_close(&rig);
    }
}

const struct unit_test pump_urgent_tests[] = {
    {"with_end", test_with_end},
    {"in_mid_stream", test_in_mid_stream},
    {"many", test_many},
    {"quiet_afterwards", test_quiet_afterwards},
    {"then_reset", test_then_reset},
    {NULL, NULL},
};
