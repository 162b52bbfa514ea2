#include "control/doctor.h"

#include <string.h>

#include "base/mono.h"
#include "report/json.h"

#include "config.h"

static void put_text_or_null(struct json *json, const char *key, const char *text)
{
    if (*text != '\0')
        json_put_text(json, key, text);
    else
        json_put_word(json, key, "null");
}

static void put_ms_or_null(struct json *json, const char *key, uint32_t us)
{
    if (us != 0)
        json_put_ms(json, key, us);
    else
        json_put_word(json, key, "null");
}

/* ---- a backend ---- */

static void put_check(struct json *json, const struct doctor_backend *backend)
{
    const struct probe_result *result = &backend->result;

    json_open(json, "check", "{");
    if (backend->is_answered && result->code != CHECKED_NONE)
        json_put_text(json, "result", board_check_name(result->code));
    else
        json_put_word(json, "result", "null");
    if (result->status != 0)
        json_put_number(json, "code", result->status);
    else
        json_put_word(json, "code", "null");
    json_put_text(json, "description", result->description);
    put_ms_or_null(json, "duration_ms", result->duration_us);
    json_close(json, "}");
}

static void put_steps(struct json *json, const struct doctor_backend *backend)
{
    json_open(json, "steps", "[");
    for (int i = 0; i < DOCTOR_STEPS; i++) {
        const struct doctor_step *step = &backend->steps[i];

        if (step->mark == DOCTOR_SKIPPED && step->text[0] == '\0')
            continue;
        json_open(json, NULL, "{");
        json_put_text(json, "step", doctor_step_name((enum doctor_step_name)i));
        json_put_text(json, "state", doctor_mark_name(step->mark));
        put_ms_or_null(json, "duration_ms", step->duration_us);
        json_put_text(json, "text", step->text);
        json_close(json, "}");
    }
    json_close(json, "]");
}

static void put_names(struct json *json, const char *names)
{
    json_open(json, "names", "[");
    while (*names != '\0') {
        size_t length = strcspn(names, " ");

        if (length > 0)
            json_put_piece(json, NULL, names, length);
        names += length + (names[length] == ' ');
    }
    json_close(json, "]");
}

static void put_date(struct json *json, const char *key, int64_t s)
{
    json_put_time(json, key, s > 0 ? (uint64_t)s * 1000 : 0);
}

static void put_fingerprint(struct json *json, const struct certificate *certificate)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * CERTIFICATE_FINGERPRINT_SIZE + 1] = "";

    for (int i = 0; i < CERTIFICATE_FINGERPRINT_SIZE; i++) {
        text[2 * i] = digits[certificate->fingerprint[i] >> 4];
        text[2 * i + 1] = digits[certificate->fingerprint[i] & 15];
    }
    json_put_text(json, "sha256", text);
}

static void put_certificate(struct json *json, const struct doctor_backend *backend)
{
    const struct certificate *certificate = &backend->certificate;

    if (!doctor_has_certificate(backend)) {
        json_put_word(json, "certificate", "null");
        return;
    }
    json_open(json, "certificate", "{");
    json_put_text(json, "issuer", certificate->issuer);
    json_put_text(json, "common_name", certificate->common_name);
    put_date(json, "not_before", certificate->not_before_s);
    put_date(json, "not_after", certificate->not_after_s);
    put_fingerprint(json, certificate);
    put_names(json, certificate->names);
    if (certificate->authority_known)
        json_put_bool(json, "ca_ok", certificate->trusted);
    else
        json_put_word(json, "ca_ok", "null");
    put_text_or_null(json, "tls", certificate->version);
    put_text_or_null(json, "alpn", certificate->alpn);
    json_close(json, "}");
}

static void put_keys(struct json *json, const struct doctor_keys *keys)
{
    if (!keys->is_known) {
        json_put_word(json, "keys", "null");
        return;
    }
    json_open(json, "keys", "[");
    for (unsigned i = 0; i < keys->count; i++)
        json_put_text(json, NULL, keys->ids[i]);
    json_close(json, "]");
}

static void put_backend(struct json *json, const struct doctor_backend *backend)
{
    json_open(json, NULL, "{");
    json_put_text(json, "name", backend->backend->name);
    json_put_address(json, "address", &backend->address);
    put_text_or_null(json, "host", backend->backend->host);
    json_put_text(json, "state", doctor_mark_name(doctor_backend_mark(backend)));
    put_check(json, backend);
    put_steps(json, backend);
    put_certificate(json, backend);
    put_keys(json, &backend->keys);
    json_close(json, "}");
}

/* ---- all of it ---- */

static void put_service(struct json *json, const struct doctor *doctor, unsigned index)
{
    const struct conf_service *service = epoch_service(doctor->epoch, index);

    json_open(json, NULL, "{");
    json_put_text(json, "name", service->name);
    json_put_text(json, "check", conf_check_name((enum conf_check)service->check));
    json_open(json, "backends", "[");
    for (unsigned i = 0; i < service->backend_count; i++) {
        const struct doctor_backend *backend = &doctor->backends[service->first_backend + i];

        if (backend->is_wanted)
            put_backend(json, backend);
    }
    json_close(json, "]");
    json_close(json, "}");
}

static bool is_wanted(const struct doctor *doctor, unsigned service)
{
    for (size_t i = 0; i < doctor->backend_count; i++) {
        if (doctor->backends[i].is_wanted && doctor->backends[i].backend->service == service)
            return true;
    }
    return false;
}

static void put_services(struct json *json, const struct doctor *doctor)
{
    json_open(json, "services", "[");
    for (unsigned i = 0; doctor->epoch != NULL && i < doctor->epoch->service_count; i++) {
        if (is_wanted(doctor, i))
            put_service(json, doctor, i);
    }
    json_close(json, "]");
}

static void put_finding(struct json *json, const struct doctor *doctor,
                        const struct doctor_finding *finding)
{
    const struct epoch *epoch = doctor->epoch;

    json_open(json, NULL, "{");
    json_put_text(json, "state", doctor_mark_name(finding->mark));
    json_put_text(json, "code", finding->code);
    put_text_or_null(
        json, "service",
        finding->service != CONF_NO_INDEX ? epoch_service(epoch, finding->service)->name : "");
    put_text_or_null(
        json, "controller",
        finding->backend != CONF_NO_INDEX ? epoch_backend(epoch, finding->backend)->name : "");
    json_put_text(json, "text", finding->text);
    put_text_or_null(json, "remedy", finding->remedy);
    put_text_or_null(json, "command", finding->command);
    json_close(json, "}");
}

void doctor_json(const struct doctor *doctor, struct textbuf *out)
{
    const struct doctor_findings *findings = &doctor->findings;
    struct json json = {.out = out};

    json_open(&json, NULL, "{");
    json_put_text(&json, "version", PACKAGE_VERSION);
    json_put_text(&json, "configuration", doctor->path);
    json_put_time(&json, "at", wall_ms());
    json_put_ms(&json, "duration_ms", doctor->duration_us);
    json_put_text(&json, "state", doctor_mark_name(doctor_mark(doctor)));
    json_put_number(&json, "errors", doctor_findings_count(findings, DOCTOR_ERROR));
    json_put_number(&json, "warnings", doctor_findings_count(findings, DOCTOR_WARNING));
    put_services(&json, doctor);
    json_open(&json, "findings", "[");
    for (size_t i = 0; i < findings->count; i++)
        put_finding(&json, doctor, &findings->list[i]);
    json_close(&json, "]");
    json_close(&json, "}");
    textbuf_puts(out, "\n");
}
