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

/* Room for a name: longer ones are no host names (RFC 1123), nor addresses. */
#define CERTIFICATE_NAME_SIZE 256

/*
 * Takes the next name of the list at `at` into `name`, "" where it has no room. Returns where the
 * rest of the list begins, or NULL at its end.
 */
const char *certificate_names_next(const char *at, char name[CERTIFICATE_NAME_SIZE]);

#endif
