/* Asking questions in a test: an engine of its own, answers kept, the loop run until they came. */
#ifndef K0SLB_TESTS_UNIT_PROBE_ASK_H
#define K0SLB_TESTS_UNIT_PROBE_ASK_H

#include "base/loop.h"
#include "probe/probe.h"

struct asker {
    struct loop *loop;
    struct probe_engine *engine;
    unsigned answered; /* of all its answers */
};

struct answer {
    struct asker *asker;
    struct probe_result result;
    unsigned count;   /* how often it came */
    uint64_t came_ms; /* mono_ms() */
    struct probe *probe;
};

void asker_open(struct asker *asker);
void asker_close(struct asker *asker);

/* Asks 127.0.0.1:port; the answer stays at its place until it has come or is cancelled. */
void ask_start(struct asker *asker, struct answer *answer, enum probe_kind kind, uint16_t port,
               uint64_t timeout_ms);

/* Runs the loop until so many answers have come in all; false after `most_ms`. */
bool ask_wait(struct asker *asker, unsigned answers, uint64_t most_ms);

/* Runs the loop for a time, whatever comes. */
void ask_run(struct asker *asker, uint64_t ms);

/* One question from beginning to end. */
struct answer ask(enum probe_kind kind, uint16_t port, uint64_t timeout_ms);

/* "L4CON connection refused", "no verdict: ..."; valid until the next call. */
const char *answer_text(const struct answer *answer);

/* A listener on 127.0.0.1 that nobody accepts from; its port in *port. */
int listen_silently(uint16_t *port, int backlog);

/* A port where nobody listens. */
uint16_t unused_port(void);

#endif
