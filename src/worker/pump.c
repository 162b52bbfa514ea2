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
    if (events & (LOOP_HUP | LOOP_ERROR))
        side->is_hung = true;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* ---- what a flow holds ---- */

int pump_means_init(struct pump_means *means, struct pipe_pool *pipes, enum conf_relay relay)
{
    *means = (struct pump_means){.pipes = pipes, .relay = relay};
    means->arena = malloc(PUMP_ARENA_SIZE + PUMP_BUFFER_SIZE);
    return means->arena == NULL ? -1 : 0;
}

void pump_means_fini(struct pump_means *means)
{
    free(means->arena);
    means->arena = NULL;
}

static void drop_bytes(struct flow *flow)
{
    if (!flow->is_gathered)
        free(flow->bytes);
    flow->bytes = NULL;
    flow->is_gathered = false;
}

static struct pipe *pipe_of(const struct pump_means *means, const struct flow *flow)
{
    return &means->pipes->pipes[flow->pipe - 1];
}

static void borrow_pipe(struct flow *flow, struct pump_means *means)
{
    struct pipe *pipe = pipe_pool_borrow(means->pipes);

    flow->pipe = pipe == NULL ? 0 : (uint8_t)(1 + (pipe - means->pipes->pipes));
}

static void return_pipe(struct flow *flow, struct pump_means *means)
{
    if (flow->pipe != 0)
        pipe_pool_return(means->pipes, pipe_of(means, flow), flow->pending == 0);
    flow->pipe = 0;
}

/* An empty flow needs nothing. */
static void give_back(struct run *run)
{
    struct flow *flow = run->flow;

    if (flow->pending > 0)
        return;
    return_pipe(flow, run->means);
    drop_bytes(flow);
}

void flow_fini(struct flow *flow, struct pump_means *means)
{
    return_pipe(flow, means);
    drop_bytes(flow);
    flow->pending = 0;
}

/* Hands the flow bytes that lie in the arena. */
static void hold(struct flow *flow, char *bytes, size_t size)
{
    flow->bytes = bytes;
    flow->is_gathered = true;
    flow->offset = 0;
    flow->pending = (uint32_t)size;
}

void pump_load(struct flow *flow, void *memory, size_t offset, size_t size)
{
    flow->bytes = memory;
    flow->is_gathered = false;
    flow->offset = (uint16_t)offset;
    flow->pending = (uint32_t)size;
}

/* What the sink did not take leaves the arena. Without memory the session cannot go on. */
static enum step spill(struct flow *flow)
{
    char *buffer = malloc(PUMP_BUFFER_SIZE);

    if (buffer == NULL)
        return STEP_SINK_FAILED;
    memcpy(buffer, flow->bytes + flow->offset, flow->pending);
    flow->bytes = buffer;
    flow->is_gathered = false;
    flow->offset = 0;
    return STEP_BLOCKED;
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
    if (flow->pipe != 0)
        sent = splice(pipe_of(run->means, flow)->read_fd, NULL, run->to->watch.fd, NULL,
                      flow->pending, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    else
        sent = send(run->to->watch.fd, flow->bytes + flow->offset, flow->pending,
                    MSG_NOSIGNAL | (flow->ended ? MSG_MORE : 0));
    if (sent > 0) {
        flow->pending -= (uint32_t)sent;
        if (flow->pipe == 0)
            flow->offset += (uint16_t)sent;
    }
    return sink_result(run, sent);
}

static enum step flush(struct run *run)
{
    struct flow *flow = run->flow;
    enum step step = STEP_ON;

    while (step == STEP_ON && flow->pending > 0)
        step = run->to->writable ? flush_once(run) : STEP_BLOCKED;
    if (flow->pending == 0)
        drop_bytes(flow);
    else if (step == STEP_BLOCKED && flow->is_gathered)
        return spill(flow);
    return step;
}

/* ---- in: from the source ---- */

/*
 * What a read came to: takes note of an end, of an empty socket and of an error. The kernel tells
 * an error once; whoever reads on finds an end.
 */
static enum step source_result(struct flow *flow, struct side *from, ssize_t got)
{
    if (got > 0)
        return STEP_ON;
    if (flow->error != 0 && (got == 0 || errno == EAGAIN)) {
        errno = flow->error;
        return STEP_SOURCE_FAILED;
    }
    if (got == 0) {
        flow->ended = true;
        from->readable = false;
        return STEP_ON;
    }
    if (!would_block())
        return STEP_SOURCE_FAILED;
    if (errno == EAGAIN)
        from->readable = false;
    return STEP_ON;
}

/* Counts full reads in a row; a short one has emptied the socket: the next byte, or FIN, is a new
 * edge. */
static void note_read(struct flow *flow, struct side *from, size_t got)
{
    if (got == PUMP_BUFFER_SIZE) {
        flow->full_reads += flow->full_reads < FULL_READS;
        return;
    }
    flow->full_reads = 0;
    if (!from->special)
        from->readable = false;
}

static enum step receive(struct flow *flow, struct side *from, char *buffer)
{
    ssize_t got = recv(from->watch.fd, buffer, PUMP_BUFFER_SIZE, 0);
    enum step step = source_result(flow, from, got);

