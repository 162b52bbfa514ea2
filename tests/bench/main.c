/*
 * k0slb-bench: the parts of the benchmark that a shell cannot play. It is built by `make bench`
 * alone, and never installed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/fd.h"
#include "base/mono.h"
#include "base/strnum.h"
#include "bench/alone.h"
#include "bench/crowd.h"
#include "bench/origin.h"
#include "bench/scrape.h"
#include "bench/storm.h"

#define EXIT_USAGE     2
#define RETRY_AFTER_NS 20000000
#define MOST_MEMBERS   1000000

static const char usage[] =
    "usage: k0slb-bench alone COMMAND [ARGUMENT...]\n"
    "       k0slb-bench origin ADDRESS PORT COUNT\n"
    "       k0slb-bench try ADDRESS PORT SECONDS\n"
    "       k0slb-bench crowd ADDRESS PORT SOURCE SOURCES HELD AT-ONCE\n"
    "       k0slb-bench storm ADDRESS PORT SOURCE SOURCES CONNECTIONS PROCESSES\n"
    "       k0slb-bench scrape ADDRESS PORT PER-SECOND SECONDS ACCEPT PATH...\n"
    "  alone    runs a command in a network of its own, its sockets with cubic\n"
    "  origin   sends back what it gets, on COUNT addresses from ADDRESS on\n"
    "  try      waits until a message sent there comes back\n"
    "  crowd    holds connections and obeys lines: requests|few|connects SECONDS\n"
    "  storm    opens connections at once: DONE FAILED TOTAL P50 P99 MOST (us) SYNS OVERFLOWS\n"
    "  scrape   reads paths in turn over HTTP: DONE FAILED BYTES MEAN MOST (us)\n";

static NORETURN void stop(const char *what)
{
    fprintf(stderr, "k0slb-bench: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static unsigned number_of(const char *text, unsigned least, unsigned most)
{
    uint64_t value;

    if (strnum_uint(text, least, most, &value) == -1) {
        fprintf(stderr, "k0slb-bench: %s: not a number from %u to %u\n", text, least, most);
        exit(EXIT_USAGE);
    }
    return (unsigned)value;
}

static struct addr address_of(const char *text, const char *port)
{
    struct addr address;

    if (addr_parse(&address, text) == -1 || address.family != ADDR_IPV4) {
        fprintf(stderr, "k0slb-bench: %s: not an IPv4 address\n", text);
        exit(EXIT_USAGE);
    }
    address.port = (uint16_t)number_of(port, 0, UINT16_MAX);
    return address;
}

/* ---- the verbs ---- */

static void alone(char **words)
{
    if (alone_enter() == -1)
        stop("no network of its own");
    execvp(words[0], words);
    stop(words[0]);
}

static void origin(char **words)
{
    struct addr first = address_of(words[0], words[1]);

    if (origin_run(&first, number_of(words[2], 1, 10000)) == -1)
        stop("origin");
}

/* Whether a byte comes back from there within a second. */
static int try_once(const struct addr *target)
{
    const struct timeval patience = {.tv_sec = 1};
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(target, &address);
    char byte = '?';
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = -1;

    if (fd == -1)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, (const struct sockaddr *)&address, length) == 0 &&
        send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && recv(fd, &byte, 1, 0) == 1)
        result = 0;
    fd_close(&fd);
    return result;
}

static void try(char **words)
{
    const struct timespec pause = {.tv_nsec = RETRY_AFTER_NS};
    struct addr target = address_of(words[0], words[1]);
    uint64_t deadline_ms = mono_ms() + number_of(words[2], 0, 3600) * UINT64_C(1000);

    while (try_once(&target) == -1) {
        if (mono_ms() >= deadline_ms)
            stop("nothing comes back");
        nanosleep(&pause, NULL);
    }
}

static void crowd(char **words)
{
    struct crowd_plan plan = {
        .target = address_of(words[0], words[1]),
        .source = address_of(words[2], "0"),
        .source_count = number_of(words[3], 1, UINT16_MAX),
        .held = number_of(words[4], 0, MOST_MEMBERS),
        .at_once = number_of(words[5], 1, MOST_MEMBERS),
    };

    if (crowd_run(&plan) == -1)
        stop("crowd");
}

static void storm(char **words)
{
    struct storm_plan plan = {
        .target = address_of(words[0], words[1]),
        .source = address_of(words[2], "0"),
        .source_count = number_of(words[3], 1, UINT16_MAX),
        .connections = number_of(words[4], 1, MOST_MEMBERS),
        .processes = number_of(words[5], 1, 16),
    };
    struct storm_result result;

    if (storm_run(&plan, &result) == -1)
        stop("storm");
    printf("storm %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
           result.done, result.failed, result.total_us, result.p50_us, result.p99_us,
           result.most_us, result.syns_again, result.overflows);
}

static void scrape(char **words)
{
    struct scrape_plan plan = {
        .target = address_of(words[0], words[1]),
        .per_second = number_of(words[2], 0, 100000),
        .seconds = number_of(words[3], 1, 3600),
        .accept = words[4],
        .paths = words + 5,
    };
    struct scrape_result result;

    if (scrape_run(&plan, &result) == -1)
        stop("scrape");
    printf("scrape %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", result.done, result.failed,
           result.bytes, result.mean_us, result.most_us);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *word;
        void (*run)(char **words);
        int least; /* words behind it */
        int most;
    } verbs[] = {
        {"alone", alone, 1, 10000}, {"origin", origin, 3, 3}, {"try", try, 3, 3},
        {"crowd", crowd, 6, 6},     {"storm", storm, 6, 6},   {"scrape", scrape, 6, 100},
    };

    for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(argv[1], verbs[i].word) == 0 && argc - 2 >= verbs[i].least &&
            argc - 2 <= verbs[i].most) {
            verbs[i].run(argv + 2);
            return EXIT_SUCCESS;
        }
    }
    fputs(usage, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
    return argc == 2 && strcmp(argv[1], "--help") == 0 ? EXIT_SUCCESS : EXIT_USAGE;
}
