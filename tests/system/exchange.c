#include "system/exchange.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/mono.h"

#define BUFFER_SIZE (64 * 1024)

/* What is made but not yet sent, and where arriving bytes land. */
struct buffers {
    uint8_t out[BUFFER_SIZE];
    size_t out_from;
    size_t out_until;
    uint8_t in[BUFFER_SIZE];
    bool fin_sent;
};

static bool wants_to_send(const struct exchange *exchange, const struct buffers *buffers)
{
    if (exchange->answers && !exchange->in.known)
        return false;
    return buffers->out_from < buffers->out_until || exchange->out.offset < exchange->to_send;
}

static bool wants_to_get(const struct exchange *exchange)
{
    return !exchange->eof && exchange->in.offset < exchange->to_get;
}

static void refill(struct exchange *exchange, struct buffers *buffers)
{
    uint64_t left = exchange->to_send - exchange->out.offset;

    if (exchange->answers)
        exchange->out.id = TAGGED_ANSWER(exchange->in.id);
    buffers->out_from = 0;
    buffers->out_until = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
    tagged_fill(&exchange->out, buffers->out, buffers->out_until);
}

/* Whether errno says "not now" and nothing worse. */
static bool not_now(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static int send_some(struct exchange *exchange, struct buffers *buffers, int fd)
{
    ssize_t sent;

    if (buffers->out_from == buffers->out_until)
        refill(exchange, buffers);
    sent = send(fd, buffers->out + buffers->out_from, buffers->out_until - buffers->out_from,
                MSG_NOSIGNAL);
    if (sent == -1)
        return not_now() ? 0 : -1;
    buffers->out_from += (size_t)sent;
    if (exchange->sent != NULL)
        atomic_fetch_add(exchange->sent, (uint64_t)sent);
    return 0;
}

static int get_some(struct exchange *exchange, struct buffers *buffers, int fd)
{
    uint64_t left = exchange->to_get - exchange->in.offset;
    ssize_t got = recv(fd, buffers->in, left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE, 0);

    if (got == -1)
        return not_now() ? 0 : -1;
    if (got == 0) {
        exchange->eof = true;
        if (exchange->to_get != EXCHANGE_UNTIL_EOF || (exchange->answers && !exchange->in.known)) {
            errno = EPIPE;
            return -1;
        }
        return 0;
    }
    tagged_check(&exchange->in, buffers->in, (size_t)got);
    if (exchange->received != NULL)
        atomic_fetch_add(exchange->received, (uint64_t)got);
    return 0;
}

/* Waits until something can be done. Returns what, or -1 with errno. */
static int wait_for_events(const struct exchange *exchange, const struct buffers *buffers,
                           struct pollfd watched[2], uint64_t deadline_ms)
{
    uint64_t now = mono_ms();
    int ready;

    watched[0].events = (short)((wants_to_get(exchange) ? POLLIN : 0) |
                                (wants_to_send(exchange, buffers) ? POLLOUT : 0));
    ready = poll(watched, 2, now < deadline_ms ? (int)(deadline_ms - now) : 0);
    if (ready == -1)
        return errno == EINTR ? 0 : -1;
    if (ready == 0)
        errno = ETIMEDOUT;
    else if (watched[1].revents != 0)
        errno = ECANCELED;
    return ready == 0 || watched[1].revents != 0 ? -1 : watched[0].revents;
}

static int serve(struct exchange *exchange, struct buffers *buffers, int fd, int events)
{
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && wants_to_get(exchange) &&
        get_some(exchange, buffers, fd) == -1)
        return -1;
    if ((events & (POLLOUT | POLLHUP | POLLERR)) != 0 && wants_to_send(exchange, buffers) &&
        send_some(exchange, buffers, fd) == -1)
        return -1;
    return 0;
}

/* Sends the FIN when it is due. Returns 0, or -1 with errno of shutdown(2). */
static int finish_sending(const struct exchange *exchange, struct buffers *buffers, int fd)
{
    if (!exchange->fin || buffers->fin_sent || exchange->out.offset < exchange->to_send ||
        buffers->out_from < buffers->out_until)
        return 0;
    buffers->fin_sent = true;
    return shutdown(fd, SHUT_WR);
}

int exchange_run(struct exchange *exchange, int fd, int stop_fd, uint64_t deadline_ms)
{
    struct buffers buffers = {.out_from = 0};
    struct pollfd watched[2] = {{.fd = fd}, {.fd = stop_fd, .events = POLLIN}};

    if (finish_sending(exchange, &buffers, fd) == -1)
        return -1;
    while (wants_to_send(exchange, &buffers) || wants_to_get(exchange)) {
        int events = wait_for_events(exchange, &buffers, watched, deadline_ms);

        if (events == -1 || serve(exchange, &buffers, fd, events) == -1 ||
            finish_sending(exchange, &buffers, fd) == -1)
            return -1;
    }
    return 0;
}
