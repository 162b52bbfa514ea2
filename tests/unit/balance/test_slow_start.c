/* A backend that has come up beside others: its share of new connections, whatever `balance` says.
 */
#include "balance/slow_start.h"

#include "board/board_sources.h"
#include "board/board_writer.h"

#include "unit/balance/stage.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test slow_start_tests[];

enum { PICKS = 100000, LOADED = 1000, SLOW_MS = 15000, UP_MS = 1000000 };

static const enum conf_balance every[] = {BALANCE_LEASTCONN, BALANCE_ROUNDROBIN, BALANCE_RANDOM,
                                          BALANCE_SOURCE, BALANCE_SOURCE_SPREAD};

struct shares {
    struct stage *stage;
    bool one_client;
    unsigned picks[STAGE_MOST];
    unsigned none; /* picks that came to nobody */
};

/* All up since long, but for `ramping` of them, the first ones, which are up since UP_MS. */
static void open_stage(struct stage *stage, enum conf_balance balance, unsigned count,
                       unsigned ramping)
{
    stage->count = count;
    stage->slow_start = SLOW_MS;
    for (unsigned i = 0; i < count; i++) {
        struct stage_backend *backend = &stage->backends[i];

        if (backend->weight == 0)
            backend->weight = 1;
        backend->health = BOARD_UP;
        if (i >= ramping)
            continue;
        backend->marks = BOARD_MARK_RAMP;
        if (backend->since_ms == 0)
            backend->since_ms = UP_MS;
    }
    stage_open(stage, balance, ALL_DOWN_TRY);
    CU_ASSERT(board_want_sources(stage->board) == 0);
}

/* Sessions of one client. Returns 0, or 1 when the table of clients has no room. */
static int load_one(struct stage *stage, unsigned slot)
{
    for (unsigned k = 0; k < LOADED; k++) {
        board_session_begin(stage->board, slot);
        if (board_source_begin(stage->board, stage_service(stage), &stage->client, slot) ==
            BOARD_NO_SOURCE)
            return 1;
    }
    return 0;
}

static int load_the_others(struct stage *stage)
{
    int failed = 0;

    stage->client = stage_client(1);
    for (unsigned i = 0; i < stage->count; i++) {
        if (stage->backends[i].marks == 0)
            failed |= load_one(stage, stage_slot(stage, i));
    }
    return failed;
}

/* The worst case: those who were there are loaded, and the newcomer's sessions all end at once. */
static int pick_many(void *context)
{
    struct shares *shares = context;
    struct stage *stage = shares->stage;

    if (board_enter(stage->board, BOARD_ROLE_WORKER, 1) == -1 || load_the_others(stage) != 0)
        return 1;
    for (unsigned i = 0; i < PICKS; i++) {
        int chosen;

        if (!shares->one_client)
            stage->client = stage_client(i);
        chosen = stage_choose(stage);
        if (chosen == -1)
            shares->none++;
        else
            shares->picks[chosen]++;
    }
    return 0;
}

static struct shares measured(struct stage *stage, enum conf_balance balance)
{
    struct shares *shared = child_share(sizeof(*shared));
    struct shares result;

    *shared = (struct shares){.stage = stage, .one_client = balance == BALANCE_SOURCE_SPREAD};
    ASSERT_NUMBER(child_run(pick_many, shared), 0);
    result = *shared;
    child_unshare(shared, sizeof(*shared));
    board_clear_worker(stage->board, 1);
    ASSERT_NUMBER(result.none, 0);
    return result;
}

static double share_of(const struct shares *shares, unsigned backend)
{
    return (double)shares->picks[backend] / PICKS;
}

/* The part of the weights that a newcomer has, and the least that it has at any time. */
static double part_at(uint64_t elapsed_ms)
{
    double part = (double)elapsed_ms / SLOW_MS;

    return part < 0.01 ? 0.01 : part;
}

/* ---- the share ---- */

static void check_one(enum conf_balance balance, unsigned count, uint64_t elapsed_ms)
{
    struct stage stage = {.now_ms = UP_MS + elapsed_ms};
    double part = part_at(elapsed_ms);
    double most = part / (count - 1 + part);
    struct shares shares;

    open_stage(&stage, balance, count, 1);
    shares = measured(&stage, balance);
    CU_ASSERT(share_of(&shares, 0) <= 0.6);
    CU_ASSERT(share_of(&shares, 0) <= most + 0.005);
    CU_ASSERT(share_of(&shares, 0) >= most / 2 - 0.005);
    CU_ASSERT(shares.picks[0] > 0);
    stage_close(&stage);
}

