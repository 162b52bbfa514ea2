/* A splice that a signal interrupts, as a stop and a continuation of the process can. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/unit.h"
#include "unit/worker/rig.h"

extern const struct unit_test pump_interrupt_tests[];

static struct {
    bool is_on;
    unsigned calls;
} interrupts;

/* In place of the C library's, for the whole program: while it is on, every other call fails. */
ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags)
{
    if (interrupts.is_on && interrupts.calls++ % 2 == 1) {
        errno = EINTR;
        return -1;
    }
    return syscall(SYS_splice, from, from_at, to, to_at, size, flags);
}

/* Nothing will report that it can go on: neither socket has changed. */
static void test_interrupted(void)
{
    for (size_t r = 0; r < ARRAY_LEN(rig_relays); r++) {
        struct rig rig;

        rig_open(&rig, rig_relays[r]);
        interrupts.is_on = true;
        interrupts.calls = 0;
        CU_ASSERT(rig_move(&rig, 1024 * 1024, 1024 * 1024));
        interrupts.is_on = false;
        ASSERT_NUMBER(rig.wrong, 0);
        CU_ASSERT(rig_relays[r] != RELAY_SPLICE || interrupts.calls > 1);
        rig_close(&rig);
    }
}

const struct unit_test pump_interrupt_tests[] = {
    {"interrupted", test_interrupted},
    {NULL, NULL},
};
