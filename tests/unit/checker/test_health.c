#include "unit/unit.h"

#include <stdio.h>

#include "board/board.h"
#include "checker/health.h"

static const struct health_rule usual = {.rise = 2, .fall = 3};
static const struct health_rule strict = {.rise = 1, .fall = 1};

static const struct health_rule held = {.rise = 2, .fall = 3, .hold = true};

/* One event in each state, with nothing before it. */
static void test_single_events(void)
{
    static const struct {
        enum board_health before;
        enum health_event event;
        enum board_health after;
    } rows[] = {
        {BOARD_UNCHECKED, HEALTH_GOOD, BOARD_UP},
        {BOARD_UNCHECKED, HEALTH_NOT_THERE, BOARD_DOWN},
        {BOARD_UNCHECKED, HEALTH_REFUSED, BOARD_DOWN},
        {BOARD_UNCHECKED, HEALTH_SLOW, BOARD_UNCHECKED},
        {BOARD_UNCHECKED, HEALTH_CLIENT_REFUSED, BOARD_UNCHECKED},
        {BOARD_UNCHECKED, HEALTH_CLIENT_NO_ANSWER, BOARD_UNCHECKED},
        {BOARD_UNCHECKED, HEALTH_GOOD_LATE, BOARD_UP},
        {BOARD_UNCHECKED, HEALTH_BADLY, BOARD_DOWN},
        {BOARD_UNCHECKED, HEALTH_LATE, BOARD_UNCHECKED},
        {BOARD_UP, HEALTH_GOOD, BOARD_UP},
        {BOARD_UP, HEALTH_NOT_THERE, BOARD_SUSPECT},
        {BOARD_UP, HEALTH_REFUSED, BOARD_SUSPECT},
        {BOARD_UP, HEALTH_SLOW, BOARD_SUSPECT},
        {BOARD_UP, HEALTH_CLIENT_REFUSED, BOARD_SUSPECT},
        {BOARD_UP, HEALTH_CLIENT_NO_ANSWER, BOARD_SUSPECT},
        {BOARD_UP, HEALTH_GOOD_LATE, BOARD_SUSPECT},
        {BOARD_UP, HEALTH_BADLY, BOARD_SUSPECT},
        {BOARD_UP, HEALTH_LATE, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_GOOD, BOARD_UP},
        {BOARD_SUSPECT, HEALTH_NOT_THERE, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_REFUSED, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_SLOW, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_CLIENT_REFUSED, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_CLIENT_NO_ANSWER, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_GOOD_LATE, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_BADLY, BOARD_SUSPECT},
        {BOARD_SUSPECT, HEALTH_LATE, BOARD_SUSPECT},
        {BOARD_DOWN, HEALTH_GOOD, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_NOT_THERE, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_REFUSED, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_SLOW, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_CLIENT_REFUSED, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_CLIENT_NO_ANSWER, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_GOOD_LATE, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_BADLY, BOARD_DOWN},
        {BOARD_DOWN, HEALTH_LATE, BOARD_DOWN},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct health health = {.state = rows[i].before};
        bool changed = health_apply(&health, &usual, rows[i].event);

        ASSERT_TEXT(board_health_name(health.state), board_health_name(rows[i].after));
        ASSERT_NUMBER(changed, rows[i].before != rows[i].after);
    }
}

/*
 * Sequences. Events: g good, G good but late, b badly, n not there, r refused, s slow, l late, R a
 * client refused, N a client without an answer. States after each: u up, s suspect, d down, -
 * unchecked.
 */
static enum health_event event_of(char letter)
{
    switch (letter) {
    case 'g':
        return HEALTH_GOOD;
    case 'G':
        return HEALTH_GOOD_LATE;
    case 'b':
        return HEALTH_BADLY;
    case 'l':
        return HEALTH_LATE;
    case 'n':
        return HEALTH_NOT_THERE;
    case 'r':
        return HEALTH_REFUSED;
    case 's':
        return HEALTH_SLOW;
    case 'R':
        return HEALTH_CLIENT_REFUSED;
    default:
        return HEALTH_CLIENT_NO_ANSWER;
    }
}

