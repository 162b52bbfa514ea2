#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "unit/unit.h"

extern const struct unit_test advice_names_tests[];

static void set_names(struct cluster *cluster, unsigned service, unsigned controller,
                      const char *names)
{
    struct certificate *of = &cluster->certificates[cluster_backend(service, controller)];

    snprintf(of->names, sizeof(of->names), "%s", names);
}

/* ---- external_address ---- */

static void one_lacks_it(struct cluster *cluster)
{
    set_names(cluster, API, 1, "kubernetes 127.0.0.1");
}

static void one_controller_lacks_it(struct cluster *cluster)
{
    for (unsigned service = API; service <= JOIN; service++)
        set_names(cluster, service, 1, "kubernetes 127.0.0.1");
}

static void all_lack_it(struct cluster *cluster)
{
    strcpy(cluster->externals[0].host, "other.example.org");
}

static void all_lack_an_address(struct cluster *cluster)
{
    struct conf_external *external = &cluster->externals[cluster->conf.external_count++];

    external->address.family = ADDR_IPV4;
    memcpy(external->address.ip, (const uint8_t[]){192, 0, 2, 10}, 4);
    for (unsigned controller = 1; controller < CLUSTER_CONTROLLERS; controller++) {
        for (unsigned service = API; service <= JOIN; service++)
            set_names(cluster, service, controller, "lb.example.org 192.0.2.10");
    }
}

static void a_wildcard_has_it(struct cluster *cluster)
{
    set_names(cluster, API, 1, "*.example.org");
}

static void names_are_cut(struct cluster *cluster)
{
    one_lacks_it(cluster);
    cluster->certificates[cluster_backend(API, 1)].names_cut = true;
}

static void no_controller_lacks_it(struct cluster *cluster)
{
    set_names(cluster, WEB, 1, "www.example.org");
}

static void a_disabled_service_lacks_it(struct cluster *cluster)
{
    set_names(cluster, JOIN, 1, "kubernetes");
    cluster->services[JOIN].enabled = 0;
}

/* ---- what most have ---- */

static void nothing_is_set(struct cluster *cluster)
{
    cluster->conf.external_count = 0;
}

static void one_lacks_what_most_have(struct cluster *cluster)
{
    nothing_is_set(cluster);
    set_names(cluster, API, 2,
              "kubernetes kubernetes.default localhost 127.0.0.1 10.0.0.13 api.example.org");
}

static void one_controller_lacks_what_most_have(struct cluster *cluster)
{
    nothing_is_set(cluster);
    for (unsigned service = API; service <= JOIN; service++)
        set_names(cluster, service, 0, "kubernetes kubernetes.default localhost 127.0.0.1");
}

static void one_lacks_an_address_of_its_own_kind(struct cluster *cluster)
{
    nothing_is_set(cluster);
    set_names(cluster, API, 0, "kubernetes kubernetes.default localhost lb.example.org");
    set_names(cluster, API, 1, "kubernetes kubernetes.default localhost lb.example.org ::1");
    set_names(cluster, API, 2,
              "kubernetes kubernetes.default localhost lb.example.org ::1 fe80::1 169.254.1.1");
    set_names(cluster, TUNNELS, 0,
              "kubernetes kubernetes.default localhost lb.example.org 127.0.0.1 fe80::1");
    set_names(cluster, TUNNELS, 1,
              "kubernetes kubernetes.default localhost lb.example.org 127.0.0.1 fe80::1");
}

static void one_of_two_lacks_a_name(struct cluster *cluster)
{
    nothing_is_set(cluster);
    one_lacks_what_most_have(cluster);
    cluster->seen[cluster_backend(API, 1)].certificate = NULL;
}

static void one_has_a_wildcard(struct cluster *cluster)
{
    nothing_is_set(cluster);
    set_names(cluster, API, 2,
              "kubernetes kubernetes.default localhost 127.0.0.1 10.0.0.13 *.example.org");
}

