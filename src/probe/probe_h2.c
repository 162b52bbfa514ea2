#include "probe/probe_ops.h"

#include <errno.h>
#include <stdlib.h>

#include "probe/h2_frame.h"
#include "probe/tls.h"

/*
 * A server of HTTP/2 speaks as soon as hands are shaken. Nothing is said to it, not even the
 * preface: one that closes without a word having been said is what gRPC servers do not log.
 */

struct greeting {
    size_t size;
    uint8_t header[H2_FRAME_HEADER_SIZE];
};

static void decide(struct probe *probe, const uint8_t header[H2_FRAME_HEADER_SIZE])
{
    const char *problem = h2_frame_problem(header);

    if (problem != NULL)
        probe_decide_bad(probe, CHECKED_L7RSP, "%s", problem);
    else
        probe_decide_good(probe, CHECKED_L7OK, "HTTP/2");
}

static struct greeting *greeting_of(struct tls_talk *talk)
{
    if (talk->question == NULL)
        talk->question = calloc(1, sizeof(struct greeting));
    return talk->question;
}

static unsigned answer(struct probe *probe)
{
    struct tls_talk *talk = probe->talk;
    struct greeting *greeting = greeting_of(talk);

    if (greeting == NULL) {
        probe_decide_nothing(probe, ENOMEM);
        return 0;
    }
    while (greeting->size < sizeof(greeting->header)) {
        struct tls_move move = tls_read(talk, greeting->header + greeting->size,
                                        sizeof(greeting->header) - greeting->size);

        if (move.outcome == TLS_WAITS)
            return move.events;
        if (move.outcome == TLS_MOVED)
            greeting->size += move.size;
        else if (move.outcome == TLS_CLOSED)
            probe_decide_bad(probe, CHECKED_L7RSP, "connection closed before the answer");
        else
            tls_decide_broken(probe);
        if (move.outcome != TLS_MOVED)
            return 0;
    }
    decide(probe, greeting->header);
    return 0;
}

static void late(struct probe *probe)
{
    probe_decide_bad(probe, CHECKED_L7TOUT, "no SETTINGS frame in time");
}

const struct probe_ops probe_h2_ops = {
    .alpn = "\x02h2",
    .open = tls_open,
    .shake = tls_shake,
    .answer = answer,
    .late = late,
    .leave = tls_leave,
    .release = tls_release,
};
