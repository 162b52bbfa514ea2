#include <string.h>

#include "cluster.h"
#include "unit/unit.h"

extern const struct unit_test advice_health_tests[];

static void answer_401(struct cluster *cluster, unsigned service)
{
    for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++) {
        struct advice_backend *seen = &cluster->seen[cluster_backend(service, controller)];

        seen->status = 401;
        seen->is_verified = false;
    }
}

/* ---- our certificate ---- */

static void refused_by_all(struct cluster *cluster)
{
    answer_401(cluster, API);
    for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++)
        cluster->seen[cluster_backend(API, controller)].identity_refused = true;
}

static void refused_by_one(struct cluster *cluster)
{
    cluster->seen[cluster_backend(API, 1)].identity_refused = true;
}

static void refused_without_one(struct cluster *cluster)
{
    refused_by_one(cluster);
    cluster->identities[API] = NULL;
}

static void refused_by_a_disabled_one(struct cluster *cluster)
{
    refused_by_one(cluster);
    cluster->services[API].enabled = 0;
}

/* ---- ready, or just alive ---- */

static void alive_only(struct cluster *cluster)
{
    answer_401(cluster, API);
    cluster->identities[API] = NULL;
}

static void alive_with_a_certificate(struct cluster *cluster)
{
    answer_401(cluster, API);
}

static void alive_and_down(struct cluster *cluster)
{
    alive_only(cluster);
    for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++)
        cluster->seen[cluster_backend(API, controller)].is_good = false;
}

static void ready_without_a_certificate(struct cluster *cluster)
{
    cluster->identities[API] = NULL;
}

static void join_api_says_401(struct cluster *cluster)
{
    answer_401(cluster, JOIN);
    cluster->identities[JOIN] = NULL;
}

/* ---- up and down ---- */

static void flaps(struct cluster *cluster)
{
    cluster->seen[cluster_backend(TUNNELS, 2)].is_flapping = true;
}

static void flaps_disabled(struct cluster *cluster)
{
    flaps(cluster);
    cluster->services[TUNNELS].enabled = 0;
}

/* ---- never up ---- */

static void never_good(struct cluster *cluster)
{
    for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++)
        cluster->seen[cluster_backend(JOIN, controller)].never_good = true;
}

static void once_good(struct cluster *cluster)
{
    never_good(cluster);
    cluster->seen[cluster_backend(JOIN, 1)].never_good = false;
}

static void never_good_and_disabled(struct cluster *cluster)
{
    never_good(cluster);
    cluster->services[JOIN].enabled = 0;
}

static void never_asked(struct cluster *cluster)
{
    never_good(cluster);
    cluster->services[JOIN].check = CHECK_NONE;
}

static const struct cluster_case cases[] = {
    {"refused by all", refused_by_all, "certificate-refused",
     "our client certificate is accepted nowhere, and refused by: all of kubeAPI"},
    {"refused by one", refused_by_one, "certificate-refused",
     "our client certificate is accepted nowhere, and refused by: kubeAPI/cp2"},
    {"refused without one", refused_without_one, NULL, NULL},
    {"refused, disabled", refused_by_a_disabled_one, NULL, NULL},

    {"alive only", alive_only, "ready-unverified",
     "alive, but readiness is not verified (401 without a client certificate): all of kubeAPI"},
    {"alive with a certificate", alive_with_a_certificate, NULL, NULL},
    {"alive and down", alive_and_down, NULL, NULL},
    {"ready without a certificate", ready_without_a_certificate, NULL, NULL},
    {"join API says 401", join_api_says_401, NULL, NULL},

    {"flapping", flaps, "flapping", "down again and again: konnectivity/cp3"},
    {"flapping, disabled", flaps_disabled, NULL, NULL},

    {"never good", never_good, "not-in-use",
     "no probe of any backend has ever been good (not in use?): controllerJoinAPI"},
    {"once good", once_good, NULL, NULL},
    {"never good, disabled", never_good_and_disabled, NULL, NULL},
    {"never asked", never_asked, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

static void each_is_found_and_its_neighbour_not(void)
{
    cluster_expect(cases);
}

static void the_remedy_names_the_section(void)
{
    struct advice found[2];
    struct cluster cluster;

    cluster_fill(&cluster);
    never_good(&cluster);
    ASSERT_NUMBER(cluster_find(&cluster, found, 2), 1);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(found[0].warning.remedy, "enabled = no in [service controllerJoinAPI]"));
    ASSERT_NUMBER(found[0].service, JOIN);
    ASSERT_NUMBER(found[0].backend, CONF_NO_INDEX);
}

const struct unit_test advice_health_tests[] = {
    {"each_is_found_and_its_neighbour_not", each_is_found_and_its_neighbour_not},
    {"the_remedy_names_the_section", the_remedy_names_the_section},
    {NULL, NULL},
};
