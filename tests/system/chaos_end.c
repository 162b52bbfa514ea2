#include "system/chaos_end.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mono.h"

#define PIECE_MOST (64 * 1024)

/* The most bytes that an end sends, and into how many pieces it cuts them at most. */
#define AMOUNT_MOST 2000000
#define PIECES_MOST 300

struct chaos_end {
    struct loop_watch watch;
    unsigned watched; /* loop_events; 0 = not in the loop */
    struct loop_timer pause;
    struct loop_timer life;
    struct list link; /* in world->ends */
    struct chaos_world *world;
    struct chaos_conduct conduct;
    struct chaos_seen seen;
    struct tagged out;
    struct tagged in;
    uint32_t crossing; /* CHAOS_UNKNOWN in a backend that has not got the id */
    uint8_t service;
    uint8_t backend;
    bool is_client;
    bool is_connecting;
    bool hurries;
};

/* ---- conduct ---- */

static uint32_t between(struct rng *rng, uint32_t least, uint32_t most)
{
    return least + rng_below(rng, most - least + 1);
}

static bool one_in(struct rng *rng, uint32_t count)
{
    return rng_below(rng, count) == 0;
}

/* An end that knows its id needs eight bytes of it. */
static uint32_t draw_amount(struct rng *rng)
{
    switch (rng_below(rng, 8)) {
    case 0:
        return 0;
    case 1:
    case 2:
        return between(rng, 8, 200);
    case 3:
    case 4:
        return between(rng, 200, 20000);
    case 5:
    case 6:
        return between(rng, 20000, 300000);
    default:
        return between(rng, 300000, AMOUNT_MOST);
    }
}

static uint32_t draw_piece(struct rng *rng, uint32_t least)
{
    return one_in(rng, 2) ? PIECE_MOST : between(rng, least, PIECE_MOST);
}

static void draw_abort(struct chaos_conduct *conduct, struct rng *rng)
{
    conduct->abort = (uint8_t)between(rng, CHAOS_RESETS, CHAOS_HALF_RESETS);
    conduct->abort_at = one_in(rng, 4) ? 0 : rng_below(rng, 2 * conduct->to_send + 1000);
    conduct->life_ms = between(rng, 1, 1500);
    conduct->is_deaf = one_in(rng, 4);
    conduct->is_mute = one_in(rng, 6);
    if (conduct->is_mute)
        conduct->to_send = 0;
}

void chaos_conduct_draw(struct chaos_conduct *conduct, struct rng *rng, enum chaos_manner manner)
{
    memset(conduct, 0, sizeof(*conduct));
    conduct->to_send = draw_amount(rng);
    conduct->chunk = draw_piece(rng, 1 + conduct->to_send / PIECES_MOST);
    conduct->bite = draw_piece(rng, AMOUNT_MOST / PIECES_MOST);
    conduct->pauses = one_in(rng, 3) ? (uint8_t)rng_below(rng, 20) : 0;
    conduct->pause_ms = (uint8_t)between(rng, 1, 60);
    conduct->buffer = one_in(rng, 3) ? CHAOS_SMALL_BUFFER : 0;
    conduct->is_urgent = one_in(rng, 6);
    if (manner == CHAOS_WILD && one_in(rng, 3))
        draw_abort(conduct, rng);
}

/* ---- its end ---- */

static struct chaos_tally *tally_of(const struct chaos_end *end)
{
    return &end->world->result.services[end->service];
}

static void forget(struct chaos_end *end)
{
    if (end->watched != 0)
        loop_forget(end->world->loop, &end->watch);
    end->watched = 0;
    loop_timer_stop(end->world->loop, &end->pause);
    loop_timer_stop(end->world->loop, &end->life);
    list_remove(&end->link);
}

