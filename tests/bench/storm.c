#include "bench/storm.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/mono.h"
#include "bench/places.h"

#define MESSAGE_SIZE   64
#define PROCESSES_MOST 16

/* A SYN that is lost is sent again after 1, 3, 7, 15 s. */
#define PATIENCE_MS 20000

/* The start of all processes lies so far ahead that each of them is there by then. */
#define AHEAD_MS 100

/* One connection, in memory that the processes share. Times are mono_us(); 0 = not come to that. */
struct moment {
    uint64_t begun_us;
    uint64_t answered_us;
};

/* One process. */
struct party {
    const struct storm_plan *plan;
    struct loop *loop;
    struct client *clients;
    unsigned first; /* of its connections, among all */
    unsigned count;
    unsigned waiting; /* neither answered nor failed */
};

struct client {
    struct loop_watch watch;
    struct party *party;
    struct moment *moment;
    unsigned got; /* bytes that came back */
    bool is_connected;
};

/* ---- one client ---- */

static void client_end(struct client *client)
{
    loop_forget(client->party->loop, &client->watch);
    fd_close(&client->watch.fd);
    client->party->waiting--;
}

static int client_ask(struct client *client)
{
    static const char message[MESSAGE_SIZE] = "k0slb-storm";

    client->is_connected = true;
    return send(client->watch.fd, message, sizeof(message), MSG_NOSIGNAL) == MESSAGE_SIZE ? 0 : -1;
}

static int client_listen(struct client *client)
{
    char answer[MESSAGE_SIZE];
    ssize_t got = recv(client->watch.fd, answer, sizeof(answer), 0);

    if (got == -1 && errno == EAGAIN)
        return 0;
    if (got <= 0)
        return -1;
    client->got += (unsigned)got;
    if (client->got >= MESSAGE_SIZE && client->moment->answered_us == 0) {
        client->moment->answered_us = mono_us();
        client->party->waiting--;
    }
    return 0;
}

static void on_event(struct loop_watch *watch, unsigned events)
{
    struct client *client = CONTAINER_OF(watch, struct client, watch);
    int result = 0;

    if (client->moment->answered_us != 0)
        return;
    if (!client->is_connected && (events & (LOOP_ERROR | LOOP_HUP)) != 0)
        result = -1;
    else if (!client->is_connected && (events & LOOP_WRITE) != 0)
        result = client_ask(client);
    else if (client->is_connected && (events & (LOOP_READ | LOOP_ERROR)) != 0)
        result = client_listen(client);
    if (result == -1)
        client_end(client);
}

static int come_from(int fd, const struct addr *source)
{
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(source, &address);
    const int on = 1;

    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == -1)
        return -1;
    return bind(fd, (const struct sockaddr *)&address, length);
}

