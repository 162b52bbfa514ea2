/*
 * A k0s controller to play with: a process of its own, so that SIGKILL and SIGSTOP are real, with
 * TLS on each of its ports. What a port does can be changed while it runs, and what came to it is
 * counted, both in memory that the process shares with the test.
 */
#ifndef K0SLB_TESTS_SYSTEM_CONTROLLER_H
#define K0SLB_TESTS_SYSTEM_CONTROLLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/defs.h"
#include "tls/paper.h"

#define CONTROLLER_PORTS 3
#define CONTROLLER_NAME  8

/* The times of so many questions are remembered, the last ones. */
#define CONTROLLER_VISITS 16384

/* What a port does with a connection. */
enum controller_manner {
    CONTROLLER_ANSWERS,   /* with its status; over h2 with SETTINGS */
    CONTROLLER_DRIPS,     /* that answer, in pieces; unless it is told otherwise, a byte a second */
    CONTROLLER_BABBLES,   /* with what is no HTTP; over h2 with another frame */
    CONTROLLER_BRAGS,     /* with a head beyond all bounds */
    CONTROLLER_LEAVES,    /* instead of an answer */
    CONTROLLER_IS_SILENT, /* after the handshake */
    CONTROLLER_ALERTS,    /* in the handshake: it cannot agree */
    CONTROLLER_DRIPS_TLS, /* a byte of a handshake record each 400 ms */
    CONTROLLER_IS_NO_TLS, /* another protocol */
    CONTROLLER_LEAVES_TLS, /* after the client's first bytes */
    CONTROLLER_RESETS_TLS, /* the same with RST */
    CONTROLLER_STALLS_TLS, /* never says a word */
};

enum controller_leaf {
    CONTROLLER_LEAF,
    CONTROLLER_LEAF_EXPIRED,
    CONTROLLER_LEAF_FOREIGN,  /* of another authority */
    CONTROLLER_LEAF_NAMELESS, /* without the external address */
    CONTROLLER_LEAF_COUNT
};

enum controller_protocol { CONTROLLER_HTTP, CONTROLLER_H2, CONTROLLER_NO_ALPN };

/* The external address that all leaves but one have. */
#define CONTROLLER_EXTERNAL "lb.example"

/* What everybody's certificates are; made once. */
struct controller_papers {
    struct paper authority;
    struct paper other_authority;
    struct paper client; /* of `authority` */
    struct paper leaves[CONTROLLER_LEAF_COUNT];
};

void controller_papers_make(struct controller_papers *papers);
void controller_papers_fini(struct controller_papers *papers);

/* Shared by the test, which writes the orders, and the controller, which counts. */
struct controller_port {
    _Atomic int manner;       /* enum controller_manner */
    _Atomic int protocol;     /* enum controller_protocol: what it agrees to by ALPN */
    _Atomic int status;       /* of every answer */
    _Atomic int known_status; /* the same for who has shown a certificate; 0 = `status` */
    _Atomic int delay_ms;     /* before an answer */
    _Atomic int drip_ms;      /* after each piece of one; 0 = a second */
    _Atomic int drip_size;    /* bytes of a piece; 0 = one */
    _Atomic int leaf;         /* enum controller_leaf */
    _Atomic bool asks;        /* for a client certificate, without insisting */
    _Atomic bool forgets;     /* takes up no session again */
    _Atomic bool some_fail;   /* whoever comes to an address that ends with a 0 gets a 500 */

    _Atomic uint64_t accepted;
    _Atomic uint64_t questions; /* connections, and further requests on them */
    _Atomic uint64_t full;      /* handshakes */
    _Atomic uint64_t resumed;
    _Atomic uint64_t broken;                      /* that came to no end */
    _Atomic uint64_t shown;                       /* with a client certificate */
    _Atomic uint64_t requests;                    /* of whatever kind */
    _Atomic uint64_t probes;                      /* those for a path that only a probe asks for */
    _Atomic uint64_t others;                      /* probes that began with anything but `probe` */
    _Atomic uint64_t quiet;                       /* connections that ended with close_notify */
    _Atomic uint64_t rude;                        /* connections that ended otherwise */
    _Atomic uint64_t asked_ms[CONTROLLER_VISITS]; /* mono_ms() when question k came */

    char probe[32]; /* "GET /readyz " */
    char keys[256]; /* what is said about service-account keys; "": 403 */
};

struct controller {
    char name[CONTROLLER_NAME];
    pid_t pid; /* 0 = it does not run */
    unsigned port_count;
    bool listens_everywhere; /* on its ports of every address; set before it starts */
    struct addr addresses[CONTROLLER_PORTS];
    struct controller_port *ports; /* CONTROLLER_PORTS */
    const struct controller_papers *papers;
};

/*
 * Takes an address for each port, `at` with a number that is free, and orders to answer 200 to
 * HTTP. Nothing listens yet. Returns 0, or -1 with errno; to be ended by controller_fini() in any
 * case.
 */
int controller_init(struct controller *controller, const char *name, const struct addr *at,
                    const struct controller_papers *papers) MUST_CHECK;

/* Kills it if it runs. Does nothing to one that is all zero. */
void controller_fini(struct controller *controller);

/*
 * Listens on the first `count` ports and lives; again after controller_kill(). This program must
 * have no threads. Returns 0, or -1 with errno.
 */
int controller_start(struct controller *controller, unsigned count) MUST_CHECK;

/* SIGKILL, and its end is waited for. */
void controller_kill(struct controller *controller);

/* SIGSTOP, waited for; and SIGCONT. */
void controller_stop(struct controller *controller);
void controller_continue(struct controller *controller);

#endif
