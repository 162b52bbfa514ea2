/*
 * What an administrator should know and can mend, found in what probes have seen and in the
 * configuration. Pure: no clock, no files, no sockets. The checker shows it on the board, and
 * `k0slbctl doctor` prints it; so both say the same.
 */
#ifndef K0SLB_ADVICE_ADVICE_H
#define K0SLB_ADVICE_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/certificate.h"
#include "board/board-t.h"
#include "conf/epoch.h"

/* A certificate that ends within so many days is told about. */
#define ADVICE_ENDING_DAYS 30

/* How a client certificate is made: k0s is on the controllers, k0slbctl on the balancer, LB. */
#define ADVICE_IMPORT "on a controller: k0s kubeconfig create k0slb | ssh LB k0slbctl import -"

/* A clock that is off by no more is not: dates of HTTP are good to a second. */
#define ADVICE_CLOCK_MS 60000

/* What is known of one backend. */
struct advice_backend {
    const struct certificate *certificate; /* of the last full handshake; NULL = none was seen */
    enum board_check_code code;            /* of the last result; CHECKED_NONE = there was none */
    uint16_t status;                       /* of HTTP, or 0 */
    bool is_good;                          /* the last result was good */
    bool never_good;                       /* there were results, and none has been good */
    bool is_verified;      /* the last good answer says that it is ready, not just alive */
    bool identity_refused; /* it refuses our certificate, and nobody has been seen to accept it */
    bool is_flapping;
    bool has_clock;
    int64_t clock_ms; /* has_clock: how far its clock is ahead of ours */
};

struct advice_case {
    const struct epoch *epoch;
    const struct advice_backend *backends;       /* by the epoch's backend index */
    const struct certificate *authority;         /* what `ca` is; NULL = none */
    const struct certificate *const *identities; /* by service index: what it shows; NULL = none */
    int64_t now_s;                               /* seconds since 1970 */
};

struct advice {
    struct board_warning warning;
    uint16_t service; /* the epoch's index that it is about, or CONF_NO_INDEX: more than one */
    uint16_t backend; /* the same */
};

/*
 * Finds what is wrong with what was seen, the most important first; returns how many, at most
 * `most`. The same case gives the same texts: they hold no number that moves by itself but days.
 * What several backends have in common is one warning, whose text ends with their names.
 */
size_t advice_find(const struct advice_case *what, struct advice *out, size_t most);

/*
 * Whether the certificate of that backend lacks a name that it should have: an external_address,
 * or without any a name that most of the service's certificates carry. False when there is none.
 */
bool advice_lacks_names(const struct advice_case *what, unsigned backend);

/*
 * What the configuration alone risks: an even number of controllers, a join port that is open to
 * everybody, probes that cannot tell ready from alive, … For `k0slbctl doctor`.
 */
size_t advice_find_risks(const struct epoch *epoch, struct advice *out, size_t most);

/* Whether both say the same but for a number of days: one of them is no news after the other. */
bool advice_is_same(const struct board_warning *a, const struct board_warning *b);

#endif
