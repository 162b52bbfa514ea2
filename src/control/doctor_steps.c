#include "control/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "advice/advice.h"
#include "base/certificate_names.h"
#include "base/mono.h"

#define DAY_S 86400

PRINTF_LIKE(3, 4)
static struct doctor_step *set(struct doctor_step *step, enum doctor_mark mark, const char *format,
                               ...)
{
    va_list args;

    step->mark = mark;
    va_start(args, format);
    vsnprintf(step->text, sizeof(step->text), format, args);
    va_end(args);
    return step;
}

bool doctor_has_certificate(const struct doctor_backend *backend)
{
    return backend->is_answered && backend->result.certificate != NULL;
}

static bool is_tls(const struct doctor_backend *backend)
{
    return conf_check_is_tls((enum conf_check)backend->service->check);
}

/* ---- up to TLS ---- */

static void fill_resolve(struct doctor_backend *backend, struct doctor_step *step)
{
    char text[ADDR_TEXT_SIZE];

    if (backend->lookup_us == 0)
        return;
    if (backend->address.family == ADDR_NONE)
        set(step, DOCTOR_ERROR, "name does not resolve: %s", backend->lookup_problem);
    else
        set(step, DOCTOR_OK, "%s", addr_format_ip(&backend->address, text));
    step->duration_us = backend->lookup_us;
}

static void fill_connect(const struct doctor_backend *backend, struct doctor_step *step)
{
    const struct probe_result *result = &backend->result;

    if (result->connected_us != 0) {
        set(step, DOCTOR_OK, "%s", "")->duration_us = result->connected_us;
        return;
    }
    set(step, DOCTOR_ERROR, "%s%s", result->no_verdict ? "cannot be tried from here: " : "",
        result->description);
    step->duration_us = result->duration_us;
}

/* With a certificate the handshake went well, even where it is not good enough to go on. */
static void fill_tls(const struct doctor_backend *backend, struct doctor_step *step)
{
    const struct probe_result *result = &backend->result;
    uint32_t until_us = result->shook_us != 0 ? result->shook_us : result->duration_us;

    if (doctor_has_certificate(backend))
        set(step, DOCTOR_OK, "%s", backend->certificate.version);
    else
        set(step, result->good ? DOCTOR_OK : DOCTOR_ERROR, "%s", result->description);
    step->duration_us = until_us - result->connected_us;
}

/* ---- the certificate ---- */

static void fill_chain(const struct doctor_backend *backend, struct doctor_step *step)
{
    const struct certificate *certificate = &backend->certificate;

    if (!certificate->authority_known)
        set(step, DOCTOR_SKIPPED, "no CA is known; the issuer is %s", certificate->issuer);
    else if (certificate->trusted)
        set(step, DOCTOR_OK, "signed by %s, which is in ca", certificate->issuer);
    else
        set(step, backend->asking.tls.verify ? DOCTOR_ERROR : DOCTOR_WARNING,
            "does not lead to ca: %s; the issuer is %s", certificate->problem, certificate->issuer);
}

/* Appends one more item of a list. */
static void append_name(struct doctor_step *step, const char *name)
{
    size_t used = strlen(step->text);

    snprintf(step->text + used, sizeof(step->text) - used, "%s%s", used > 0 ? ", " : "", name);
}

/* Names that it lacks, or when it lacks none, those that it has. */
static void fill_names(const struct doctor *doctor, const struct doctor_backend *backend,
                       struct doctor_step *step)
{
    char wanted[CONF_HOST_SIZE];
    struct doctor_step had = {0};

    for (unsigned i = 0; i < doctor->epoch->external_count; i++) {
        const struct conf_external *external = epoch_external(doctor->epoch, i);

        if (external->host[0] != '\0')
            snprintf(wanted, sizeof(wanted), "%s", external->host);
        else
            addr_format_ip(&external->address, wanted);
        append_name(certificate_names_have(backend->certificate.names, wanted) ? &had : step,
                    wanted);
    }
    if (doctor->epoch->external_count == 0)
        set(step, DOCTOR_SKIPPED, "external_address is not set");
    else if (step->text[0] == '\0')
        set(step, DOCTOR_OK, "%s", had.text);
    else
        step->mark = DOCTOR_WARNING;
}

static void fill_dates(const struct certificate *certificate, int64_t now_s,
                       struct doctor_step *step)
{
    int64_t days = (certificate->not_after_s - now_s) / DAY_S;
    bool begins = now_s < certificate->not_before_s;
    int64_t at_s = begins ? certificate->not_before_s : certificate->not_after_s;
    char when[WALL_TEXT_SIZE];

