#include "tls_peer.h"

#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static EVP_PKEY *make_key(void)
{
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    if (making == NULL || EVP_PKEY_keygen_init(making) != 1 ||
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(making, NID_X9_62_prime256v1) != 1 ||
        EVP_PKEY_keygen(making, &key) != 1)
        abort();
    EVP_PKEY_CTX_free(making);
    return key;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *name;

    if (certificate == NULL)
        abort();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"peer", -1, -1, 0);
    if (X509_set_version(certificate, 2) != 1 || X509_set_issuer_name(certificate, name) != 1 ||
        X509_set_pubkey(certificate, key) != 1 || X509_sign(certificate, key, EVP_sha256()) == 0)
        abort();
    return certificate;
}

void tls_peer_init(struct tls_peer *peer, int version, enum tls_peer_wants wants)
{
    static const int modes[] = {
        [WANTS_NOTHING] = SSL_VERIFY_NONE,
        [WANTS_OPTIONALLY] = SSL_VERIFY_PEER,
        [WANTS_CERTIFICATE] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
    };
    EVP_PKEY *key = make_key();
    X509 *certificate = make_certificate(key);

    peer->version = version;
    peer->wants = wants;
    peer->tls = SSL_CTX_new(TLS_server_method());
    if (peer->tls == NULL || SSL_CTX_set_min_proto_version(peer->tls, version) != 1 ||
        SSL_CTX_set_max_proto_version(peer->tls, version) != 1 ||
        SSL_CTX_use_certificate(peer->tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(peer->tls, key) != 1)
        abort();
    SSL_CTX_set_verify(peer->tls, modes[wants], NULL);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void tls_peer_fini(struct tls_peer *peer)
{
    SSL_CTX_free(peer->tls);
}

static char read_to_end(SSL *ssl)
{
    char unwanted[256];
    int size;

    do
        size = SSL_read(ssl, unwanted, sizeof(unwanted));
    while (size > 0);
    return SSL_get_error(ssl, size) == SSL_ERROR_ZERO_RETURN ? 'q' : 'e';
}

char tls_peer_serves(int fd, void *context)
{
    const struct tls_peer *peer = context;
    SSL *ssl = SSL_new(peer->tls);
    char letter = 'h';

    ERR_clear_error();
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        abort();
    if (SSL_accept(ssl) == 1) {
        letter = read_to_end(ssl);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    return letter;
}
