#include "worker/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "board/board_writer.h"

/* Bytes that one direction may move before others have their turn. */
#define BUDGET (1024 * 1024)

/* Full reads in a row after which bulk is assumed. */
#define FULL_READS 2

/* What one step of a pump came to. */
enum step {
    STEP_ON,      /* go on */
    STEP_BLOCKED, /* wait for an event */
    STEP_SOURCE_FAILED,
    STEP_SINK_FAILED,
};

/* One run of a pump. */
struct run {
    struct pump_means *means;
    struct flow *flow;
    struct side *from;
    struct side *to;
    _Atomic uint64_t *moved;
    size_t budget;
};

void side_note(struct side *side, unsigned events)
{
    if (events & (LOOP_READ | LOOP_RDHUP | LOOP_HUP | LOOP_ERROR))
        side->readable = true;
    if (events & (LOOP_WRITE | LOOP_HUP | LOOP_ERROR))
        side->writable = true;
    if (events & (LOOP_RDHUP | LOOP_HUP | LOOP_ERROR | LOOP_URGENT))
        side->special = true;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static void give_back(struct run *run)
{
    struct flow *flow = run->flow;

    if (flow->pending > 0)
        return;
    if (flow->pipe != NULL)
        pipe_pool_return(run->means->pipes, flow->pipe, true);
    flow->pipe = NULL;
    free(flow->spill);
    flow->spill = NULL;
}

void flow_fini(struct flow *flow, struct pump_means *means)
{
    if (flow->pipe != NULL)
        pipe_pool_return(means->pipes, flow->pipe, flow->pending == 0);
    free(flow->spill);
    flow->pipe = NULL;
    flow->spill = NULL;
    flow->pending = 0;
}

/* ---- out: to the sink ---- */

static enum step sink_result(struct run *run, ssize_t sent)
{
    if (sent >= 0) {
        board_count(run->moved, (uint64_t)sent);
        return STEP_ON;
    }
    if (!would_block())
        return STEP_SINK_FAILED;
    /* Interrupted: nothing would report that it can go on. */
    if (errno == EINTR)
        return STEP_ON;
    run->to->writable = false;
    return STEP_BLOCKED;
}

/*
 * What is sent first leaves at once, and a FIN too; from the second time on a small message would
 * wait for the acknowledgement of what went before. A connection that sends once saves the call.
 */
static void be_prompt(struct side *side)
{
    const int on = 1;

    if (side->is_prompt)
        return;
    if (side->has_sent) {
        setsockopt(side->watch.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        side->is_prompt = true;
    }
    side->has_sent = true;
}

static enum step flush_once(struct run *run)
{
    struct flow *flow = run->flow;
    ssize_t sent;

    be_prompt(run->to);
    if (flow->pipe != NULL)
        sent = splice(flow->pipe->read_fd, NULL, run->to->watch.fd, NULL, flow->pending,
                      SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    else
        sent = send(run->to->watch.fd, flow->spill + flow->offset, flow->pending, MSG_NOSIGNAL);
    if (sent > 0) {
        flow->pending -= (uint32_t)sent;
        flow->offset += (uint32_t)sent;
    }
    return sink_result(run, sent);
}

static enum step flush(struct run *run)
{
    enum step step = STEP_ON;

    while (step == STEP_ON && run->flow->pending > 0)
        step = run->to->writable ? flush_once(run) : STEP_BLOCKED;
    return step;
}

/* Keeps what the sink did not take. Without memory the session cannot go on. */
static enum step spill(struct run *run, const char *data, size_t size)
{
    struct flow *flow = run->flow;

    flow->spill = malloc(PUMP_BUFFER_SIZE);
    if (flow->spill == NULL)
        return STEP_SINK_FAILED;
    memcpy(flow->spill, data, size);
    flow->offset = 0;
    flow->pending = (uint32_t)size;
    return STEP_ON;
}

static enum step pass(struct run *run, const char *data, size_t size)
{
    ssize_t sent = 0;

    if (run->to->writable) {
        be_prompt(run->to);
        sent = send(run->to->watch.fd, data, size, MSG_NOSIGNAL);
        if (sink_result(run, sent) == STEP_SINK_FAILED)
            return STEP_SINK_FAILED;
        if (sent == -1)
            sent = 0;
    }
    return (size_t)sent == size ? STEP_ON : spill(run, data + sent, size - (size_t)sent);
}

/* ---- in: from the source ---- */

static enum step source_result(struct run *run, ssize_t got)
{
    if (got > 0)
        return STEP_ON;
    if (got == 0) {
        run->flow->ended = true;
        run->from->readable = false;
        return STEP_ON;
    }
    if (!would_block())
        return STEP_SOURCE_FAILED;
    if (errno == EAGAIN)
        run->from->readable = false;
    return STEP_ON;
}

static enum step copy_in(struct run *run)
{
    char *buffer = run->means->buffer;
    ssize_t got = recv(run->from->watch.fd, buffer, PUMP_BUFFER_SIZE, 0);
    enum step step = source_result(run, got);

    if (step != STEP_ON || got <= 0)
        return step;
    if (got == PUMP_BUFFER_SIZE) {
        run->flow->full_reads += run->flow->full_reads < FULL_READS;
    } else {
        run->flow->full_reads = 0;
        /* A short read has emptied the socket; the next byte, or FIN, is a new edge. */
        if (!run->from->special)
            run->from->readable = false;
    }
    run->budget -= run->budget < (size_t)got ? run->budget : (size_t)got;
    return pass(run, buffer, (size_t)got);
}

/*
 * Only into an empty pipe, so that EAGAIN cannot mean a full one. It still has two meanings: an
 * empty socket, or an urgent mark, at which splice stops for ever. So has 0: the end, or such a
 * mark in a stream whose end has come too. One recv tells them apart and passes the mark. How much
 * a splice moved says nothing about what is left.
 */
static enum step splice_in(struct run *run)
{
    struct flow *flow = run->flow;
    ssize_t got = splice(run->from->watch.fd, NULL, flow->pipe->write_fd, NULL, PIPE_BYTES,
                         SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

    if (got == 0 || (got == -1 && (errno == EAGAIN || errno == EINVAL))) {
        give_back(run);
        return copy_in(run);
    }
    if (got > 0) {
        flow->pending = (uint32_t)got;
        run->budget -= run->budget < (size_t)got ? run->budget : (size_t)got;
        if (got < PUMP_BUFFER_SIZE && flow->full_reads > 0)
            flow->full_reads--;
    }
    return source_result(run, got);
}

static bool wants_splice(const struct run *run)
{
    enum conf_relay relay = run->means->relay;

    return relay == RELAY_SPLICE || (relay == RELAY_AUTO && run->flow->full_reads >= FULL_READS);
}

static enum step fill(struct run *run)
{
    struct flow *flow = run->flow;

    if (wants_splice(run) && flow->pipe == NULL)
        flow->pipe = pipe_pool_borrow(run->means->pipes);
    if (wants_splice(run) && flow->pipe != NULL)
        return splice_in(run);
    give_back(run);
    return copy_in(run);
}

/* ---- a run ---- */

/* Passes the end of the stream on. The peer may be gone already: then its own side will say so. */
static void finish(struct run *run)
{
    if (run->flow->shut)
        return;
    if (!run->flow->is_last)
        shutdown(run->to->watch.fd, SHUT_WR);
    run->flow->shut = true;
}

static enum pump_outcome outcome_of(enum step step)
{
    if (step == STEP_SOURCE_FAILED)
        return PUMP_SOURCE_FAILED;
    return step == STEP_SINK_FAILED ? PUMP_SINK_FAILED : PUMP_WAIT;
}

static enum pump_outcome run_until_blocked(struct run *run)
{
    for (;;) {
        enum step step = flush(run);

        if (step != STEP_ON)
            return outcome_of(step);
        if (run->flow->ended) {
            finish(run);
            return PUMP_WAIT;
        }
        if (!run->from->readable)
            return PUMP_WAIT;
        if (run->budget == 0)
            return PUMP_AGAIN;
        step = fill(run);
        if (step != STEP_ON)
            return outcome_of(step);
    }
}

enum pump_outcome pump_run(struct pump_means *means, struct flow *flow, struct side *from,
                           struct side *to, _Atomic uint64_t *moved)
{
    struct run run = {means, flow, from, to, moved, BUDGET};
    enum pump_outcome outcome = run_until_blocked(&run);
    int saved = errno;

    give_back(&run);
    errno = saved;
    return outcome;
}
