#include "checker/checker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mono.h"
#include "channel/channel.h"
#include "probe/trust.h"

#include "checker/advise.h"
#include "checker/target.h"

/* The loop is made to run this often, so that a time without running is seen for what it is. */
#define TICK_MS 100

/* A longer time between two turns: this process was stopped, or starved. */
#define STALL_MS 200

struct checker {
    const struct role_birth *birth;
    struct role_life *life;
    struct target_shared shared;
    struct probe_trust *trust;
    bool lacks_files; /* `trust` is not all that it should be */
    struct advise *advise;
    unsigned target_count; /* as many as the epoch has backends; 0 before the start */
    unsigned worker_slots;
    uint64_t *seen; /* [target_count][worker_slots]: the last number of evidence */
    struct loop_watch look;
    struct loop_timer tick;
    uint64_t last_ms; /* when the loop last ran */
    bool first_round_told;
    struct told stalls; /* lines about times without running */
};

/* ---- time ---- */

static void say_stall(struct checker *checker, uint64_t gap_ms)
{
    struct keyvalue line;

    if (!told_is_due(&checker->stalls, checker->last_ms, SAY_SELDOM_PACE))
        return;
    keyvalue_begin(&line, "stall");
    keyvalue_number(&line, "lasted_ms", gap_ms);
    keyvalue_number(&line, "suppressed", checker->stalls.reported);
    log_event(LOG_LEVEL_NOTICE, &line,
              "did not run for %llu ms: no backend is judged for that time",
              (unsigned long long)gap_ms);
}

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
        target_shift(&checker->shared.targets[i], gap_ms);
    policy_shift(&checker->shared, gap_ms);
    say_stall(checker, gap_ms);
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
    unsigned slot = epoch_backend(checker->shared.epoch, index)->slot;
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

        if (kind != BOARD_EVIDENCE_NONE && checker->shared.targets[i].service != NULL)
            target_report(&checker->shared.targets[i], kind);
    }
}

/* ---- what others wrote on the board ---- */

static void look(struct checker *checker)
{
    for (unsigned i = 0; i < checker->target_count; i++)
        target_look(&checker->shared.targets[i]);
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

static void release(struct checker *checker)
{
    advise_free(checker->advise);
    probe_trust_free(checker->trust);
    free(checker->shared.targets);
    free(checker->shared.members);
    free(checker->seen);
    free(checker);
}

/*
 * Keys may be root's alone: they are read before root is given up. Where another checker is at work
 * with better files, it goes on; else one that asks with what can be had is better than none.
 */
static int read_trust(struct checker *checker)
{
    struct probe_trust_fault fault;

    checker->trust = probe_trust_read(checker->birth->epoch, &fault);
    if (checker->trust == NULL)
        log_error("%s", fault.reason);
    checker->lacks_files = checker->trust == NULL;
    if (checker->lacks_files && !checker->birth->is_successor)
        checker->trust = probe_trust_salvage(checker->birth->epoch);
    if (checker->trust == NULL)
        return -1;
    checker->shared.trust = checker->trust;
    return 0;
}

static int make_room(struct checker *checker)
{
    unsigned backends = checker->birth->epoch->backend_count;
    struct target_shared *shared = &checker->shared;

    shared->targets = calloc(backends + 1u, sizeof(*shared->targets));
    shared->members = calloc(backends + 1u, sizeof(*shared->members));
    checker->seen = calloc((size_t)backends * checker->worker_slots + 1, sizeof(*checker->seen));
    if (shared->targets != NULL && shared->members != NULL && checker->seen != NULL)
        return 0;
    log_error("out of memory");
    return -1;
}

static void *prepare(const struct role_birth *birth)
{
    struct checker *checker = calloc(1, sizeof(*checker));

    if (checker == NULL) {
        log_error("out of memory");
        return NULL;
    }
    checker->birth = birth;
    checker->worker_slots = board_master(birth->board)->layout.workers;
    if (make_room(checker) == 0 && read_trust(checker) == 0)
        return checker;
    release(checker);
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

static void add_backend(struct checker *checker, unsigned index)
{
    const struct epoch *epoch = checker->shared.epoch;

    checker->target_count++;
    if (!epoch_service(epoch, epoch_backend(epoch, index)->service)->enabled)
        return;
    target_init(&checker->shared, index);
    take_evidence(checker, index); /* what came before is known */
}

static int start(void *state, struct role_life *life)
{
    struct checker *checker = state;

    checker->life = life;
    if (open_shared(checker) == -1)
        return -1;
    for (unsigned i = 0; i < checker->shared.epoch->backend_count; i++)
        add_backend(checker, i);
    for (unsigned i = 0; i < checker->shared.epoch->service_count; i++) {
        if (epoch_service(checker->shared.epoch, i)->enabled)
            say_take_up_service(&checker->shared, i);
    }
    checker->advise = advise_new(&checker->shared);
    if (checker->advise == NULL) {
        log_error("out of memory");
        return -1;
    }
    checker->look = (struct loop_watch){.fn = on_look, .fd = checker->birth->look_event};
    if (loop_add(checker->shared.loop, &checker->look, LOOP_READ) == -1) {
        log_error("cannot watch for evidence");
        return -1;
    }
    if (checker->lacks_files)
        role_tell(life, CHANNEL_LACKS_FILES);
    checker->last_ms = mono_ms();
    checker->tick.fn = on_tick;
    loop_timer_set(checker->shared.loop, &checker->tick, checker->last_ms + TICK_MS);
    return 0;
}

/* Every backend has had a result: from now on, who comes up does so while others serve. */
static void end_first_round(struct checker *checker)
{
    checker->first_round_told = true;
    for (unsigned i = 0; i < checker->shared.epoch->service_count; i++)
        checker->shared.policies[i].serves = true;
    atomic_store_explicit(&board_my_checker(checker->shared.board)->first_round, 1,
                          memory_order_release);
    role_tell(checker->life, CHANNEL_CHECKS_DONE);
}

static void turn(void *state)
{
    struct checker *checker = state;

    policy_settle(&checker->shared);
    if (!checker->first_round_told && checker->shared.unanswered == 0)
        end_first_round(checker);
}

static void heartbeat(void *state)
{
    struct checker *checker = state;

    on_wake(checker);
    atomic_store_explicit(&board_my_checker(checker->shared.board)->heartbeat_ms, mono_ms(),
                          memory_order_relaxed);
    look(checker);
    say_owed(&checker->shared);
    advise_look(checker->advise);
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
        target_fini(&checker->shared.targets[i]);
    probe_engine_free(checker->shared.engine);
    release(checker);
}

const struct role_ops checker_ops = {
    .prepare = prepare,
    .start = start,
    .turn = turn,
    .heartbeat = heartbeat,
    .drain = drain,
    .stop = stop,
};
