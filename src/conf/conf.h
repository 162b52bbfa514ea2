/*
 * The configuration as a value: what a file says once it has been read, checked and filled with
 * defaults. Elements refer to each other by index; the same structs stand in an epoch (epoch.h).
 */
#ifndef K0SLB_CONF_CONF_H
#define K0SLB_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cidr.h"

/* inih cannot hand over longer section or key names than 49 bytes (conf_reader refuses them). */
#define CONF_NAME_SIZE 50

/* No line of the file is long enough for a longer path. */
#define CONF_PATH_SIZE 256

/* No line of the file is longer, so no host name in it is. */
#define CONF_HOST_SIZE 200

/* Room for a host name, a port and the final NUL; also for any address with its port. */
#define CONF_PLACE_SIZE (CONF_HOST_SIZE + 8)

/* The most that a configuration, and the board, can hold. */
#define CONF_MAX_SERVICES  64
#define CONF_MAX_BACKENDS  1024
#define CONF_MAX_LISTENERS 128
#define CONF_MAX_WORKERS   16
#define CONF_MAX_CIDRS     256
#define CONF_MAX_WEIGHT    256
#define CONF_MAX_LOCALS    64 /* values of source_address, in all services together */
#define CONF_MAX_EXTERNALS 16 /* values of external_address */

/* source-spread tells so many backends of a service apart. */
#define CONF_MAX_SPREAD 16

/* No service, or no backend. */
#define CONF_NO_INDEX UINT16_MAX

/* Statuses that a check may expect: the answers of HTTP but for the interim ones. */
#define CONF_STATUS_LEAST 200
#define CONF_STATUS_MOST  599

/* The owner of a listener that belongs to [stats] and to no service. */
#define CONF_STATS_OWNER UINT16_MAX

enum conf_balance {
    BALANCE_LEASTCONN,
    BALANCE_ROUNDROBIN,
    BALANCE_RANDOM,
    BALANCE_SOURCE,
    BALANCE_SOURCE_SPREAD
};
enum conf_check { CHECK_HTTPS, CHECK_H2, CHECK_TLS, CHECK_TCP, CHECK_NONE };
enum conf_method { METHOD_GET, METHOD_HEAD, METHOD_OPTIONS };
enum conf_verify { VERIFY_NONE, VERIFY_CA };
enum conf_on_down { ON_DOWN_DEAD, ON_DOWN_CLOSE, ON_DOWN_KEEP };
enum conf_all_down { ALL_DOWN_TRY, ALL_DOWN_REFUSE };
enum conf_relay { RELAY_AUTO, RELAY_COPY, RELAY_SPLICE };
enum conf_log { LOG_AUTO, LOG_STDERR, LOG_SYSLOG };

/* Who may come in: ranges by index into the configuration's list of them. */
struct conf_access {
    uint16_t first_cidr;
    uint16_t cidr_count;
    uint8_t everyone;    /* the word `all` was in the list */
    uint8_t controllers; /* the word `controllers` was in the list */
};

/* Where the name of a file comes from, for who finds out later that the file is bad. */
enum conf_origin {
    ORIGIN_OWN,       /* `ca` of [k0slb], check_cert or check_key of the service */
    ORIGIN_DEFAULTS,  /* check_cert or check_key of [defaults] */
    ORIGIN_DIRECTORY, /* `credentials`, written or by default */
};
struct conf_named {
    uint32_t line; /* 0 = a default */
    uint8_t origin;
    uint8_t reserved[3];
};

/* [k0slb] */
struct conf_global {
    char name[CONF_NAME_SIZE]; /* letters, digits, '-', '_', '.'; not beginning with '.' */
    char user[CONF_NAME_SIZE];
    char group[CONF_NAME_SIZE]; /* "" = the user's own */
    uint32_t uid;               /* what children become, when change_user */
    uint32_t gid;
    uint8_t change_user;              /* started as root: children give up root */
    uint8_t has_pid_file;             /* the file says so; a daemon has one in any case */
    uint8_t log;                      /* enum conf_log */
    uint8_t log_level;                /* enum log_level */
    uint8_t relay;                    /* enum conf_relay */
    uint64_t drain_timeout;           /* milliseconds; 0 = until sessions end by themselves */
    uint32_t max_sources;             /* client addresses that each worker can tell apart */
    uint16_t workers;                 /* 1 to CONF_MAX_WORKERS; `auto` is already counted out */
    char pid_file[CONF_PATH_SIZE];    /* the default path unless has_pid_file */
    char credentials[CONF_PATH_SIZE]; /* a directory that is there; "" = none */
    char ca[CONF_PATH_SIZE];          /* a file that is there; "" = none */
    struct conf_named ca_named;
};

/* [stats]; its sockets are the listeners owned by CONF_STATS_OWNER, none = no stats process. */
struct conf_stats {
    struct conf_access allow;
    uint64_t refresh; /* milliseconds; 0 = the page does not renew itself */
};

