#include "system/far.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#define NEAR_TEXT "10.64.0.1"
#define FAR_TEXT  "10.64.0.2"

/* Of nobody. */
#define NOBODY "lladdr 02:00:00:00:00:99 nud permanent"

/* Descriptors of the namespaces; -1 until far_enter(). */
static int near_fd = -1;
static int far_fd = -1;

static int run(const char *format, ...) PRINTF_LIKE(1, 2);

/* A command of the shell; 0, or -1 when it fails. */
static int run(const char *format, ...)
{
    char command[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    return system(command) == 0 ? 0 : -1;
}

/* A namespace with nothing but the loopback, entered. Returns its descriptor, or -1. */
static int enter_new(void)
{
    if (unshare(CLONE_NEWNET) == -1 || run("ip link set lo up 2>/dev/null") == -1)
        return -1;
    return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void go(int fd)
{
    if (setns(fd, CLONE_NEWNET) == -1)
        CU_FAIL("no way into a namespace");
}

void far_go(void)
{
    go(far_fd);
}

void far_return(void)
{
    go(near_fd);
}

int far_enter(void)
{
    far_fd = enter_new();
    if (far_fd == -1)
        return -1;
    near_fd = enter_new();
    if (near_fd == -1 ||
        run("ip link add near type veth peer name far netns /proc/%d/fd/%d 2>/dev/null",
            (int)getpid(), far_fd) == -1 ||
        run("ip addr add " NEAR_TEXT "/24 dev near && ip link set near up") == -1)
        return -1;
    if (setns(far_fd, CLONE_NEWNET) == -1 ||
        run("ip addr add " FAR_TEXT "/24 dev far && ip link set far up") == -1)
        return -1;
    return setns(near_fd, CLONE_NEWNET);
}

struct addr far_address(void)
{
    return (struct addr){.family = ADDR_IPV4, .ip = {10, 64, 0, 2}};
}

struct addr far_near_address(void)
{
    return (struct addr){.family = ADDR_IPV4, .ip = {10, 64, 0, 1}};
}

/* Something of ip(8) at each end. */
static void run_at_both(const char *at_near, const char *at_far)
{
    int result = run("ip %s", at_near);

    far_go();
    if (run("ip %s", at_far) == -1 || result == -1)
        CU_FAIL("ip(8) does not do it");
    far_return();
}

void far_vanish(enum far_loss loss)
{
    if (loss == FAR_SWALLOWED)
        run_at_both("neigh replace " FAR_TEXT " " NOBODY " dev near",
                    "neigh replace " NEAR_TEXT " " NOBODY " dev far");
    else
        run_at_both("neigh flush dev near",
                    "link set far arp off && ip neigh replace " NEAR_TEXT " " NOBODY " dev far");
}

void far_appear(void)
{
    run_at_both("neigh flush dev near nud all", "neigh flush dev far nud all && "
                                                "ip link set far arp on");
}
