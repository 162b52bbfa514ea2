#include "worker/replay_rate.h"

#include "worker/reached.h"

static struct board_service_counters *own_counters(const struct replay_rate *rate)
{
    return board_my_service_counters(rate->worker->board, rate->service_slot);
}

static uint64_t now_ms(const struct replay_rate *rate)
{
    return loop_now_ms(rate->worker->loop);
}

void replay_rate_note_session(struct replay_rate *rate)
{
    atomic_store_explicit(&own_counters(rate)->recent_sessions,
                          recent_add(&rate->sessions, now_ms(rate)), memory_order_relaxed);
}

/* Whether all workers together have replayed no more than they may, which is `most`. */
static bool is_affordable(const struct replay_rate *rate, uint32_t *most)
{
    const struct board *board = rate->worker->board;
    unsigned workers = board_master(board)->layout.workers;
    uint64_t sessions = 0;
    uint64_t replays = 0;

    for (unsigned i = 0; i < workers; i++) {
        const struct board_service_counters *counters;

        if (board_worker(board, i) == NULL)
            continue;
        counters = board_worker_service(board, i, rate->service_slot);
        sessions += atomic_load(&counters->recent_sessions);
        replays += atomic_load(&counters->recent_replays);
    }
    *most = budget_replays(sessions);
    return replays <= *most;
}

static void say_too_many(struct replay_rate *rate, uint32_t most)
{
    const struct conf_service *service =
        epoch_service_by_slot(rate->worker->epoch, rate->service_slot);
    struct reached reached = {.limit = "replays", .at = most, .told = &rate->told};

    if (service == NULL || !told_is_due(&rate->told, now_ms(rate), REACHED_PACE))
        return;
    reached.service = service->name;
    reached_say(&reached,
                "%s: %u hellos in ten seconds had no answer and went to another backend: more do "
                "not",
                service->name, (unsigned)most);
}

/* It is counted before the sum is looked at: of two workers that do so at once at least one sees
 * the other. */
bool replay_rate_take(struct replay_rate *rate)
{
    uint32_t most;

    atomic_store(&own_counters(rate)->recent_replays, recent_add(&rate->replays, now_ms(rate)));
    if (is_affordable(rate, &most))
        return true;
    replay_rate_give_back(rate);
    say_too_many(rate, most);
    return false;
}

void replay_rate_give_back(struct replay_rate *rate)
{
    atomic_store(&own_counters(rate)->recent_replays, recent_take_back(&rate->replays));
}

void replay_rate_refresh(struct replay_rate *rate)
{
    struct board_service_counters *counters = own_counters(rate);

    atomic_store(&counters->recent_sessions, recent_sum(&rate->sessions, now_ms(rate)));
    atomic_store(&counters->recent_replays, recent_sum(&rate->replays, now_ms(rate)));
}
