#include <string.h>

#include "cluster.h"
#include "unit/unit.h"

extern const struct unit_test advice_certificates_tests[];

static void nothing(struct cluster *cluster)
{
    (void)cluster;
}

static void none_seen(struct cluster *cluster)
{
    for (unsigned i = 0; i < CLUSTER_BACKENDS; i++)
        cluster->seen[i].certificate = NULL;
}

static struct certificate *of(struct cluster *cluster, unsigned service, unsigned controller)
{
    return &cluster->certificates[cluster_backend(service, controller)];
}

/* ---- who signed ---- */

static void sign(struct cluster *cluster, unsigned service, unsigned controller, uint8_t key)
{
    memset(of(cluster, service, controller)->issuer_key, key, 20);
}

static void one_port_signed_by_another(struct cluster *cluster)
{
    sign(cluster, JOIN, 1, 0x0b);
}

static void one_controller_signed_by_another(struct cluster *cluster)
{
    for (unsigned service = API; service <= JOIN; service++)
        sign(cluster, service, 2, 0x0b);
}

static void most_signed_by_another(struct cluster *cluster)
{
    for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++) {
        sign(cluster, API, controller, 0x0b);
        sign(cluster, JOIN, controller, 0x0b);
    }
}

static void all_signed_by_another(struct cluster *cluster)
{
    for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++)
        sign(cluster, TUNNELS, controller, 0x0b);
    most_signed_by_another(cluster);
}

static void another_of_no_controller(struct cluster *cluster)
{
    sign(cluster, WEB, 1, 0x0b);
}

static void a_key_that_cannot_be_told(struct cluster *cluster)
{
    of(cluster, API, 0)->issuer_key_size = 0;
}

static void a_disabled_service_signed_by_another(struct cluster *cluster)
{
    most_signed_by_another(cluster);
    cluster->services[TUNNELS].enabled = 0;
}

static void one_untrusted(struct cluster *cluster)
{
    of(cluster, API, 1)->trusted = false;
    strcpy(of(cluster, API, 1)->problem, "unable to get local issuer certificate");
}

static void all_untrusted(struct cluster *cluster)
{
    for (unsigned i = 0; i < cluster_backend(WEB, 0); i++) {
        cluster->certificates[i].trusted = false;
        strcpy(cluster->certificates[i].problem, "self-signed certificate");
    }
}

static void untrusted_by_nobody(struct cluster *cluster)
{
    one_untrusted(cluster);
    of(cluster, API, 1)->authority_known = false;
}

static void untrusted_and_verified(struct cluster *cluster)
{
    cluster->services[WEB].check_verify = VERIFY_CA;
    strcpy(of(cluster, WEB, 0)->problem, "certificate signature failure");
}

/* ---- whose it is ---- */

static void join_api_on_the_api_port(struct cluster *cluster)
{
    strcpy(of(cluster, API, 1)->common_name, "k0s-api");
}

static void join_api_on_both_ports(struct cluster *cluster)
{
    strcpy(of(cluster, API, 0)->common_name, "k0s-api");
    strcpy(of(cluster, TUNNELS, 0)->common_name, "k0s-api");
}

static void api_on_the_join_port(struct cluster *cluster)
{
    for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++)
        strcpy(of(cluster, JOIN, controller)->common_name, "kubernetes");
}

static void any_name_elsewhere(struct cluster *cluster)
{
    strcpy(of(cluster, WEB, 0)->common_name, "kubernetes");
    strcpy(of(cluster, WEB, 1)->common_name, "k0s-api");
    strcpy(of(cluster, API, 1)->common_name, "kube-apiserver");
    of(cluster, JOIN, 1)->common_name[0] = '\0';
}

/* ---- 8132 and 6443 ---- */

static void an_old_leaf_on_8132(struct cluster *cluster)
{
    of(cluster, TUNNELS, 1)->fingerprint[5] ^= 1;
}

static void another_leaf_of_another_machine(struct cluster *cluster)
{
    an_old_leaf_on_8132(cluster);
    cluster->backends[cluster_backend(TUNNELS, 1)].address.ip[3] ^= 1;
}

static void another_leaf_of_another_name(struct cluster *cluster)
{
    an_old_leaf_on_8132(cluster);
    strcpy(cluster->backends[cluster_backend(TUNNELS, 1)].name, "other");
}

static void an_old_leaf_beside_none(struct cluster *cluster)
{
    an_old_leaf_on_8132(cluster);
    cluster->seen[cluster_backend(API, 1)].certificate = NULL;
}