/* One `server`, or one controller as one service sees it. */
struct conf_backend {
    char name[CONF_NAME_SIZE];
    char host[CONF_HOST_SIZE]; /* the name to look up; "" = the address says where it is */
    struct addr address;       /* with the port; ADDR_NONE and a port where `host` is a name */
    uint16_t service;          /* index of its service */
    uint16_t slot;             /* on the board; set by the master before the epoch is sealed */
    uint16_t weight;           /* 0 to CONF_MAX_WEIGHT */
    uint16_t required;         /* index of the one that has to be up for it; CONF_NO_INDEX = none */
    uint8_t backup;
};

/* One external_address. */
struct conf_external {
    char host[CONF_HOST_SIZE]; /* a DNS name; "" = the address says it */
    struct addr address;       /* without port; ADDR_NONE where `host` is a name */
};

/* One socket to bind. ":6443" gives two, one for each family. */
struct conf_listener {
    struct addr address;
    uint16_t owner; /* index of its service, or CONF_STATS_OWNER */
    uint8_t both;   /* one of a pair written without a host: no IPv6 here is no error */
    uint8_t reserved;
    uint32_t line; /* in the file, for messages; 0 = a default */
};

/* [service NAME], with [defaults] and the built-in services' own defaults already applied. */
struct conf_service {
    char name[CONF_NAME_SIZE];
    uint16_t slot; /* on the board; set by the master before the epoch is sealed */
    uint16_t first_backend;
    uint16_t backend_count;
    uint16_t first_listener;
    uint16_t listener_count; /* 0 when not enabled */
    uint16_t port;           /* on the controllers */
    uint8_t enabled;
    uint8_t balance;      /* enum conf_balance */
    uint8_t check;        /* enum conf_check */
    uint8_t all_down;     /* enum conf_all_down */
    uint8_t on_down;      /* enum conf_on_down */
    uint8_t check_method; /* enum conf_method */
    uint8_t check_verify; /* enum conf_verify */
    uint8_t log_connections;
    struct conf_access allow;
    struct conf_access deny; /* wins over allow */
    uint16_t first_local;    /* addresses to connect from, by index; none = the kernel's choice */
    uint16_t local_count;
    uint16_t required;        /* index of the service that it requires; CONF_NO_INDEX = none */
    uint16_t check_port;      /* 0 = the backend's own */
    uint32_t max_connections; /* 0 = no limit */
    uint32_t source_max_connections;
    uint32_t backlog;
    uint32_t retries;
    uint32_t check_rise;
    uint32_t check_fall;
    uint64_t connect_timeout; /* these are milliseconds */
    uint64_t idle_timeout;    /* 0 = never */
    uint64_t half_close_timeout;
    uint64_t hello_timeout; /* 0 = a hello is never replayed */
    uint64_t dead_client_timeout;
    uint64_t dead_backend_timeout;
    uint64_t check_interval;
    uint64_t check_fast_interval;
    uint64_t check_down_interval;
    uint64_t check_connect_timeout;
    uint64_t check_timeout;
    uint64_t on_down_spread;
    uint64_t unready_close;                                  /* 0 = never */
    uint64_t slow_start;                                     /* 0 = at once */
    uint64_t check_expect[(CONF_STATUS_MOST + 1 + 63) / 64]; /* a bit for each status */
    char requires[CONF_NAME_SIZE];                           /* as written, or "none" */
    char check_path[CONF_HOST_SIZE];
    char check_host[CONF_HOST_SIZE]; /* as in a Host field; "" = the backend's address */
    char check_sni[CONF_HOST_SIZE];  /* "" = none is sent */
    char check_cert[CONF_PATH_SIZE]; /* "" = none is shown; else there is a key, too */
    char check_key[CONF_PATH_SIZE];
    struct conf_named cert_named;
    struct conf_named key_named;
};

/* One accepted file. Made by conf_load(), freed by conf_free(). */
struct conf {
    struct conf_global global;
    struct conf_stats stats;
    struct conf_service *services; /* backends and listeners of a service stand together */
    struct conf_backend *backends;
    struct conf_listener *listeners; /* the stats sockets last */
    struct cidr *cidrs;
    struct addr *locals; /* of all source_address keys, without ports */
    struct conf_external *externals;
    uint16_t service_count;
    uint16_t backend_count;
    uint16_t listener_count;
    uint16_t cidr_count;
    uint16_t local_count;
    uint16_t external_count;
};

/* The word of the file for each value, for messages and reports. */
const char *conf_balance_name(enum conf_balance balance);
const char *conf_check_name(enum conf_check check);

const char *conf_method_name(enum conf_method method);

/* Whether a check of that kind speaks TLS. */
bool conf_check_is_tls(enum conf_check check);

/* Whether that HTTP status is a good answer to this service's check. */
bool conf_expects(const struct conf_service *service, unsigned status);

/* The interval between checks of a suspect, in milliseconds: never longer than the regular one. */
uint64_t conf_fast_interval(const struct conf_service *service);

/* Whether the sessions of this service are counted by client address. */
bool conf_counts_sources(const struct conf_service *service);

/*
 * Writes where a backend is, "10.0.0.1:6443" or "cp1.example:6443", and returns `text`. `host` is
 * "" for a literal address; else only the address's port counts.
 */
char *conf_place_format(const char *host, const struct addr *address, char text[CONF_PLACE_SIZE]);

/* Frees what conf_load() allocated; all zero afterwards. */
void conf_free(struct conf *conf);

#endif