    if (step == STEP_ON && got > 0) {
        note_read(flow, from, (size_t)got);
        hold(flow, buffer, (size_t)got);
    }
    return step;
}

static bool wants_splice(const struct pump_means *means, const struct flow *flow)
{
    if (flow->is_watched)
        return false;
    return flow->error == 0 && (means->relay == RELAY_SPLICE ||
                                (means->relay == RELAY_AUTO && flow->full_reads >= FULL_READS));
}

static void spend(struct run *run, size_t bytes)
{
    run->budget -= run->budget < bytes ? run->budget : bytes;
}

static enum step copy_in(struct run *run)
{
    enum step step = receive(run->flow, run->from, run->means->arena + PUMP_ARENA_SIZE);

    spend(run, run->flow->pending);
    return step;
}

/*
 * Only into an empty pipe, so that EAGAIN cannot mean a full one. It still has two meanings: an
 * empty socket, or an urgent mark, at which splice stops for ever. So has 0: the end, or such a
 * mark in a stream whose end has come too, and an error: a mark in one that was reset. One recv
 * tells them apart and passes the mark; after an error there may be more behind it. The call is
 * saved where neither an urgent byte nor an end has been reported: that comes with an edge of its
 * own (LOOP_URGENT). How much a splice moved says nothing about what is left.
 */
static enum step splice_in(struct run *run)
{
    struct flow *flow = run->flow;
    ssize_t got = splice(run->from->watch.fd, NULL, pipe_of(run->means, flow)->write_fd, NULL,
                         PIPE_BYTES, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

    if (got == -1 && errno != EAGAIN && errno != EINVAL && errno != EINTR)
        flow->error = (uint16_t)errno;
    if (got == -1 && errno == EAGAIN && !run->from->special)
        return source_result(flow, run->from, got);
    if (got == 0 || (got == -1 && errno != EINTR)) {
        give_back(run);
        return copy_in(run);
    }
    if (got > 0) {
        flow->pending = (uint32_t)got;
        spend(run, (size_t)got);
        if (got < PUMP_BUFFER_SIZE && flow->full_reads > 0)
            flow->full_reads--;
    }
    return source_result(flow, run->from, got);
}

static enum step fill(struct run *run)
{
    struct flow *flow = run->flow;

    if (wants_splice(run->means, flow)) {
        if (flow->pipe == 0)
            borrow_pipe(flow, run->means);
        if (flow->pipe != 0)
            return splice_in(run);
    }
    give_back(run);
    return copy_in(run);
}

/* ---- gathering ---- */

/*
 * The end of a stream is best known before its last bytes are sent: so that they go together. An
 * error that is reported here is reported once, so it is kept, too.
 */
static void look_for_end(struct flow *flow, struct side *from)
{
    char next;
    ssize_t got = recv(from->watch.fd, &next, sizeof(next), MSG_PEEK);

    if (source_result(flow, from, got) == STEP_SOURCE_FAILED)
        flow->error = (uint16_t)errno;
}

bool pump_gather(struct pump_means *means, struct flow *flow, struct side *from)
{
    if (!from->readable || flow->pending > 0 || flow->ended || wants_splice(means, flow))
        return true;
    if (means->arena_taken > PUMP_ARENA_SIZE - PUMP_BUFFER_SIZE)
        return false;
    if (receive(flow, from, means->arena + means->arena_taken) == STEP_SOURCE_FAILED)
        flow->error = (uint16_t)errno;
    means->arena_taken += flow->pending;
    if (flow->pending > 0 && from->special && from->readable)
        look_for_end(flow, from);
    return true;
}

void pump_gathered(struct pump_means *means)
{
    means->arena_taken = 0;
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
        if (run->budget == 0 || run->flow->is_watched)
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
