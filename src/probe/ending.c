#include "probe/probe_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/certificate.h"
#include "base/fd.h"
#include "base/mono.h"

#include "probe/probe_session.h"
#include "probe/session_keep.h"

/* How long the peer may take to close first, after it has been told. */
#define LEAVE_MS 500

/* How long something that is still wanted may take to come before the goodbye. */
#define LINGER_MS 200

/* Reads of what a leaving peer still says, in one turn. */
#define LEAVE_READS 8

/* ---- the socket ---- */

static void release_talk(struct probe *probe)
{
    if (probe->talk != NULL)
        probe->ops->release(probe);
    probe->talk = NULL;
}

static void count_off(struct probe *probe)
{
    if (probe->is_kept)
        probe->engine->kept_open--;
    else
        probe->engine->open--;
    probe->is_kept = false;
}

static void close_socket(struct probe *probe)
{
    if (probe->watch.fd == -1)
        return;
    loop_forget(probe->engine->loop, &probe->watch);
    fd_close(&probe->watch.fd);
}

/* So that this end waits for nothing any more. */
static void reset_socket(struct probe *probe)
{
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    if (probe->watch.fd != -1)
        (void)setsockopt(probe->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close_socket(probe);
}

static bool say_goodbye(struct probe *probe)
{
    return probe->talk != NULL && probe->ops->leave != NULL && probe->ops->leave(probe);
}

void ending_cut(struct probe *probe)
{
    (void)say_goodbye(probe);
    release_talk(probe);
    reset_socket(probe);
    count_off(probe);
}

/* ---- the end ---- */

/* The one death of a probe. The peer has closed first: an ordinary close leaves nothing behind. */
static void drop_quietly(struct probe *probe)
{
    list_remove(&probe->place);
    if (probe->state == PROBE_KEPT)
        session_take_back(probe->question.session);
    if (probe->state != PROBE_WAITING)
        count_off(probe);
    loop_timer_stop(probe->engine->loop, &probe->timer);
    release_talk(probe);
    close_socket(probe);
    session_release(probe->question.session);
    free(probe->certificate);
    free(probe->body);
    free(probe);
}

void ending_drop(struct probe *probe)
{
    if (probe->state == PROBE_KEPT)
        (void)say_goodbye(probe);
    reset_socket(probe);
    drop_quietly(probe);
}

bool ending_makes_room(struct probe_engine *engine)
{
    const struct list *leaving = &engine->leaving;

    while (engine->open >= PROBE_MOST_RUNNING && !list_is_empty(leaving))
        ending_drop(CONTAINER_OF(leaving->next, struct probe, place));
    return engine->open < PROBE_MOST_RUNNING;
}

/* Throws away what still comes, until the peer's FIN. */
static void go_on_leaving(struct probe *probe)
{
    char unwanted[4096];

    for (int i = 0; i < LEAVE_READS; i++) {
        ssize_t size = recv(probe->watch.fd, unwanted, sizeof(unwanted), 0);

        if (size > 0)
            continue;
        if (size == 0)
            drop_quietly(probe);
        else if (errno != EAGAIN && errno != EINTR)
            ending_drop(probe);
        return;
    }
}

/* Waits in a state after the result, for so long at most. 0, or -1 when it cannot. */
static int stay(struct probe *probe, enum probe_state state, uint64_t most_ms)
{
    if (probe_watch(probe, LOOP_READ) == -1)
        return -1;
    list_remove(&probe->place);
    probe->state = state;
    list_append(&probe->engine->leaving, &probe->place);
    loop_timer_set(probe->engine->loop, &probe->timer, mono_ms() + most_ms);
    return 0;
}

/* Who leaves is not one of the kept ones any more. False when there is no room elsewhere. */
static bool is_let_go(struct probe *probe)
{
    if (!probe->is_kept)
        return true;
    list_remove(&probe->place); /* not to be dropped to make room for itself */
    if (!ending_makes_room(probe->engine))
        return false;
    count_off(probe);
    probe->engine->open++;
    return true;
}

static void leave(struct probe *probe)
{
    if (say_goodbye(probe) && is_let_go(probe) && stay(probe, PROBE_LEAVING, LEAVE_MS) == 0)
        release_talk(probe);
    else
        ending_drop(probe);
}

/* ---- kept connections ---- */

static bool may_be_asked_again(struct probe *probe)
{
    struct probe_session *session = probe->question.session;

    if (!probe->result.good || probe->question.kept_timeout_ms == 0 || session == NULL ||
        probe->ops->keep == NULL)
        return false;
    if (!probe->is_kept && probe->engine->kept_open >= PROBE_MOST_KEPT)
        return false;
    if (probe->most_asked == 0)
        probe->most_asked = session_most_asked(session, &probe->engine->staggered);
    return probe->asked < probe->most_asked;
}

static bool keep(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;

    if (!may_be_asked_again(probe) || probe_watch(probe, LOOP_READ) == -1 ||
        !probe->ops->keep(probe))
        return false;
    count_off(probe);
    probe->is_kept = true;
    engine->kept_open++;
    list_remove(&probe->place);
    list_append(&engine->kept, &probe->place);
    loop_timer_stop(engine->loop, &probe->timer);
    probe->state = PROBE_KEPT;
    return true;
}

void ending_give_up(struct probe *kept)
{
    session_take_back(kept->question.session);
    kept->state = PROBE_LEAVING;
    leave(kept);
}

/*
 * Something comes unasked, which ends it: nothing but its end is to be expected. Tickets and the
 * like are OpenSSL's own.
 */
static void look_at_kept(struct probe *kept)
{
    struct probe_session *session;

    if (kept->ops->is_quiet(kept))
        return;
    session = session_hold(kept->question.session);
    session_stop_keeping(session);
    ending_give_up(kept);
    session_tell_lost(session);
    session_release(session);
}

/* ---- the result ---- */

static bool has_to_linger(struct probe *probe)
{
    return probe->result.good && probe->ops->linger != NULL && probe->ops->linger(probe) != 0;
}

static void keep_or_leave(struct probe *probe)
{
    if (!keep(probe))
        leave(probe);
}

static void begin_leaving(struct probe *probe)
{
    if (!has_to_linger(probe) || stay(probe, PROBE_LINGERING, LINGER_MS) == -1)
        keep_or_leave(probe);
}

/* The socket is given up first, so that there is room for the next question. */
void ending_finish(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    struct probe_question question = probe->question;
    struct probe_result result = probe->result;
    struct certificate *certificate = probe->certificate;
    char *body = probe->body;

    probe->certificate = NULL;
    probe->body = NULL;
    result.certificate = certificate;
    result.body = body;
    probe->question.tls = NULL; /* what they point to is the asker's again */
    probe->question.http = NULL;
    if (!result.good && !result.no_verdict && question.session != NULL)
        probe_session_forget(question.session);
    begin_leaving(probe);
    question.done(question.context, &result);
    free(certificate);
    free(body);
    probe_begin_waiting(engine);
}

void ending_go_on(struct probe *probe)
{
    if (probe->state == PROBE_LEAVING)
        go_on_leaving(probe);
    else if (probe->state == PROBE_KEPT)
        look_at_kept(probe);
    else if (!has_to_linger(probe))
        keep_or_leave(probe);
}

void ending_time_out(struct probe *probe)
{
    if (probe->state == PROBE_LEAVING)
        ending_drop(probe);
    else
        leave(probe);
}
