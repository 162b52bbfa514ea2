#include "base/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static int parse_zone(const char *zone, uint32_t *scope)
{
    *scope = if_nametoindex(zone);
    return *scope == 0 ? -1 : 0;
}

/* Sets family and address of an otherwise filled *out; a mapped address is IPv4 without a zone. */
static void set_in6(struct addr *out, const struct in6_addr *in6)
{
    memset(out->ip, 0, sizeof(out->ip));
    if (IN6_IS_ADDR_V4MAPPED(in6)) {
        out->family = ADDR_IPV4;
        out->scope = 0;
        memcpy(out->ip, in6->s6_addr + 12, 4);
        return;
    }
    out->family = ADDR_IPV6;
    memcpy(out->ip, in6, 16);
}

int addr_parse(struct addr *out, const char *text)
{
    struct addr addr = {.family = ADDR_IPV4};
    struct in6_addr in6;
    char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
    char *zone;

    if (inet_pton(AF_INET, text, addr.ip) == 1) {
        *out = addr;
        return 0;
    }
    if (strlen(text) >= sizeof(copy))
        return -1;
    strcpy(copy, text);
    zone = strchr(copy, '%');
    if (zone != NULL) {
        *zone++ = '\0';
        if (parse_zone(zone, &addr.scope) == -1)
            return -1;
    }
    if (inet_pton(AF_INET6, copy, &in6) != 1)
        return -1;
    set_in6(&addr, &in6);
    *out = addr;
    return 0;
}

bool addr_is_host_name(const char *text)
{
    size_t length = strlen(text);
    size_t label = 0;
    bool all_digits = true;

    if (length == 0 || length > 253)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '.') {
            if (label == 0 || text[i - 1] == '-')
                return false;
            if (text[i + 1] == '\0')
                return !all_digits;
            label = 0;
            all_digits = true;
            continue;
        }
        if (!isalnum((unsigned char)c) && !(c == '-' && label > 0))
            return false;
        if (!isdigit((unsigned char)c))
            all_digits = false;
        if (++label > 63)
            return false;
    }
    return text[length - 1] != '-' && !all_digits;
}

socklen_t addr_to_sockaddr(const struct addr *addr, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (addr->family == ADDR_IPV4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;

        in->sin_family = AF_INET;
        in->sin_port = htons(addr->port);
        memcpy(&in->sin_addr, addr->ip, 4);
        return sizeof(*in);
    }
    if (addr->family == ADDR_IPV6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(addr->port);
        in6->sin6_scope_id = addr->scope;
        memcpy(&in6->sin6_addr, addr->ip, 16);
        return sizeof(*in6);
    }
    return 0;
}

void addr_from_sockaddr(struct addr *out, const struct sockaddr_storage *from)
{
    memset(out, 0, sizeof(*out));
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;

        out->family = ADDR_IPV4;
        out->port = ntohs(in->sin_port);
        memcpy(out->ip, &in->sin_addr, 4);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

        out->port = ntohs(in6->sin6_port);
        out->scope = in6->sin6_scope_id;
        set_in6(out, &in6->sin6_addr);
    }
}

char *addr_format_ip(const struct addr *addr, char text[ADDR_TEXT_SIZE])
{
    char zone[IF_NAMESIZE];

    strcpy(text, "-");
    if (addr->family == ADDR_IPV4)
        inet_ntop(AF_INET, addr->ip, text, ADDR_TEXT_SIZE);
    if (addr->family == ADDR_IPV6) {
        inet_ntop(AF_INET6, addr->ip, text, ADDR_TEXT_SIZE);
        if (addr->scope != 0 && if_indextoname(addr->scope, zone) != NULL) {
            strcat(text, "%");
            strcat(text, zone);
        }
    }
    return text;
}

char *addr_format(const struct addr *addr, char text[ADDR_TEXT_SIZE])
{
    char ip[ADDR_TEXT_SIZE];

    addr_format_ip(addr, ip);
    if (addr->family == ADDR_NONE)
        return strcpy(text, ip);
    snprintf(text, ADDR_TEXT_SIZE, addr->family == ADDR_IPV6 ? "[%.62s]:%u" : "%.62s:%u", ip,
             (unsigned)addr->port);
    return text;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, 16) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return addr_same_ip(a, b) && a->port == b->port;
}

bool addr_is_any(const struct addr *addr)
{
    static const uint8_t zero[16];

    return addr->family != ADDR_NONE && memcmp(addr->ip, zero, sizeof(zero)) == 0;
}
