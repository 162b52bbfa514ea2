#include "system/siege.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

#include "system/wait.h"

#define TURN_MS    10
#define DRIP_MS    1000
#define RETURN_MS  300  /* after which who was thrown out is back */
#define GREEDY_MS  8000 /* after which who does not read begins anew, whatever has happened */
#define LIFETIME_S 600  /* of the whole, should nobody end it */
#define HUNDRED    100

struct soldier {
    int fd; /* -1 while away */
    uint64_t next_ms;
    uint64_t until_ms;
    bool has_asked;
};

struct army {
    const struct siege_plan *plan;
    struct siege_counts *counts;
    struct soldier *soldiers;
    char request[256];
    size_t request_size;
    char junk[16384]; /* letters for endless lines, or anything at all */
};

/* ---- coming and going ---- */

static int knock(const struct army *army, unsigned number)
{
    struct addr from = {
        .family = ADDR_IPV4,
        .ip = {127, 1, (uint8_t)army->plan->kind, (uint8_t)(1 + number % army->plan->addresses)}};
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(&from, &name);
    int one = 1;
    int least = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1)
        return -1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (army->plan->kind == SIEGE_GREEDY)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
    if (bind(fd, (struct sockaddr *)&name, length) == 0) {
        length = addr_to_sockaddr(&army->plan->target, &name);
        if (connect(fd, (struct sockaddr *)&name, length) == 0 || errno == EINPROGRESS)
            return fd;
    }
    fd_close(&fd);
    return -1;
}

static void leave(struct soldier *soldier, uint64_t now_ms)
{
    fd_close(&soldier->fd);
    soldier->next_ms = now_ms + RETURN_MS;
}

static void come(struct army *army, unsigned number, uint64_t now_ms)
{
    struct soldier *soldier = &army->soldiers[number];

    soldier->fd = knock(army, number);
    if (soldier->fd == -1) {
        atomic_fetch_add(&army->counts->refused, 1);
        soldier->next_ms = now_ms + RETURN_MS;
        return;
    }
    atomic_fetch_add(&army->counts->opened, 1);
    soldier->next_ms = now_ms;
    soldier->until_ms = now_ms + GREEDY_MS;
    soldier->has_asked = false;
}

/* ---- what they do ---- */

/* 0, or -1 when the server has ended it; that it takes nothing just now is no end. */
static int say(const struct soldier *soldier, const char *text, size_t size)
{
    ssize_t sent = send(soldier->fd, text, size, MSG_NOSIGNAL);

    return sent == -1 && errno != EAGAIN && errno != ENOTCONN ? -1 : 0;
}

/* Throws away what has come. False at the end. */
static bool hear(const struct soldier *soldier)
{
    char buffer[4096];
    ssize_t got;

    do
        got = recv(soldier->fd, buffer, sizeof(buffer), 0);
    while (got > 0);
    return got == -1 && (errno == EAGAIN || errno == ENOTCONN);
}

static void say_much(const struct army *army, const struct soldier *soldier)
{
    for (int i = 0; i < HUNDRED; i++)
        (void)say(soldier, army->request, army->request_size);
}

