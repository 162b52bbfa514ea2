/*
 * What hello replay may cost: replays in ten seconds, and memory for what is kept. Pure: no clock,
 * no sockets.
 */
#ifndef K0SLB_WORKER_BUDGET_H
#define K0SLB_WORKER_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One more than ten: the present second is not over, and no ten seconds may see too many. */
#define RECENT_SECONDS 11

/* How often something has happened in the last ten seconds. All zero = never. */
struct recent {
    uint64_t second; /* of the latest count */
    uint32_t sum;
    uint32_t count[RECENT_SECONDS]; /* by second % RECENT_SECONDS */
};

/* Notes one more, and returns the new sum. The time is mono_ms(), and never goes back. */
uint32_t recent_add(struct recent *recent, uint64_t now_ms);

/* Takes the latest one back. */
uint32_t recent_take_back(struct recent *recent);

uint32_t recent_sum(struct recent *recent, uint64_t now_ms);

/* The most replays of a service for so many of its sessions: both counted over the same time. */
uint32_t budget_replays(uint64_t sessions);

/* Bytes that may be held. */
struct budget_memory {
    size_t taken;
    size_t most;
};

/* Whether so many more may be held; then they are taken. */
bool budget_take(struct budget_memory *memory, size_t bytes);
void budget_give_back(struct budget_memory *memory, size_t bytes);

#endif
