/* Asking questions in a test: an engine of its own, answers kept, the loop run until they came. */
#ifndef K0SLB_TESTS_UNIT_PROBE_ASK_H
#define K0SLB_TESTS_UNIT_PROBE_ASK_H

#include "base/certificate.h"
#include "base/loop.h"
#include "probe/probe.h"

/* A status in a set of those that are expected. */
#define STATUS_BIT(status) (UINT64_C(1) << (status) % 64)

struct asker {
    struct loop *loop;
    struct probe_engine *engine;
    unsigned answered; /* of all its answers */
};

struct answer {
    struct asker *asker;
    struct probe_result result; /* its certificate is below instead */
    bool has_certificate;
    struct certificate certificate;
    unsigned count;   /* how often it came */
    uint64_t came_ms; /* mono_ms() */
    struct probe *probe;
};

void asker_open(struct asker *asker);
void asker_close(struct asker *asker);

/* Asks 127.0.0.1:port; the answer stays at its place until it has come or is cancelled. */
void ask_start(struct asker *asker, struct answer *answer, enum probe_kind kind, uint16_t port,
               uint64_t timeout_ms);

/* The same with a question of any kind, whose address, port, done and context are filled in. */
void ask_question(struct asker *asker, struct answer *answer, struct probe_question question,
                  uint16_t port);

/* Runs the loop until so many answers have come in all; false after `most_ms`. */
bool ask_wait(struct asker *asker, unsigned answers, uint64_t most_ms);

/* Runs the loop for a time, whatever comes. */
void ask_run(struct asker *asker, uint64_t ms);

/* One question from beginning to end. */
struct answer ask(enum probe_kind kind, uint16_t port, uint64_t timeout_ms);

/* The same with a question of any kind. */
struct answer ask_once(struct probe_question question, uint16_t port);

/* "L4CON connection refused", "no verdict: ..."; valid until the next call. */
const char *answer_text(const struct answer *answer);

/* A listener on 127.0.0.1 that nobody accepts from; its port in *port. */
int listen_silently(uint16_t *port, int backlog);

/* Our sockets in TIME_WAIT towards 127.0.0.1:port. */
unsigned time_waits(uint16_t port);

/* A port where nobody listens. */
uint16_t unused_port(void);

#endif
