#include "base/cidr.h"

#include <string.h>

#include "base/strnum.h"

static void clear_host_bits(struct cidr *cidr)
{
    for (unsigned bit = cidr->prefix; bit < 128; bit++)
        cidr->ip[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

int cidr_parse(struct cidr *out, const char *text)
{
    char copy[ADDR_TEXT_SIZE];
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct addr addr;
    uint64_t prefix;
    uint64_t most;

    if (length >= sizeof(copy))
        return -1;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (addr_parse(&addr, copy) == -1 || addr.scope != 0)
        return -1;
    prefix = most = addr.family == ADDR_IPV4 ? 32 : 128;
    if (slash != NULL && strnum_uint(slash + 1, 0, most, &prefix) == -1)
        return -1;
    out->family = addr.family;
    out->prefix = (uint8_t)prefix;
    memcpy(out->ip, addr.ip, sizeof(out->ip));
    clear_host_bits(out);
    return 0;
}

bool cidr_contains(const struct cidr *cidr, const struct addr *addr)
{
    unsigned bytes = cidr->prefix / 8;
    unsigned bits = cidr->prefix % 8;
    uint8_t mask = (uint8_t)(0xff00u >> bits);

    if (cidr->family != addr->family || memcmp(cidr->ip, addr->ip, bytes) != 0)
        return false;
    return bits == 0 || ((cidr->ip[bytes] ^ addr->ip[bytes]) & mask) == 0;
}

bool cidr_list_contains(const struct cidr *list, size_t count, const struct addr *addr)
{
    for (size_t i = 0; i < count; i++) {
        if (cidr_contains(&list[i], addr))
            return true;
    }
    return false;
}

const struct cidr *cidr_private(size_t *count)
{
    static const struct cidr ranges[] = {
        {ADDR_IPV4, 8, {127}},        {ADDR_IPV4, 8, {10}},       {ADDR_IPV4, 12, {172, 16}},
        {ADDR_IPV4, 16, {192, 168}},  {ADDR_IPV4, 10, {100, 64}}, {ADDR_IPV4, 16, {169, 254}},
        {ADDR_IPV6, 128, {[15] = 1}}, {ADDR_IPV6, 7, {0xfc}},     {ADDR_IPV6, 10, {0xfe, 0x80}},
    };

    *count = ARRAY_LEN(ranges);
    return ranges;
}