static void ask(const struct army *army, struct soldier *soldier)
{
    struct linger linger = {.l_onoff = 1};

    switch (army->plan->kind) {
    case SIEGE_MANY:
        say_much(army, soldier);
        break;
    case SIEGE_HALF:
        (void)say(soldier, army->request, army->request_size - 2);
        (void)shutdown(soldier->fd, SHUT_WR);
        break;
    case SIEGE_RESET:
        (void)setsockopt(soldier->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        (void)say(soldier, army->request, army->request_size);
        soldier->until_ms = 0;
        break;
    case SIEGE_DRIP:
        (void)say(soldier, "GET / HTTP/1.1\r\nX: ", strlen("GET / HTTP/1.1\r\nX: "));
        break;
    default:
        (void)say(soldier, army->request, army->request_size);
        break;
    }
}

/* One step of a connection. False when it is over. */
static bool step(const struct army *army, struct soldier *soldier, uint64_t now_ms)
{
    struct pollfd ready = {.fd = soldier->fd, .events = POLLOUT};

    if (!soldier->has_asked) {
        if (poll(&ready, 1, 0) != 1)
            return true;
        soldier->has_asked = true;
        if (army->plan->kind != SIEGE_GARBAGE && army->plan->kind != SIEGE_HUGE)
            ask(army, soldier);
    }
    switch (army->plan->kind) {
    case SIEGE_GREEDY:
        return now_ms < soldier->until_ms;
    case SIEGE_GARBAGE:
    case SIEGE_HUGE:
        return say(soldier, army->junk, sizeof(army->junk)) == 0 && hear(soldier);
    case SIEGE_DRIP:
        soldier->next_ms = now_ms + DRIP_MS;
        return say(soldier, "x", 1) == 0 && hear(soldier);
    case SIEGE_RESET:
        return now_ms < soldier->until_ms;
    default:
        return hear(soldier);
    }
}

static void turn(struct army *army)
{
    uint64_t now_ms = mono_ms();

    for (unsigned i = 0; i < army->plan->clients && !atomic_load(&army->counts->stop); i++) {
        struct soldier *soldier = &army->soldiers[i];

        if (now_ms < soldier->next_ms)
            continue;
        if (soldier->fd == -1) {
            come(army, i, now_ms);
        } else if (army->plan->kind != SIEGE_IDLE && !step(army, soldier, now_ms)) {
            atomic_fetch_add(&army->counts->ended, 1);
            leave(soldier, now_ms);
        }
    }
}

/* ---- the process ---- */

static void equip(struct army *army)
{
    bool letters = army->plan->kind == SIEGE_HUGE;
    uint32_t state = 1;

    army->request_size =
        (size_t)snprintf(army->request, sizeof(army->request),
                         "GET %s HTTP/1.1\r\nHost: siege\r\n\r\n", army->plan->path);
    for (size_t i = 0; i < sizeof(army->junk); i++) {
        state = state * 1664525 + 1013904223;
        army->junk[i] = letters ? 'x' : (char)(state >> 24);
    }
    if (letters)
        memcpy(army->junk, "GET / HTTP/1.1\r\nX: ", strlen("GET / HTTP/1.1\r\nX: "));
    army->soldiers = calloc(army->plan->clients, sizeof(*army->soldiers));
    if (army->soldiers == NULL)
        abort();
    for (unsigned i = 0; i < army->plan->clients; i++)
        army->soldiers[i].fd = -1;
}

static void run(const struct siege *siege, const struct siege_plan *plan)
{
    static struct army army;
    uint64_t until_ms = mono_ms() + LIFETIME_S * 1000;

    signal(SIGPIPE, SIG_IGN);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
        abort();
    army.plan = plan;
    army.counts = siege->counts;
    equip(&army);
    while (!atomic_load(&army.counts->stop) && mono_ms() < until_ms) {
        turn(&army);
        (void)poll(NULL, 0, TURN_MS);
    }
    _exit(0);
}

int siege_start(struct siege *siege, const struct siege_plan *plan)
{
    memset(siege, 0, sizeof(*siege));
    siege->counts = mmap(NULL, sizeof(*siege->counts), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (siege->counts == MAP_FAILED) {
        siege->counts = NULL;
        return -1;
    }
    siege->pid = fork();
    if (siege->pid == 0)
        run(siege, plan);
    return siege->pid > 0 ? 0 : -1;
}

bool siege_wait_opened(const struct siege *siege, uint64_t connections, unsigned within_ms)
{
    return siege->counts != NULL && wait_count(&siege->counts->opened, connections, within_ms);
}

void siege_fini(struct siege *siege)
{
    if (siege->counts != NULL)
        atomic_store(&siege->counts->stop, true);
    if (siege->pid > 0) {
        while (waitpid(siege->pid, NULL, 0) == -1 && errno == EINTR)
            ;
    }
    siege->pid = 0;
    if (siege->counts != NULL)
        munmap(siege->counts, sizeof(*siege->counts));
    siege->counts = NULL;
}
