#include "report/tunnel.h"

#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test tunnel_tests[];

/* What a client with so many sessions at each of three backends has. */
static void expect_links(const struct sample *sample, const uint32_t at[SAMPLE_BACKENDS],
                         const char *expected)
{
    struct snapshot_client client = {.total = 1};

    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        client.at[sample->backends[1][i].ordinal] = at[i];
    ASSERT_TEXT(tunnel_links_name(tunnel_links(&sample->services[1], &client)), expected);
}

/* Ordinals that are not the places in the list. */
static void fill(struct sample *sample)
{
    sample_fill_good(sample);
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        sample->backends[1][i].ordinal = 7 - i;
}

static void all_or_some_or_none(void)
{
    static const uint32_t all[] = {1, 2, 1};
    static const uint32_t some[] = {0, 1, 1};
    static const uint32_t none[] = {0, 0, 0};
    struct sample sample;

    fill(&sample);
    expect_links(&sample, all, "full");
    expect_links(&sample, some, "partial");
    expect_links(&sample, none, "none");
}

/* A controller that is down can be given no tunnel, and what it has left counts for nothing. */
static void only_those_that_are_up_count(void)
{
    static const uint32_t others[] = {0, 1, 1};
    static const uint32_t left[] = {1, 0, 0};
    struct sample sample;

    fill(&sample);
    sample.backends[1][0].status = STATUS_DOWN;
    expect_links(&sample, others, "full");
    expect_links(&sample, left, "none");
    sample.backends[1][0].status = STATUS_SUSPECT;
    expect_links(&sample, others, "partial");
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        sample.backends[1][i].status = STATUS_DOWN;
    expect_links(&sample, others, "none");
}

static void an_ordinal_beyond_the_table_is_nothing(void)
{
    struct snapshot_client client = {.total = 1, .at = {1, 1}};
    struct sample sample;

    fill(&sample);
    sample.services[1].backend_count = 1;
    sample.backends[1][0].ordinal = UINT32_MAX;
    CU_ASSERT(tunnel_links(&sample.services[1], &client) == TUNNEL_NONE);
}

static void they_are_counted(void)
{
    struct snapshot_client clients[] = {
        {.total = 3, .at = {[7] = 1, [6] = 1, [5] = 1}},
        {.total = 1, .at = {[7] = 1}},
        {.total = 2, .at = {[6] = 2}},
        {.total = 1, .at = {[2] = 1}},
    };
    struct sample sample;

    fill(&sample);
    sample.services[1].clients = clients;
    sample.services[1].client_count = ARRAY_LEN(clients);
    ASSERT_NUMBER(tunnel_count(&sample.services[1], TUNNEL_FULL), 1);
    ASSERT_NUMBER(tunnel_count(&sample.services[1], TUNNEL_PARTIAL), 2);
    ASSERT_NUMBER(tunnel_count(&sample.services[1], TUNNEL_NONE), 1);
}

const struct unit_test tunnel_tests[] = {
    {"all_or_some_or_none", all_or_some_or_none},
    {"only_those_that_are_up_count", only_those_that_are_up_count},
    {"an_ordinal_beyond_the_table_is_nothing", an_ordinal_beyond_the_table_is_nothing},
    {"they_are_counted", they_are_counted},
    {NULL, NULL},
};
