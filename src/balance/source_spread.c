/*
 * The backend with the fewest sessions from this client address for its weight, ties at random. A
 * client that opens as many sessions as there are backends has one at each of them, whichever
 * workers they came through: so konnectivity's agents, which redial until they hold one tunnel to
 * each controller, get there without a wasted connection.
 */
#include "balance/balance.h"

const struct balance_ops balance_source_spread = {.reads_sources = true,
                                                  .pick = balance_pick_fewest};
