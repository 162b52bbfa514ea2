#include "system/script.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mono.h"

#include "system/exchange.h"
#include "system/wait.h"

/* Waits for any of `events`. Returns 0, or -1 at the deadline or when the peer stops. */
static int wait_for(const struct peer_session *session, short events, uint64_t deadline_ms)
{
    struct pollfd watched[2] = {{.fd = session->fd, .events = events},
                                {.fd = session->peer->stop_fd, .events = POLLIN}};
    uint64_t now = mono_ms();
    int ready = poll(watched, 2, now < deadline_ms ? (int)(deadline_ms - now) : 0);

    return ready > 0 && watched[1].revents == 0 ? 0 : -1;
}

/* Returns what recv(2) does once there is something, and -1 also at the end of patience. */
static ssize_t read_some(struct peer_session *session, char *data, size_t size)
{
    ssize_t got;

    if (wait_for(session, POLLIN, peer_deadline()) == -1)
        return -1;
    got = recv(session->fd, data, size, 0);
    if (got > 0) {
        peer_count(session);
        atomic_fetch_add(&session->peer->received, (uint64_t)got);
    }
    return got;
}

static int write_all(struct peer_session *session, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(session->fd, data, size, MSG_NOSIGNAL);

        if (sent == -1 && errno != EAGAIN)
            return -1;
        if (sent == -1 && wait_for(session, POLLOUT, peer_deadline()) == -1)
            return -1;
        if (sent > 0) {
            atomic_fetch_add(&session->peer->sent, (uint64_t)sent);
            data += sent;
            size -= (size_t)sent;
        }
    }
    return 0;
}

/* Returns 0 when the other side has sent its FIN, and -1 after anything else. */
static int echo(struct peer_session *session)
{
    char data[16 * 1024];
    ssize_t got;

    while ((got = read_some(session, data, sizeof(data))) > 0) {
        if (write_all(session, data, (size_t)got) == -1)
            return -1;
    }
    return got == 0 ? 0 : -1;
}

void script_echo(struct peer_session *session)
{
    if (echo(session) == 0 && session->counted)
        atomic_fetch_add(&session->peer->whole, 1);
}

void script_hold_after_fin(struct peer_session *session)
{
    if (echo(session) == 0)
        (void)wait_for(session, 0, peer_deadline());
}

void script_hold(struct peer_session *session)
{
    char data[4096];

    while (read_some(session, data, sizeof(data)) > 0)
        ;
}

/* Runs an exchange and books its outcome. Returns 0, or -1. */
static int run(struct peer_session *session, struct exchange *exchange)
{
    struct peer *peer = session->peer;
    int result;

    exchange->sent = &peer->sent;
    exchange->received = &peer->received;
    result = exchange_run(exchange, session->fd, peer->stop_fd, peer_deadline());
    if (exchange->in.offset > 0)
        peer_count(session);
    if (exchange->in.bad)
        atomic_fetch_add(&peer->bad, 1);
    return result;
}

void script_answer_after_fin(struct peer_session *session)
{
    struct exchange question = {.to_get = EXCHANGE_UNTIL_EOF};
    struct exchange answer = {.to_send = session->peer->amount, .fin = true};

    if (run(session, &question) == -1 || !question.in.known)
        return;
    answer.out.id = TAGGED_ANSWER(question.in.id);
    if (run(session, &answer) == 0)
        atomic_fetch_add(&session->peer->whole, 1);
}

void script_fin_first(struct peer_session *session)
{
    struct exchange exchange = {.to_get = EXCHANGE_UNTIL_EOF, .fin = true};

    if (run(session, &exchange) == 0 && exchange.in.known)
        atomic_fetch_add(&session->peer->whole, 1);
}

void script_duplex(struct peer_session *session)
{
    struct exchange exchange = {
        .to_get = EXCHANGE_UNTIL_EOF,
        .to_send = session->peer->amount,
        .answers = true,
        .fin = true,
    };

    if (run(session, &exchange) == 0)
        atomic_fetch_add(&session->peer->whole, 1);
}

void script_die_after(struct peer_session *session)
{
    char data[4096];
    uint64_t total = 0;
    ssize_t got;

    while (total < session->peer->amount && (got = read_some(session, data, sizeof(data))) > 0)
        total += (uint64_t)got;
    session->reset = total >= session->peer->amount;
}

/* Whether nothing that was sent is still to be acknowledged, before the deadline. */
static bool wait_acknowledged(int fd, uint64_t deadline_ms)
{
    int unsent = 1;

    while (ioctl(fd, SIOCOUTQ, &unsent) == 0 && unsent > 0 && mono_ms() < deadline_ms)
        wait_a_moment();
    return unsent == 0;
}

void script_answer_and_reset(struct peer_session *session)
{
    struct exchange exchange = {
        .to_get = TAGGED_BLOCK,
        .to_send = session->peer->amount,
        .answers = true,
    };

    if (run(session, &exchange) == -1 || !wait_acknowledged(session->fd, peer_deadline()))
        return;
    session->reset = true;
    atomic_fetch_add(&session->peer->whole, 1);
}
