/* Local addresses and ports. */
#ifndef K0SLB_TESTS_STANDIN_ENDPOINT_H
#define K0SLB_TESTS_STANDIN_ENDPOINT_H

#include <stdint.h>

/*
 * A TCP socket bound to ADDRESS, an IPv4 or IPv6 literal, and PORT (0 = any that is free).
 * Returns the descriptor, or -1 with errno; EINVAL when that is no address.
 */
int endpoint_bind(const char *address, uint16_t port);

/*
 * Prints COUNT ports, one a line, that are free at this moment on every one of the ADDRESSES, for
 * programs that cannot listen on port 0 and say what they got. Returns 0, or -1 after a line on
 * stderr.
 */
int endpoint_print_free(unsigned count, char *const *addresses, int address_count);

#endif
