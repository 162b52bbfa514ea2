#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "unit/unit.h"
#include "unit/worker/rig.h"

extern const struct unit_test pump_end_tests[];

/* Lengths around everything that a pump counts in. */
static const unsigned edges[] = {4095,  4096,  4097,  16383, 16384, 16385, 32767,
                                 32768, 32769, 65535, 65536, 65537, 81920, 98304};

/* ---- FIN ---- */

/* So many bytes and the end, all there before the pump runs for the first time. */
static bool passes_whole(struct rig *rig, unsigned size)
{
    bool passed;

    CU_ASSERT(rig_send(rig, size) == size);
    rig_finish(rig);
    passed = rig_move(rig, size, 100000) && rig_move_end(rig) && rig_is_idle(rig);
    if (!passed)
        printf("    relay %d, %u bytes: received %llu\n", (int)rig->means.relay, size,
               (unsigned long long)rig->received);
    rig_disconnect(rig);
    rig_connect(rig);
    return passed;
}

static void test_last_bytes(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        for (unsigned size = 0; size <= 65; size++)
            CU_ASSERT(passes_whole(&rig, size));
        for (size_t i = 0; i < ARRAY_LEN(edges); i++)
            CU_ASSERT(passes_whole(&rig, edges[i]));
        rig_close(&rig);
    }
}

/* The last bytes and the end come while the sink is blocked. */
static bool passes_behind_block(struct rig *rig, unsigned size)
{
    bool passed;

    rig_narrow(rig);
    while (rig_send(rig, 1000000) > 0)
        rig_settle(rig);
    rig_receive(rig, 300000); /* room for the rest, at the source */
    rig_settle(rig);
    rig_receive(rig, 300000);
    rig_settle(rig);
    size = (unsigned)rig_send(rig, size);
    rig_finish(rig);
    rig_settle(rig);
    CU_ASSERT(!rig->flow.shut);
    passed = rig_move(rig, rig->sent, 65536) && rig_move_end(rig) && rig_is_idle(rig);
    if (!passed)
        printf("    relay %d, %u bytes: received %llu of %llu\n", (int)rig->means.relay, size,
               (unsigned long long)rig->received, (unsigned long long)rig->sent);
    rig_disconnect(rig);
    rig_connect(rig);
    return passed;
}

static void test_last_bytes_behind_block(void)
{
    static const unsigned sizes[] = {1, 64, 4097, 16384, 65537};

    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
            CU_ASSERT(passes_behind_block(&rig, sizes[i]));
        rig_close(&rig);
    }
}

/* The end alone, long after the last byte, is an event of its own. */
static void test_late_end(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        CU_ASSERT(rig_move(&rig, 100000, 100000));
        rig_settle(&rig);
        CU_ASSERT(!rig.flow.ended && !rig.flow.shut);
        rig_finish(&rig);
        CU_ASSERT(rig_move_end(&rig));
        CU_ASSERT(rig.flow.ended && rig.flow.shut);
        rig_close(&rig);
    }
}

/* ---- RST ---- */

static void wait_for_reset(const struct rig *rig)
{
    struct pollfd gone = {.fd = rig->from.watch.fd};

    CU_ASSERT(poll(&gone, 1, 10000) == 1 && (gone.revents & POLLERR) != 0);
}

/* What came before the reset still arrives; then the failure is told, with its reason. */
static void test_source_reset(void)
{
    static const unsigned sizes[] = {0, 5, 1448, 16384, 40000};

    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            CU_ASSERT(rig_send(&rig, sizes[i]) == sizes[i]);
            rig_reset_source(&rig);
            wait_for_reset(&rig);
            rig_turn(&rig, 1000);
            ASSERT_NUMBER(rig.outcome, PUMP_SOURCE_FAILED);
            ASSERT_NUMBER(rig.error, ECONNRESET);
            CU_ASSERT(!rig.flow.ended && !rig.flow.shut);
            rig_receive(&rig, 1000000);
            ASSERT_NUMBER(rig.received, sizes[i]);
            ASSERT_NUMBER(atomic_load(&rig.moved), sizes[i]);
            ASSERT_NUMBER(rig.wrong, 0);
            CU_ASSERT(!rig.is_sink_at_end);
            CU_ASSERT(rig_is_idle(&rig));
            rig_disconnect(&rig);
            rig_connect(&rig);
        }
        rig_close(&rig);
    }
}

/* The same after bytes had flowed: those are all there. */
static void test_source_reset_later(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        CU_ASSERT(rig_move(&rig, 300000, 1000000));
        rig_reset_source(&rig);
        wait_for_reset(&rig);
        rig_turn(&rig, 1000);
        ASSERT_NUMBER(rig.outcome, PUMP_SOURCE_FAILED);
        ASSERT_NUMBER(rig.error, ECONNRESET);
        ASSERT_NUMBER(rig.received, 300000);
        rig_close(&rig);
    }
}

static void test_sink_reset(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        CU_ASSERT(rig_move(&rig, 100000, 1000000));
        rig_reset_sink(&rig);
        for (int i = 0; i < 1000 && rig.outcome != PUMP_SINK_FAILED; i++) {
            rig_send(&rig, 1000);
            rig_turn(&rig, 5);
        }
        ASSERT_NUMBER(rig.outcome, PUMP_SINK_FAILED);
        CU_ASSERT(rig.error == ECONNRESET || rig.error == EPIPE);
        rig_close(&rig);
    }
}

/* Bytes wait for a sink that then resets: the failure is told, and the pipe is not used again. */
static void test_sink_reset_while_blocked(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;
        size_t existing;

        rig_open(&rig, rig_relays[r]);
        existing = rig.pipes.existing;
        rig_narrow(&rig);
        while (rig_send(&rig, 1000000) > 0)
            rig_settle(&rig);
        CU_ASSERT(rig.flow.pending > 0);
        rig_reset_sink(&rig);
        for (int i = 0; i < 1000 && rig.outcome != PUMP_SINK_FAILED; i++)
            rig_turn(&rig, 5);
        ASSERT_NUMBER(rig.outcome, PUMP_SINK_FAILED);
        flow_fini(&rig.flow, &rig.means);
        CU_ASSERT(rig_is_idle(&rig));
        ASSERT_NUMBER(rig.pipes.existing, existing);
        rig_close(&rig);
    }
}

const struct unit_test pump_end_tests[] = {
    {"last_bytes", test_last_bytes},
    {"last_bytes_behind_block", test_last_bytes_behind_block},
    {"late_end", test_late_end},
    {"source_reset", test_source_reset},
    {"source_reset_later", test_source_reset_later},
    {"sink_reset", test_sink_reset},
    {"sink_reset_while_blocked", test_sink_reset_while_blocked},
    {NULL, NULL},
};
