/*
 * One question to one backend, asked without waiting: connect, for TLS shake hands, for HTTPS and
 * HTTP/2 hear the answer, say goodbye. OpenSSL is used in this room alone.
 *
 * A question has two absolute deadlines: one for TCP and TLS together, set when its connect begins,
 * and one for the answer, set when the handshake has ended. No progress moves them, and what comes
 * after them is a failure. An engine runs PROBE_MOST_RUNNING probes at once; more wait in the order
 * they came, and their time does not run until they begin.
 *
 * A connection over which an HTTPS question had a good answer may be kept for the next question of
 * its session: up to PROBE_MOST_ASKED go over each, since a TLS handshake costs both ends more than
 * the question itself. It can only save work: when the kept connection brings no answer, which says
 * nothing about the backend, the same probe goes on over a fresh one, and the asker sees one probe.
 *
 * Sockets leave no TIME_WAIT behind: after a TLS handshake the peer is told (close_notify) and
 * given a moment to close first, so that it finds nothing to log; everything else ends by a reset.
 */
#ifndef K0SLB_PROBE_PROBE_H
#define K0SLB_PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/loop.h"
#include "board/board-t.h"

/* Sockets that an engine has open at most, but for the connections that are kept. */
#define PROBE_MOST_RUNNING 128

/* Connections that an engine keeps open for further questions at most, and those over each. The
 * first of a session has fewer by turns, so that not all connect anew in the same round. */
#define PROBE_MOST_KEPT  512
#define PROBE_MOST_ASKED 4

/* Words of a set of HTTP statuses: a bit for each from 0 to CONF_STATUS_MOST. */
#define PROBE_STATUS_WORDS ((CONF_STATUS_MOST + 1 + 63) / 64)

struct probe_authority; /* probe/credentials.h */
struct certificate;     /* base/certificate.h */
struct probe_engine;
struct probe_identity; /* probe/credentials.h */
struct probe_session;  /* probe/probe_session.h */
struct probe;

enum probe_kind {
    PROBE_TCP,   /* connected: L4OK */
    PROBE_TLS,   /* and shaken hands: L6OK */
    PROBE_HTTPS, /* and answered an HTTP/1.1 request with an expected status: L7OK */
    PROBE_H2,    /* and sent the SETTINGS frame that begins HTTP/2 (RFC 9113, 3.4): L7OK */
};

struct probe_result {
    enum board_check_code code; /* CHECKED_L4OK … ; CHECKED_NONE with no_verdict */
    bool good;
    bool refused;    /* the backend's machine answered that nothing listens there */
    bool no_verdict; /* failed for a reason of this machine (EMFILE, EADDRNOTAVAIL, ENOMEM …) */
    bool resumed;    /* the TLS session of an earlier handshake was taken up again */
    bool kept;       /* the answer came over a kept connection: there was no handshake */
    bool identity_sent; /* our certificate was asked for and given, in this session */
    bool has_clock;     /* the answer had a Date that can be read */
    uint16_t status;    /* of HTTP, 0 when there was none */
    int64_t clock_ms;   /* has_clock: how far the backend's clock is ahead; good to a second */
    uint32_t duration_us;
    uint32_t
        connected_us;  /* from the beginning to the end of connect(2); 0: not reached, or kept */
    uint32_t shook_us; /* and to the end of the TLS handshake; the same */
    char description[BOARD_DESCRIPTION_SIZE]; /* "connection refused", "TLSv1.3", "200 OK" */

    /* Of a full handshake, good or bad; else NULL. Valid until `done` returns. */
    const struct certificate *certificate;

    /* What an expected answer brought, where it was asked for, whole; else NULL. Valid as long. */
    const char *body;
    size_t body_size;
};

/*
 * Called once for each probe that is not cancelled, never before probe_start() has returned. The
 * probe is the engine's from then on: it may be neither asked about nor cancelled. The function may
 * start and cancel others, but not free the engine.
 */
typedef void probe_done_fn(void *context, const struct probe_result *result);

/* How hands are shaken. Whatever is pointed to stays as it is until `done`. */
struct probe_tls_terms {
    const char *sni;                         /* a host name, or NULL; an address is not sent */
    const struct probe_authority *authority; /* who should have signed, or NULL */
    bool verify; /* a chain that does not lead to `authority` is a failure; dates never are */
    const struct probe_identity *identity; /* our certificate, for a server that asks; or NULL */
};

/* What PROBE_HTTPS asks. All of it stays as it is until `done`; texts: printable ASCII, no blanks.
 */
struct probe_http {
    const char *method; /* "GET" */
    const char *path;   /* "/readyz" */
    const char *host;   /* a name or a literal address, the port may be missing; NULL: address */
    const uint64_t *expected; /* PROBE_STATUS_WORDS: the statuses that are good answers */
    bool keeps_body;          /* a good answer's body is wanted; one of 16 KiB or more is none */
};

struct probe_question {
    enum probe_kind kind;
    struct addr address;
    uint64_t connect_timeout_ms; /* TCP and TLS together, from the start, never re-armed */
    uint64_t answer_timeout_ms;  /* then the answer, from the end of the handshake */

    /*
     * For PROBE_HTTPS with a session: so long an answer over a kept connection is waited for before
     * a fresh one is asked, with what is left of the time for TCP and TLS: no more than half of
     * that. 0: none is used, and none is kept afterwards.
     */
    uint64_t kept_timeout_ms;
    const struct probe_tls_terms *tls; /* NULL: no name, no verification, no certificate */
    const struct probe_http *http;     /* for PROBE_HTTPS */

    /*
     * The session to take up again, and where the new one goes; NULL: neither. A failure empties
     * it. May be freed at any time (the engine has its own hold on it).
     */
    struct probe_session *session;
    probe_done_fn *done;
    void *context;
};

/*
 * Makes what probes share (the TLS context). NULL with a line logged. SIGPIPE is ignored in this
 * process from then on: OpenSSL writes to its sockets by write(2).
 */
struct probe_engine *probe_engine_new(struct loop *loop) MUST_CHECK;

/*
 * Has `wake` called before the engine looks at any event or deadline: the place to notice that
 * this process did not run, and to call probe_engine_shift() before anybody is judged for it. It
 * may cancel nothing.
 */
typedef void probe_wake_fn(void *context);
void probe_engine_on_wake(struct probe_engine *engine, probe_wake_fn *wake, void *context);

/* Cancels what runs and frees. */
void probe_engine_free(struct probe_engine *engine);

/* Asks. NULL with errno ENOMEM when not even that can be done (no verdict; done is not called). */
struct probe *probe_start(struct probe_engine *engine,
                          const struct probe_question *question) MUST_CHECK;

/*
 * When its connect began (mono_ms()), or it was asked over a kept connection; 0 while it waits for
 * its turn.
 */
uint64_t probe_began_ms(const struct probe *probe);

/*
 * When its TLS handshake ended and the wait for the answer began, or 0 before that and while a kept
 * connection is asked. The beginning, once hands are shaken, where a kept connection brought no
 * answer: it has been waited for since then.
 */
uint64_t probe_shook_ms(const struct probe *probe);

/* Gives up an answer that is no longer wanted; `done` is not called. */
void probe_cancel(struct probe *probe);

/*
 * Moves the deadlines of all running probes by a time in which this process did not run. A kept
 * connection has none while it is idle.
 */
void probe_engine_shift(struct probe_engine *engine, uint64_t gap_ms);

#endif
