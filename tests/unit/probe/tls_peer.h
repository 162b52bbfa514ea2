/* A real TLS server as a peer's behaviour, with a certificate made on the spot. */
#ifndef K0SLB_TESTS_UNIT_PROBE_TLS_PEER_H
#define K0SLB_TESTS_UNIT_PROBE_TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

struct paper;

enum tls_peer_wants { WANTS_NOTHING, WANTS_OPTIONALLY, WANTS_CERTIFICATE };

/* What a server does that has given all its answers on a connection. */
enum tls_peer_then {
    THEN_CLOSES,
    THEN_RESETS,
    THEN_SPEAKS,  /* though it was not asked, and waits for the client */
    THEN_IS_MUTE, /* and waits for the client */
};

struct tls_peer {
    int version; /* TLS1_2_VERSION or TLS1_3_VERSION, and no other */
    enum tls_peer_wants wants;
    SSL_CTX *tls;

    /* For tls_peer_answers(), set after tls_peer_init(). */
    const char *alpn;    /* as on the wire: the one protocol that it speaks; NULL: it has no ALPN */
    bool insists;        /* ends the handshake when that is not offered */
    bool is_silent;      /* reads no request before it answers */
    const char *request; /* what the request has to begin with, or NULL */
    const char *answer;
    size_t answer_size;
    unsigned pause_ms; /* before the answer */
    unsigned drip_ms;  /* between its pieces; 0: all at once */
    size_t drip_size;  /* of a piece; 0: a byte */
    bool closes;       /* after the answer; else it waits for the client */
    bool resets;       /* instead of an answer */

    /* For tls_peer_keeps() beside; an answer has its end in itself. */
    const char *next_answer; /* from the second on a connection on; NULL: the same */
    unsigned most_answers;   /* on a connection; 0: as many as are asked for */
    unsigned then_ms;        /* so long it is idle before what follows, and … */
    unsigned then_us;        /* … up to so much longer, by chance */
    enum tls_peer_then then;
};

/*
 * Makes key, certificate and context for a server of that one version. Free with tls_peer_fini().
 */
void tls_peer_init(struct tls_peer *peer, int version, enum tls_peer_wants wants);
void tls_peer_fini(struct tls_peer *peer);

/* Gives it another certificate; with an authority, that one may have signed the clients'. */
void tls_peer_show(struct tls_peer *peer, const struct paper *leaf, const struct paper *authority);

/*
 * Shakes hands with the client and reads until it closes (context: struct tls_peer). Reports 'q'
 * when all was quiet: a handshake without error, then close_notify; 'r' the same with a session
 * that was taken up again; 'h' when the handshake failed; 'e' when reading ended by an error.
 */
char tls_peer_serves(int fd, void *context);

/*
 * Shakes hands, reads a request up to its empty line, answers as told, and then as above. Reports
 * 'x' when the request was another one, 'g' when the client has gone before the answer was out.
 */
char tls_peer_answers(int fd, void *context);

/*
 * Shakes hands and answers one request after the other. Reports how often: '0' to '9' when the
 * client has ended it by close_notify, else 'a' for none and so on.
 */
char tls_peer_keeps(int fd, void *context);

#endif