/* A backend that never learnt which session it had is noted in numbers alone. */
static void note(const struct chaos_end *end)
{
    struct chaos_tally *tally = tally_of(end);
    struct chaos_crossing *crossing;

    if (end->seen.has_aborted)
        (*(end->is_client ? &tally->client_aborts : &tally->backend_aborts))++;
    if (end->seen.is_wrong)
        tally->wrong++;
    if (end->crossing == CHAOS_UNKNOWN)
        return;
    crossing = &end->world->crossings[end->crossing];
    *(end->is_client ? &crossing->client : &crossing->backend) = end->seen;
    crossing->kills_end = (uint16_t)end->world->kills;
}

static void finish(struct chaos_end *end)
{
    end->seen.is_over = true;
    forget(end);
    fd_close(&end->watch.fd);
    note(end);
    if (end->is_client)
        end->world->clients--;
    free(end);
}

static void leave(struct chaos_end *end)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    end->seen.has_aborted = true;
    if (end->conduct.abort != CHAOS_VANISHES) {
        end->seen.has_reset = true;
        (void)setsockopt(end->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    finish(end);
}

void chaos_end_all(struct chaos_world *world)
{
    while (!list_is_empty(&world->ends)) {
        world->result.stuck++;
        leave(CONTAINER_OF(world->ends.next, struct chaos_end, link));
    }
}

/* ---- what it waits for ---- */

static bool wants_to_send(const struct chaos_end *end)
{
    return !end->seen.fin_sent && end->seen.sent < end->conduct.to_send &&
           end->crossing != CHAOS_UNKNOWN;
}

static unsigned wanted(const struct chaos_end *end)
{
    unsigned events = 0;

    if (loop_timer_is_set(&end->pause))
        return 0;
    if (end->is_connecting)
        return LOOP_WRITE;
    if (!end->seen.fin_seen && !end->conduct.is_deaf)
        events |= LOOP_READ;
    if (wants_to_send(end))
        events |= LOOP_WRITE;
    return events;
}

/* Errors are always reported: who waits for nothing has to leave the loop. */
static int watch(struct chaos_end *end)
{
    unsigned events = wanted(end);
    struct loop *loop = end->world->loop;
    int result = 0;

    if (events == end->watched)
        return 0;
    if (events == 0)
        loop_remove(loop, &end->watch);
    else if (end->watched == 0)
        result = loop_add(loop, &end->watch, events);
    else
        result = loop_change(loop, &end->watch, events);
    end->watched = result == 0 ? events : 0;
    return result;
}

static void maybe_pause(struct chaos_end *end)
{
    struct rng *rng = &end->world->rng;

    if (end->conduct.pauses == 0 || !one_in(rng, 3))
        return;
    end->conduct.pauses--;
    loop_timer_set(end->world->loop, &end->pause,
                   mono_ms() + between(rng, 1, end->conduct.pause_ms));
}

static void set_life(struct chaos_end *end)
{
    if (end->conduct.life_ms > 0)
        loop_timer_set(end->world->loop, &end->life, mono_ms() + end->conduct.life_ms);
}

/* ---- the next thing to do ---- */

static void send_fin(struct chaos_end *end)
{
    if (end->seen.fin_sent || end->conduct.is_mute || wants_to_send(end) ||
        (end->conduct.waits && !end->seen.fin_seen))
        return;
    end->seen.fin_sent = true;
    (void)shutdown(end->watch.fd, SHUT_WR);
}

/* Begins to leave before its time, if it is that far. Returns whether it is gone. */
static bool is_leaving(struct chaos_end *end)
{
    if (end->conduct.abort == CHAOS_STAYS ||
        end->seen.sent + end->seen.received < end->conduct.abort_at)
        return false;
    if (end->conduct.abort == CHAOS_HALF_RESETS && !end->seen.fin_sent) {
        end->seen.fin_sent = true;
        (void)shutdown(end->watch.fd, SHUT_WR);
        end->conduct.life_ms = 50;
        set_life(end);
        return false;
    }
    if (end->conduct.abort == CHAOS_HALF_RESETS || end->conduct.is_mute || end->conduct.is_deaf)
        return false;
    leave(end);
    return true;
}

static bool is_done(const struct chaos_end *end)
{
    return end->seen.reset_seen || (end->seen.fin_sent && end->seen.fin_seen);
}

static void go_on(struct chaos_end *end)
{
    if (!end->is_connecting && !is_done(end)) {
        if (is_leaving(end))
            return;
        send_fin(end);
    }
    if (is_done(end) || watch(end) == -1)
        finish(end);
}

/* ---- bytes ---- */

static bool not_now(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static void send_some(struct chaos_end *end, uint8_t *data)
{
    uint32_t left = end->conduct.to_send - end->seen.sent;
    uint32_t size = left < end->conduct.chunk ? left : end->conduct.chunk;
    struct tagged after = end->out;
    bool is_urgent = end->conduct.is_urgent && one_in(&end->world->rng, 4);
    ssize_t sent;

    tagged_fill(&after, data, size);
    sent = send(end->watch.fd, data, size, MSG_NOSIGNAL | (is_urgent ? MSG_OOB : 0));
    if (sent == -1) {
        end->seen.reset_seen = !not_now();
        return;
    }
    end->out.offset += (uint64_t)sent;
    end->seen.sent += (uint32_t)sent;
    *(end->is_client ? &tally_of(end)->sent : &tally_of(end)->backends[end->backend].sent) +=
        (uint64_t)sent;
}

/* The id has come: from here on it does what is meant for that session. */
static void learn(struct chaos_end *end)
{
    struct chaos_world *world = end->world;
    struct chaos_crossing *crossing;

    if (end->crossing != CHAOS_UNKNOWN || !end->in.known)
        return;
    if (end->in.id == 0 || end->in.id > world->crossing_count) {
        end->seen.is_wrong = true;
        return;
    }
    end->crossing = (uint32_t)(end->in.id - 1);
    end->out.id = TAGGED_ANSWER(end->in.id);
    crossing = &world->crossings[end->crossing];
    crossing->backends++;
    if (crossing->service != end->service)
        end->seen.is_wrong = true;
    if (end->hurries || end->conduct.abort != CHAOS_STAYS) {
        crossing->backend_hurries = true;
        return;
    }
    end->conduct = crossing->backend_conduct;
    set_life(end);
}

static void count_received(struct chaos_end *end, uint32_t got)
{
    struct chaos_tally *tally = tally_of(end);

    if (end->is_client) {
        tally->received += got;
    } else {
        tally->backends[end->backend].received += got;
        tally->backends[end->backend].touched += end->seen.received == 0;
    }
    end->seen.received += got;
}

static void receive_some(struct chaos_end *end, uint8_t *data)
{
    ssize_t got = recv(end->watch.fd, data, end->conduct.bite, 0);

    if (got > 0) {
        count_received(end, (uint32_t)got);
        tagged_check(&end->in, data, (size_t)got);
        end->seen.is_wrong |= end->in.bad;
        learn(end);
    } else if (got == 0) {
        end->seen.fin_seen = true;
    } else {
        end->seen.reset_seen |= !not_now();
    }
}

/* ---- events ---- */

static void connected(struct chaos_end *end)
{
    int error = 0;
    socklen_t length = sizeof(error);

    (void)getsockopt(end->watch.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0)
        end->seen.reset_seen = true;
    /* A reset that came before anybody looked is the end of a connection that there was. */
    if (error != 0 && error != ECONNRESET) {
        end->world->result.unconnected++;
        return;
    }
    end->is_connecting = false;
    end->seen.is_here = true;
    tally_of(end)->connected++;
    set_life(end);
}

static void on_event(struct loop_watch *watch, unsigned events)
{
    struct chaos_end *end = CONTAINER_OF(watch, struct chaos_end, watch);
    uint8_t data[PIECE_MOST];

    if (end->is_connecting) {
        connected(end);
        go_on(end);
        return;
    }
    if ((events & (LOOP_READ | LOOP_HUP | LOOP_ERROR)) != 0 && !end->seen.fin_seen &&
        !end->conduct.is_deaf)
        receive_some(end, data);
    if ((events & (LOOP_WRITE | LOOP_HUP | LOOP_ERROR)) != 0 && wants_to_send(end))
        send_some(end, data);
    maybe_pause(end);
    go_on(end);
}

static void on_pause(struct loop_timer *timer)
{
    go_on(CONTAINER_OF(timer, struct chaos_end, pause));
}

static void on_life(struct loop_timer *timer)
{
    leave(CONTAINER_OF(timer, struct chaos_end, life));
}

/* ---- beginnings ---- */

static struct chaos_end *end_new(struct chaos_world *world, int fd)
{
    struct chaos_end *end = calloc(1, sizeof(*end));

    if (end == NULL)
        return NULL;
    end->world = world;
    end->watch = (struct loop_watch){.fn = on_event, .fd = fd};
    end->pause.fn = on_pause;
    end->life.fn = on_life;
    end->crossing = CHAOS_UNKNOWN;
    list_append(&world->ends, &end->link);
    return end;
}

void chaos_set_buffers(int fd, int bytes)
{
    if (bytes == 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

/* One of many addresses, so that ports that wait for their time are not used up. */
static int come_from(int fd, struct rng *rng)
{
    const int on = 1;
    const struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 * rng_below(rng, 250)),
    };

    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == -1)
        return -1;
    return bind(fd, (const struct sockaddr *)&from, sizeof(from));
}

static int begin_connect(struct rng *rng, int buffer, const struct addr *listen)
{
    struct sockaddr_storage to;
    socklen_t length = addr_to_sockaddr(listen, &to);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1)
        return -1;
    chaos_set_buffers(fd, buffer);
    if (come_from(fd, rng) == -1 ||
        (connect(fd, (struct sockaddr *)&to, length) == -1 && errno != EINPROGRESS))
        fd_close(&fd);
    return fd;
}

