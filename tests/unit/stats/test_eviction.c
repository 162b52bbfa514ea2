#include "stats/eviction.h"

#include "base/defs.h"
#include "unit/unit.h"

extern const struct unit_test eviction_tests[];

#define MOST 8

static void one_loses(void)
{
    static const struct {
        struct eviction_place places[MOST]; /* origin, rank, since */
        size_t count;
        size_t chosen;
    } cases[] = {
        {{{1, 0, 5}}, 1, 0},
        /* all of one client: the lowest rank, then the oldest */
        {{{1, 0, 7}, {1, 0, 5}, {1, 0, 6}}, 3, 1},
        {{{1, 2, 1}, {1, 1, 2}, {1, 0, 9}, {1, 0, 8}}, 4, 3},
        {{{1, 2, 2}, {1, 1, 4}, {1, 1, 3}, {1, 2, 1}}, 4, 2},
        {{{1, 2, 4}, {1, 2, 3}}, 2, 1},
        /* all of different ones: the same */
        {{{1, 0, 7}, {2, 0, 5}, {3, 0, 6}}, 3, 1},
        {{{1, 1, 1}, {2, 2, 5}, {3, 0, 6}}, 3, 2},
        /* who has most loses, whatever the others are about */
        {{{1, 0, 1}, {2, 2, 5}, {2, 2, 4}}, 3, 2},
        {{{2, 1, 9}, {1, 0, 1}, {2, 2, 5}}, 3, 0},
        {{{3, 0, 1}, {1, 0, 2}, {2, 0, 3}, {1, 0, 4}}, 4, 1},
        /* two have as many */
        {{{1, 0, 4}, {2, 0, 2}, {1, 0, 3}, {2, 0, 5}, {3, 0, 1}}, 5, 1},
        {{{1, 1, 4}, {2, 2, 2}, {1, 1, 3}, {2, 2, 5}, {3, 0, 1}}, 5, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct eviction_place *places[MOST];

        for (size_t k = 0; k < cases[i].count; k++)
            places[k] = &cases[i].places[k];
        ASSERT_NUMBER(eviction_choose(places, cases[i].count), cases[i].chosen);
    }
}

static uint64_t origin_of(const char *text)
{
    struct addr client = {.port = 0};

    CU_ASSERT_FATAL(addr_parse(&client, text) == 0);
    return eviction_origin(&client);
}

static void a_client_is_an_address_or_a_network(void)
{
    static const struct {
        const char *one;
        const char *other;
        bool is_same;
    } cases[] = {
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},
        {"10.0.0.1", "11.0.0.1", false},
        {"255.255.255.255", "0.0.0.0", false},
        {"fd00::1", "fd00::ffff:ffff:ffff:ffff", true},
        {"fd00:0:0:1::1", "fd00:0:0:2::1", false},
        {"fd00::1", "fd01::1", false},
        {"::1", "0.0.0.1", false},
        {"::1", "0.0.0.0", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool is_same = origin_of(cases[i].one) == origin_of(cases[i].other);

        if (is_same != cases[i].is_same)
            ASSERT_TEXT(cases[i].one, cases[i].other);
    }
}

const struct unit_test eviction_tests[] = {
    {"one_loses", one_loses},
    {"a_client_is_an_address_or_a_network", a_client_is_an_address_or_a_network},
    {NULL, NULL},
};
