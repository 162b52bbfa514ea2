#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "unit/unit.h"
#include "unit/worker/rig.h"

extern const struct unit_test pump_tests[];

#define MIB (1024 * 1024)

/* ---- volume ---- */

/* Eight megabytes into a sink that takes little at a time. */
static void test_slow_sink(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        rig_narrow(&rig);
        CU_ASSERT(rig_move(&rig, 8 * MIB, 10007));
        rig_finish(&rig);
        CU_ASSERT(rig_move_end(&rig));
        ASSERT_NUMBER(rig.received, 8 * MIB);
        ASSERT_NUMBER(rig.wrong, 0);
        ASSERT_NUMBER(atomic_load(&rig.moved), 8 * MIB);
        CU_ASSERT(rig_is_idle(&rig));
        rig_close(&rig);
    }
}

static void test_fast_sink(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        CU_ASSERT(rig_move(&rig, 32 * MIB, 4 * MIB));
        rig_finish(&rig);
        CU_ASSERT(rig_move_end(&rig));
        ASSERT_NUMBER(rig.received, 32 * MIB);
        ASSERT_NUMBER(atomic_load(&rig.moved), 32 * MIB);
        CU_ASSERT(rig_is_idle(&rig));
        rig_close(&rig);
    }
}

/* Messages of every size, each answered for before the next one goes. */
static void test_messages(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;
        bool arrived = true;

        rig_open(&rig, rig_relays[r]);
        for (uint64_t size = 1; size < 200000 && arrived; size = size * 3 / 2 + 1) {
            for (int again = 0; again < 5 && arrived; again++) {
                arrived = rig_move(&rig, rig.sent + size, MIB);
                CU_ASSERT(rig_is_idle(&rig));
            }
        }
        CU_ASSERT(arrived);
        ASSERT_NUMBER(rig.received, rig.sent);
        rig_close(&rig);
    }
}

/* A pipe is full after so many segments, however small: nothing may be waited for then. */
static void test_one_byte_segments(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        for (int i = 0; i < 2000; i++)
            rig_send(&rig, 1);
        CU_ASSERT(rig.sent > 500);
        CU_ASSERT(rig_move(&rig, rig.sent, MIB));
        for (int i = 0; i < 2000; i++) {
            rig_send(&rig, 1);
            rig_turn(&rig, 0);
        }
        CU_ASSERT(rig_move(&rig, rig.sent, MIB));
        ASSERT_NUMBER(rig.wrong, 0);
        CU_ASSERT(rig_is_idle(&rig));
        rig_close(&rig);
    }
}

/* Without a pipe to be had, splice becomes copy. */
static void test_no_pipes(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        pipe_pool_fini(&rig.pipes);
        rig_narrow(&rig);
        CU_ASSERT(rig_move(&rig, 2 * MIB, 50000));
        CU_ASSERT(rig_is_idle(&rig));
        rig_close(&rig);
    }
}

/* ---- a sink that does not read ---- */

/* Sends until nothing more is taken; nobody reads at the sink. */
static void block(struct rig *rig)
{
    for (int i = 0; i < 200; i++) {
        size_t went = rig_send(rig, MIB);

        rig_settle(rig);
        if (went == 0)
            return;
    }
    CU_FAIL("the sink never blocks");
}

static void test_blocked_sink(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;
        uint64_t taken;
        int waiting = 0;

        rig_open(&rig, rig_relays[r]);
        rig_narrow(&rig);
        block(&rig);
        ASSERT_NUMBER(rig.outcome, PUMP_WAIT);
        CU_ASSERT(!rig.to.writable);
        CU_ASSERT(rig.from.readable);
        CU_ASSERT(rig.flow.pending > 0);
        CU_ASSERT((rig.flow.pipe != 0) != (rig.flow.bytes != NULL));
        CU_ASSERT(rig.flow.pending <= (rig.flow.pipe != 0 ? PIPE_BYTES : PUMP_BUFFER_SIZE));
        CU_ASSERT(rig_relays[r] != RELAY_COPY || rig.flow.bytes != NULL);
        CU_ASSERT(rig_relays[r] != RELAY_SPLICE || rig.flow.pipe != 0);
        /* What was taken from the source is on its way to the sink or counted as pending. */
        CU_ASSERT(ioctl(rig.from.watch.fd, FIONREAD, &waiting) == 0);
        taken = atomic_load(&rig.moved) + rig.flow.pending;
        CU_ASSERT(taken + (uint64_t)waiting <= rig.sent);
        /* Running again takes nothing more. */
        rig_run(&rig);
        ASSERT_NUMBER(atomic_load(&rig.moved) + rig.flow.pending, taken);
        CU_ASSERT(rig_move(&rig, rig.sent, 30011));
        ASSERT_NUMBER(rig.wrong, 0);
        CU_ASSERT(rig_is_idle(&rig));
        rig_close(&rig);
    }
}

