#include "probe/http_request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "probe/probe.h"

#include "config.h"

/* The longest host name, a port and brackets. */
#define HOST_SIZE 264

#define DEFAULT_PORT 443

static bool is_clean(const char *text)
{
    const char *at;

    for (at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~')
            return false;
    }
    return at != text;
}

/* "name:6443" and "[::1]:6443", but not "::1". */
static bool has_port(const char *host)
{
    const char *colon = strchr(host, ':');

    if (host[0] == '[')
        return strstr(host, "]:") != NULL;
    return colon != NULL && strchr(colon + 1, ':') == NULL;
}

/* A zone is this machine's own business (RFC 6874). */
static int write_host(char out[HOST_SIZE], const char *host, const struct addr *address)
{
    bool bare = host[0] != '[' && strchr(host, ':') != NULL && !has_port(host);
    int size = (int)(bare ? strcspn(host, "%") : strlen(host));
    char port[8] = "";
    int length;

    if (!has_port(host) && address->port != DEFAULT_PORT)
        snprintf(port, sizeof(port), ":%u", address->port);
    length =
        snprintf(out, HOST_SIZE, "%s%.*s%s%s", bare ? "[" : "", size, host, bare ? "]" : "", port);
    return length < HOST_SIZE ? 0 : -1;
}

int http_request_write(char out[HTTP_REQUEST_SIZE], const struct probe_http *http,
                       const struct addr *address, bool is_last)
{
    char own[ADDR_TEXT_SIZE];
    char host[HOST_SIZE];
    const char *named = http->host != NULL ? http->host : addr_format_ip(address, own);
    int size = HTTP_REQUEST_SIZE;

    if (is_clean(http->method) && is_clean(http->path) && is_clean(named) &&
        write_host(host, named, address) == 0)
        size = snprintf(out, HTTP_REQUEST_SIZE,
                        "%s %s HTTP/1.1\r\n"
                        "Host: %s\r\n"
                        "User-Agent: k0slb/" PACKAGE_VERSION "\r\n"
                        "Accept: */*\r\n"
                        "%s\r\n",
                        http->method, http->path, host, is_last ? "Connection: close\r\n" : "");
    if (size < HTTP_REQUEST_SIZE)
        return size;
    errno = EINVAL;
    return -1;
}
