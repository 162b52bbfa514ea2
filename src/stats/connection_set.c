#include "stats/connection_set.h"

#include <stdbool.h>
#include <stdlib.h>

#include "stats/connection.h"

struct connection_set {
    struct connection_owner owner;
    struct round_sources sources;
    connection_idle_fn *idle;
    void *context;
    struct loop_timer round; /* runs while somebody has asked */
    size_t count;
    struct connection *open[CONNECTION_SET_MAX]; /* the first `count` */
};

/* Takes its place away. `idle` is not told. */
static void drop(struct connection_set *set, struct connection *connection)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->open[i] == connection) {
            set->open[i] = set->open[--set->count];
            break;
        }
    }
    connection_free(connection);
}

static void on_ended(struct connection_owner *owner, struct connection *connection)
{
    struct connection_set *set = CONTAINER_OF(owner, struct connection_set, owner);

    drop(set, connection);
    if (set->count == 0)
        set->idle(set->context);
}

/* ---- who is slow ---- */

/* Whether connection number `index` is the first that has its answer. */
static bool is_first_of(const struct connection_set *set, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (set->open[i]->answer == set->open[index]->answer)
            return false;
    }
    return set->open[index]->answer != NULL;
}

static size_t held_bytes(const struct connection_set *set)
{
    size_t held = 0;

    for (size_t i = 0; i < set->count; i++)
        held += is_first_of(set, i) ? set->open[i]->answer->body.length : 0;
    return held;
}

static struct connection *slowest_to_take(const struct connection_set *set)
{
    struct connection *slowest = NULL;

    for (size_t i = 0; i < set->count; i++) {
        struct connection *each = set->open[i];

        if (each->place.rank == CONNECTION_ANSWER &&
            (slowest == NULL || each->place.since_ms < slowest->place.since_ms))
            slowest = each;
    }
    return slowest;
}

/* Whoever does not read holds memory: all together no more than so much. */
static void make_room(struct connection_set *set)
{
    while (held_bytes(set) > CONNECTION_SET_HELD)
        drop(set, slowest_to_take(set));
}

/* ---- rounds ---- */

static void answer_one(struct connection_set *set, struct round *round,
                       struct connection *connection)
{
    struct answer *answer = round_answer(round, connection->request, &connection->client);

    if (answer == NULL)
        on_ended(&set->owner, connection);
    else
        connection_answer(connection, answer);
    make_room(set);
}

/* Those who have asked and are urgent, or not. Returns their number. */
static size_t gather(const struct connection_set *set, bool urgent,
                     struct connection *list[CONNECTION_SET_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++) {
        struct connection *each = set->open[i];

        if (each->place.rank == CONNECTION_ASKED && round_is_urgent(each->request) == urgent)
            list[count++] = each;
    }
    return count;
}

/* Monitors do not wait for what others have asked for. */
static void answer_all(struct connection_set *set)
{
    static const bool turns[] = {true, false};
    struct connection *list[CONNECTION_SET_MAX];
    struct round round;

    loop_timer_stop(set->owner.loop, &set->round);
    round_begin(&round, &set->sources);
    for (size_t turn = 0; turn < ARRAY_LEN(turns); turn++) {
        size_t count = gather(set, turns[turn], list);

        for (size_t i = 0; i < count; i++)
            answer_one(set, &round, list[i]);
    }
    round_end(&round);
}

static void on_round(struct loop_timer *timer)
{
    answer_all(CONTAINER_OF(timer, struct connection_set, round));
}

/* It is answered at the end of this turn. */
static void on_asked(struct connection_owner *owner, struct connection *connection)
{
    struct connection_set *set = CONTAINER_OF(owner, struct connection_set, owner);

    (void)connection;
    loop_timer_set(owner->loop, &set->round, loop_now_ms(owner->loop));
}

/* ---- the set ---- */

struct connection_set *connection_set_new(struct loop *loop, const struct round_sources *sources,
                                          connection_idle_fn *idle, void *context)
{
    struct connection_set *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    set->owner = (struct connection_owner){.loop = loop, .asked = on_asked, .ended = on_ended};
    set->sources = *sources;
    set->round.fn = on_round;
    set->idle = idle;
    set->context = context;
    return set;
}

void connection_set_free(struct connection_set *set)
{
    if (set == NULL)
        return;
    loop_timer_stop(set->owner.loop, &set->round);
    while (set->count > 0)
        connection_free(set->open[--set->count]);
    free(set);
}

/* Who has asked is answered before anybody loses a place; `idle` is not told of who does. */
static void make_place(struct connection_set *set)
{
    const struct eviction_place *places[CONNECTION_SET_MAX];

    if (loop_timer_is_set(&set->round))
        answer_all(set);
    for (size_t i = 0; i < set->count; i++)
        places[i] = &set->open[i]->place;
    if (set->count == CONNECTION_SET_MAX)
        drop(set, set->open[eviction_choose(places, set->count)]);
}

void connection_set_add(struct connection_set *set, int fd, const struct addr *client)
{
    struct connection *connection;

    if (set->count == CONNECTION_SET_MAX)
        make_place(set);
    connection = connection_new(&set->owner, fd, client);
    if (connection == NULL)
        return;
    set->open[set->count++] = connection;
    /* Who has asked while it waited for a place need not wait for the next turn. */
    connection_read(connection);
}

void connection_set_change(struct connection_set *set, const struct epoch *epoch)
{
    set->sources.epoch = epoch;
}

size_t connection_set_count(const struct connection_set *set)
{
    return set->count;
}
