#include "control/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice/advice.h"
#include "base/mono.h"
#include "control/doctor_remedy.h"
#include "probe/trust.h"

#define STATUS_OK           200
#define STATUS_UNAUTHORIZED 401
#define STATUS_FORBIDDEN    403

/* Warnings of one kind that there is room for. */
#define ADVICE_MOST 256

/* ---- our certificate ---- */

static bool is_refusing(const struct doctor_backend *backend)
{
    uint16_t status = backend->result.status;

    return backend->is_answered && backend->result.identity_sent &&
           (status == STATUS_UNAUTHORIZED ||
            (status == STATUS_FORBIDDEN && !conf_expects(backend->service, STATUS_FORBIDDEN)));
}

static bool is_accepting(const struct doctor_backend *backend)
{
    return backend->is_answered && backend->result.identity_sent &&
           backend->result.status == STATUS_OK && backend->result.good;
}

static const char *find_accepting(const struct doctor *doctor, const struct conf_service *service)
{
    for (size_t i = 0; i < doctor->backend_count; i++) {
        if (doctor->backends[i].service == service && is_accepting(&doctor->backends[i]))
            return doctor->backends[i].backend->name;
    }
    return NULL;
}

/* A service that nobody gets a 200 from asks nothing that our certificate would matter for. */
static bool asks_readiness(const struct conf_service *service)
{
    return service->check == CHECK_HTTPS && conf_expects(service, STATUS_OK);
}

void doctor_compare_identities(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->backend_count; i++) {
        struct doctor_backend *backend = &doctor->backends[i];

        if (!is_refusing(backend) || !asks_readiness(backend->service))
            continue;
        backend->accepted_by = find_accepting(doctor, backend->service);
        backend->identity_refused = backend->accepted_by == NULL;
    }
}

/* ---- errors ---- */

static struct doctor_finding *add(struct doctor *doctor, const struct doctor_backend *backend,
                                  enum doctor_mark mark, const char *code, const char *text)
{
    struct doctor_finding *finding = doctor_findings_add(&doctor->findings, mark, code, "%s", text);

    if (finding == NULL)
        return NULL;
    finding->service = backend->backend->service;
    finding->backend = (uint16_t)(backend - doctor->backends);
    return finding;
}

static bool is_bad(const struct doctor_backend *backend)
{
    if (!backend->is_wanted || backend->identity_refused)
        return false;
    return !backend->is_answered || !backend->result.good || backend->accepted_by != NULL;
}

static void judge_answer(struct doctor *doctor, const struct doctor_backend *backend)
{
    struct doctor_problem problem;
    struct doctor_finding *finding;

    if (!is_bad(backend))
        return;
    doctor_problem_describe(backend, &problem);
    finding = add(doctor, backend, DOCTOR_ERROR, problem.code, problem.text);
    if (finding != NULL)
        memcpy(finding->remedy, problem.remedy, sizeof(finding->remedy));
}

/* ---- keys of service accounts ---- */

static void judge_keys(struct doctor *doctor, const struct doctor_backend *backend,
                       const struct doctor_backend *common)
{
    char text[DOCTOR_TEXT_SIZE];
    struct doctor_finding *finding;

    if (!backend->keys.is_known || doctor_keys_equal(&backend->keys, &common->keys))
        return;
    snprintf(text, sizeof(text),
             "other service-account keys than %s: tokens of one are refused by the other",
             common->backend->name);
    finding = add(doctor, backend, DOCTOR_ERROR, "keys-differ", text);
    if (finding != NULL)
        snprintf(finding->remedy, sizeof(finding->remedy),
                 "copy /var/lib/k0s/pki/sa.key and sa.pub from %s, then restart k0s here",
                 common->backend->name);
}

/* What would have to be granted is said once: it is the same everywhere. */
static void explain_forbidden(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->backend_count; i++) {
        const struct doctor_backend *backend = &doctor->backends[i];
        struct certificate ours;
        struct doctor_finding *finding;

        if (!backend->keys.is_asked || backend->keys.status != STATUS_FORBIDDEN)
            continue;
        finding = add(doctor, backend, DOCTOR_NOTE, "keys-forbidden",
                      "our client certificate may not see the service-account keys, so they were "
                      "not compared");
        if (finding == NULL)
            return;
        finding->backend = CONF_NO_INDEX;
        probe_identity_describe(backend->asking.tls.identity, NULL, &ours);
        snprintf(finding->remedy, sizeof(finding->remedy), "to allow it, once, on a controller:");
        doctor_grant_command(ours.common_name, finding->command);
        return;
    }
}

static void compare_keys(struct doctor *doctor)
{
    const struct doctor_keys **list = calloc(doctor->backend_count + 1, sizeof(*list));
    int common;

    if (list == NULL) {
        doctor->findings.out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < doctor->backend_count; i++)
        list[i] = doctor->backends[i].keys.is_known ? &doctor->backends[i].keys : NULL;
    common = doctor_keys_common(list, doctor->backend_count);
    for (size_t i = 0; common != -1 && i < doctor->backend_count; i++)
        judge_keys(doctor, &doctor->backends[i], &doctor->backends[common]);
    free(list);
}

/* ---- advice ---- */

/* Where nobody answers well anywhere, nothing tells what is not in use from an outage. */
static bool is_anybody_good(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->backend_count; i++) {
        if (doctor->backends[i].is_answered && doctor->backends[i].result.good)
            return true;
    }
    return false;
}

