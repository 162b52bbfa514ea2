/*
 * What a PEM text holds, by its labels alone (RFC 7468; the older key formats, too). Nothing is
 * decoded: this tells a key from a certificate before anybody who can read them has to.
 */
#ifndef K0SLB_BASE_PEM_H
#define K0SLB_BASE_PEM_H

#include <stddef.h>

#include "base/defs.h"

enum pem_kind { PEM_CERTIFICATE, PEM_KEY };

/*
 * Whether the text holds a whole block of that kind. Returns NULL, or what is wrong with it, as the
 * rest of a sentence: "is not PEM", "holds a private key, not a certificate", "holds a key that
 * needs a passphrase".
 */
const char *pem_refuse(const char *text, size_t size, enum pem_kind kind) MUST_CHECK;

#endif
