#include <stdio.h>
#include <string.h>

#include "board/board_writer.h"

#include "unit/balance/stage.h"
#include "unit/child.h"
#include "unit/unit.h"

extern const struct unit_test balance_tests[];

#define PICKS 100000

static const enum conf_balance every[] = {BALANCE_LEASTCONN, BALANCE_ROUNDROBIN, BALANCE_RANDOM,
                                          BALANCE_SOURCE, BALANCE_SOURCE_SPREAD};

/* ---- shares ---- */

struct shares {
    struct stage *stage;
    unsigned picks[STAGE_MOST];
};

/* Within one per cent of all picks of what the weights say. */
static bool is_fair(const struct stage *stage, const unsigned *picks)
{
    double sum = 0;

    for (unsigned i = 0; i < stage->count; i++)
        sum += stage->backends[i].weight;
    for (unsigned i = 0; i < stage->count; i++) {
        double wanted = stage->backends[i].weight / sum;

        if (wanted - 0.01 > (double)picks[i] / PICKS || wanted + 0.01 < (double)picks[i] / PICKS)
            return false;
    }
    return true;
}

static struct stage stage_of_weights(unsigned a, unsigned b, unsigned c)
{
    struct stage stage = {.count = 3};
    const unsigned weights[] = {a, b, c};

    for (unsigned i = 0; i < 3; i++) {
        stage.backends[i].weight = (uint16_t)weights[i];
        stage.backends[i].health = BOARD_UP;
    }
    return stage;
}

static void test_round_robin_shares(void)
{
    struct stage stage = stage_of_weights(5, 3, 1);
    unsigned picks[STAGE_MOST] = {0};

    stage_open(&stage, BALANCE_ROUNDROBIN, ALL_DOWN_TRY);
    for (unsigned i = 0; i < PICKS; i++) {
        int chosen = stage_choose(&stage);

        CU_ASSERT_FATAL(chosen >= 0 && chosen < 3);
        picks[chosen]++;
    }
    CU_ASSERT(is_fair(&stage, picks));
    /* Whole periods are exact. */
    CU_ASSERT(picks[0] - PICKS / 9 * 5 <= 1 && picks[1] - PICKS / 9 * 3 <= 1);
    stage_close(&stage);
}

/* Sessions come and end, any of them as likely; as a worker, whose numbers the choice reads. */
static int hold_sessions(void *context)
{
    struct shares *shares = context;
    struct stage *stage = shares->stage;
    enum { HELD = 200 };
    int held[HELD];

    if (board_enter(stage->board, BOARD_ROLE_WORKER, 1) == -1)
        return 1;
    memset(held, -1, sizeof(held));
    for (unsigned i = 0; i < PICKS; i++) {
        int *session = &held[rng_below(&stage->rng, HELD)];

        if (*session != -1)
            board_session_end(stage->board, stage_slot(stage, (unsigned)*session));
        *session = stage_choose(stage);
        if (*session < 0 || *session >= (int)stage->count)
            return 2;
        board_session_begin(stage->board, stage_slot(stage, (unsigned)*session));
        shares->picks[*session]++;
    }
    return 0;
}

static void test_least_conn_shares(void)
{
    static const unsigned weights[][3] = {{1, 1, 1}, {5, 3, 1}, {256, 128, 1}};

    for (size_t w = 0; w < ARRAY_LEN(weights); w++) {
        struct stage stage = stage_of_weights(weights[w][0], weights[w][1], weights[w][2]);
        struct shares *shares = child_share(sizeof(*shares));

        stage_open(&stage, BALANCE_LEASTCONN, ALL_DOWN_TRY);
        shares->stage = &stage;
        ASSERT_NUMBER(child_run(hold_sessions, shares), 0);
        CU_ASSERT(is_fair(&stage, shares->picks));
        child_unshare(shares, sizeof(*shares));
        stage_close(&stage);
    }
}

struct load {
    struct stage *stage;
    unsigned slot; /* of the worker */
    unsigned sessions[3];
};

