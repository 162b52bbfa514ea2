/*
 * How the backends of a service are asked, as its configuration has it: what is filled into each
 * question, and when hands are shaken in full.
 */
#ifndef K0SLB_PROBE_ASKING_H
#define K0SLB_PROBE_ASKING_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/epoch.h"
#include "probe/probe.h"

struct probe_trust;

/* A TLS session is taken up again for so long; then the certificate is looked at anew. */
#define ASKING_FULL_MS 60000

/* Outlives the questions that it fills, and stays at its place while they are out. */
struct asking {
    enum probe_kind kind;
    uint16_t port; /* 0 = the backend's own */
    uint64_t connect_timeout_ms;
    uint64_t answer_timeout_ms;
    uint64_t kept_timeout_ms; /* 0: connections are not kept */
    struct probe_tls_terms tls;
    struct probe_http http;
};

/*
 * Takes over what the service (by its index) has; one that is not probed is asked over TCP. The
 * epoch and what is trusted are referred to. `trust` may be NULL: nothing is known, nothing is
 * shown.
 */
void asking_init(struct asking *asking, const struct epoch *epoch, unsigned service,
                 const struct probe_trust *trust);

/*
 * Fills everything of a question but its session and whom to tell. Who is up may be asked over a
 * kept connection; all others prove that they take new ones.
 */
void asking_fill(const struct asking *asking, const struct addr *address, bool is_up,
                 struct probe_question *question);

/*
 * Whether the next handshake has to be a full one, though there is a session whose own was at
 * `full_ms` (0: there is none): for a backend that is not up, and once in ASKING_FULL_MS.
 */
bool asking_wants_full(bool is_up, uint64_t full_ms, uint64_t now_ms);

#endif