static void see(const struct doctor_backend *backend, bool is_outage, struct advice_backend *out)
{
    const struct probe_result *result = &backend->result;
    bool good = backend->is_answered && result->good && backend->accepted_by == NULL;

    if (!backend->is_answered)
        return;
    *out = (struct advice_backend){
        .certificate = result->certificate,
        .code = result->code,
        .status = result->status,
        .is_good = good || backend->identity_refused,
        .never_good = !good && !backend->identity_refused && !is_outage,
        .is_verified = good && result->status == STATUS_OK,
        .identity_refused = backend->identity_refused,
        .has_clock = result->has_clock,
        .clock_ms = result->clock_ms,
    };
}

static bool is_wanted(const struct doctor *doctor, const struct advice *advice)
{
    if (advice->backend != CONF_NO_INDEX)
        return doctor->backends[advice->backend].is_wanted;
    for (size_t i = 0; i < doctor->backend_count; i++) {
        const struct doctor_backend *backend = &doctor->backends[i];

        if (backend->is_wanted &&
            (advice->service == CONF_NO_INDEX || advice->service == backend->backend->service))
            return true;
    }
    return false;
}

/*
 * Files that could not be used were spoken of already; and where readiness was seen not to be
 * verified, the same certificate is missing.
 */
static const struct {
    const char *said;
    const char *code;
} implied[] = {
    {"credentials", "credentials-missing"},
    {"credentials", "ready-unverified"},
    {"credentials", "ca-missing"},
    {"ready-unverified", "credentials-missing"},
};

static bool is_found(const struct doctor *doctor, const char *code)
{
    for (size_t i = 0; i < doctor->findings.count; i++) {
        if (strcmp(doctor->findings.list[i].code, code) == 0)
            return true;
    }
    return false;
}

static bool is_told(const struct doctor *doctor, const struct board_warning *warning)
{
    for (size_t i = 0; i < ARRAY_LEN(implied); i++) {
        if (strcmp(warning->code, implied[i].code) == 0 && is_found(doctor, implied[i].said))
            return true;
    }
    return false;
}

static void take_advice(struct doctor *doctor, const struct advice *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct board_warning *warning = &list[i].warning;
        struct doctor_finding *finding;

        if (!is_wanted(doctor, &list[i]) || is_told(doctor, warning))
            continue;
        finding = doctor_findings_add(&doctor->findings, DOCTOR_WARNING, warning->code, "%s",
                                      warning->text);
        if (finding == NULL)
            return;
        finding->service = list[i].service;
        finding->backend = list[i].backend;
        finding->names_place = true;
        snprintf(finding->remedy, sizeof(finding->remedy), "%s", warning->remedy);
    }
}

/* What advice is made from, while it is made. */
struct view {
    struct advice_backend *backends;
    struct certificate authority;
    struct certificate *own;          /* by service */
    const struct certificate **shown; /* the same, NULL where nothing is shown */
    struct advice *advice;
};

static int view_open(const struct doctor *doctor, struct view *view)
{
    size_t services = doctor->epoch->service_count;
    bool is_outage = !is_anybody_good(doctor);

    view->backends = calloc(doctor->backend_count + 1, sizeof(*view->backends));
    view->own = calloc(services + 1, sizeof(*view->own));
    view->shown = calloc(services + 1, sizeof(*view->shown));
    view->advice = calloc(ADVICE_MOST, sizeof(*view->advice));
    if (view->backends == NULL || view->own == NULL || view->shown == NULL || view->advice == NULL)
        return -1;
    for (size_t i = 0; i < doctor->backend_count; i++)
        see(&doctor->backends[i], is_outage, &view->backends[i]);
    for (unsigned i = 0; i < services; i++) {
        const struct probe_identity *identity = probe_trust_identity(doctor->trust, i);

        if (identity == NULL)
            continue;
        probe_identity_describe(identity, probe_trust_authority(doctor->trust), &view->own[i]);
        view->shown[i] = &view->own[i];
    }
    return 0;
}

static void view_close(struct view *view)
{
    free(view->backends);
    free(view->own);
    free(view->shown);
    free(view->advice);
}

static int ask_advice(struct doctor *doctor)
{
    const struct probe_authority *authority = probe_trust_authority(doctor->trust);
    struct view view = {0};
    int result = view_open(doctor, &view);

    if (result == 0) {
        const struct advice_case what = {
            .epoch = doctor->epoch,
            .backends = view.backends,
            .authority = authority != NULL ? &view.authority : NULL,
            .identities = view.shown,
            .now_s = (int64_t)(wall_ms() / 1000),
        };

        if (authority != NULL)
            probe_authority_describe(authority, &view.authority);
        take_advice(doctor, view.advice, advice_find(&what, view.advice, ADVICE_MOST));
        take_advice(doctor, view.advice,
                    advice_find_risks(doctor->epoch, view.advice, ADVICE_MOST));
    }
    view_close(&view);
    return result;
}

/* ---- all of it ---- */

int doctor_judge(struct doctor *doctor)
{
    int result;

    for (size_t i = 0; i < doctor->backend_count; i++)
        judge_answer(doctor, &doctor->backends[i]);
    compare_keys(doctor);
    result = ask_advice(doctor);
    explain_forbidden(doctor);
    if (result == 0 && !doctor->findings.out_of_memory)
        return 0;
    control_complain("there is not enough memory");
    return -1;
}