static int begin_sessions(void *context)
{
    struct load *load = context;

    if (board_enter(load->stage->board, BOARD_ROLE_WORKER, load->slot) == -1)
        return 1;
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < load->sessions[i]; k++)
            board_session_begin(load->stage->board, stage_slot(load->stage, i));
    }
    return 0;
}

/* What counts is the sum over all workers, not this one's own. */
static void test_least_conn_sums_workers(void)
{
    struct stage stage = stage_of_weights(1, 1, 1);
    struct load first = {&stage, 0, {0, 5, 9}};
    struct load second = {&stage, 1, {10, 4, 2}};

    stage_open(&stage, BALANCE_LEASTCONN, ALL_DOWN_TRY);
    ASSERT_NUMBER(child_run(begin_sessions, &first), 0);
    ASSERT_NUMBER(stage_choose(&stage), 0);
    ASSERT_NUMBER(child_run(begin_sessions, &second), 0);
    for (int i = 0; i < 50; i++)
        ASSERT_NUMBER(stage_choose(&stage), 1);
    board_clear_worker(stage.board, 1);
    ASSERT_NUMBER(stage_choose(&stage), 0);
    stage_close(&stage);
}

/* Four workers draw from one row of tickets. */
static int draw_and_choose(void *context)
{
    struct shares *shares = context;
    struct stage *stage = shares->stage;

    stage->takes_from_board = true;
    if (board_enter(stage->board, BOARD_ROLE_WORKER, 0) == -1)
        return 1;
    for (unsigned i = 0; i < 900; i++) {
        int chosen = stage_choose(stage);

        if (chosen < 0)
            return 2;
        shares->picks[chosen]++;
    }
    return 0;
}

