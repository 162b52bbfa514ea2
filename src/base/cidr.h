/* Address ranges (RFC 4632 notation) and the lists that say who may come in. */
#ifndef K0SLB_BASE_CIDR_H
#define K0SLB_BASE_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

struct cidr {
    uint8_t family; /* enum addr_family */
    uint8_t prefix; /* bits, 0 to 32 or 0 to 128 */
    uint8_t ip[16]; /* network byte order, host bits zero */
};

/*
 * Reads "10.0.0.0/8", "fd00::/8" or a bare address (all bits) into *out and clears host bits.
 * Returns 0, or -1 when the text is neither; *out is then untouched.
 */
int cidr_parse(struct cidr *out, const char *text) MUST_CHECK;

/* Whether the address lies in the range. */
bool cidr_contains(const struct cidr *cidr, const struct addr *addr);

/* Whether the address lies in any of the `count` ranges. */
bool cidr_list_contains(const struct cidr *list, size_t count, const struct addr *addr);

/*
 * The ranges that the word `private` stands for: loopback, RFC 1918, 100.64/10 (RFC 6598), unique
 * local (RFC 4193) and link-local of both families. The array is constant; *count is its length.
 */
const struct cidr *cidr_private(size_t *count);

#endif
