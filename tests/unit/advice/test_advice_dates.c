#include <string.h>

#include "cluster.h"
#include "unit/unit.h"

extern const struct unit_test advice_dates_tests[];

static void end_leaf(struct cluster *cluster, unsigned backend, int64_t left_s)
{
    cluster->certificates[backend].not_after_s = CLUSTER_NOW_S + left_s;
}

/* ---- leaves ---- */

static void leaf_of_31_days(struct cluster *cluster)
{
    end_leaf(cluster, 0, 30 * CLUSTER_DAY_S + 1);
}

static void leaf_of_30_days(struct cluster *cluster)
{
    end_leaf(cluster, 0, 30 * CLUSTER_DAY_S);
}

static void leaf_of_a_second(struct cluster *cluster)
{
    end_leaf(cluster, cluster_backend(WEB, 1), 1);
}

static void leaf_that_has_just_ended(struct cluster *cluster)
{
    end_leaf(cluster, 0, 0);
}

static void leaves_that_end(struct cluster *cluster)
{
    end_leaf(cluster, 0, 12 * CLUSTER_DAY_S);
    end_leaf(cluster, 1, 11 * CLUSTER_DAY_S);
}

static void leaves_that_have_ended(struct cluster *cluster)
{
    end_leaf(cluster, 0, -CLUSTER_DAY_S);
    end_leaf(cluster, 1, -3 * CLUSTER_DAY_S);
    end_leaf(cluster, 2, -2 * CLUSTER_DAY_S);
}

static void leaf_without_an_end(struct cluster *cluster)
{
    cluster->certificates[0].not_after_s = 0;
}

static void leaf_of_nobody(struct cluster *cluster)
{
    leaf_that_has_just_ended(cluster);
    cluster->seen[0].certificate = NULL;
}

/* ---- the CA, and ours ---- */

static void ca_that_ends(struct cluster *cluster)
{
    cluster->authority.not_after_s = CLUSTER_NOW_S + CLUSTER_DAY_S;
    for (unsigned i = 0; i < CLUSTER_BACKENDS; i++)
        cluster->certificates[i].issuer_not_after_s = cluster->authority.not_after_s;
}

static void ca_that_has_ended(struct cluster *cluster)
{
    cluster->authority.not_after_s = CLUSTER_NOW_S - CLUSTER_DAY_S;
}

static void ca_that_is_not_used(struct cluster *cluster)
{
    ca_that_has_ended(cluster);
    cluster->has_authority = false;
}

static void issuer_that_ends(struct cluster *cluster)
{
    cluster->has_authority = false;
    for (unsigned i = 0; i < CLUSTER_CONTROLLERS; i++)
        cluster->certificates[i].issuer_not_after_s = CLUSTER_NOW_S + 5 * CLUSTER_DAY_S;
}

static void issuer_that_has_ended(struct cluster *cluster)
{
    issuer_that_ends(cluster);
    cluster->certificates[0].issuer_not_after_s = CLUSTER_NOW_S - 5 * CLUSTER_DAY_S;
    cluster->certificates[1].issuer_not_after_s = 0;
    cluster->certificates[2].issuer_not_after_s = 0;
}

static void ours_that_ends(struct cluster *cluster)
{
    cluster->ours.not_after_s = CLUSTER_NOW_S + 2 * CLUSTER_DAY_S;
}

static void ours_that_has_ended(struct cluster *cluster)
{
    cluster->ours.not_after_s = CLUSTER_NOW_S - 2 * CLUSTER_DAY_S;
    cluster->identities[API] = NULL;
}

static void ours_that_is_not_shown(struct cluster *cluster)
{
    ours_that_has_ended(cluster);
    for (unsigned i = 0; i < CLUSTER_SERVICES; i++)
        cluster->identities[i] = NULL;
}

/* ---- clocks ---- */

static void set_clock(struct cluster *cluster, unsigned controller, int64_t ms)
{
    cluster->seen[cluster_backend(API, controller)].clock_ms = ms;
    cluster->seen[cluster_backend(JOIN, controller)].clock_ms = ms + 1000;
}

static void clock_of_a_minute(struct cluster *cluster)
{
    set_clock(cluster, 0, 59000);
    set_clock(cluster, 1, -60000);
}

static void clock_ahead(struct cluster *cluster)
{
    set_clock(cluster, 1, 60001);
}

static void clock_ahead_a_little_more(struct cluster *cluster)
{
    set_clock(cluster, 1, 3500000);
}

static void clock_behind(struct cluster *cluster)
{
    set_clock(cluster, 2, -2 * 3600 * 1000);
}

static void clock_far_behind(struct cluster *cluster)
{
    set_clock(cluster, 2, -48ll * 3600 * 1000);
}

static void clock_of_nobody(struct cluster *cluster)
{
    clock_ahead(cluster);
    cluster->seen[cluster_backend(API, 1)].has_clock = false;
    cluster->seen[cluster_backend(JOIN, 1)].has_clock = false;
}

static void all_clocks_ahead(struct cluster *cluster)
{
    for (unsigned i = 0; i < CLUSTER_CONTROLLERS; i++)
        set_clock(cluster, i, 90000);
}

static void all_clocks_behind(struct cluster *cluster)
{
    for (unsigned i = 0; i < CLUSTER_CONTROLLERS; i++)
        set_clock(cluster, i, -90000);
}

