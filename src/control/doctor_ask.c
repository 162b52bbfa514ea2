#include "control/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/mono.h"

/* So long the last connections are given to be closed by the other side, which then logs nothing.
 */
#define LEAVE_MS 200

/* The loop turns at least so often; when it has not for much longer, nobody else is to blame. */
#define TURN_MS  50
#define STALL_MS 200

#define KEYS_SERVICE "kubeAPI"

#define STATUS_OK 200

/* One round of questions: what has to come in before the next one. */
struct round {
    struct loop *loop;
    struct probe_engine *engine;
    unsigned waiting;
    uint64_t last_ms; /* when the loop last ran */
};

/* A question that is out. */
struct errand {
    struct round *round;
    struct doctor_backend *backend;
};

/* ---- what is asked ---- */

static int send_question(struct round *round, struct doctor_backend *backend, probe_done_fn *done)
{
    struct errand *errand = malloc(sizeof(*errand));
    struct probe_question question = {.done = done, .context = errand};

    if (errand == NULL)
        return -1;
    *errand = (struct errand){.round = round, .backend = backend};
    asking_fill(&backend->asking, &backend->address, false, &question);
    if (probe_start(round->engine, &question) == NULL) {
        free(errand);
        return -1;
    }
    round->waiting++;
    return 0;
}

/* A time in which this process did not run counts for no deadline. */
static void on_wake(void *context)
{
    struct round *round = context;
    uint64_t now_ms = loop_now_ms(round->loop);
    uint64_t gap_ms = now_ms > round->last_ms ? now_ms - round->last_ms : 0;

    if (gap_ms > STALL_MS)
        probe_engine_shift(round->engine, gap_ms);
    round->last_ms += gap_ms;
}

/* Ends, since each question has its deadlines. */
static int wait_for_all(struct round *round)
{
    while (round->waiting > 0) {
        if (loop_turn(round->loop, TURN_MS) == -1)
            return -1;
        on_wake(round);
    }
    return 0;
}

static struct doctor_backend *end_errand(void *context)
{
    struct errand *errand = context;
    struct doctor_backend *backend = errand->backend;

    errand->round->waiting--;
    free(errand);
    return backend;
}

/* ---- the first round: everybody, as the checker asks ---- */

static void on_answer(void *context, const struct probe_result *result)
{
    struct doctor_backend *backend = end_errand(context);

    backend->is_answered = true;
    backend->result = *result;
    backend->result.body = NULL;
    if (result->certificate == NULL)
        return;
    backend->certificate = *result->certificate;
    backend->result.certificate = &backend->certificate;
}

static int ask_everybody(struct doctor *doctor, struct round *round)
{
    round->last_ms = mono_ms();
    for (size_t i = 0; i < doctor->backend_count; i++) {
        struct doctor_backend *backend = &doctor->backends[i];

        if (!backend->is_wanted || backend->address.family == ADDR_NONE)
            continue;
        asking_init(&backend->asking, doctor->epoch, backend->backend->service, doctor->trust);
        if (send_question(round, backend, on_answer) == -1)
            return -1;
    }
    return wait_for_all(round);
}

/* ---- the second round: who signs tokens ---- */

static void on_keys(void *context, const struct probe_result *result)
{
    struct doctor_backend *backend = end_errand(context);
    struct doctor_keys *keys = &backend->keys;

    keys->is_asked = true;
    keys->status = result->status;
    keys->duration_us = result->duration_us;
    if (result->good && result->body != NULL)
        keys->is_known = doctor_keys_read(keys, result->body, result->body_size) == 0;
    else if (result->good)
        strcpy(keys->problem, "the answer is empty, or too large");
    else
        memcpy(keys->problem, result->description, sizeof(keys->problem));
}

/* Only those that know our certificate say it. */
static bool has_keys(const struct doctor_backend *backend)
{
    return backend->is_answered && backend->asking.tls.identity != NULL &&
           backend->result.status != 0 && backend->service->check == CHECK_HTTPS &&
           strcmp(backend->service->name, KEYS_SERVICE) == 0;
}

static int ask_for_keys(struct doctor *doctor, struct round *round)
{
    static const uint64_t expected[PROBE_STATUS_WORDS] = {
        [STATUS_OK / 64] = UINT64_C(1) << (STATUS_OK % 64),
    };

    round->last_ms = mono_ms();
    for (size_t i = 0; i < doctor->backend_count; i++) {
        struct doctor_backend *backend = &doctor->backends[i];
        struct probe_http *http;

        if (!has_keys(backend))
            continue;
        http = &backend->asking.http;
        http->method = "GET";
        http->path = DOCTOR_KEYS_PATH;
        http->expected = expected;
        http->keeps_body = true;
        if (send_question(round, backend, on_keys) == -1)
            return -1;
    }
    return wait_for_all(round);
}

/* ---- both ---- */

static int leave(struct round *round)
{
    const uint64_t until_ms = mono_ms() + LEAVE_MS;
    uint64_t now_ms;

    while ((now_ms = mono_ms()) < until_ms) {
        if (loop_turn(round->loop, (int)(until_ms - now_ms)) == -1)
            return -1;
    }
    return 0;
}

static int ask_in(struct doctor *doctor, struct round *round)
{
    round->loop = loop_new();
    if (round->loop == NULL)
        return -1;
    round->engine = probe_engine_new(round->loop);
    if (round->engine == NULL)
        return -1;
    probe_engine_on_wake(round->engine, on_wake, round);
    if (ask_everybody(doctor, round) == -1 || ask_for_keys(doctor, round) == -1)
        return -1;
    return leave(round);
}

int doctor_ask(struct doctor *doctor)
{
    struct round round = {0};
    int result = ask_in(doctor, &round);

    if (result == -1)
        control_complain("nobody can be asked: %s", strerror(errno));
    probe_engine_free(round.engine);
    loop_free(round.loop);
    return result;
}