/* Returns 0, or -1: this one has failed. */
static int client_connect(struct client *client, unsigned number)
{
    const struct storm_plan *plan = client->party->plan;
    struct addr source = places_nth(&plan->source, number % plan->source_count);
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(&plan->target, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    client->watch = (struct loop_watch){.fn = on_event, .fd = fd};
    client->moment->begun_us = mono_us();
    if (fd != -1 && come_from(fd, &source) == 0 &&
        (connect(fd, (const struct sockaddr *)&address, length) == 0 || errno == EINPROGRESS) &&
        loop_add(client->party->loop, &client->watch, LOOP_READ | LOOP_WRITE | LOOP_EDGE) == 0)
        return 0;
    fd_close(&client->watch.fd);
    return -1;
}

/* ---- one process ---- */

static void open_all(struct party *party, struct moment *moments)
{
    for (unsigned i = 0; i < party->count; i++) {
        struct client *client = &party->clients[i];

        client->party = party;
        client->moment = &moments[party->first + i];
        if (client_connect(client, party->first + i) == 0)
            party->waiting++;
    }
}

/* A connection that does not come at once is looked after beside those that are still to begin. */
static int party_run(struct party *party, struct moment *moments, uint64_t start_ms)
{
    uint64_t deadline_ms = start_ms + PATIENCE_MS;

    party->loop = loop_new();
    party->clients = calloc(party->count, sizeof(*party->clients));
    if (party->loop == NULL || party->clients == NULL)
        return -1;
    while (mono_ms() < start_ms)
        usleep(200);
    open_all(party, moments);
    while (party->waiting > 0 && mono_ms() < deadline_ms) {
        if (loop_turn(party->loop, 100) == -1)
            return -1;
    }
    return 0;
}

/* Says on `done` that it is through, then holds what is open until `end` is closed. */
static NORETURN void party_main(struct party *party, struct moment *moments, uint64_t start_ms,
                                const int pipes[2])
{
    char byte = party_run(party, moments, start_ms) == 0 ? '.' : '!';

    if (write(pipes[1], &byte, 1) != 1 || read(pipes[0], &byte, 1) == -1)
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

/* ---- counters of the kernel ---- */

/* A field of TcpExt in /proc/net/netstat: a line of names, and a line of numbers below it. */
static uint64_t kernel_count(const char *field)
{
    char names[8192];
    char numbers[8192];
    FILE *file = fopen("/proc/net/netstat", "re");
    uint64_t value = 0;

    if (file == NULL)
        return 0;
    while (fgets(names, sizeof(names), file) != NULL &&
           fgets(numbers, sizeof(numbers), file) != NULL) {
        char *next_name = NULL;
        char *next_number = NULL;
        char *name = strtok_r(names, " \n", &next_name);
        char *number = strtok_r(numbers, " \n", &next_number);

        for (; name != NULL && number != NULL; name = strtok_r(NULL, " \n", &next_name),
                                               number = strtok_r(NULL, " \n", &next_number)) {
            if (strcmp(name, field) == 0)
                value = strtoull(number, NULL, 10);
        }
    }
    fclose(file);
    return value;
}

static void add_kernel_counts(struct storm_result *result, uint64_t sign)
{
    result->syns_again += sign * kernel_count("TCPSynRetrans");
    result->overflows += sign * kernel_count("ListenOverflows");
    result->drops += sign * kernel_count("ListenDrops");
}

/* ---- all of it ---- */

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

static int add_up(const struct storm_plan *plan, const struct moment *moments,
                  struct storm_result *result)
{
    uint64_t *took = calloc(plan->connections, sizeof(*took));
    uint64_t first_us = UINT64_MAX;
    uint64_t last_us = 0;

    if (took == NULL)
        return -1;
    for (unsigned i = 0; i < plan->connections; i++) {
        if (moments[i].answered_us == 0)
            continue;
        took[result->done++] = moments[i].answered_us - moments[i].begun_us;
        first_us = moments[i].begun_us < first_us ? moments[i].begun_us : first_us;
        last_us = moments[i].answered_us > last_us ? moments[i].answered_us : last_us;
    }
    result->failed = plan->connections - result->done;
    if (result->done > 0) {
        qsort(took, result->done, sizeof(*took), by_number);
        result->total_us = last_us - first_us;
        result->p50_us = took[result->done / 2];
        result->p99_us = took[(uint64_t)result->done * 99 / 100];
        result->most_us = took[result->done - 1];
    }
    free(took);
    return 0;
}

/* What is needed while the processes run. */
struct storm {
    struct moment *moments; /* of all connections */
    pid_t pids[PROCESSES_MOST];
    unsigned parties; /* how many there are */
    int until[2];     /* pipe: closed at the end */
    int done[2];      /* pipe: each says that it is through */
};

static int fork_parties(const struct storm_plan *plan, struct storm *storm)
{
    uint64_t start_ms = mono_ms() + AHEAD_MS;

    for (unsigned i = 0; i < plan->processes; i++) {
        unsigned first = (unsigned)((uint64_t)plan->connections * i / plan->processes);
        unsigned next = (unsigned)((uint64_t)plan->connections * (i + 1) / plan->processes);
        struct party party = {.plan = plan, .first = first, .count = next - first};
        const int pipes[2] = {storm->until[0], storm->done[1]};
        pid_t pid = fork();

        if (pid == 0) {
            close(storm->until[1]);
            party_main(&party, storm->moments, start_ms, pipes);
        }
        if (pid == -1)
            return -1;
        storm->pids[storm->parties++] = pid;
    }
    return 0;
}

/* Waits until each of them is through. Returns 0, or -1 when one of them could not even begin. */
static int wait_for_parties(struct storm *storm)
{
    int result = 0;

    fd_close(&storm->done[1]);
    for (unsigned i = 0; i < storm->parties; i++) {
        char byte = '!';

        if (read(storm->done[0], &byte, 1) != 1 || byte != '.')
            result = -1;
    }
    return result;
}

static int storm_begin(const struct storm_plan *plan, struct storm *storm)
{
    *storm = (struct storm){.until = {-1, -1}, .done = {-1, -1}};
    storm->moments = mmap(NULL, plan->connections * sizeof(*storm->moments), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (storm->moments == MAP_FAILED || plan->processes > PROCESSES_MOST)
        return -1;
    return pipe2(storm->until, O_CLOEXEC) == -1 ? -1 : pipe2(storm->done, O_CLOEXEC);
}

static void storm_end(const struct storm_plan *plan, struct storm *storm)
{
    for (unsigned i = 0; i < 2; i++) {
        fd_close(&storm->until[i]);
        fd_close(&storm->done[i]);
    }
    for (unsigned i = 0; i < storm->parties; i++)
        (void)waitpid(storm->pids[i], NULL, 0);
    if (storm->moments != MAP_FAILED)
        munmap(storm->moments, plan->connections * sizeof(*storm->moments));
}

int storm_run(const struct storm_plan *plan, struct storm_result *result)
{
    struct storm storm;
    int outcome = -1;

    memset(result, 0, sizeof(*result));
    if (storm_begin(plan, &storm) == 0) {
        add_kernel_counts(result, UINT64_MAX);
        outcome = fork_parties(plan, &storm);
        if (wait_for_parties(&storm) == -1 || add_up(plan, storm.moments, result) == -1)
            outcome = -1;
        add_kernel_counts(result, 1);
        if (plan->all_open != NULL)
            plan->all_open(plan->context);
    }
    storm_end(plan, &storm);
    return outcome;
}
