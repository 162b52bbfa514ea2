/*
 * What `k0slbctl doctor` has found, from the first look at the configuration to the report. Each
 * part of it is a step that fills in more; nothing here is asked of a running balancer.
 */
#ifndef K0SLB_CONTROL_DOCTOR_H
#define K0SLB_CONTROL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/certificate.h"
#include "base/textbuf.h"
#include "conf/conf_report.h"
#include "conf/epoch.h"
#include "control/doctor_findings.h"
#include "control/doctor_keys.h"
#include "control/verb.h"
#include "probe/asking.h"
#include "probe/probe.h"

#define DOCTOR_STEP_TEXT 256

/* What is tried on the way to an answer, in that order. */
enum doctor_step_name {
    DOCTOR_RESOLVE, /* a host name */
    DOCTOR_CONNECT,
    DOCTOR_TLS,
    DOCTOR_CHAIN, /* the certificate leads to `ca` */
    DOCTOR_NAMES, /* and is good for every external_address */
    DOCTOR_DATES,
    DOCTOR_ALPN,
    DOCTOR_ANSWER,
    DOCTOR_KEYS, /* the key ids of kubeAPI's service-account tokens */
    DOCTOR_STEPS
};

struct doctor_step {
    enum doctor_mark mark; /* DOCTOR_SKIPPED: it was not come to, or there is nothing to try */
    uint32_t duration_us;  /* 0: takes no time of its own */
    char text[DOCTOR_STEP_TEXT]; /* "TLSv1.3"; not made safe for a terminal */
};

struct doctor_backend {
    const struct conf_service *service; /* in the epoch, like `backend` */
    const struct conf_backend *backend;
    bool is_wanted;
    struct addr address;     /* with the port to be asked; ADDR_NONE while it is not known */
    char lookup_problem[96]; /* of a host name without an address */
    uint32_t lookup_us;      /* 0 for a literal address */
    struct asking asking;    /* stays until the answer */
    bool is_answered;        /* `result` says how */
    struct probe_result result;
    struct certificate certificate; /* result.certificate points here, or is NULL */
    struct doctor_keys keys;
    const char *accepted_by; /* it refuses our certificate, which this backend accepts; or NULL */
    bool identity_refused;   /* the same, and nobody accepts it */
    struct doctor_step steps[DOCTOR_STEPS];
};

struct doctor {
    const char *path; /* of the configuration */
    struct conf_report report;
    struct conf conf;
    const struct epoch *epoch; /* NULL while there is none */
    struct probe_trust *trust;
    struct doctor_backend *backends; /* by the epoch's index */
    size_t backend_count;
    struct doctor_findings findings;
    uint64_t began_ms;    /* mono_ms() */
    uint32_t duration_us; /* of it all */
};

/* ---- the parts, in this order; those that can fail return 0, or -1 with a line said ---- */

/* Takes up the services and controllers of that name; none means all. -1: there is no such. */
int doctor_select(struct doctor *doctor, char *const *names, int count) MUST_CHECK;

/*
 * Reads the credentials. What cannot be used is a finding, and everything goes on without it: then
 * the configuration is changed as if that were not there. Makes epoch and trust.
 */
int doctor_trust_read(struct doctor *doctor) MUST_CHECK;

/* Looks up host names, several at a time. */
int doctor_resolve(struct doctor *doctor) MUST_CHECK;

/* Asks every backend, all at once, then those of kubeAPI for their keys. */
int doctor_ask(struct doctor *doctor) MUST_CHECK;

/* Who refuses our certificate although somebody else accepts it. */
void doctor_compare_identities(struct doctor *doctor);

/* Fills in the steps of a backend from what was learned. */
void doctor_fill_steps(const struct doctor *doctor, struct doctor_backend *backend);

/* What is wrong with the backends, what advice there is, and what the configuration risks. */
int doctor_judge(struct doctor *doctor) MUST_CHECK;

/* ---- what is said ---- */

const char *doctor_step_name(enum doctor_step_name step);

/* The worst of its steps. */
enum doctor_mark doctor_backend_mark(const struct doctor_backend *backend);

/* The worst of all findings; notes are none. */
enum doctor_mark doctor_mark(const struct doctor *doctor);

bool doctor_has_certificate(const struct doctor_backend *backend);

void doctor_text(const struct doctor *doctor, struct textbuf *out);
void doctor_json(const struct doctor *doctor, struct textbuf *out);

#endif
