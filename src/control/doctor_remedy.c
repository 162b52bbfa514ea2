#include "control/doctor_remedy.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "advice/advice.h"
#include "conf/conf_services.h"
#include "control/doctor.h"

#define JOIN_SERVICE "controllerJoinAPI"

/* A remedy that begins so is for the controller itself. */
#define THERE "on %s: "

PRINTF_LIKE(2, 3) static void set_remedy(struct doctor_problem *problem, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(problem->remedy, sizeof(problem->remedy), format, args);
    va_end(args);
}

PRINTF_LIKE(2, 3) static void set_text(struct doctor_problem *problem, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(problem->text, sizeof(problem->text), format, args);
    va_end(args);
}

static bool is_k0s(const struct doctor_backend *backend)
{
    return conf_services_is_built_in(backend->service->name);
}

/* ---- not there ---- */

static void explain_connect(const struct doctor_backend *backend, struct doctor_problem *problem)
{
    const char *name = backend->backend->name;

    problem->code = "not-connected";
    if (backend->result.refused && !is_k0s(backend))
        set_remedy(problem, "nothing listens there: start it on %s, or correct its port", name);
    else if (backend->result.refused)
        set_remedy(problem, THERE "`k0s status`; nothing listens there, so start k0s", name);
    else if (backend->result.code == CHECKED_L4TOUT)
        set_remedy(problem, "is %s on? Its firewall has to let this machine in to these ports",
                   name);
    else
        set_remedy(problem, "look at the route and at firewalls on the way to %s", name);
}

static void explain_tls(const struct doctor_backend *backend, struct doctor_problem *problem)
{
    const char *name = backend->backend->name;
    const char *service = backend->service->name;

    problem->code = "tls-failed";
    if (backend->steps[DOCTOR_CHAIN].mark == DOCTOR_ERROR) {
        problem->code = "not-trusted";
        set_remedy(problem, THERE "sha256sum /var/lib/k0s/pki/ca.crt; it has to be the file in ca",
                   name);
    } else if (backend->steps[DOCTOR_ALPN].mark == DOCTOR_ERROR) {
        problem->code = "alpn-differs";
        set_remedy(problem, "another service has that port: correct port in [service %s]", service);
    } else if (backend->result.code == CHECKED_L6TOUT) {
        set_remedy(problem, "it accepts and says nothing, so it hangs: restart %s on %s",
                   is_k0s(backend) ? "k0s" : "it", name);
    } else {
        set_remedy(problem, "another service has that port, or it is just starting on %s", name);
    }
}

/* ---- answers badly ---- */

static void explain_status(const struct doctor_backend *backend, struct doctor_problem *problem)
{
    const char *name = backend->backend->name;
    uint16_t status = backend->result.status;

    problem->code = "answer-bad";
    if (status >= 500 && !is_k0s(backend))
        set_remedy(problem, "see on %s what it wants to say by that", name);
    else if (status >= 500)
        set_remedy(problem, THERE "k0s kubectl get --raw '/readyz?verbose'; k0s etcd member-list",
                   name);
    else if (status == 404 && strcmp(backend->service->name, JOIN_SERVICE) == 0)
        set_remedy(problem, "storage that nobody can join (kine)? enabled = no in [service %s]",
                   JOIN_SERVICE);
    else if (status == 401 || status == 403)
        set_remedy(problem, ADVICE_IMPORT);
    else
        set_remedy(problem, "see what serves %s there, or correct check_expect in [service %s]",
                   backend->service->check_path, backend->service->name);
}

static void explain_refusal(const struct doctor_backend *backend, struct doctor_problem *problem)
{
    problem->code = "certificate-rejected";
    set_text(problem, "rejects the client certificate that %s accepts", backend->accepted_by);
    set_remedy(problem, THERE "compare /var/lib/k0s/pki/ca.crt with that of %s; restart k0s",
               backend->backend->name, backend->accepted_by);
}

static void explain_answer(const struct doctor_backend *backend, struct doctor_problem *problem)
{
    const char *name = backend->backend->name;

    problem->code = "answer-bad";
    if (backend->accepted_by != NULL)
        explain_refusal(backend, problem);
    else if (backend->result.code == CHECKED_L7STS)
        explain_status(backend, problem);
    else if (backend->result.code == CHECKED_L7TOUT && !is_k0s(backend))
        set_remedy(problem, "it hangs: restart it on %s", name);
    else if (backend->result.code == CHECKED_L7TOUT && backend->service->check == CHECK_H2)
        set_remedy(problem, "it hangs, or another service has that port: restart k0s on %s", name);
    else if (backend->result.code == CHECKED_L7TOUT)
        set_remedy(problem, "it hangs, often for want of etcd; on %s: k0s etcd member-list", name);
    else
        set_remedy(problem, "another service has that port: correct port in [service %s]",
                   backend->service->name);
}

void doctor_problem_describe(const struct doctor_backend *backend, struct doctor_problem *problem)
{
    const struct probe_result *result = &backend->result;

    *problem = (struct doctor_problem){.code = "not-resolved"};
    if (!backend->is_answered) {
        set_text(problem, "%s does not resolve: %s", backend->backend->host,
                 backend->lookup_problem);
        set_remedy(problem, "mend DNS or /etc/hosts here: getent hosts %s", backend->backend->host);
        return;
    }
    set_text(problem, "%s %s", board_check_name(result->code), result->description);
    if (result->no_verdict) {
        problem->code = "not-tried";
        set_text(problem, "cannot be tried from here: %s", result->description);
        set_remedy(problem, "this machine is short of something, or forbids it: see `ulimit -n`");
    } else if (result->connected_us == 0) {
        explain_connect(backend, problem);
    } else if (result->shook_us == 0) {
        explain_tls(backend, problem);
    } else {
        explain_answer(backend, problem);
    }
}

/* ---- a command ---- */

/* What a shell takes as it stands. */
static bool is_plain(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-_.:@/+,", *at) == NULL)
            return false;
    }
    return *text != '\0';
}

void doctor_grant_command(const char *user, char command[DOCTOR_REMEDY_SIZE])
{
    snprintf(command, DOCTOR_REMEDY_SIZE,
             "k0s kubectl create clusterrolebinding k0slb-issuer-discovery "
             "--clusterrole=system:service-account-issuer-discovery --user=%s",
             is_plain(user) ? user : "USER");
}
