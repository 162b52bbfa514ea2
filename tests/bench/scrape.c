#include "bench/scrape.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/fd.h"
#include "base/mono.h"

static int connect_to(const struct addr *target)
{
    const struct timeval patience = {.tv_sec = 2};
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(target, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == -1 ||
        connect(fd, (const struct sockaddr *)&address, length) == -1)
        fd_close(&fd);
    return fd;
}

/* Reads until FIN. Whether it begins as a good answer does. */
static bool read_answer(int fd, uint64_t *bytes)
{
    static const char good[] = "HTTP/1.1 200 ";
    static char buffer[256 * 1024];
    uint64_t total = 0;
    ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    bool is_good = got > (ssize_t)strlen(good) && memcmp(buffer, good, strlen(good)) == 0;

    for (; got > 0; got = recv(fd, buffer, sizeof(buffer), 0))
        total += (uint64_t)got;
    *bytes += total;
    return is_good && got == 0;
}

static bool scrape_once(const struct scrape_plan *plan, const char *path, uint64_t *bytes)
{
    char request[512];
    int length =
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: %s\r\n\r\n",
                 path, plan->accept);
    int fd = connect_to(&plan->target);
    bool is_good;

    if (fd == -1)
        return false;
    is_good = send(fd, request, (size_t)length, MSG_NOSIGNAL) == length && read_answer(fd, bytes);
    fd_close(&fd);
    return is_good;
}

static void wait_until(uint64_t at_us)
{
    uint64_t now_us = mono_us();

    if (at_us > now_us)
        (void)poll(NULL, 0, (int)((at_us - now_us + 999) / 1000));
}

int scrape_run(const struct scrape_plan *plan, struct scrape_result *result)
{
    uint64_t start_us = mono_us();
    uint64_t end_us = start_us + plan->seconds * UINT64_C(1000000);
    uint64_t sum_us = 0;
    char **path = plan->paths;

    memset(result, 0, sizeof(*result));
    for (unsigned i = 0; mono_us() < end_us; i++) {
        uint64_t began_us;
        uint64_t took_us;

        if (plan->per_second > 0)
            wait_until(start_us + i * UINT64_C(1000000) / plan->per_second);
        began_us = mono_us();
        if (scrape_once(plan, *path, &result->bytes))
            result->done++;
        else
            result->failed++;
        took_us = mono_us() - began_us;
        sum_us += took_us;
        result->most_us = took_us > result->most_us ? took_us : result->most_us;
        path = path[1] != NULL ? path + 1 : plan->paths;
    }
    result->mean_us = result->done > 0 ? sum_us / (result->done + result->failed) : 0;
    if (result->done > 0)
        return 0;
    errno = EPROTO;
    return -1;
}
