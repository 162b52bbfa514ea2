#include <string.h>

#include "cluster.h"
#include "unit/unit.h"

extern const struct unit_test advice_risks_tests[];

static void nothing(struct cluster *cluster)
{
    (void)cluster;
}

static void open_to_all(struct cluster *cluster)
{
    cluster->services[JOIN].allow.everyone = 1;
}

static void others_open_to_all(struct cluster *cluster)
{
    cluster->services[API].allow.everyone = 1;
    cluster->services[TUNNELS].allow.everyone = 1;
    cluster->services[WEB].allow.everyone = 1;
}

static void open_and_disabled(struct cluster *cluster)
{
    open_to_all(cluster);
    cluster->services[JOIN].enabled = 0;
}

static void two_controllers(struct cluster *cluster)
{
    cluster->services[API].backend_count = 2;
}

static void one_controller(struct cluster *cluster)
{
    cluster->services[API].backend_count = 1;
}

static void two_web_servers(struct cluster *cluster)
{
    cluster->services[WEB].backend_count = 2;
}

static void no_client_certificate(struct cluster *cluster)
{
    for (unsigned i = 0; i < CLUSTER_SERVICES; i++)
        cluster->services[i].check_cert[0] = '\0';
}

static void none_where_tls_is_enough(struct cluster *cluster)
{
    no_client_certificate(cluster);
    cluster->services[API].check = CHECK_TLS;
}

static void none_where_401_is_no_answer(struct cluster *cluster)
{
    no_client_certificate(cluster);
    cluster->services[API].check_expect[401 / 64] &= ~(1ull << 401 % 64);
}

static void no_ca(struct cluster *cluster)
{
    cluster->conf.global.ca[0] = '\0';
    for (unsigned i = 0; i < CLUSTER_SERVICES; i++)
        cluster->services[i].check_verify = VERIFY_NONE;
}

static void no_ca_where_tcp_is_enough(struct cluster *cluster)
{
    no_ca(cluster);
    for (unsigned i = 0; i < CLUSTER_SERVICES; i++)
        cluster->services[i].check = CHECK_TCP;
}

static void ca_ignored(struct cluster *cluster)
{
    cluster->services[TUNNELS].check_verify = VERIFY_NONE;
}

static void no_external_address(struct cluster *cluster)
{
    cluster->conf.external_count = 0;
}

static void no_external_address_and_no_api(struct cluster *cluster)
{
    no_external_address(cluster);
    cluster->services[API].enabled = 0;
}

static void not_checked(struct cluster *cluster)
{
    cluster->services[WEB].check = CHECK_NONE;
    cluster->services[WEB].all_down = ALL_DOWN_REFUSE;
}

static void all_down_refused(struct cluster *cluster)
{
    cluster->services[API].all_down = ALL_DOWN_REFUSE;
    cluster->services[WEB].all_down = ALL_DOWN_REFUSE;
}

static void idle(struct cluster *cluster, unsigned service, uint64_t ms)
{
    cluster->services[service].idle_timeout = ms;
}

static void short_idle_timeouts(struct cluster *cluster)
{
    idle(cluster, API, 14399000);
    idle(cluster, TUNNELS, 3600000);
}

static void long_idle_timeouts(struct cluster *cluster)
{
    idle(cluster, API, 14400000);
    idle(cluster, TUNNELS, 3600001);
    idle(cluster, JOIN, 60000);
    idle(cluster, WEB, 60000);
}

static void another_balance(struct cluster *cluster)
{
    cluster->services[TUNNELS].balance = BALANCE_LEASTCONN;
}

static void another_balance_of_one(struct cluster *cluster)
{
    another_balance(cluster);
    cluster->services[TUNNELS].backend_count = 1;
}

static const struct cluster_case cases[] = {
    {"no risk", nothing, NULL, NULL},
    {"join port open", open_to_all, "join-open",
     "everybody may ask for the cluster's private keys, which a join token guards alone: "
     "controllerJoinAPI"},
    {"others open", others_open_to_all, NULL, NULL},
    {"open, disabled", open_and_disabled, NULL, NULL},
    {"two controllers", two_controllers, "controllers-even",
     "2 controllers tolerate no more failures than 1: kubeAPI"},
    {"one controller", one_controller, NULL, NULL},
    {"two of others", two_web_servers, NULL, NULL},
    {"no client certificate", no_client_certificate, "credentials-missing",
     "without a client certificate a lost etcd is not seen, for k0s has anonymous access off: "
     "kubeAPI"},
    {"no certificate for TLS", none_where_tls_is_enough, NULL, NULL},
    {"no certificate, no 401", none_where_401_is_no_answer, NULL, NULL},
    {"no CA", no_ca, "ca-missing",
     "no CA is known, so whoever answers TLS is taken for a controller: kubeAPI, konnectivity, "
     "controllerJoinAPI"},
    {"no CA for TCP", no_ca_where_tcp_is_enough, NULL, NULL},
    {"CA ignored", ca_ignored, "ca-ignored",
     "a CA is known, and certificates are not verified against it: konnectivity"},
    {"no external address", no_external_address, "external-address-missing",
     "external_address is not set, so nobody can tell whether the controllers' certificates are "
     "good for the name that clients use"},
    {"no external address, no API", no_external_address_and_no_api, NULL, NULL},
    {"not checked", not_checked, "not-checked",
     "not checked, so clients find out who is dead: web"},
    {"all_down = refuse", all_down_refused, "all-down-refused",
     "all_down = refuse, so a check that is wrong is an outage: kubeAPI, web"},
    {"short idle timeouts", short_idle_timeouts, "idle-timeout-short",
     "idle_timeout cuts silent streams (logs -f, exec: 4 h) or tunnels (1 h): kubeAPI, "
     "konnectivity"},
    {"long idle timeouts", long_idle_timeouts, NULL, NULL},
    {"another balance", another_balance, "konnectivity-balance",
     "agents find a tunnel to each controller by chance alone: konnectivity"},
    {"another balance of one", another_balance_of_one, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

static void each_is_found_and_its_neighbour_not(void)
{
    cluster_expect_risks(cases);
}

static void the_most_important_come_first(void)
{
    struct advice found[2];
    struct cluster cluster;

    cluster_fill(&cluster);
    another_balance(&cluster);
    no_external_address(&cluster);
    open_to_all(&cluster);
    two_controllers(&cluster);
    ASSERT_NUMBER(cluster_find_risks(&cluster, found, 2), 2);
    ASSERT_TEXT(found[0].warning.code, "join-open");
    ASSERT_TEXT(found[1].warning.code, "controllers-even");
    CU_ASSERT_PTR_NOT_NULL(strstr(found[1].warning.remedy, "make it 3 controllers"));
}

const struct unit_test advice_risks_tests[] = {
    {"each_is_found_and_its_neighbour_not", each_is_found_and_its_neighbour_not},
    {"the_most_important_come_first", the_most_important_come_first},
    {NULL, NULL},
};