    wall_format((uint64_t)(at_s > 0 ? at_s : 0) * 1000, when);
    if (begins)
        set(step, DOCTOR_WARNING, "not good before %s", when);
    else if (now_s > certificate->not_after_s)
        set(step, DOCTOR_WARNING, "ended %s", when);
    else
        set(step, days < ADVICE_ENDING_DAYS ? DOCTOR_WARNING : DOCTOR_OK,
            "%lld days left, until %s", (long long)days, when);
}

static void fill_alpn(const struct doctor_backend *backend, struct doctor_step *step)
{
    const char *agreed = backend->certificate.alpn;
    const char *wanted;

    if (backend->service->check != CHECK_HTTPS && backend->service->check != CHECK_H2)
        return;
    wanted = backend->service->check == CHECK_H2 ? "h2" : "http/1.1";
    if (strcmp(agreed, wanted) == 0)
        set(step, DOCTOR_OK, "%s", agreed);
    else if (*agreed == '\0' && backend->service->check == CHECK_HTTPS)
        set(step, DOCTOR_OK, "none, so HTTP/1.1 is spoken");
    else
        set(step, DOCTOR_ERROR, "%s in place of %s", *agreed != '\0' ? agreed : "none", wanted);
}

static void fill_certificate(const struct doctor *doctor, struct doctor_backend *backend)
{
    struct doctor_step *steps = backend->steps;

    fill_chain(backend, &steps[DOCTOR_CHAIN]);
    fill_names(doctor, backend, &steps[DOCTOR_NAMES]);
    fill_dates(&backend->certificate, (int64_t)(wall_ms() / 1000), &steps[DOCTOR_DATES]);
    fill_alpn(backend, &steps[DOCTOR_ALPN]);
}

/* ---- the answer ---- */

static void fill_answer(const struct doctor_backend *backend, struct doctor_step *step)
{
    const struct probe_result *result = &backend->result;
    bool is_bad = !result->good || backend->accepted_by != NULL;

    if (backend->service->check != CHECK_HTTPS && backend->service->check != CHECK_H2)
        return;
    if (backend->identity_refused)
        set(step, DOCTOR_WARNING, "%s, to our certificate", result->description);
    else
        set(step, is_bad ? DOCTOR_ERROR : DOCTOR_OK, "%s", result->description);
    step->duration_us = result->duration_us - result->shook_us;
}

static void fill_keys(const struct doctor_keys *keys, struct doctor_step *step)
{
    if (!keys->is_asked)
        return;
    if (!keys->is_known)
        set(step, DOCTOR_SKIPPED, "not told: %s", keys->problem);
    else if (keys->count == 1)
        set(step, DOCTOR_OK, "%s", keys->ids[0]);
    else
        set(step, DOCTOR_OK, "%u: %s …", keys->count, keys->ids[0]);
    step->duration_us = keys->duration_us;
}

void doctor_fill_steps(const struct doctor *doctor, struct doctor_backend *backend)
{
    struct doctor_step *steps = backend->steps;

    memset(steps, 0, sizeof(backend->steps));
    fill_resolve(backend, &steps[DOCTOR_RESOLVE]);
    if (!backend->is_answered)
        return;
    fill_connect(backend, &steps[DOCTOR_CONNECT]);
    if (steps[DOCTOR_CONNECT].mark == DOCTOR_ERROR || !is_tls(backend))
        return;
    fill_tls(backend, &steps[DOCTOR_TLS]);
    if (doctor_has_certificate(backend))
        fill_certificate(doctor, backend);
    if (backend->result.shook_us == 0)
        return;
    fill_answer(backend, &steps[DOCTOR_ANSWER]);
    fill_keys(&backend->keys, &steps[DOCTOR_KEYS]);
}

/* ---- in words ---- */

const char *doctor_step_name(enum doctor_step_name step)
{
    static const char *const names[] = {
        [DOCTOR_RESOLVE] = "resolve", [DOCTOR_CONNECT] = "connect", [DOCTOR_TLS] = "tls",
        [DOCTOR_CHAIN] = "chain",     [DOCTOR_NAMES] = "names",     [DOCTOR_DATES] = "dates",
        [DOCTOR_ALPN] = "alpn",       [DOCTOR_ANSWER] = "answer",   [DOCTOR_KEYS] = "keys",
    };

    return names[step];
}

enum doctor_mark doctor_backend_mark(const struct doctor_backend *backend)
{
    enum doctor_mark worst = DOCTOR_SKIPPED;

    for (int i = 0; i < DOCTOR_STEPS; i++) {
        if (backend->steps[i].mark > worst)
            worst = backend->steps[i].mark;
    }
    return worst;
}
