/* What the frontends and backends of a haproxy.cfg are as services of k0slb. */
#ifndef K0SLB_CONTROL_IMPORT_HAPROXY_SERVICE_H
#define K0SLB_CONTROL_IMPORT_HAPROXY_SERVICE_H

#include "conf/conf.h"
#include "control/import_draft.h"
#include "control/import_haproxy.h"

/* The services that k0s needs. */
enum haproxy_built_in {
    HAPROXY_KUBE_API,
    HAPROXY_KONNECTIVITY,
    HAPROXY_JOIN_API,
    HAPROXY_BUILT_INS
};

struct haproxy_service {
    char name[CONF_NAME_SIZE];
    enum haproxy_built_in built_in; /* HAPROXY_BUILT_INS = none of them */
    const struct haproxy_proxy *front;
    const struct haproxy_proxy *back;
    struct haproxy_value values[HAPROXY_KEYS]; /* of both, and of the servers together */
    unsigned port;                             /* of all servers; 0 = they differ */
};

struct haproxy_services {
    struct haproxy *file;
    struct haproxy_service list[CONF_MAX_SERVICES];
    size_t count;
    size_t range_count; /* of `allow` and `deny`, in all of them */
    const struct haproxy_service *built_ins[HAPROXY_BUILT_INS]; /* NULL = not there */
    bool has_controllers;              /* the built-in services have the same servers */
    const struct haproxy_proxy *stats; /* the first stats page; NULL = none */
    const char *ca;
    unsigned ca_line;
};

/* The name and port of a built-in service. */
const char *haproxy_built_in_name(enum haproxy_built_in built_in);
unsigned haproxy_built_in_port(enum haproxy_built_in built_in);

/*
 * Puts them together. What cannot be one is noted; notes about sections that are not carried over
 * are taken back. Returns 0, or -1 after a message. The file has to live as long.
 */
int haproxy_services_find(struct haproxy_services *services, struct haproxy *file) MUST_CHECK;

/*
 * Finds out which of them are k0s's, and whether these are about the same controllers. Then it is
 * known what becomes of single servers, and that is noted.
 */
void haproxy_services_recognise(struct haproxy_services *services);

bool haproxy_is_k0s(const struct haproxy_service *service);

/* One key, unless that is what holds without it, or nothing was said. */
void haproxy_write_text(struct import_draft *draft, const struct haproxy_service *service,
                        const char *key, const struct haproxy_value *value);
void haproxy_write_value(struct import_draft *draft, const struct haproxy_service *service,
                         const char *name, enum haproxy_key key);

/* All that is about a service's check. */
void haproxy_write_check(const struct haproxy_services *services, struct import_draft *draft,
                         const struct haproxy_service *service);

/* Writes the configuration. The notes stand at its end. */
void haproxy_services_write(const struct haproxy_services *services, struct import_draft *draft);

/* A server's port, which can be its service's only one. */
unsigned haproxy_server_port(const struct haproxy_service *service,
                             const struct haproxy_server *server);

/* Whether all servers of a service have one value of the key in k0slb.ini. */
bool haproxy_is_common(size_t key);

/* That value: what most servers have, the first of several such. There is a server. */
void haproxy_merge_servers(struct haproxy_service *service, size_t key);

/* Notes what becomes of servers with another value, and who has another one's address. */
void haproxy_note_servers(const struct haproxy_services *services,
                          const struct haproxy_service *service);

/* Whether two servers have one address. */
bool haproxy_server_is_at(const struct haproxy_server *a, const struct haproxy_server *b);

/* Whether two servers are the same machine, used in the same way. */
bool haproxy_server_is_same(const struct haproxy_server *a, const struct haproxy_server *b);

#endif
