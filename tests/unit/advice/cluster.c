#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

/* A remedy stands in one line of a terminal behind "  remedy: ", where it can be copied from. */
#define REMEDY_MOST 89

#define NAMES "kubernetes kubernetes.default localhost 127.0.0.1 lb.example.org"

static const struct {
    const char *name;
    enum conf_check check;
    enum conf_balance balance;
    unsigned good_status;
    unsigned weak_status; /* expected, too */
    const char *common_name;
    enum board_check_code code;
} kinds[CLUSTER_SERVICES] = {
    [API] = {"kubeAPI", CHECK_HTTPS, BALANCE_LEASTCONN, 200, 401, "kubernetes", CHECKED_L7OK},
    [TUNNELS] = {"konnectivity", CHECK_H2, BALANCE_SOURCE_SPREAD, 0, 0, "kubernetes", CHECKED_L7OK},
    [JOIN] = {"controllerJoinAPI", CHECK_HTTPS, BALANCE_LEASTCONN, 405, 401, "k0s-api",
              CHECKED_L7OK},
    [WEB] = {"web", CHECK_TLS, BALANCE_LEASTCONN, 0, 0, "www.example.org", CHECKED_L6OK},
};

unsigned cluster_backend(unsigned service, unsigned controller)
{
    return service * CLUSTER_CONTROLLERS + controller;
}

static void expect_status(struct conf_service *service, unsigned status)
{
    if (status != 0)
        service->check_expect[status / 64] |= 1ull << status % 64;
}

static void fill_service(struct cluster *cluster, unsigned index)
{
    struct conf_service *service = &cluster->services[index];

    snprintf(service->name, sizeof(service->name), "%s", kinds[index].name);
    service->slot = (uint16_t)index;
    service->first_backend = (uint16_t)cluster_backend(index, 0);
    service->backend_count = CLUSTER_CONTROLLERS;
    service->enabled = 1;
    service->check = (uint8_t)kinds[index].check;
    service->balance = (uint8_t)kinds[index].balance;
    service->check_verify = index == WEB ? VERIFY_NONE : VERIFY_CA;
    service->required = CONF_NO_INDEX;
    expect_status(service, kinds[index].good_status);
    expect_status(service, kinds[index].weak_status);
    strcpy(service->check_cert, "/etc/k0slb/credentials/client.crt");
    service->allow.controllers = 1;
    cluster->identities[index] = &cluster->ours;
}

static void fill_certificate(struct certificate *certificate, unsigned service, unsigned controller)
{
    strcpy(certificate->issuer, "CN=kubernetes-ca");
    strcpy(certificate->common_name, kinds[service].common_name);
    memset(certificate->issuer_key, service == WEB ? 0x77 : 0xca, 20);
    certificate->issuer_key_size = 20;
    /* 8132 has the one of 6443. */
    certificate->fingerprint[0] = (uint8_t)(service == TUNNELS ? API : service);
    certificate->fingerprint[1] = (uint8_t)controller;
    certificate->not_after_s = CLUSTER_NOW_S + 300 * CLUSTER_DAY_S;
    certificate->issuer_not_after_s = CLUSTER_NOW_S + 3000ll * CLUSTER_DAY_S;
    certificate->authority_known = true;
    certificate->trusted = service != WEB;
    snprintf(certificate->names, sizeof(certificate->names), NAMES " 10.0.0.1%u", controller + 1);
}

static void fill_backend(struct cluster *cluster, unsigned service, unsigned controller)
{
    unsigned index = cluster_backend(service, controller);
    struct conf_backend *backend = &cluster->backends[index];
    struct advice_backend *seen = &cluster->seen[index];

    snprintf(backend->name, sizeof(backend->name), "cp%u", controller + 1);
    backend->address.family = ADDR_IPV4;
    memcpy(backend->address.ip, (const uint8_t[]){10, 0, 0, (uint8_t)(11 + controller)}, 4);
    backend->address.port = (uint16_t)(6443 + service);
    backend->service = (uint16_t)service;
    backend->slot = (uint16_t)index;
    backend->weight = 1;
    backend->required = CONF_NO_INDEX;
    fill_certificate(&cluster->certificates[index], service, controller);
    seen->certificate = &cluster->certificates[index];
    seen->code = kinds[service].code;
    seen->status = (uint16_t)kinds[service].good_status;
    seen->is_good = true;
    seen->is_verified = service == API;
    seen->has_clock = service == API || service == JOIN;
}

