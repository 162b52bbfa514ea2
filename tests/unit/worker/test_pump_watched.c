/* Flows whose bytes someone else looks at, and bytes that a flow did not receive itself. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/unit.h"
#include "unit/worker/rig.h"

extern const struct unit_test pump_watched_tests[];

#define MIB (1024 * 1024)

/* Nothing passes that was not gathered. */
static void test_nothing_unseen(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        rig.flow.is_watched = true;
        ASSERT_NUMBER(rig_send(&rig, 1000), 1000);
        while (!rig.has_event || !rig.from.readable)
            CU_ASSERT_FATAL(loop_turn(rig.loop, 1000) > 0);
        ASSERT_NUMBER(pump_run(&rig.means, &rig.flow, &rig.from, &rig.to, &rig.moved), PUMP_AGAIN);
        ASSERT_NUMBER(atomic_load(&rig.moved), 0);
        CU_ASSERT_TRUE(pump_gather(&rig.means, &rig.flow, &rig.from));
        ASSERT_NUMBER(rig.flow.pending, 1000);
        CU_ASSERT_TRUE(rig.flow.is_gathered);
        ASSERT_NUMBER(pump_run(&rig.means, &rig.flow, &rig.from, &rig.to, &rig.moved), PUMP_WAIT);
        ASSERT_NUMBER(atomic_load(&rig.moved), 1000);
        pump_gathered(&rig.means);
        rig_close(&rig);
    }
}

/* Watched, and from some byte on not any more, in turns with a full arena and without. */
static void test_volume(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        rig.flow.is_watched = true;
        CU_ASSERT(rig_move(&rig, 3 * MIB, 100003));
        ASSERT_NUMBER(rig.flow.pipe, 0);
        rig.flow.is_watched = false;
        CU_ASSERT(rig_move(&rig, 8 * MIB, 100003));
        rig_finish(&rig);
        CU_ASSERT(rig_move_end(&rig));
        ASSERT_NUMBER(rig.received, 8 * MIB);
        ASSERT_NUMBER(rig.wrong, 0);
        CU_ASSERT(rig_is_idle(&rig));
        rig_close(&rig);
    }
}

/* What is loaded comes first, from its offset on; the memory is the flow's to free. */
static void test_loaded(void)
{
    static const char text[] = "....hello";
    char *memory = malloc(sizeof(text));
    char got[sizeof(text)] = "";
    struct pollfd sink;
    struct rig rig;

    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    memcpy(memory, text, sizeof(text));
    rig_open(&rig, RELAY_SPLICE);
    rig.to.writable = true;
    pump_load(&rig.flow, memory, 4, 5);
    rig_run(&rig);
    ASSERT_NUMBER(atomic_load(&rig.moved), 5);
    CU_ASSERT(rig_is_idle(&rig));
    sink = (struct pollfd){.fd = rig.sink, .events = POLLIN};
    ASSERT_NUMBER(poll(&sink, 1, 5000), 1);
    ASSERT_NUMBER(recv(rig.sink, got, sizeof(got), 0), 5);
    ASSERT_TEXT(got, "hello");
    rig_close(&rig);
}

/* The session is gone before what was loaded could be sent. */
static void test_loaded_and_dropped(void)
{
    char *memory = malloc(100);
    struct rig rig;

    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    rig_open(&rig, RELAY_COPY);
    pump_load(&rig.flow, memory, 0, 100);
    flow_fini(&rig.flow, &rig.means);
    CU_ASSERT(rig_is_idle(&rig));
    rig_close(&rig);
}

const struct unit_test pump_watched_tests[] = {
    {"nothing_unseen", test_nothing_unseen},
    {"volume", test_volume},
    {"loaded", test_loaded},
    {"loaded_and_dropped", test_loaded_and_dropped},
    {NULL, NULL},
};