static void an_old_leaf_where_nobody_listens(struct cluster *cluster)
{
    an_old_leaf_on_8132(cluster);
    cluster->services[API].enabled = 0;
}

static const struct cluster_case cases[] = {
    {"all is well", nothing, NULL, NULL},
    {"no certificate", none_seen, NULL, NULL},

    {"CA of one port", one_port_signed_by_another, "ca-differs",
     "signed by another CA (key 0B:0B:0B:0B) than the other controllers' (key CA:CA:CA:CA): "
     "controllerJoinAPI/cp2"},
    {"CA of one controller", one_controller_signed_by_another, "ca-differs",
     "signed by another CA (key 0B:0B:0B:0B) than the other controllers' (key CA:CA:CA:CA): "
     "kubeAPI/cp3, konnectivity/cp3, controllerJoinAPI/cp3"},
    {"CA of most", most_signed_by_another, "ca-differs",
     "signed by another CA (key CA:CA:CA:CA) than the other controllers' (key 0B:0B:0B:0B): "
     "all of konnectivity"},
    {"CA of all", all_signed_by_another, NULL, NULL},
    {"CA of another service", another_of_no_controller, NULL, NULL},
    {"CA unknown", a_key_that_cannot_be_told, NULL, NULL},
    {"CA of a disabled service", a_disabled_service_signed_by_another, NULL, NULL},

    {"one untrusted", one_untrusted, "ca-unknown",
     "not signed by the CA in ca (unable to get local issuer certificate): kubeAPI/cp2"},
    {"all untrusted", all_untrusted, "ca-unknown",
     "not signed by the CA in ca (self-signed certificate): all of kubeAPI, all of konnectivity, "
     "all of controllerJoinAPI"},
    {"no authority", untrusted_by_nobody, NULL, NULL},
    {"verified elsewhere", untrusted_and_verified, "ca-unknown",
     "not signed by the CA in ca (certificate signature failure): all of web"},

    {"join API on 6443", join_api_on_the_api_port, "wrong-service",
     "the certificate of k0s's join API (CN=k0s-api) is on the port of: kubeAPI/cp2"},
    {"join API on 6443 and 8132", join_api_on_both_ports, "wrong-service",
     "the certificate of k0s's join API (CN=k0s-api) is on the port of: kubeAPI/cp1, "
     "konnectivity/cp1"},
    {"API on 9443", api_on_the_join_port, "wrong-service",
     "the certificate of the Kubernetes API (CN=kubernetes) is on the port of: all of "
     "controllerJoinAPI"},
    {"any name elsewhere", any_name_elsewhere, NULL, NULL},

    {"old leaf", an_old_leaf_on_8132, "konnectivity-certificate",
     "another certificate than kubeAPI has there: konnectivity/cp2"},
    {"another machine", another_leaf_of_another_machine, NULL, NULL},
    {"another name", another_leaf_of_another_name, NULL, NULL},
    {"nothing to compare", an_old_leaf_beside_none, NULL, NULL},
    {"no service to compare", an_old_leaf_where_nobody_listens, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

static void each_is_found_and_its_neighbour_not(void)
{
    cluster_expect(cases);
}

static void each_other_ca_is_told(void)
{
    struct advice found[4];
    struct cluster cluster;

    cluster_fill(&cluster);
    sign(&cluster, API, 0, 1);
    sign(&cluster, API, 1, 2);
    ASSERT_NUMBER(cluster_find(&cluster, found, 4), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(found[0].warning.text, "key 01:01:01:01) than"));
    CU_ASSERT_PTR_NOT_NULL(strstr(found[1].warning.text, "key 02:02:02:02) than"));
}

static void more_cas_than_can_be_told_apart_are_told(void)
{
    struct advice found[BOARD_MAX_WARNINGS];
    struct cluster cluster;

    cluster_fill(&cluster);
    for (unsigned i = 0; i < cluster_backend(WEB, 0); i++)
        memset(cluster.certificates[i].issuer_key, (int)i + 1, 20);
    ASSERT_NUMBER(cluster_find(&cluster, found, BOARD_MAX_WARNINGS), 3);
}

const struct unit_test advice_certificates_tests[] = {
    {"each_is_found_and_its_neighbour_not", each_is_found_and_its_neighbour_not},
    {"each_other_ca_is_told", each_other_ca_is_told},
    {"more_cas_than_can_be_told_apart_are_told", more_cas_than_can_be_told_apart_are_told},
    {NULL, NULL},
};
