#include "bench/crowd.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/mono.h"
#include "bench/places.h"

#define MESSAGE_SIZE 64
#define LINE_SIZE    64

/* How long a phase may still wait for what is under way when nothing new begins. */
#define PATIENCE_MS 10000
/* Opening all that are to be held has no other bound. */
#define OPENING_MS 120000
/* So many in a row, and a phase gives up. */
#define MOST_FAILURES 200

enum member_state {
    MEMBER_CLOSED,     /* no socket */
    MEMBER_CONNECTING, /* waits for the handshake */
    MEMBER_ASKING,     /* has sent its message, waits for the rest of it */
    MEMBER_OPEN,       /* everything came back */
};

struct member {
    struct loop_watch watch;
    struct crowd *crowd;
    enum member_state state;
    unsigned got; /* bytes that came back */
};

/* What the crowd does at a time. */
struct phase {
    const char *word;
    /* The next member to begin with, or NULL when none can. */
    struct member *(*next)(struct crowd *crowd);
    int (*begin)(struct member *member);
    bool closes; /* a connection is closed after its answer */
};

struct crowd {
    const struct crowd_plan *plan;
    const struct phase *phase;
    struct loop *loop;
    struct member *members; /* plan->held, then plan->at_once that come and go */
    unsigned turn;          /* whose turn it is among the held ones */
    unsigned source;        /* whose turn it is among the source addresses */
    unsigned active;        /* members that connect or ask */
    unsigned failed_in_a_row;
    uint64_t done;
    uint64_t failed;
};

static void member_close(struct member *member)
{
    loop_forget(member->crowd->loop, &member->watch);
    fd_close(&member->watch.fd);
    member->state = MEMBER_CLOSED;
}

static void member_fail(struct member *member)
{
    struct crowd *crowd = member->crowd;

    member_close(member);
    crowd->active--;
    crowd->failed++;
    crowd->failed_in_a_row++;
}

static void member_succeed(struct member *member)
{
    struct crowd *crowd = member->crowd;

    member->state = MEMBER_OPEN;
    if (crowd->phase->closes)
        member_close(member);
    crowd->active--;
    crowd->done++;
    crowd->failed_in_a_row = 0;
}

/* Begins a request. Returns 0, or -1 with errno of send(2). */
static int member_ask(struct member *member)
{
    static const char message[MESSAGE_SIZE] = "k0slb-bench";

    if (send(member->watch.fd, message, sizeof(message), MSG_NOSIGNAL) != MESSAGE_SIZE)
        return -1;
    member->state = MEMBER_ASKING;
    member->got = 0;
    return 0;
}

static void member_listen(struct member *member)
{
    char answer[MESSAGE_SIZE];
    ssize_t got = recv(member->watch.fd, answer, sizeof(answer), 0);

    if (got == -1 && errno == EAGAIN)
        return;
    if (got <= 0) {
        member_fail(member);
        return;
    }
    member->got += (unsigned)got;
    if (member->got >= MESSAGE_SIZE)
        member_succeed(member);
}

static void member_progress(struct loop_watch *watch, unsigned events)
{
    struct member *member = CONTAINER_OF(watch, struct member, watch);

    if (member->state == MEMBER_CONNECTING && (events & (LOOP_ERROR | LOOP_HUP)) != 0)
        member_fail(member);
    else if (member->state == MEMBER_CONNECTING && (events & LOOP_WRITE) != 0 &&
             member_ask(member) == -1)
        member_fail(member);
    else if (member->state == MEMBER_ASKING && (events & (LOOP_READ | LOOP_ERROR)) != 0)
        member_listen(member);
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

/* Begins a connection. Returns 0, or -1 with errno; the member is then closed. */
static int member_connect(struct member *member)
{
    struct crowd *crowd = member->crowd;
    const struct crowd_plan *plan = crowd->plan;
    struct addr source = places_nth(&plan->source, crowd->source++ % plan->source_count);
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(&plan->target, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    member->watch.fd = fd;
    if (fd == -1 || come_from(fd, &source) == -1 ||
        (connect(fd, (const struct sockaddr *)&address, length) == -1 && errno != EINPROGRESS) ||
        loop_add(crowd->loop, &member->watch, LOOP_READ | LOOP_WRITE | LOOP_EDGE) == -1) {
        fd_close(&member->watch.fd);
        return -1;
    }
    member->state = MEMBER_CONNECTING;
    return 0;
}

/* ---- phases ---- */

static struct member *next_to_open(struct crowd *crowd)
{
    return crowd->turn < crowd->plan->held ? &crowd->members[crowd->turn++] : NULL;
}

/* The next one of the first `count` held ones that does not wait for an answer. */
static struct member *next_of(struct crowd *crowd, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct member *member = &crowd->members[crowd->turn++ % count];

        if (member->state == MEMBER_OPEN)
            return member;
    }
    return NULL;
}

static struct member *next_of_all(struct crowd *crowd)
{
    return next_of(crowd, crowd->plan->held);
}

static struct member *next_of_few(struct crowd *crowd)
{
    const struct crowd_plan *plan = crowd->plan;

    return next_of(crowd, plan->held < plan->at_once ? plan->held : plan->at_once);
}

static struct member *next_to_come(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->plan->at_once; i++) {
        struct member *member = &crowd->members[crowd->plan->held + i];

        if (member->state == MEMBER_CLOSED)
            return member;
    }
    return NULL;
}

