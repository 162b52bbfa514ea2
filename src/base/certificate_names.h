/* Whether a certificate's list of names is good for a name or an address (RFC 6125, RFC 9525). */
#ifndef K0SLB_BASE_CERTIFICATE_NAMES_H
#define K0SLB_BASE_CERTIFICATE_NAMES_H

#include <stdbool.h>

/*
 * `names` is a list separated by blanks, as in struct certificate. A literal address matches
 * the same address alone, however it is written; a name matches the same name, upper or lower case,
 * with or without a final dot, or a "*.rest" with exactly one label in place of the star. A
 * wildcard needs two labels or more after the star.
 */
bool certificate_names_have(const char *names, const char *wanted);

#endif
