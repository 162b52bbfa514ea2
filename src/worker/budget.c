#include "worker/budget.h"

#include <string.h>

/* So many replays are never too many, and this share of the sessions is not either: one in … */
#define REPLAYS_LEAST 10
#define REPLAYS_SHARE 20

/* Forgets what was more than ten seconds ago. */
static void move_on(struct recent *recent, uint64_t now_ms)
{
    uint64_t second = now_ms / 1000;

    if (second - recent->second >= RECENT_SECONDS)
        memset(recent, 0, sizeof(*recent));
    else {
        while (recent->second < second) {
            uint32_t *oldest = &recent->count[++recent->second % RECENT_SECONDS];

            recent->sum -= *oldest;
            *oldest = 0;
        }
    }
    recent->second = second;
}

uint32_t recent_add(struct recent *recent, uint64_t now_ms)
{
    move_on(recent, now_ms);
    recent->count[recent->second % RECENT_SECONDS]++;
    return ++recent->sum;
}

uint32_t recent_take_back(struct recent *recent)
{
    recent->count[recent->second % RECENT_SECONDS]--;
    return --recent->sum;
}

uint32_t recent_sum(struct recent *recent, uint64_t now_ms)
{
    move_on(recent, now_ms);
    return recent->sum;
}

uint32_t budget_replays(uint64_t sessions)
{
    uint64_t share = sessions / REPLAYS_SHARE;

    return share > REPLAYS_LEAST ? (uint32_t)share : REPLAYS_LEAST;
}

bool budget_take(struct budget_memory *memory, size_t bytes)
{
    if (bytes > memory->most - memory->taken)
        return false;
    memory->taken += bytes;
    return true;
}

void budget_give_back(struct budget_memory *memory, size_t bytes)
{
    memory->taken -= bytes;
}