/* A session that is cut while its pipe holds bytes: nobody else ever sees them. */
static void test_no_foreign_bytes(void)
{
    struct rig rig;

    rig_open(&rig, RELAY_SPLICE);
    for (int i = 0; i < 4; i++) {
        rig_narrow(&rig);
        block(&rig);
        CU_ASSERT(rig.flow.pipe != 0 || rig.pipes.existing == 0);
        rig_disconnect(&rig);
        CU_ASSERT(rig_is_idle(&rig));
        rig_connect(&rig);
        CU_ASSERT(rig_move(&rig, 3 * MIB, MIB));
        ASSERT_NUMBER(rig.wrong, 0);
    }
    rig_close(&rig);
}

/* ---- a turn's budget ---- */

/* Much at once is moved in parts, and goes on without an event. */
static void test_budget(void)
{
    const int large = 8 * MIB;

    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;
        uint64_t moved;

        rig_open(&rig, rig_relays[r]);
        if (setsockopt(rig.to.watch.fd, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large)) == -1 ||
            setsockopt(rig.from.watch.fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof(large)) ==
                -1) {
            unit_skip("only root can have large socket buffers");
            rig_close(&rig);
            return;
        }
        while (rig_send(&rig, MIB) > 0)
            continue;
        CU_ASSERT(rig.sent > 2 * MIB);
        CU_ASSERT(loop_turn(rig.loop, 1000) > 0);
        rig_run(&rig);
        moved = atomic_load(&rig.moved);
        ASSERT_NUMBER(rig.outcome, PUMP_AGAIN);
        CU_ASSERT(moved >= MIB && moved <= 2 * MIB);
        rig_run(&rig);
        CU_ASSERT(atomic_load(&rig.moved) > moved);
        CU_ASSERT(rig_move(&rig, rig.sent, 4 * MIB));
        CU_ASSERT(rig_is_idle(&rig));
        rig_close(&rig);
    }
}

/* ---- choosing the way ---- */

/* Requests and answers are copied, whatever their number; bulk is spliced. */
static void test_adapts(void)
{
    struct rig rig;

    rig_open(&rig, RELAY_AUTO);
    for (int i = 0; i < 50; i++)
        CU_ASSERT(rig_move(&rig, rig.sent + 1000, MIB));
    ASSERT_NUMBER(rig.flow.full_reads, 0);
    block(&rig);
    CU_ASSERT(rig.flow.pipe != 0 && rig.flow.bytes == NULL);
    CU_ASSERT(rig_move(&rig, rig.sent, MIB));
    /* And back: a few small messages later nothing is spliced any more. */
    for (int i = 0; i < 10; i++)
        CU_ASSERT(rig_move(&rig, rig.sent + 1000, MIB));
    ASSERT_NUMBER(rig.flow.full_reads, 0);
    rig_close(&rig);
}

const struct unit_test pump_tests[] = {
    {"slow_sink", test_slow_sink},
    {"fast_sink", test_fast_sink},
    {"messages", test_messages},
    {"one_byte_segments", test_one_byte_segments},
    {"no_pipes", test_no_pipes},
    {"blocked_sink", test_blocked_sink},
    {"no_foreign_bytes", test_no_foreign_bytes},
    {"budget", test_budget},
    {"adapts", test_adapts},
    {NULL, NULL},
};
