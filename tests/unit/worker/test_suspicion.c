#include "worker/suspicion.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/defs.h"
#include "unit/balance/stage.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test suspicion_tests[];

/* One backend after the other does not answer. */
struct scene {
    struct stage stage;
    enum board_evidence_kind kind;
    unsigned avoided; /* how many of them are to be avoided then */
};

/* A worker with no more of it than suspicion needs. */
static int open_worker(struct worker *worker, struct role_birth *birth, struct stage *stage)
{
    birth->board = stage->board;
    birth->look_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->birth = birth;
    worker->board = stage->board;
    worker->epoch = stage->epoch;
    worker->loop = loop_new();
    worker->avoided_at_ms = calloc(board_master(stage->board)->layout.backends, sizeof(uint64_t));
    for (unsigned i = 0; i < stage->count; i++)
        board_adopt_backend(stage->board, stage_slot(stage, i));
    return birth->look_event == -1 || worker->loop == NULL || worker->avoided_at_ms == NULL;
}

static unsigned count_avoided(struct worker *worker, const struct stage *stage)
{
    unsigned avoided = 0;

    for (unsigned i = 0; i < stage->count; i++)
        avoided += suspicion_is_avoided(worker, stage_slot(stage, i));
    return avoided;
}

/* What a worker does, and what it writes: the avoided ones, and evidence against every one. */
static int accuse_all(void *context)
{
    struct scene *scene = context;
    struct stage *stage = &scene->stage;
    struct role_birth birth = {.role = BOARD_ROLE_WORKER};
    struct worker worker = {0};
    uint64_t told = 0;

    if (board_enter(stage->board, BOARD_ROLE_WORKER, 0) == -1 ||
        open_worker(&worker, &birth, stage) != 0)
        return 1;
    for (unsigned i = 0; i < stage->count; i++) {
        unsigned slot = stage_slot(stage, i);

        suspicion_unanswered(&worker, epoch_service(stage->epoch, 1), slot, scene->kind);
        CHILD_EXPECT(board_evidence(stage->board, 0, slot).number == 1);
        CHILD_EXPECT(board_evidence(stage->board, 0, slot).kind == scene->kind);
        CHILD_EXPECT(read(birth.look_event, &told, sizeof(told)) == (ssize_t)sizeof(told));
    }
    CHILD_EXPECT(count_avoided(&worker, stage) == scene->avoided);
    loop_free(worker.loop);
    free(worker.avoided_at_ms);
    close(birth.look_event);
    return 0;
}

static void run(struct scene *scene, unsigned count, enum board_health health)
{
    scene->stage.count = count;
    for (unsigned i = 0; i < count; i++)
        scene->stage.backends[i] = (struct stage_backend){
            .weight = 1, .health = i % 2 == 0 || health == BOARD_UP ? BOARD_UP : health};
    stage_open(&scene->stage, BALANCE_LEASTCONN, ALL_DOWN_TRY);
    ASSERT_NUMBER(child_run(accuse_all, scene), 0);
    stage_close(&scene->stage);
}

/* Silence alone leaves at least half of the backends that are not down. */
static void test_silent(void)
{
    static const struct {
        unsigned count;
        enum board_health others; /* of every second one */
        unsigned avoided;
    } cases[] = {
        {1, BOARD_UP, 0}, {2, BOARD_UP, 1}, {3, BOARD_UP, 1},
        {4, BOARD_UP, 2}, {5, BOARD_UP, 2}, {4, BOARD_SUSPECT, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene scene = {.kind = BOARD_EVIDENCE_SILENT, .avoided = cases[i].avoided};

        run(&scene, cases[i].count, cases[i].others);
    }
}

/* One of two is down, and not counted: the other one is all there is, and is not avoided. */
static void test_silent_beside_a_down_one(void)
{
    struct scene scene = {.kind = BOARD_EVIDENCE_SILENT, .avoided = 1};

    run(&scene, 2, BOARD_DOWN);
}

/* A reset is no sign of too much work. */
static void test_reset(void)
{
    struct scene scene = {.kind = BOARD_EVIDENCE_RESET, .avoided = 3};

    run(&scene, 3, BOARD_UP);
}

/* What this machine itself cannot do is nothing against a backend. */
static void test_verdicts(void)
{
    static const struct {
        int error;
        enum verdict verdict;
    } cases[] = {
        {ECONNREFUSED, VERDICT_REFUSED}, {EHOSTUNREACH, VERDICT_REFUSED},
        {ETIMEDOUT, VERDICT_TIMEOUT},    {EMFILE, VERDICT_STARVED},
        {EADDRNOTAVAIL, VERDICT_LOCAL},  {EINVAL, VERDICT_LOCAL},
        {EAFNOSUPPORT, VERDICT_LOCAL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ASSERT_NUMBER(suspicion_verdict(cases[i].error), cases[i].verdict);
}

const struct unit_test suspicion_tests[] = {
    {"verdicts", test_verdicts},
    {"silent", test_silent},
    {"silent_beside_a_down_one", test_silent_beside_a_down_one},
    {"reset", test_reset},
    {NULL, NULL},
};
