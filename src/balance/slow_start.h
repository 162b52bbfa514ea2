/*
 * slow_start: a backend that has come up beside others, or that an administrator has just said to
 * be ready, gets its share of new connections gradually. What grows is the share, whatever
 * `balance` goes by: to a newcomer without sessions a smaller weight means little, and least
 * connections would send it everything.
 */
#ifndef K0SLB_BALANCE_SLOW_START_H
#define K0SLB_BALANCE_SLOW_START_H

#include <stddef.h>

#include "balance/balance.h"

/*
 * Leaves out, by chance, backends that are still on their way: the others keep their order. Where
 * sessions decide, one that is in may well be chosen every time, so it is in as often as its
 * present part of the weights says; where turns or hashes do, that part of the times in which it
 * would be chosen. A client that `source` keeps at one backend moves to a newcomer once, and stays.
 * The part is at least a hundredth of the weight. Returns how many are left: at least one of
 * count >= 1.
 */
size_t slow_start_hold_back(const struct balance_request *request, const struct balance_ops *ops,
                            struct balance_candidate *candidates, size_t count);

#endif