static void the_only_clock_behind(struct cluster *cluster)
{
    for (unsigned i = 0; i < CLUSTER_BACKENDS; i++)
        cluster->seen[i].has_clock = false;
    set_clock(cluster, 0, -90000);
    cluster->seen[cluster_backend(API, 0)].has_clock = true;
    cluster->seen[cluster_backend(JOIN, 0)].has_clock = true;
}

static const struct cluster_case cases[] = {
    {"31 days", leaf_of_31_days, NULL, NULL},
    {"30 days", leaf_of_30_days, "certificate-ends", "certificate ends in 30 days: kubeAPI/cp1"},
    {"a second", leaf_of_a_second, "certificate-ends", "certificate ends in 1 day: web/cp2"},
    {"just ended", leaf_that_has_just_ended, "certificate-ended",
     "certificate ended 0 days ago: kubeAPI/cp1"},
    {"several end", leaves_that_end, "certificate-ends",
     "certificates end, the first in 11 days: kubeAPI/cp1, kubeAPI/cp2"},
    {"several ended", leaves_that_have_ended, "certificate-ended",
     "certificates ended, the first 3 days ago: all of kubeAPI"},
    {"no end", leaf_without_an_end, NULL, NULL},
    {"not seen", leaf_of_nobody, NULL, NULL},

    {"CA ends", ca_that_ends, "certificate-ends", "the CA's certificate in ca ends in 1 day"},
    {"CA ended", ca_that_has_ended, "certificate-ended",
     "the CA's certificate in ca ended 1 day ago"},
    {"CA not used", ca_that_is_not_used, NULL, NULL},
    {"issuer ends", issuer_that_ends, "certificate-ends",
     "the CA's certificate ends in 5 days, which signed: all of kubeAPI"},
    {"issuer ended", issuer_that_has_ended, "certificate-ended",
     "the CA's certificate ended 5 days ago, which signed: kubeAPI/cp1"},
    {"ours ends", ours_that_ends, "certificate-ends",
     "our client certificate ends in 2 days, which is shown to: kubeAPI"},
    {"ours ended", ours_that_has_ended, "certificate-ended",
     "our client certificate ended 2 days ago, which is shown to: konnectivity"},
    {"ours not shown", ours_that_is_not_shown, NULL, NULL},

    {"a minute", clock_of_a_minute, NULL, NULL},
    {"ahead", clock_ahead, "clock-off",
     "the clock is more than a minute ahead of ours: kubeAPI/cp2, controllerJoinAPI/cp2"},
    {"ahead, no news", clock_ahead_a_little_more, "clock-off",
     "the clock is more than a minute ahead of ours: kubeAPI/cp2, controllerJoinAPI/cp2"},
    {"behind", clock_behind, "clock-off",
     "the clock is more than an hour behind ours: kubeAPI/cp3, controllerJoinAPI/cp3"},
    {"far behind", clock_far_behind, "clock-off",
     "the clock is more than a day behind ours: kubeAPI/cp3, controllerJoinAPI/cp3"},
    {"no clock", clock_of_nobody, NULL, NULL},
    {"ours behind", all_clocks_ahead, "clock-off",
     "the clock of this machine is more than a minute behind those of: all of kubeAPI, all of "
     "controllerJoinAPI"},
    {"ours ahead", all_clocks_behind, "clock-off",
     "the clock of this machine is more than a minute ahead of those of: all of kubeAPI, all of "
     "controllerJoinAPI"},
    {"one alone", the_only_clock_behind, "clock-off",
     "the clock is more than a minute behind ours: kubeAPI/cp1, controllerJoinAPI/cp1"},
    {NULL, NULL, NULL, NULL},
};

static void each_is_found_and_its_neighbour_not(void)
{
    cluster_expect(cases);
}

static void different_own_certificates_are_told_each(void)
{
    struct certificate other = {.not_after_s = CLUSTER_NOW_S + 7 * CLUSTER_DAY_S};
    struct advice found[4];
    struct cluster cluster;

    cluster_fill(&cluster);
    ours_that_ends(&cluster);
    cluster.identities[WEB] = &other;
    ASSERT_NUMBER(cluster_find(&cluster, found, 4), 2);
    ASSERT_TEXT(found[0].warning.text,
                "our client certificate ends in 2 days, which is shown to: kubeAPI");
    ASSERT_TEXT(found[1].warning.text,
                "our client certificate ends in 7 days, which is shown to: web");
}

static void clocks_that_are_off_both_ways_are_two(void)
{
    struct advice found[4];
    struct cluster cluster;

    cluster_fill(&cluster);
    set_clock(&cluster, 0, 100000);
    set_clock(&cluster, 1, -100000);
    ASSERT_NUMBER(cluster_find(&cluster, found, 4), 2);
    ASSERT_TEXT(found[0].warning.code, "clock-off");
    ASSERT_TEXT(found[1].warning.code, "clock-off");
}

const struct unit_test advice_dates_tests[] = {
    {"each_is_found_and_its_neighbour_not", each_is_found_and_its_neighbour_not},
    {"different_own_certificates_are_told_each", different_own_certificates_are_told_each},
    {"clocks_that_are_off_both_ways_are_two", clocks_that_are_off_both_ways_are_two},
    {NULL, NULL},
};
