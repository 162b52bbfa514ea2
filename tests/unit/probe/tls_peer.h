/* A real TLS server as a peer's behaviour, with a certificate made on the spot. */
#ifndef K0SLB_TESTS_UNIT_PROBE_TLS_PEER_H
#define K0SLB_TESTS_UNIT_PROBE_TLS_PEER_H

#include <openssl/ssl.h>

enum tls_peer_wants { WANTS_NOTHING, WANTS_OPTIONALLY, WANTS_CERTIFICATE };

struct tls_peer {
    int version; /* TLS1_2_VERSION or TLS1_3_VERSION, and no other */
    enum tls_peer_wants wants;
    SSL_CTX *tls;
};

/* Makes key, certificate and context for a server of that one version. Free with tls_peer_fini().
 */
void tls_peer_init(struct tls_peer *peer, int version, enum tls_peer_wants wants);
void tls_peer_fini(struct tls_peer *peer);

/*
 * Shakes hands with the client and reads until it closes (context: struct tls_peer). Reports 'q'
 * when all was quiet: a handshake without error, then close_notify; 'h' when the handshake failed;
 * 'e' when reading ended by an error.
 */
char tls_peer_serves(int fd, void *context);

#endif
