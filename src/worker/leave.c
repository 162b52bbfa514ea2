#include "worker/leave.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "worker/relay.h"

/* Without progress for so long, or after so long in all, it is over. */
#define STALL_MS 1000
#define MOST_MS  30000

/* The kernel does not report that a peer has acknowledged everything: it is asked so often, about
 * so many sessions at once. */
#define LOOK_MS      5
#define LOOKS_ATONCE 256

/* Input that is thrown away. */
#define DISCARD_MOST (64 * 1024)

static struct side *survivor(struct session *session)
{
    return session->client.watch.fd != -1 ? &session->client : &session->backend;
}

static enum pump_outcome flush(struct session *session)
{
    return relay_pump(session,
                      survivor(session) == &session->client ? &session->out : &session->in);
}

/* Returns false when the survivor is gone, too. */
static bool discard(struct session *session)
{
    struct side *side = survivor(session);

    while (side->readable && session->discarded < DISCARD_MOST) {
        ssize_t got = recv(side->watch.fd, NULL, DISCARD_MOST, MSG_TRUNC);

        if (got == -1 && errno != EAGAIN && errno != EINTR)
            return false;
        if (got <= 0)
            side->readable = false;
        else
            session->discarded += (uint32_t)got;
    }
    return true;
}

/* Bytes that the survivor has not acknowledged; 0 as well when nobody knows. */
static uint32_t left_over(struct session *session)
{
    int queued = 0;

    if (ioctl(survivor(session)->watch.fd, SIOCOUTQ, &queued) == -1)
        return 0;
    return session->in.pending + session->out.pending + (uint32_t)queued;
}

static bool is_over(struct session *session)
{
    uint64_t now = loop_now_ms(session->worker->loop);
    uint32_t left = left_over(session);

    if (left != session->left) {
        session->left = left;
        session->moved_ms = now;
    }
    return left == 0 || now - session->moved_ms >= STALL_MS || now >= session->look_ms;
}

/* The last bytes of a stream that had ended were to go with its FIN; instead of that comes an RST,
 * for which they must not wait. Setting this sends what is held back (tcp(7)). */
static void push(struct session *session)
{
    const int on = 1;

    setsockopt(survivor(session)->watch.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void leave_run(struct session *session)
{
    if (flush(session) == PUMP_SINK_FAILED || !discard(session) || is_over(session))
        session_free(session, true);
}

static void append_all(struct list *head, struct list *all)
{
    while (!list_is_empty(all)) {
        struct list *link = all->next;

        list_remove(link);
        list_append(head, link);
    }
}

/* Who was looked at stands behind the others then. */
static void look_at_some(struct worker *worker)
{
    struct list waiting;
    struct list seen;

    list_init(&seen);
    list_move(&waiting, &worker->leaving);
    for (int i = 0; i < LOOKS_ATONCE && !list_is_empty(&waiting); i++) {
        struct list *link = waiting.next;

        list_remove(link);
        list_append(&seen, link);
        leave_run(CONTAINER_OF(link, struct session, idle));
    }
    append_all(&worker->leaving, &waiting);
    append_all(&worker->leaving, &seen);
}

static void on_timer(struct loop_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, leave_timer);

    look_at_some(worker);
    if (!list_is_empty(&worker->leaving))
        loop_timer_set(worker->loop, timer, loop_now_ms(worker->loop) + LOOK_MS);
}

void leave_begin(struct session *session)
{
    struct worker *worker = session->worker;
    uint64_t now = loop_now_ms(worker->loop);

    session->moved_ms = now;
    session->look_ms = now + MOST_MS;
    session->discarded = 0;
    list_append(&worker->leaving, &session->idle);
    if (!loop_timer_is_set(&worker->leave_timer))
        loop_timer_set(worker->loop, &worker->leave_timer, now + LOOK_MS);
    push(session);
    leave_run(session);
}

void leave_init(struct worker *worker)
{
    list_init(&worker->leaving);
    worker->leave_timer.fn = on_timer;
}