static void test_round_robin_over_workers(void)
{
    struct stage stage = stage_of_weights(5, 3, 1);
    struct shares *shares[4];
    pid_t pids[4];
    unsigned sums[3] = {0};

    stage_open(&stage, BALANCE_ROUNDROBIN, ALL_DOWN_TRY);
    for (unsigned i = 0; i < 4; i++) {
        shares[i] = child_share(sizeof(*shares[i]));
        shares[i]->stage = &stage;
        pids[i] = child_start(draw_and_choose, shares[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        ASSERT_NUMBER(child_wait(pids[i]), 0);
        for (unsigned k = 0; k < 3; k++)
            sums[k] += shares[i]->picks[k];
        child_unshare(shares[i], sizeof(*shares[i]));
    }
    ASSERT_NUMBER(sums[0], 2000);
    ASSERT_NUMBER(sums[1], 1200);
    ASSERT_NUMBER(sums[2], 400);
    stage_close(&stage);
}

/* ---- who may be chosen ---- */

/* The better class, the smaller number; 99 = never. The same rule, told another way. */
static unsigned rank_of(const struct stage_backend *backend, bool refuse)
{
    static const unsigned by_health[] = {[BOARD_UP] = 0,
                                         [BOARD_SUSPECT] = 10,
                                         [BOARD_UNCHECKED] = 20,
                                         [BOARD_DOWN] = 30,
                                         [BOARD_BLOCKED] = 30};
    unsigned rank = by_health[backend->health];

    if (backend->weight == 0 || backend->tried || backend->admin != BOARD_ADMIN_READY)
        return 99;
    if (rank == 30 && refuse)
        return 99;
    if (rank == 0 && backend->avoided)
        rank = 10;
    return rank + backend->backup;
}

/* Every choice is among the best, and each of the best is chosen at some time. */
static bool obeys(struct stage *stage, bool refuse)
{
    bool seen[STAGE_MOST] = {false};
    unsigned best = 99;

    for (unsigned i = 0; i < stage->count; i++) {
        unsigned rank = rank_of(&stage->backends[i], refuse);

        best = rank < best ? rank : best;
    }
    for (unsigned i = 0; i < 60; i++) {
        int chosen;

        stage->client = stage_client(i);
        chosen = stage_choose(stage);
        if ((chosen == -1) != (best == 99))
            return false;
        if (chosen == -1)
            return true;
        if (rank_of(&stage->backends[chosen], refuse) != best)
            return false;
        seen[chosen] = true;
    }
    for (unsigned i = 0; i < stage->count; i++) {
        if (!seen[i] && rank_of(&stage->backends[i], refuse) == best)
            return false;
    }
    return true;
}

/* A state at random, with each thing that can speak against a backend. */
static void shuffle(struct stage *stage, struct rng *rng)
{
    static const enum board_health healths[] = {BOARD_UNCHECKED, BOARD_UP, BOARD_SUSPECT,
                                                BOARD_DOWN, BOARD_BLOCKED};

    for (unsigned i = 0; i < stage->count; i++) {
        struct stage_backend *backend = &stage->backends[i];

        backend->health = healths[rng_below(rng, ARRAY_LEN(healths))];
        backend->admin =
            rng_below(rng, 4) == 0 ? BOARD_ADMIN_DRAIN + rng_below(rng, 2) : BOARD_ADMIN_READY;
        backend->avoided = rng_below(rng, 4) == 0;
        backend->tried = rng_below(rng, 5) == 0;
    }
}

static void check_rule(enum conf_balance balance, enum conf_all_down all_down, uint64_t seed)
{
    struct stage stage = {.count = 5};
    struct rng rng;
    unsigned wrong = 0;

    rng_seed(&rng, seed);
    for (unsigned i = 0; i < stage.count; i++) {
        stage.backends[i].weight = i == 4 ? 0 : 2;
        stage.backends[i].backup = i == 2 || i == 3;
    }
    stage_open(&stage, balance, all_down);
    for (unsigned round = 0; round < 150; round++) {
        shuffle(&stage, &rng);
        stage_set(&stage);
        wrong += !obeys(&stage, all_down == ALL_DOWN_REFUSE);
    }
    ASSERT_NUMBER(wrong, 0);
    stage_close(&stage);
}

static void test_rule(void)
{
    for (size_t b = 0; b < ARRAY_LEN(every); b++) {
        check_rule(every[b], ALL_DOWN_TRY, 7 + b);
        check_rule(every[b], ALL_DOWN_REFUSE, 9 + b);
    }
}

/* ---- the same by hand, to be read ---- */

struct example {
    const char *states; /* a letter for each backend: u s n d b; upper case = backup */
    int all_down;
    int wanted; /* the one to be chosen, or -1 */
};

static void stage_states(struct stage *stage, const char *states)
{
    static const char letters[] = "nusdb"; /* by enum board_health */

    *stage = (struct stage){.count = (unsigned)strlen(states)};
    for (unsigned i = 0; i < stage->count; i++) {
        char lower = (char)(states[i] | 0x20);

        stage->backends[i].weight = 1;
        stage->backends[i].backup = states[i] != lower;
        stage->backends[i].health = (enum board_health)(strchr(letters, lower) - letters);
    }
}

static void test_examples(void)
{
    static const struct example examples[] = {
        {"dud", ALL_DOWN_TRY, 1},     {"sdu", ALL_DOWN_TRY, 2},    {"nsd", ALL_DOWN_TRY, 1},
        {"ndd", ALL_DOWN_TRY, 0},     {"ndd", ALL_DOWN_REFUSE, 0}, {"Uud", ALL_DOWN_TRY, 1},
        {"Uds", ALL_DOWN_TRY, 0},     {"dUd", ALL_DOWN_TRY, 1},    {"Sdn", ALL_DOWN_TRY, 0},
        {"dDb", ALL_DOWN_REFUSE, -1}, {"d", ALL_DOWN_TRY, 0},      {"b", ALL_DOWN_TRY, 0},
        {"d", ALL_DOWN_REFUSE, -1},   {"b", ALL_DOWN_REFUSE, -1},  {"Dd", ALL_DOWN_TRY, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        for (size_t b = 0; b < ARRAY_LEN(every); b++) {
            struct stage stage;

            stage_states(&stage, examples[i].states);
            stage_open(&stage, every[b], (enum conf_all_down)examples[i].all_down);
            for (int again = 0; again < 10; again++)
                ASSERT_NUMBER(stage_choose(&stage), examples[i].wanted);
            stage_close(&stage);
        }
    }
}

/* A worker avoids what it saw fail, but prefers it to one whose state nobody knows. */
static void test_avoided_is_suspect(void)
{
    struct stage stage;

    stage_states(&stage, "uun");
    stage_open(&stage, BALANCE_ROUNDROBIN, ALL_DOWN_REFUSE);
    stage.backends[0].avoided = true;
    for (int again = 0; again < 10; again++)
        ASSERT_NUMBER(stage_choose(&stage), 1);
    stage.backends[1].tried = true;
    ASSERT_NUMBER(stage_choose(&stage), 0);
    stage.backends[0].tried = true;
    ASSERT_NUMBER(stage_choose(&stage), 2);
    stage.backends[2].tried = true;
    ASSERT_NUMBER(stage_choose(&stage), -1);
    stage_close(&stage);
}

/* Nothing that is shut by hand is tried, even when everything is down. */
static void test_all_down_keeps_admin_words(void)
{
    struct stage stage;

    stage_states(&stage, "ddd");
    stage_open(&stage, BALANCE_LEASTCONN, ALL_DOWN_TRY);
    stage.backends[0].admin = BOARD_ADMIN_DRAIN;
    stage.backends[2].admin = BOARD_ADMIN_MAINT;
    stage_set(&stage);
    for (int again = 0; again < 10; again++)
        ASSERT_NUMBER(stage_choose(&stage), 1);
    stage.backends[1].admin = BOARD_ADMIN_DRAIN;
    stage_set(&stage);
    ASSERT_NUMBER(stage_choose(&stage), -1);
    stage_close(&stage);
}

/* A health word that this version does not know counts as unchecked, never as up. */
static void test_unknown_health(void)
{
    struct stage stage;

    stage_states(&stage, "usn");
    stage_open(&stage, BALANCE_ROUNDROBIN, ALL_DOWN_REFUSE);
    stage.backends[0].health = (enum board_health)7;
    stage_set(&stage);
    ASSERT_NUMBER(stage_choose(&stage), 1);
    stage.backends[1].tried = stage.backends[2].tried = true;
    ASSERT_NUMBER(stage_choose(&stage), 0);
    stage_close(&stage);
}

/* What has no address is nowhere to send anybody, and costs nobody a try. */
static void test_without_address(void)
{
    struct stage stage;

    stage_states(&stage, "ddd");
    stage.backends[0].nowhere = stage.backends[2].nowhere = true;
    stage_open(&stage, BALANCE_ROUNDROBIN, ALL_DOWN_TRY);
    for (unsigned i = 0; i < 10; i++)
        ASSERT_NUMBER(stage_choose(&stage), 1);
    stage.backends[1].nowhere = true;
    stage.backends[0].health = BOARD_UNCHECKED;
    stage_set(&stage);
    ASSERT_NUMBER(stage_choose(&stage), -1);
    stage_close(&stage);
}

/* Tickets are for real choices: a refusal draws none. */
static void test_no_ticket_without_choice(void)
{
    struct stage stage;

    stage_states(&stage, "ddd");
    stage_open(&stage, BALANCE_ROUNDROBIN, ALL_DOWN_REFUSE);
    ASSERT_NUMBER(stage_choose(&stage), -1);
    ASSERT_NUMBER(stage.ticket, 0);
    stage_close(&stage);
}

const struct unit_test balance_tests[] = {
    {"round_robin_shares", test_round_robin_shares},
    {"least_conn_shares", test_least_conn_shares},
    {"least_conn_sums_workers", test_least_conn_sums_workers},
    {"round_robin_over_workers", test_round_robin_over_workers},
    {"rule", test_rule},
    {"examples", test_examples},
    {"avoided_is_suspect", test_avoided_is_suspect},
    {"all_down_keeps_admin_words", test_all_down_keeps_admin_words},
    {"unknown_health", test_unknown_health},
    {"without_address", test_without_address},
    {"no_ticket_without_choice", test_no_ticket_without_choice},
    {NULL, NULL},
};
