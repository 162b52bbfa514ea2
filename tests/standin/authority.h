/*
 * A certificate authority as k0s makes one, and the server certificates it signs. The authority
 * lives in a directory as ca.crt and ca.key, so that a controller that is killed and started again
 * comes back with a certificate of the same authority.
 */
#ifndef K0SLB_TESTS_STANDIN_AUTHORITY_H
#define K0SLB_TESTS_STANDIN_AUTHORITY_H

#include <stddef.h>

#include <openssl/ssl.h>

/* An authority that was read from its directory. */
struct authority;

/* What a server certificate shall say. */
struct authority_request {
    const char *common_name;  /* "kubernetes" or "k0s-api" */
    const char *unit;         /* the controller's name: tells whom a client has reached */
    const char *address;      /* the controller's own, an IPv4 or IPv6 literal */
    const char *const *names; /* further names or addresses */
    size_t name_count;
};

/*
 * Makes an authority and writes DIR/ca.crt and DIR/ca.key (0600); DIR is made when it is missing.
 * Returns 0, or -1 after a line on stderr.
 */
int authority_make(const char *dir);

/* Reads the authority of DIR. Returns NULL after a line on stderr; free with authority_free(). */
struct authority *authority_open(const char *dir);
void authority_free(struct authority *authority);

/*
 * Makes a key and a certificate for a server (valid for a year, as k0s's), and gives both to CTX.
 * Returns 0, or -1 after a line on stderr.
 */
int authority_issue(const struct authority *authority, const struct authority_request *request,
                    SSL_CTX *ctx);

/* Gives CTX the key and certificate that LIKE has. Returns 0, or -1 after a line on stderr. */
int authority_share(const SSL_CTX *like, SSL_CTX *ctx);

/* Has CTX know which clients the authority has signed. Returns 0, or -1 after a line on stderr. */
int authority_trust(const struct authority *authority, SSL_CTX *ctx);

#endif
