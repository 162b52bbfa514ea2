#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "master/port_holder.h"

#include "unit/unit.h"

extern const struct unit_test port_holder_tests[];

static struct addr address_of(const char *ip, uint16_t port)
{
    struct addr address;

    CU_ASSERT_FATAL(addr_parse(&address, ip) == 0);
    address.port = port;
    return address;
}

/* A socket there on a port of the kernel's choice, which is returned in *address. -1 if none. */
static int bind_there(const char *ip, struct addr *address, bool v6_only)
{
    struct sockaddr_storage sockaddr;
    socklen_t length;
    const int only = v6_only;
    int fd;

    *address = address_of(ip, 0);
    length = addr_to_sockaddr(address, &sockaddr);
    fd = socket(sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if (sockaddr.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    if (bind(fd, (struct sockaddr *)&sockaddr, length) == -1 ||
        getsockname(fd, (struct sockaddr *)&sockaddr, &length) == -1) {
        fd_close(&fd);
        return -1;
    }
    addr_from_sockaddr(address, &sockaddr);
    return fd;
}

static bool is_found(const char *ip, uint16_t port)
{
    struct addr address = address_of(ip, port);
    struct port_holder holder = {0};
    char name[16];

    if (port_holder_find(&address, &holder) == -1)
        return false;
    prctl(PR_GET_NAME, name);
    ASSERT_NUMBER(holder.pid, getpid());
    ASSERT_TEXT(holder.name, name);
    return true;
}

static void test_same_address(void)
{
    struct addr address;
    int fd = bind_there("127.0.0.1", &address, false);

    CU_ASSERT_FATAL(fd != -1);
    CU_ASSERT(!is_found("127.0.0.1", address.port)); /* bound, and not listening */
    CU_ASSERT(listen(fd, 1) == 0);
    CU_ASSERT(is_found("127.0.0.1", address.port));
    CU_ASSERT(is_found("0.0.0.0", address.port));
    CU_ASSERT(!is_found("127.0.0.2", address.port));
    CU_ASSERT(!is_found("127.0.0.1", (uint16_t)(address.port ^ 1)));
    fd_close(&fd);
    CU_ASSERT(!is_found("127.0.0.1", address.port));
}

static void test_wildcard(void)
{
    struct addr address;
    int fd = bind_there("0.0.0.0", &address, false);

    CU_ASSERT_FATAL(fd != -1 && listen(fd, 1) == 0);
    CU_ASSERT(is_found("127.0.0.1", address.port));
    CU_ASSERT(is_found("10.1.2.3", address.port));
    CU_ASSERT(is_found("0.0.0.0", address.port));
    fd_close(&fd);
}

static void test_ipv6(void)
{
    struct addr address;
    int fd = bind_there("::1", &address, true);

    if (fd == -1) {
        unit_skip("this host has no IPv6");
        return;
    }
    CU_ASSERT(listen(fd, 1) == 0);
    CU_ASSERT(is_found("::1", address.port));
    CU_ASSERT(is_found("::", address.port));
    CU_ASSERT(!is_found("::2", address.port));
    fd_close(&fd);
}

/* A wildcard socket of IPv6 holds the IPv4 port as well. */
static void test_both_families(void)
{
    struct addr address;
    int fd = bind_there("::", &address, false);

    if (fd == -1) {
        unit_skip("this host has no IPv6");
        return;
    }
    CU_ASSERT(listen(fd, 1) == 0);
    CU_ASSERT(is_found("::", address.port));
    CU_ASSERT(is_found("0.0.0.0", address.port));
    CU_ASSERT(is_found("127.0.0.1", address.port));
    fd_close(&fd);
}

const struct unit_test port_holder_tests[] = {
    {"same_address", test_same_address},
    {"wildcard", test_wildcard},
    {"ipv6", test_ipv6},
    {"both_families", test_both_families},
    {NULL, NULL},
};
