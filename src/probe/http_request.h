/* A request of HTTP/1.1 (RFC 9112) as the probe sends it. */
#ifndef K0SLB_PROBE_HTTP_REQUEST_H
#define K0SLB_PROBE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/defs.h"

struct probe_http;

/* Room for any request. */
#define HTTP_REQUEST_SIZE 1024

/*
 * Writes it: the question's method, path and host, or `address` for a host; an address of IPv6 in
 * brackets, and the port of `address` where the host has none and it is not 443. The last one over
 * its connection has the server close that. Returns its length, or -1 with errno EINVAL when a part
 * is empty, has a byte that is not printable ASCII or a blank, or has no room.
 */
int http_request_write(char out[HTTP_REQUEST_SIZE], const struct probe_http *http,
                       const struct addr *address, bool is_last) MUST_CHECK;

#endif