static void test_sequences(void)
{
    static const struct {
        const struct health_rule *rule;
        const char *events;
        const char *states;
    } rows[] = {
        {&usual, "gnnn", "ussd"},       /* fall in a row */
        {&usual, "gnngnnn", "ussussd"}, /* a good answer begins anew */
        {&usual, "ngg", "ddu"},         /* rise in a row */
        {&usual, "ngngg", "ddddu"},     /* a bad one begins anew */
        {&usual, "gg", "uu"},           /* the first result needs no rise */
        {&usual, "gsnnn", "usssd"},     /* waiting is no result */
        {&usual, "gsg", "usu"},         {&usual, "gsssss", "usssss"}, /* and never brings down */
        {&usual, "gRr", "usd"}, /* refused twice, by client and probe */
        {&usual, "grR", "usd"}, /* in either order */
        {&usual, "gRn", "uss"}, /* a timeout is no refusal */
        {&usual, "gNr", "uss"},         {&usual, "gRgr", "usus"}, /* a good answer forgets the
                                                                     client's */
        {&usual, "grgR", "usus"},                                 /* and the probe's */
        {&usual, "gRRRR", "ussss"},     {&usual, "gNNNN", "ussss"},   {&usual, "Rr", "-d"},
        {&usual, "sng", "-dd"},         {&strict, "gn", "ud"},        {&strict, "ng", "du"},
        {&usual, "gbbb", "ussd"},       {&usual, "gbnb", "ussd"}, /* of both kinds together */
        {&usual, "gbbgb", "ussus"},     {&usual, "b", "d"},           {&usual, "gGg", "usu"},
        {&usual, "gbbGb", "ussss"}, /* late, but good */
        {&usual, "bGG", "ddu"},         {&usual, "G", "u"},           {&usual, "glllg", "usssu"},
        {&usual, "gRbr", "ussd"},                                  /* a client is remembered */
        {&held, "gbbbbbb", "ussssss"},  {&held, "gbbbn", "ussss"}, /* what is held is not counted */
        {&held, "gbbbnnn", "usssssd"},  {&held, "gnnnb", "ussdd"},    {&held, "b", "d"},
        {&held, "gbRr", "ussd"},        {&strict, "gR", "us"},        {&strict, "gs", "us"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct health health = {.state = BOARD_UNCHECKED};
        char got[16] = "";

        for (size_t k = 0; rows[i].events[k] != '\0'; k++) {
            health_apply(&health, rows[i].rule, event_of(rows[i].events[k]));
            got[k] = "-usd"[health.state];
        }
        ASSERT_TEXT(got, rows[i].states);
    }
}

static void test_counters(void)
{
    struct health health = {.state = BOARD_UNCHECKED};

    for (int i = 0; i < 70000; i++)
        health_apply(&health, &usual, HEALTH_GOOD);
    ASSERT_NUMBER(health.good, UINT16_MAX); /* full, not begun anew */
    ASSERT_NUMBER(health.bad, 0);
    health_apply(&health, &usual, HEALTH_NOT_THERE);
    ASSERT_NUMBER(health.good, 0);
    ASSERT_NUMBER(health.bad, 1);
    health_apply(&health, &usual, HEALTH_SLOW);
    health_apply(&health, &usual, HEALTH_CLIENT_NO_ANSWER);
    ASSERT_NUMBER(health.bad, 1);
}

static void test_slow_evidence_leaves_half(void)
{
    static const struct {
        unsigned up;
        unsigned suspect;
        bool may;
    } rows[] = {
        {1, 0, false},  {2, 0, true},    {1, 1, false}, {3, 0, true},  {2, 1, false},
        {4, 0, true},   {3, 1, true},    {2, 2, false}, {5, 0, true},  {4, 1, true},
        {3, 2, false},  {0, 0, false},   {0, 3, false}, {1, 5, false}, {100, 0, true},
        {51, 49, true}, {50, 50, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ASSERT_NUMBER(health_may_suspect(rows[i].up, rows[i].suspect), rows[i].may);
}

/* Which of those that speak against it say that it may not be there, and so are followed soon. */
static void test_urgency(void)
{
    static const struct {
        const char *events;
        bool urgent;
    } rows[] = {
        {"g", false},   {"gb", false},  {"gl", false},  {"gG", false},  {"gn", true},
        {"gr", true},   {"gs", true},   {"gR", true},   {"gN", true},   {"gnb", false},
        {"gbn", true},  {"gbs", true},  {"gbR", true},  {"gsl", true}, /* it is looked into */
        {"gsG", false}, {"gng", false}, {"gRb", false}, {"gbb", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct health health = {.state = BOARD_UNCHECKED};

        for (const char *event = rows[i].events; *event != '\0'; event++)
            health_apply(&health, &usual, event_of(*event));
        ASSERT_NUMBER(health.urgent, rows[i].urgent);
    }
}

const struct unit_test health_tests[] = {
    {"single_events", test_single_events},
    {"sequences", test_sequences},
    {"urgency", test_urgency},
    {"counters", test_counters},
    {"slow_evidence_leaves_half", test_slow_evidence_leaves_half},
    {NULL, NULL},
};
