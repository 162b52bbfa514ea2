/* A control plane of three controllers as the probes see it: all is well until a test breaks it. */
#ifndef K0SLB_TESTS_UNIT_ADVICE_CLUSTER_H
#define K0SLB_TESTS_UNIT_ADVICE_CLUSTER_H

#include "advice/advice.h"

#define CLUSTER_CONTROLLERS 3
#define CLUSTER_SERVICES    4
#define CLUSTER_BACKENDS    (CLUSTER_SERVICES * CLUSTER_CONTROLLERS)

#define CLUSTER_NOW_S 1790000000
#define CLUSTER_DAY_S 86400

/* The services of the cluster; WEB is none of k0s's. Backend i of each is controller "cp<i+1>". */
enum { API, TUNNELS, JOIN, WEB };

struct cluster {
    struct conf conf;
    struct conf_service services[CLUSTER_SERVICES];
    struct conf_backend backends[CLUSTER_BACKENDS];
    struct conf_external externals[CONF_MAX_EXTERNALS];
    struct advice_backend seen[CLUSTER_BACKENDS];
    struct certificate certificates[CLUSTER_BACKENDS]; /* `seen` points to them */
    struct certificate authority;
    struct certificate ours;
    const struct certificate *identities[CLUSTER_SERVICES];
    bool has_authority;
};

/* 401 everywhere, but a client certificate makes it 200; a CA and an external address are known. */
void cluster_fill(struct cluster *cluster);

/* Index of a controller in a service. */
unsigned cluster_backend(unsigned service, unsigned controller);

/* Every one of them; fatal unless they fit. Returns how many. */
size_t cluster_find(const struct cluster *cluster, struct advice *out, size_t most);
size_t cluster_find_risks(const struct cluster *cluster, struct advice *out, size_t most);
bool cluster_lacks_names(const struct cluster *cluster, unsigned backend);

/* A row of a table: what a change of the good cluster leads to. */
struct cluster_case {
    const char *name;
    void (*change)(struct cluster *cluster);
    const char *code; /* NULL = nothing is found */
    const char *text; /* the whole of it */
};

/* Holds each row, up to one without a name, to the one finding it says; with a remedy. */
void cluster_expect(const struct cluster_case *cases);
void cluster_expect_risks(const struct cluster_case *cases);

#endif
