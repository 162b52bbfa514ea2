#include "checker/health.h"

static void count(uint16_t *results)
{
    if (*results < UINT16_MAX)
        ++*results;
}

static enum board_health after_good(struct health *health, const struct health_rule *rule)
{
    count(&health->good);
    health->bad = 0;
    health->probe_refused = health->client_refused = false;
    if (health->state == BOARD_DOWN && health->good < rule->rise)
        return BOARD_DOWN;
    return BOARD_UP;
}

/* Where a backend that is not down stands, by what speaks against it. */
static enum board_health judge(const struct health *health, const struct health_rule *rule)
{
    if (health->bad >= rule->fall || (health->probe_refused && health->client_refused))
        return BOARD_DOWN;
    return BOARD_SUSPECT;
}

static enum board_health after_bad(struct health *health, const struct health_rule *rule)
{
    count(&health->bad);
    health->good = 0;
    if (health->state == BOARD_UNCHECKED)
        return BOARD_DOWN;
    return health->state == BOARD_DOWN ? BOARD_DOWN : judge(health, rule);
}

static enum board_health after_report(const struct health *health, const struct health_rule *rule)
{
    if (health->state == BOARD_UP || health->state == BOARD_SUSPECT)
        return judge(health, rule);
    return health->state;
}

static enum board_health next_state(struct health *health, const struct health_rule *rule,
                                    enum health_event event)
{
    switch (event) {
    case HEALTH_GOOD:
        return after_good(health, rule);
    case HEALTH_REFUSED:
        health->probe_refused = true;
        return after_bad(health, rule);
    case HEALTH_NOT_THERE:
        return after_bad(health, rule);
    case HEALTH_SLOW:
        return health->state == BOARD_UP ? BOARD_SUSPECT : health->state;
    case HEALTH_CLIENT_REFUSED:
        health->client_refused = true;
        return after_report(health, rule);
    case HEALTH_CLIENT_NO_ANSWER:
        return after_report(health, rule);
    }
    return health->state;
}

bool health_apply(struct health *health, const struct health_rule *rule, enum health_event event)
{
    enum board_health before = health->state;

    health->state = next_state(health, rule, event);
    return health->state != before;
}

bool health_may_suspect(unsigned up, unsigned suspect)
{
    return up > 0 && 2 * (up - 1) >= up + suspect;
}