static const struct phase opening = {"open", next_to_open, member_connect, false};
static const struct phase requests = {"requests", next_of_all, member_ask, false};
static const struct phase few = {"few", next_of_few, member_ask, false};
static const struct phase connects = {"connects", next_to_come, member_connect, true};

/* Begins with as many as may be under way. Returns whether there was anything to begin. */
static bool keep_busy(struct crowd *crowd)
{
    while (crowd->active < crowd->plan->at_once && crowd->failed_in_a_row < MOST_FAILURES) {
        struct member *member = crowd->phase->next(crowd);

        if (member == NULL)
            return false;
        crowd->active++;
        if (crowd->phase->begin(member) == -1)
            member_fail(member);
    }
    return crowd->failed_in_a_row < MOST_FAILURES;
}

static void give_up_waiting(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->plan->held + crowd->plan->at_once; i++) {
        struct member *member = &crowd->members[i];

        if (member->state == MEMBER_CONNECTING || member->state == MEMBER_ASKING)
            member_fail(member);
    }
}

/* Begins new work for `ms`, and waits until all of it is done. */
static int run_phase(struct crowd *crowd, const struct phase *phase, uint64_t ms)
{
    uint64_t start_us = mono_us();
    uint64_t end_ms = mono_ms() + ms;
    bool more = true;

    crowd->phase = phase;
    crowd->turn = 0;
    crowd->done = 0;
    crowd->failed = 0;
    crowd->failed_in_a_row = 0;
    while ((more || crowd->active > 0) && mono_ms() < end_ms + PATIENCE_MS) {
        more = more && mono_ms() < end_ms && keep_busy(crowd);
        if (crowd->active > 0 && loop_turn(crowd->loop, 100) == -1)
            return -1;
    }
    give_up_waiting(crowd);
    printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", phase->word, crowd->done, crowd->failed,
           mono_us() - start_us);
    fflush(stdout);
    return 0;
}

static int obey(struct crowd *crowd)
{
    static const struct phase *const phases[] = {&requests, &few, &connects};
    char line[LINE_SIZE];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        const struct phase *phase = NULL;
        char word[LINE_SIZE];
        unsigned seconds = 0;

        for (size_t i = 0; i < ARRAY_LEN(phases) && sscanf(line, "%s %u", word, &seconds) == 2; i++)
            if (strcmp(word, phases[i]->word) == 0)
                phase = phases[i];
        if (phase == NULL)
            fprintf(stderr, "k0slb-bench: cannot do: %s", line);
        else if (run_phase(crowd, phase, seconds * UINT64_C(1000)) == -1)
            return -1;
    }
    return 0;
}

int crowd_run(const struct crowd_plan *plan)
{
    unsigned count = plan->held + plan->at_once;
    struct crowd crowd = {.plan = plan, .loop = loop_new()};
    int result = -1;

    crowd.members = calloc(count, sizeof(*crowd.members));
    if (crowd.loop == NULL || crowd.members == NULL)
        goto out;
    for (unsigned i = 0; i < count; i++) {
        crowd.members[i].crowd = &crowd;
        crowd.members[i].watch.fd = -1;
        crowd.members[i].watch.fn = member_progress;
    }
    result = run_phase(&crowd, &opening, OPENING_MS);
    if (result == 0)
        result = obey(&crowd);
out:
    free(crowd.members);
    loop_free(crowd.loop);
    return result;
}