static const struct cluster_case cases[] = {
    {"one lacks it", one_lacks_it, "name-missing",
     "external_address lb.example.org is not in the certificate of: kubeAPI/cp2"},
    {"one controller lacks it", one_controller_lacks_it, "name-missing",
     "external_address lb.example.org is not in the certificate of: kubeAPI/cp2, "
     "konnectivity/cp2, controllerJoinAPI/cp2"},
    {"all lack it", all_lack_it, "name-missing",
     "external_address other.example.org is not in the certificate of: all of kubeAPI, all of "
     "konnectivity, all of controllerJoinAPI"},
    {"an address", all_lack_an_address, "name-missing",
     "external_address 192.0.2.10 is not in the certificate of: kubeAPI/cp1, konnectivity/cp1, "
     "controllerJoinAPI/cp1"},
    {"a wildcard", a_wildcard_has_it, NULL, NULL},
    {"names cut", names_are_cut, NULL, NULL},
    {"another service", no_controller_lacks_it, NULL, NULL},
    {"a disabled service", a_disabled_service_lacks_it, NULL, NULL},

    {"all have the same", nothing_is_set, NULL, NULL},
    {"one lacks what most have", one_lacks_what_most_have, "name-missing",
     "lb.example.org, which most certificates carry, is not in that of: kubeAPI/cp3"},
    {"one controller lacks what most have", one_controller_lacks_what_most_have, "name-missing",
     "lb.example.org, which most certificates carry, is not in that of: kubeAPI/cp1, "
     "konnectivity/cp1, controllerJoinAPI/cp1"},
    {"local addresses", one_lacks_an_address_of_its_own_kind, NULL, NULL},
    {"one of two", one_of_two_lacks_a_name, NULL, NULL},
    {"one has a wildcard", one_has_a_wildcard, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

static void each_is_found_and_its_neighbour_not(void)
{
    cluster_expect(cases);
}

static void a_backend_knows_that_it_lacks_names(void)
{
    struct cluster cluster;

    cluster_fill(&cluster);
    one_lacks_it(&cluster);
    CU_ASSERT_TRUE(cluster_lacks_names(&cluster, cluster_backend(API, 1)));
    CU_ASSERT_FALSE(cluster_lacks_names(&cluster, cluster_backend(API, 0)));
    CU_ASSERT_FALSE(cluster_lacks_names(&cluster, cluster_backend(TUNNELS, 1)));
    nothing_is_set(&cluster);
    CU_ASSERT_TRUE(cluster_lacks_names(&cluster, cluster_backend(API, 1)));
    CU_ASSERT_FALSE(cluster_lacks_names(&cluster, cluster_backend(API, 0)));
    CU_ASSERT_FALSE(cluster_lacks_names(&cluster, cluster_backend(TUNNELS, 1)));
    cluster.seen[cluster_backend(API, 1)].certificate = NULL;
    CU_ASSERT_FALSE(cluster_lacks_names(&cluster, cluster_backend(API, 1)));
}

/* Names that somebody else wrote fill what there is, and no more. */
static void many_and_long_names_are_bounded(void)
{
    struct advice found[BOARD_MAX_WARNINGS];
    char names[CERTIFICATE_NAMES_SIZE] = "";
    struct cluster cluster;

    cluster_fill(&cluster);
    nothing_is_set(&cluster);
    for (unsigned i = 0; i < 12; i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%sn%02u.%065u",
                 i > 0 ? " " : "", i, i);
    set_names(&cluster, API, 0, names);
    set_names(&cluster, API, 1, names);
    ASSERT_NUMBER(cluster_find(&cluster, found, BOARD_MAX_WARNINGS), 8);
    for (unsigned i = 0; i < 8; i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(found[i].warning.text, ": kubeAPI/cp3"));
}

const struct unit_test advice_names_tests[] = {
    {"each_is_found_and_its_neighbour_not", each_is_found_and_its_neighbour_not},
    {"a_backend_knows_that_it_lacks_names", a_backend_knows_that_it_lacks_names},
    {"many_and_long_names_are_bounded", many_and_long_names_are_bounded},
    {NULL, NULL},
};