/* At no time more than its part allows, and at no time nothing. */
static void test_share(void)
{
    static const uint64_t elapsed_ms[] = {0, 1000, 5000, 14000};

    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        for (size_t e = 0; e < ARRAY_LEN(elapsed_ms); e++) {
            check_one(every[b], 2, elapsed_ms[e]);
            check_one(every[b], 3, elapsed_ms[e]);
        }
    }
}

/* A weight says what the whole share will be. */
static void test_weights(void)
{
    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        struct stage stage = {.now_ms = UP_MS + SLOW_MS / 2,
                              .backends = {{.weight = 4}, {.weight = 1}, {.weight = 3}}};
        struct shares shares;

        open_stage(&stage, every[b], 3, 1);
        shares = measured(&stage, every[b]);
        CU_ASSERT(share_of(&shares, 0) <= 2.0 / 6 + 0.005);
        CU_ASSERT(share_of(&shares, 0) >= 0.2);
        stage_close(&stage);
    }
}

/* One has come up just now, another one a while ago. */
static void check_two(enum conf_balance balance, unsigned count)
{
    struct stage stage = {
        .now_ms = UP_MS + SLOW_MS / 100,
        .backends = {{.since_ms = UP_MS}, {.since_ms = UP_MS + SLOW_MS / 100 - SLOW_MS / 2}}};
    double sum = count - 2 + 0.01 + 0.5;
    struct shares shares;

    open_stage(&stage, balance, count, 2);
    shares = measured(&stage, balance);
    CU_ASSERT(share_of(&shares, 0) <= 0.01 / sum + 0.005);
    CU_ASSERT(share_of(&shares, 1) <= 0.5 / sum + 0.005);
    CU_ASSERT(shares.picks[0] > 0 && shares.picks[1] > 0);
    stage_close(&stage);
}

static void test_two_at_once(void)
{
    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        check_two(every[b], 2);
        check_two(every[b], 3);
        check_two(every[b], 4);
    }
}

/* Nobody is there but newcomers: they share alike, and nobody is refused. */
static void test_newcomers_alone(void)
{
    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        struct stage stage = {.now_ms = UP_MS};
        struct shares shares;

        open_stage(&stage, every[b], 2, 2);
        shares = measured(&stage, every[b]);
        CU_ASSERT_DOUBLE_EQUAL(share_of(&shares, 0), 0.5, 0.02);
        stage_close(&stage);
    }
}

/* ---- when it does not hold ---- */

/* Alone in the best class it gets everything. */
static void test_no_other(void)
{
    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        struct stage stage = {.now_ms = UP_MS, .backends = {{.weight = 1}, {.weight = 1}}};

        open_stage(&stage, every[b], 3, 1);
        stage.backends[1].health = BOARD_DOWN;
        stage.backends[2].health = BOARD_SUSPECT;
        stage_set(&stage);
        for (unsigned i = 0; i < 200; i++)
            ASSERT_NUMBER(stage_choose(&stage), 0);
        stage_close(&stage);
    }
}

/* All the others have failed this connection: it is tried, however lately it came. */
static void test_reachable(void)
{
    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        struct stage stage = {.now_ms = UP_MS};

        open_stage(&stage, every[b], 3, 1);
        stage.backends[1].tried = stage.backends[2].tried = true;
        for (unsigned i = 0; i < 200; i++) {
            stage.client = stage_client(i);
            ASSERT_NUMBER(stage_choose(&stage), 0);
        }
        stage_close(&stage);
    }
}

/* Least connections: how often the one without sessions is chosen among loaded ones. */
static unsigned picks_of_empty(struct stage *stage)
{
    struct shares shares = measured(stage, BALANCE_LEASTCONN);

    return shares.picks[0];
}

/* When the time is over, without the mark, and where slow_start is 0, all of it counts. */
static void test_over(void)
{
    struct stage over = {.now_ms = UP_MS + SLOW_MS};
    struct stage unmarked = {.now_ms = UP_MS};
    struct stage off = {.now_ms = UP_MS};

    open_stage(&over, BALANCE_LEASTCONN, 3, 1);
    ASSERT_NUMBER(picks_of_empty(&over), PICKS);
    stage_close(&over);

    open_stage(&unmarked, BALANCE_ROUNDROBIN, 3, 0);
    CU_ASSERT_DOUBLE_EQUAL(picks_of_empty(&unmarked), PICKS / 3.0, 1);
    stage_close(&unmarked);

    off.count = 2;
    off.backends[0] = (struct stage_backend){
        .weight = 1, .health = BOARD_UP, .marks = BOARD_MARK_RAMP, .since_ms = UP_MS};
    off.backends[1] = (struct stage_backend){.weight = 1, .health = BOARD_UP};
    stage_open(&off, BALANCE_ROUNDROBIN, ALL_DOWN_TRY);
    CU_ASSERT(board_want_sources(off.board) == 0);
    CU_ASSERT_DOUBLE_EQUAL(picks_of_empty(&off), PICKS / 2.0, 1);
    stage_close(&off);
}

