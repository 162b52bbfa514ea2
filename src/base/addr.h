/*
 * Addresses of the Internet families as flat values, which may stand in shared memory and be
 * compared and copied as they are. Text follows RFC 5952 for IPv6 and dotted decimal for IPv4.
 */
#ifndef K0SLB_BASE_ADDR_H
#define K0SLB_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/defs.h"

enum addr_family {
    ADDR_NONE = 0, /* no address: all else is zero, but for the port of one that is to come */
    ADDR_IPV4 = 4, /* the first four bytes of `ip` */
    ADDR_IPV6 = 6, /* all sixteen */
};

struct addr {
    uint8_t family; /* enum addr_family */
    uint8_t reserved;
    uint16_t port;  /* host byte order */
    uint32_t scope; /* IPv6 zone, 0 for none */
    uint8_t ip[16]; /* network byte order; unused bytes are zero */
};

/* Room for any address with brackets, zone, port and the final NUL. */
#define ADDR_TEXT_SIZE 72

/*
 * Reads a literal address without a port ("10.0.0.1", "fe80::1%eth0"; no brackets) into *out,
 * port 0. As in addr_from_sockaddr(), an IPv4-mapped IPv6 address is IPv4. Returns 0, or -1 when
 * the text is no literal address; *out is then untouched.
 */
int addr_parse(struct addr *out, const char *text) MUST_CHECK;

/*
 * Whether the text may be a host name: RFC 1123 labels of letters, digits and hyphens, at most 63
 * bytes each and 253 in all, and a last label that is not all digits ("127.0.0.512" is none).
 */
bool addr_is_host_name(const char *text);

/* Fills *out and returns its length for bind(2) or connect(2); 0 for ADDR_NONE. */
socklen_t addr_to_sockaddr(const struct addr *addr, struct sockaddr_storage *out);

/* The reverse. IPv4-mapped IPv6 addresses become IPv4; other families become ADDR_NONE. */
void addr_from_sockaddr(struct addr *out, const struct sockaddr_storage *from);

/* Writes "10.0.0.1:6443" or "[::1]:6443" and returns `text`; "-" for ADDR_NONE. */
char *addr_format(const struct addr *addr, char text[ADDR_TEXT_SIZE]);

/* The same without port and brackets. */
char *addr_format_ip(const struct addr *addr, char text[ADDR_TEXT_SIZE]);

/* Whether family, address, zone and port are the same. */
bool addr_equal(const struct addr *a, const struct addr *b);

/* Whether family, address and zone are the same, whatever the ports. */
bool addr_same_ip(const struct addr *a, const struct addr *b);

/* Whether it is 0.0.0.0 or ::. */
bool addr_is_any(const struct addr *addr);

#endif