void cluster_fill(struct cluster *cluster)
{
    memset(cluster, 0, sizeof(*cluster));
    strcpy(cluster->conf.global.name, "unit");
    strcpy(cluster->conf.global.ca, "/etc/k0slb/credentials/ca.crt");
    cluster->conf.services = cluster->services;
    cluster->conf.service_count = CLUSTER_SERVICES;
    cluster->conf.backends = cluster->backends;
    cluster->conf.backend_count = CLUSTER_BACKENDS;
    cluster->conf.externals = cluster->externals;
    cluster->conf.external_count = 1;
    strcpy(cluster->externals[0].host, "lb.example.org");
    for (unsigned service = 0; service < CLUSTER_SERVICES; service++) {
        fill_service(cluster, service);
        for (unsigned controller = 0; controller < CLUSTER_CONTROLLERS; controller++)
            fill_backend(cluster, service, controller);
    }
    cluster->has_authority = true;
    cluster->authority.not_after_s = CLUSTER_NOW_S + 3000ll * CLUSTER_DAY_S;
    cluster->ours.fingerprint[0] = 0xff;
    cluster->ours.not_after_s = CLUSTER_NOW_S + 300 * CLUSTER_DAY_S;
}

/* ---- asking ---- */

static const struct epoch *epoch_of(const struct cluster *cluster)
{
    int fd = epoch_seal(&cluster->conf, 1);
    const struct epoch *epoch = fd == -1 ? NULL : epoch_map(fd);

    CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
    close(fd);
    return epoch;
}

static struct advice_case case_of(const struct cluster *cluster, const struct epoch *epoch)
{
    return (struct advice_case){
        .epoch = epoch,
        .backends = cluster->seen,
        .authority = cluster->has_authority ? &cluster->authority : NULL,
        .identities = cluster->identities,
        .now_s = CLUSTER_NOW_S,
    };
}

size_t cluster_find(const struct cluster *cluster, struct advice *out, size_t most)
{
    const struct epoch *epoch = epoch_of(cluster);
    struct advice_case what = case_of(cluster, epoch);
    size_t count = advice_find(&what, out, most);

    epoch_unmap(epoch);
    return count;
}

size_t cluster_find_risks(const struct cluster *cluster, struct advice *out, size_t most)
{
    const struct epoch *epoch = epoch_of(cluster);
    size_t count = advice_find_risks(epoch, out, most);

    epoch_unmap(epoch);
    return count;
}

bool cluster_lacks_names(const struct cluster *cluster, unsigned backend)
{
    const struct epoch *epoch = epoch_of(cluster);
    struct advice_case what = case_of(cluster, epoch);
    bool lacks = advice_lacks_names(&what, backend);

    epoch_unmap(epoch);
    return lacks;
}

/* ---- tables ---- */

typedef size_t find_fn(const struct cluster *cluster, struct advice *out, size_t most);

static void expect(const struct cluster_case *row, find_fn *find)
{
    struct advice found[BOARD_MAX_WARNINGS];
    struct cluster cluster;
    size_t count;

    cluster_fill(&cluster);
    row->change(&cluster);
    count = find(&cluster, found, BOARD_MAX_WARNINGS);
    if (count != (row->code == NULL ? 0 : 1))
        printf("%s: %zu found, first %s: %s\n", row->name, count,
               count > 0 ? found[0].warning.code : "-", count > 0 ? found[0].warning.text : "");
    CU_ASSERT_EQUAL_FATAL(count, row->code == NULL ? 0 : 1);
    if (count == 0)
        return;
    ASSERT_TEXT(found[0].warning.code, row->code);
    ASSERT_TEXT(found[0].warning.text, row->text);
    CU_ASSERT(strlen(found[0].warning.remedy) > 10);
    CU_ASSERT(strlen(found[0].warning.remedy) <= REMEDY_MOST);
}

void cluster_expect(const struct cluster_case *cases)
{
    for (; cases->name != NULL; cases++)
        expect(cases, cluster_find);
}

void cluster_expect_risks(const struct cluster_case *cases)
{
    for (; cases->name != NULL; cases++)
        expect(cases, cluster_find_risks);
}
