#include "checker/checker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mono.h"
#include "channel/channel.h"

#include "checker/judge.h"
#include "checker/target.h"

/* The loop is made to run this often, so that a time without running is seen for what it is. */
#define TICK_MS 100

/* A longer time between two turns: this process was stopped, or starved. */
#define STALL_MS 200

struct checker {
    const struct role_birth *birth;
    struct role_life *life;
    struct target_shared shared;
    struct target *targets;
    unsigned target_count;
    unsigned worker_slots;
    uint64_t *seen; /* [target_count][worker_slots]: the last number of evidence */
    struct loop_watch look;
    struct loop_timer tick;
    uint64_t last_ms; /* when the loop last ran */
    bool first_round_told;
};

/* ---- time ---- */

/*
 * Before anything is judged: when the loop has not run, what was due meanwhile is put off, and
 * nobody is judged for it.
 */
static void on_wake(void *context)
{
    struct checker *checker = context;
    uint64_t now_ms = loop_now_ms(checker->shared.loop);
    uint64_t gap_ms = now_ms > checker->last_ms ? now_ms - checker->last_ms : 0;

    if (gap_ms == 0)
        return;
    checker->last_ms = now_ms;
    if (gap_ms <= STALL_MS)
        return;
    board_count(&board_my_checker(checker->shared.board)->stalls, 1);
    probe_engine_shift(checker->shared.engine, gap_ms);
    for (unsigned i = 0; i < checker->target_count; i++)
        target_shift(&checker->targets[i], gap_ms);
    log_notice("did not run for %llu ms: no backend is judged for that time",
               (unsigned long long)gap_ms);
}

static void on_tick(struct loop_timer *timer)
{
    struct checker *checker = CONTAINER_OF(timer, struct checker, tick);

    on_wake(checker);
    loop_timer_set(checker->shared.loop, timer, loop_now_ms(checker->shared.loop) + TICK_MS);
}

/* ---- what workers saw ---- */

/* The newest evidence of all workers that has not been seen; kind NONE when there is none. */
static enum board_evidence_kind take_evidence(struct checker *checker, unsigned index)
{
    const struct board *board = checker->shared.board;
    unsigned slot = checker->targets[index].backend->slot;
    uint64_t *seen = checker->seen + (size_t)index * checker->worker_slots;
    enum board_evidence_kind kind = BOARD_EVIDENCE_NONE;

    for (unsigned worker = 0; worker < checker->worker_slots; worker++) {
        struct board_evidence evidence;

        if (board_worker(board, worker) == NULL)
            continue;
        evidence = board_evidence(board, worker, slot);
        if (evidence.number == seen[worker])
            continue;
        seen[worker] = evidence.number;
        if (kind != BOARD_EVIDENCE_REFUSED) /* which says most */
            kind = evidence.kind;
    }
    return kind;
}

static void look_at_evidence(struct checker *checker)
{
    for (unsigned i = 0; i < checker->target_count; i++) {
        enum board_evidence_kind kind = take_evidence(checker, i);

        if (kind != BOARD_EVIDENCE_NONE)
            target_report(&checker->targets[i], kind);
    }
}

/* ---- backends that nobody asks ---- */

/* They are up, unless there is no address at which they could be. */
static void trust(struct checker *checker, const struct conf_backend *backend)
{
    struct board *board = checker->shared.board;
    struct board_check check = {.changed_ms = wall_ms()};
    struct addr address;
    enum board_health health = BOARD_UP;

    check.life = board_backend_life(board, backend->slot);
    if (board_backend_address(board, backend->slot, &address) == -1) {
        health = BOARD_DOWN;
        check.code = CHECKED_L4CON;
        check.bad = 1;
        strcpy(check.description, TARGET_NOWHERE);
    }
    if (board_health(board, backend->slot) == health)
        return;
    board_set_check(board, backend->slot, &check);
    board_set_health(board, backend->slot, check.life, health, 0, mono_ms());
    judge_announce(&checker->shared);
}

static bool is_trusted(const struct checker *checker, const struct conf_backend *backend)
{
    const struct conf_service *service = epoch_service(checker->shared.epoch, backend->service);

    return service->enabled && service->check == CHECK_NONE;
}

static void trust_all(struct checker *checker)
{
    for (unsigned i = 0; i < checker->shared.epoch->backend_count; i++) {
        const struct conf_backend *backend = epoch_backend(checker->shared.epoch, i);

        if (is_trusted(checker, backend))
            trust(checker, backend);
    }
}

