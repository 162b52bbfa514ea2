#include "unit/worker/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

#include "unit/unit.h"

#define MOST_MS 20000
#define CHUNK   65536
#define SEGMENT 1448 /* as on an Ethernet, not the 64 KiB of the loopback interface */
#define EVENTS  (LOOP_READ | LOOP_WRITE | LOOP_RDHUP | LOOP_URGENT | LOOP_EDGE)

const enum conf_relay rig_relays[3] = {RELAY_COPY, RELAY_SPLICE, RELAY_AUTO};

/* The byte at a place of the stream: a multiplicative hash, so that a shift by any length shows. */
static char pattern(uint64_t place)
{
    return (char)((place + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/* ---- connections ---- */

/* Small buffers have to be there before the window is opened: so narrow is a matter of birth. */
static void connect_pair(int *active, int *passive, bool is_narrow)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const int segment = SEGMENT;
    const int small = 8192;

    setsockopt(listener, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    if (is_narrow)
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_FATAL(bind(listener, (struct sockaddr *)&address, length) == 0);
    CU_ASSERT_FATAL(listen(listener, 1) == 0);
    CU_ASSERT_FATAL(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    *active = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (is_narrow)
        setsockopt(*active, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    CU_ASSERT_FATAL(connect(*active, (struct sockaddr *)&address, length) == 0);
    *passive = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CU_ASSERT_FATAL(*passive != -1 && fd_set_nonblocking(*active) == 0);
    setsockopt(*active, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(*passive, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fd_close(&listener);
}

static void on_from(struct loop_watch *watch, unsigned events)
{
    struct rig *rig = CONTAINER_OF(watch, struct rig, from.watch);

    side_note(&rig->from, events);
    rig->has_event = true;
}

static void on_to(struct loop_watch *watch, unsigned events)
{
    struct rig *rig = CONTAINER_OF(watch, struct rig, to.watch);

    side_note(&rig->to, events);
    rig->has_event = true;
}

void rig_connect(struct rig *rig)
{
    const int on = 1;

    rig->from = (struct side){.watch = {.fn = on_from}};
    rig->to = (struct side){.watch = {.fn = on_to}, .writable = true};
    rig->flow = (struct flow){0};
    rig->sent = rig->received = rig->wrong = 0;
    rig->is_sink_at_end = rig->has_event = false;
    rig->outcome = PUMP_WAIT;
    rig->runs = 0;
    atomic_store(&rig->moved, 0);
    connect_pair(&rig->source, &rig->from.watch.fd, false);
    connect_pair(&rig->to.watch.fd, &rig->sink, false);
    setsockopt(rig->from.watch.fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    CU_ASSERT_FATAL(loop_add(rig->loop, &rig->from.watch, EVENTS) == 0);
    CU_ASSERT_FATAL(loop_add(rig->loop, &rig->to.watch, EVENTS) == 0);
}

void rig_disconnect(struct rig *rig)
{
    flow_fini(&rig->flow, &rig->means);
    loop_remove(rig->loop, &rig->from.watch);
    loop_remove(rig->loop, &rig->to.watch);
    fd_close(&rig->from.watch.fd);
    fd_close(&rig->to.watch.fd);
    fd_close(&rig->source);
    fd_close(&rig->sink);
}

void rig_open(struct rig *rig, enum conf_relay relay)
{
    memset(rig, 0, sizeof(*rig));
    rig->loop = loop_new();
    CU_ASSERT_FATAL(rig->loop != NULL);
    if (relay == RELAY_COPY)
        pipe_pool_init_empty(&rig->pipes);
    else
        pipe_pool_init(&rig->pipes);
    CU_ASSERT_FATAL(pump_means_init(&rig->means, &rig->pipes, relay) == 0);
    rig_connect(rig);
}

void rig_close(struct rig *rig)
{
    rig_disconnect(rig);
    pump_means_fini(&rig->means);
    pipe_pool_fini(&rig->pipes);
    loop_free(rig->loop);
}

void rig_narrow(struct rig *rig)
{
    loop_remove(rig->loop, &rig->to.watch);
    fd_close(&rig->to.watch.fd);
    fd_close(&rig->sink);
    connect_pair(&rig->to.watch.fd, &rig->sink, true);
    CU_ASSERT_FATAL(loop_add(rig->loop, &rig->to.watch, EVENTS) == 0);
}

/* ---- the ends ---- */

size_t rig_send(struct rig *rig, size_t size)
{
    size_t before = rig->sent;

    while (rig->sent - before < size) {
        size_t left = size - (rig->sent - before);
        char chunk[CHUNK];
        ssize_t went;

        left = left < sizeof(chunk) ? left : sizeof(chunk);
        for (size_t i = 0; i < left; i++)
            chunk[i] = pattern(rig->sent + i);
        went = send(rig->source, chunk, left, MSG_NOSIGNAL);
        if (went <= 0)
            break;
        rig->sent += (uint64_t)went;
    }
    return rig->sent - before;
}

void rig_send_urgent(struct rig *rig)
{
    char byte = pattern(rig->sent);

    CU_ASSERT_FATAL(send(rig->source, &byte, 1, MSG_OOB | MSG_NOSIGNAL) == 1);
    rig->sent++;
}

void rig_finish(struct rig *rig)
{
    CU_ASSERT(shutdown(rig->source, SHUT_WR) == 0);
}

static void reset(int *fd)
{
    struct linger abort = {.l_onoff = 1};

    setsockopt(*fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    fd_close(fd);
}

void rig_reset_source(struct rig *rig)
{
    reset(&rig->source);
}

void rig_reset_sink(struct rig *rig)
{
    reset(&rig->sink);
}

void rig_receive(struct rig *rig, size_t most)
{
    while (most > 0 && !rig->is_sink_at_end) {
        char chunk[CHUNK];
        ssize_t got = recv(rig->sink, chunk, most < sizeof(chunk) ? most : sizeof(chunk), 0);

        if (got == -1)
            return;
        rig->is_sink_at_end = got == 0;
        for (ssize_t i = 0; i < got; i++)
            rig->wrong += chunk[i] != pattern(rig->received + (uint64_t)i);
        rig->received += (uint64_t)got;
        most -= (size_t)got;
    }
}

/* ---- the pump ---- */

void rig_run(struct rig *rig)
{
    rig->has_event = false;
    if (rig->flow.shut)
        return;
    errno = 0;
    /* Now with gathering, and now without, as when the arena is full. */
    if (rig->runs % 3 != 2)
        CU_ASSERT(pump_gather(&rig->means, &rig->flow, &rig->from));
    rig->outcome = pump_run(&rig->means, &rig->flow, &rig->from, &rig->to, &rig->moved);
    rig->error = errno;
    CU_ASSERT(!rig->flow.is_gathered || rig->outcome == PUMP_SINK_FAILED);
    pump_gathered(&rig->means);
    rig->runs++;
}

void rig_turn(struct rig *rig, int most_ms)
{
    bool again = rig->outcome == PUMP_AGAIN;

    CU_ASSERT(loop_turn(rig->loop, again ? 0 : most_ms) != -1);
    if (rig->has_event || again)
        rig_run(rig);
}

static bool has_failed(const struct rig *rig)
{
    return rig->wrong > 0 || rig->outcome == PUMP_SOURCE_FAILED || rig->outcome == PUMP_SINK_FAILED;
}

void rig_settle(struct rig *rig)
{
    uint64_t deadline_ms = mono_ms() + MOST_MS;
    unsigned runs;

    do {
        runs = rig->runs;
        rig_turn(rig, 20);
    } while ((rig->runs != runs || rig->outcome == PUMP_AGAIN) && !has_failed(rig) &&
             mono_ms() < deadline_ms);
}

/* Waits for the sink when nothing else can happen: what it takes makes room for an edge. */
static void wait_for_sink(const struct rig *rig)
{
    struct pollfd ready = {.fd = rig->sink, .events = POLLIN};

    poll(&ready, 1, 2);
}

bool rig_move(struct rig *rig, uint64_t total, size_t bite)
{
    uint64_t deadline_ms = mono_ms() + MOST_MS;

    while (rig->received < total) {
        uint64_t before = rig->received;

        if (rig->sent < total)
            rig_send(rig, total - rig->sent);
        rig_turn(rig, 0);
        rig_receive(rig, bite);
        if (has_failed(rig) || mono_ms() > deadline_ms)
            return false;
        if (rig->is_sink_at_end)
            break;
        if (rig->received == before && rig->outcome != PUMP_AGAIN)
            wait_for_sink(rig);
    }
    return rig->received == total && rig->wrong == 0;
}

bool rig_move_end(struct rig *rig)
{
    uint64_t deadline_ms = mono_ms() + MOST_MS;

    while (!rig->is_sink_at_end) {
        rig_turn(rig, 0);
        rig_receive(rig, 1);
        if (has_failed(rig) || rig->received > rig->sent || mono_ms() > deadline_ms)
            return false;
        if (!rig->is_sink_at_end)
            wait_for_sink(rig);
    }
    return rig->received == rig->sent && rig->wrong == 0;
}

bool rig_is_idle(const struct rig *rig)
{
    return rig->flow.pipe == 0 && rig->flow.bytes == NULL && rig->flow.pending == 0 &&
           rig->pipes.idle_count == rig->pipes.existing;
}
