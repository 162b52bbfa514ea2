/*
 * Values that hold addresses: what to listen on, where the backends are, who may come in. Each
 * reader returns -1 with a sentence in `reason` that says what is wrong with the text.
 */
#ifndef K0SLB_CONF_CONF_ADDRESS_H
#define K0SLB_CONF_CONF_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cidr.h"
#include "base/defs.h"
#include "conf/conf.h"

/* Room for one line of the file, and for a sentence about it. */
#define CONF_LINE_SIZE   CONF_HOST_SIZE
#define CONF_REASON_SIZE 320

struct conf_server {
    char host[CONF_HOST_SIZE]; /* a host name, and then `address` has but a port; or "" */
    struct addr address;
    uint16_t weight;
    bool backup;
};

enum conf_allow_kind {
    CONF_ALLOW_RANGE,
    CONF_ALLOW_ALL,
    CONF_ALLOW_PRIVATE,
    CONF_ALLOW_CONTROLLERS
};

/* One item of an `allow` list. */
struct conf_allow {
    enum conf_allow_kind kind;
    struct cidr range;
};

/* Writes the sentence and returns -1. */
int conf_reason(char reason[CONF_REASON_SIZE], const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Takes the next item of a list separated by commas, without blanks around it. Returns 1, 0 at the
 * end, or -1 when the item is empty. `*rest` begins at the value and is NULL at the end.
 */
int conf_list_next(const char **rest, char item[CONF_LINE_SIZE]) MUST_CHECK;

/*
 * Reads one item of a `listen` list. Returns how many sockets it stands for: 1, or 2 for ":PORT"
 * and "*:PORT" (IPv4 first, both marked `both`); address and `both` of out[] are set.
 */
int conf_address_listen(const char *item, struct conf_listener out[2],
                        char reason[CONF_REASON_SIZE]) MUST_CHECK;

/* Reads "ADDRESS:PORT [weight=N] [backup]", the address one or a host name. Returns 0 or -1. */
int conf_address_server(const char *value, struct conf_server *out,
                        char reason[CONF_REASON_SIZE]) MUST_CHECK;

/* Reads "ADDRESS [weight=N] [backup]", the address with or without brackets; its port is 0. */
int conf_address_controller(const char *value, struct conf_server *out,
                            char reason[CONF_REASON_SIZE]) MUST_CHECK;

/* Reads one item of an `allow` list. Returns 0 or -1. */
int conf_address_allow(const char *item, struct conf_allow *out,
                       char reason[CONF_REASON_SIZE]) MUST_CHECK;

/*
 * Reads one item of a `source_address` list: an address that one machine can have, without a port.
 * Whether it is this machine's is not asked. Returns 0 or -1.
 */
int conf_address_source(const char *item, struct addr *out,
                        char reason[CONF_REASON_SIZE]) MUST_CHECK;

/*
 * Reads one item of `external_address`: a name or an address, with or without a port, which is
 * ignored (k0s allows one). Returns 0 or -1.
 */
int conf_address_external(const char *item, struct conf_external *out,
                          char reason[CONF_REASON_SIZE]) MUST_CHECK;

/*
 * Reads the host of an HTTP request: a name or an address, an IPv6 one with or without brackets,
 * with or without a port. `out` has it as a Host field does. Returns 0 or -1.
 */
int conf_address_host(const char *text, char out[CONF_HOST_SIZE],
                      char reason[CONF_REASON_SIZE]) MUST_CHECK;

/* Writes the host of an external address as a Host field has it, and returns `out`. */
char *conf_address_format_host(const struct conf_external *external, char out[CONF_HOST_SIZE]);

#endif