/* ---- what others wrote on the board ---- */

static void look(struct checker *checker)
{
    trust_all(checker);
    for (unsigned i = 0; i < checker->target_count; i++)
        target_look(&checker->targets[i]);
    look_at_evidence(checker);
}

static void on_look(struct loop_watch *watch, unsigned events)
{
    struct checker *checker = CONTAINER_OF(watch, struct checker, look);
    uint64_t count;

    (void)events;
    on_wake(checker);
    if (read(watch->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        look(checker);
}

/* ---- the role ---- */

static void *prepare(const struct role_birth *birth)
{
    struct checker *checker = calloc(1, sizeof(*checker));
    unsigned backends = birth->epoch->backend_count;

    if (checker == NULL)
        goto fail;
    checker->birth = birth;
    checker->worker_slots = board_master(birth->board)->layout.workers;
    checker->targets = calloc(backends + 1u, sizeof(*checker->targets));
    checker->seen = calloc((size_t)backends * checker->worker_slots + 1, sizeof(*checker->seen));
    if (checker->targets == NULL || checker->seen == NULL)
        goto fail;
    return checker;

fail:
    log_error("out of memory");
    if (checker != NULL)
        free(checker->targets);
    free(checker);
    return NULL;
}

static int open_shared(struct checker *checker)
{
    const struct role_birth *birth = checker->birth;
    struct target_shared *shared = &checker->shared;

    shared->loop = role_loop(checker->life);
    shared->board = birth->board;
    shared->epoch = birth->epoch;
    shared->health_event = birth->health_event;
    shared->wake = on_wake;
    shared->wake_context = checker;
    rng_init(&shared->rng);
    shared->engine = probe_engine_new(shared->loop);
    if (shared->engine == NULL)
        return -1;
    probe_engine_on_wake(shared->engine, on_wake, checker);
    return 0;
}

static void add_backend(struct checker *checker, const struct conf_backend *backend)
{
    const struct conf_service *service = epoch_service(checker->shared.epoch, backend->service);

    if (!service->enabled || service->check == CHECK_NONE)
        return;
    target_init(&checker->targets[checker->target_count], &checker->shared, backend);
    take_evidence(checker, checker->target_count); /* what came before is known */
    checker->target_count++;
}

static int start(void *state, struct role_life *life)
{
    struct checker *checker = state;

    checker->life = life;
    if (open_shared(checker) == -1)
        return -1;
    for (unsigned i = 0; i < checker->shared.epoch->backend_count; i++)
        add_backend(checker, epoch_backend(checker->shared.epoch, i));
    trust_all(checker);
    checker->look = (struct loop_watch){.fn = on_look, .fd = checker->birth->look_event};
    if (loop_add(checker->shared.loop, &checker->look, LOOP_READ) == -1) {
        log_error("cannot watch for evidence");
        return -1;
    }
    checker->last_ms = mono_ms();
    checker->tick.fn = on_tick;
    loop_timer_set(checker->shared.loop, &checker->tick, checker->last_ms + TICK_MS);
    return 0;
}

static void turn(void *state)
{
    struct checker *checker = state;

    if (checker->first_round_told || checker->shared.unanswered > 0)
        return;
    checker->first_round_told = true;
    atomic_store_explicit(&board_my_checker(checker->shared.board)->first_round, 1,
                          memory_order_release);
    role_tell(checker->life, CHANNEL_CHECKS_DONE);
}

static void heartbeat(void *state)
{
    struct checker *checker = state;

    on_wake(checker);
    atomic_store_explicit(&board_my_checker(checker->shared.board)->heartbeat_ms, mono_ms(),
                          memory_order_relaxed);
    look(checker);
}

/* Questions are nobody's loss: it leaves at once. */
static void drain(void *state)
{
    struct checker *checker = state;

    role_finish(checker->life);
}

static void stop(void *state)
{
    struct checker *checker = state;

    for (unsigned i = 0; i < checker->target_count; i++)
        target_fini(&checker->targets[i]);
    probe_engine_free(checker->shared.engine);
    free(checker->targets);
    free(checker->seen);
    free(checker);
}

const struct role_ops checker_ops = {
    .prepare = prepare,
    .start = start,
    .turn = turn,
    .heartbeat = heartbeat,
    .drain = drain,
    .stop = stop,
};