bool chaos_client_begin(struct chaos_world *world, uint32_t crossing,
                        const struct chaos_conduct *conduct, const struct addr *listen)
{
    int fd = begin_connect(&world->rng, conduct->buffer, listen);
    struct chaos_end *end = fd == -1 ? NULL : end_new(world, fd);

    if (end == NULL) {
        fd_close(&fd);
        return false;
    }
    world->clients++;
    end->is_client = true;
    end->is_connecting = true;
    end->crossing = crossing;
    end->service = world->crossings[crossing].service;
    end->conduct = *conduct;
    end->out.id = crossing + 1;
    end->in = (struct tagged){.id = TAGGED_ANSWER(end->out.id), .known = true};
    go_on(end);
    return true;
}

/* Until it knows whom it serves it reads; a few do something rash first. */
static void draw_rashness(struct chaos_end *end)
{
    struct rng *rng = &end->world->rng;

    end->conduct = (struct chaos_conduct){.bite = PIECE_MOST, .waits = true};
    if (one_in(rng, 8)) {
        end->hurries = true;
        end->conduct.waits = false;
    } else if (end->service == CHAOS_WILD && one_in(rng, 16)) {
        draw_abort(&end->conduct, rng);
        end->conduct.abort_at = 0;
    }
}

void chaos_backend_begin(struct chaos_world *world, enum chaos_manner service, unsigned backend,
                         int fd)
{
    struct chaos_end *end = end_new(world, fd);

    if (end == NULL) {
        fd_close(&fd);
        return;
    }
    end->service = (uint8_t)service;
    end->backend = (uint8_t)backend;
    end->seen.is_here = true;
    tally_of(end)->backends[backend].accepted++;
    draw_rashness(end);
    set_life(end);
    go_on(end);
}
