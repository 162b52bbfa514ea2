#include "checker/health.h"

static void count(uint16_t *results)
{
    if (*results < UINT16_MAX)
        ++*results;
}

/* Where a backend goes that has answered well, if it is not down. */
static enum board_health after_good(struct health *health, const struct health_rule *rule,
                                    enum board_health alive)
{
    count(&health->good);
    health->bad = 0;
    health->probe_refused = health->client_refused = false;
    health->urgent = false;
    if (health->state == BOARD_UP || health->state == BOARD_SUSPECT)
        return alive;
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

static enum board_health after_bad(struct health *health, const struct health_rule *rule,
                                   bool badly)
{
    if (badly && rule->hold)
        health->bad = 0;
    else
        count(&health->bad);
    health->good = 0;
    health->urgent = !badly;
    if (health->state == BOARD_UNCHECKED)
        return BOARD_DOWN;
    return health->state == BOARD_DOWN ? BOARD_DOWN : judge(health, rule);
}

static enum board_health after_report(struct health *health, const struct health_rule *rule)
{
    if (health->state != BOARD_UP && health->state != BOARD_SUSPECT)
        return health->state;
    health->urgent = true;
    if (health->probe_refused && health->client_refused)
        return judge(health, rule);
    return BOARD_SUSPECT;
}

/* A probe waits. */
static enum board_health after_waiting(struct health *health, bool urgent)
{
    if (health->state != BOARD_UP && health->state != BOARD_SUSPECT)
        return health->state;
    health->urgent |= urgent;
    return BOARD_SUSPECT;
}

static enum board_health next_state(struct health *health, const struct health_rule *rule,
                                    enum health_event event)
{
    switch (event) {
    case HEALTH_GOOD:
        return after_good(health, rule, BOARD_UP);
    case HEALTH_GOOD_LATE:
        return after_good(health, rule, BOARD_SUSPECT);
    case HEALTH_BADLY:
        return after_bad(health, rule, true);
    case HEALTH_REFUSED:
        health->probe_refused = true;
        return after_bad(health, rule, false);
    case HEALTH_NOT_THERE:
        return after_bad(health, rule, false);
    case HEALTH_SLOW:
        return after_waiting(health, true);
    case HEALTH_LATE:
        return after_waiting(health, false);
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