/* The checker's clock is read a moment later than this process's: that is no underflow. */
static void test_a_moment_ahead(void)
{
    struct stage stage = {.now_ms = UP_MS - 5};
    struct shares shares;

    open_stage(&stage, BALANCE_LEASTCONN, 3, 1);
    shares = measured(&stage, BALANCE_LEASTCONN);
    CU_ASSERT(share_of(&shares, 0) <= 0.02);
    stage_close(&stage);
}

/* ---- back from drain ---- */

enum { SAID_MS = 1700000000 };

/* The first one is up since long, has no sessions, and was said to be ready `elapsed_ms` ago. */
static unsigned picks_of_returned(enum conf_balance balance, int64_t elapsed_ms)
{
    struct stage stage = {.now_ms = UP_MS, .wall_ms = (uint64_t)(SAID_MS + elapsed_ms)};
    struct shares shares;

    stage.backends[0].said_ms = SAID_MS;
    open_stage(&stage, balance, 3, 0);
    stage.backends[0].marks = BOARD_MARK_VERIFIED;
    stage_set(&stage);
    shares = measured(&stage, balance);
    stage_close(&stage);
    return shares.picks[0];
}

/* Its health was good all the time: the share counts from the administrator's word. */
static void test_returned(void)
{
    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        double half = 0.5 / 2.5;

        CU_ASSERT(picks_of_returned(every[b], 0) <= 0.02 * PICKS);
        CU_ASSERT(picks_of_returned(every[b], SLOW_MS / 2) <= (half + 0.005) * PICKS);
    }
    CU_ASSERT(picks_of_returned(BALANCE_LEASTCONN, 0) > 0);
    ASSERT_NUMBER(picks_of_returned(BALANCE_LEASTCONN, SLOW_MS), PICKS);
}

/* The wall clock has been set back: better all of it than nothing for hours. */
static void test_clock_set_back(void)
{
    ASSERT_NUMBER(picks_of_returned(BALANCE_LEASTCONN, -3600 * 1000), PICKS);
}

/* Of two times the later one counts: it came up, and was said to be ready after that. */
static void test_both(void)
{
    struct stage stage = {.now_ms = UP_MS + SLOW_MS - 1, .wall_ms = SAID_MS};

    stage.backends[0].said_ms = SAID_MS;
    open_stage(&stage, BALANCE_LEASTCONN, 3, 1);
    CU_ASSERT(picks_of_empty(&stage) <= 0.02 * PICKS);
    stage.backends[0].said_ms = SAID_MS - SLOW_MS;
    stage_set(&stage);
    stage.now_ms = UP_MS;
    CU_ASSERT(picks_of_empty(&stage) <= 0.02 * PICKS);
    stage_close(&stage);
}

/* ---- clients that stay ---- */

/* With `source` a client moves to the newcomer once, and does not go to and fro meanwhile. */
static void test_source_moves_once(void)
{
    enum { CLIENTS = 3000, STEPS = 15 };
    struct stage stage = {.now_ms = UP_MS};
    static int before[CLIENTS];
    unsigned strayed = 0;
    unsigned arrived = 0;

    open_stage(&stage, BALANCE_SOURCE, 3, 1);
    for (unsigned step = 0; step <= STEPS; step++) {
        stage.now_ms = UP_MS + (uint64_t)step * SLOW_MS / STEPS;
        for (unsigned i = 0; i < CLIENTS; i++) {
            int chosen;

            stage.client = stage_client(i);
            chosen = stage_choose(&stage);
            if (step > 0 && chosen != before[i]) {
                strayed += chosen != 0;
                arrived++;
            }
            before[i] = chosen;
        }
    }
    ASSERT_NUMBER(strayed, 0);
    CU_ASSERT_DOUBLE_EQUAL((double)arrived / CLIENTS, 1.0 / 3, 0.03);
    stage_close(&stage);
}

const struct unit_test slow_start_tests[] = {
    {"share", test_share},
    {"weights", test_weights},
    {"two_at_once", test_two_at_once},
    {"newcomers_alone", test_newcomers_alone},
    {"no_other", test_no_other},
    {"reachable", test_reachable},
    {"over", test_over},
    {"a_moment_ahead", test_a_moment_ahead},
    {"returned", test_returned},
    {"clock_set_back", test_clock_set_back},
    {"both", test_both},
    {"source_moves_once", test_source_moves_once},
    {NULL, NULL},
};
