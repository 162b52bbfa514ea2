/* What a certificate says, as a flat value: taken from each full handshake, and from our own. */
#ifndef K0SLB_BASE_CERTIFICATE_H
#define K0SLB_BASE_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#define CERTIFICATE_TEXT_SIZE        96
#define CERTIFICATE_NAMES_SIZE       1024
#define CERTIFICATE_KEY_ID_SIZE      32
#define CERTIFICATE_FINGERPRINT_SIZE 32

/* Texts are UTF-8 without control characters, cut at their room, and written by somebody else. */
struct certificate {
    char issuer[CERTIFICATE_TEXT_SIZE];          /* "CN=kubernetes-ca", as RFC 4514 writes it */
    char common_name[CERTIFICATE_TEXT_SIZE];     /* of the subject, or "" */
    uint8_t issuer_key[CERTIFICATE_KEY_ID_SIZE]; /* which key signed: see the probe room */
    uint8_t issuer_key_size;                     /* 0: cannot be told */
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]; /* SHA-256 of the whole certificate */
    int64_t not_before_s;                              /* seconds since 1970 */
    int64_t not_after_s;
    int64_t
        issuer_not_after_s; /* of the authority's certificate, sent or known; 0: cannot be told */
    bool authority_known;   /* there was an authority to compare with */
    bool trusted;           /* the chain leads to it, whatever the dates are */
    bool names_cut;         /* not all names had room */

    /*
     * The names and addresses that it is good for, separated by blanks; see
     * base/certificate_names.h. A name that is no host name (but for a leading "*.") or is written
     * like an address is left out.
     */
    char names[CERTIFICATE_NAMES_SIZE];
    char problem[CERTIFICATE_TEXT_SIZE]; /* why it is not trusted, or "" */
    char version[12];                    /* of TLS, "TLSv1.3"; "" without a handshake */
    char alpn[16];                       /* what was agreed upon, "h2"; or "" */
};

#endif
