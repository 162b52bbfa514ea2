#include "control/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "conf/conf_load.h"
#include "probe/trust.h"

#define REPORT_LIMIT (8u << 20)

/* ---- the configuration ---- */

/* The board's places mean nothing here, but an epoch wants them to be different. */
static void number_slots(struct conf *conf)
{
    for (unsigned i = 0; i < conf->service_count; i++)
        conf->services[i].slot = (uint16_t)i;
    for (unsigned i = 0; i < conf->backend_count; i++)
        conf->backends[i].slot = (uint16_t)i;
}

static void take_messages(struct doctor *doctor)
{
    static const enum doctor_mark marks[] = {
        [CONF_ERROR] = DOCTOR_ERROR, [CONF_WARNING] = DOCTOR_WARNING, [CONF_NOTICE] = DOCTOR_NOTE};

    for (size_t i = 0; i < doctor->report.count; i++) {
        const struct conf_message *message = &doctor->report.messages[i];

        (void)doctor_findings_add(&doctor->findings, marks[message->severity], "configuration",
                                  "%s", message->text);
    }
}

/* Certificates and keys are looked at by themselves, and are no reason to stop. */
static int load(struct doctor *doctor)
{
    doctor->report = (struct conf_report){.path = doctor->path, .spares_files = true};
    if (conf_load(&doctor->conf, doctor->path, &doctor->report) == -1) {
        take_messages(doctor);
        control_complain_all(&doctor->report);
        return -1;
    }
    take_messages(doctor);
    number_slots(&doctor->conf);
    doctor->backend_count = doctor->conf.backend_count;
    doctor->backends = calloc(doctor->backend_count + 1, sizeof(*doctor->backends));
    if (doctor->backends != NULL)
        return 0;
    control_complain("there is not enough memory");
    return -1;
}

/* ---- the examination ---- */

static void link_backends(struct doctor *doctor)
{
    for (unsigned i = 0; i < doctor->backend_count; i++) {
        struct doctor_backend *backend = &doctor->backends[i];

        backend->backend = epoch_backend(doctor->epoch, i);
        backend->service = epoch_service(doctor->epoch, backend->backend->service);
    }
}

static int examine(struct doctor *doctor)
{
    if (doctor_trust_read(doctor) == -1)
        return -1;
    link_backends(doctor);
    if (doctor_resolve(doctor) == -1 || doctor_ask(doctor) == -1)
        return -1;
    doctor_compare_identities(doctor);
    for (size_t i = 0; i < doctor->backend_count; i++)
        doctor_fill_steps(doctor, &doctor->backends[i]);
    return doctor_judge(doctor);
}

/* ---- the report ---- */

enum doctor_mark doctor_mark(const struct doctor *doctor)
{
    if (doctor_findings_count(&doctor->findings, DOCTOR_ERROR) > 0)
        return DOCTOR_ERROR;
    if (doctor_findings_count(&doctor->findings, DOCTOR_WARNING) > 0)
        return DOCTOR_WARNING;
    return DOCTOR_OK;
}

static int status_of(const struct doctor *doctor)
{
    switch (doctor_mark(doctor)) {
    case DOCTOR_ERROR:
        return CONTROL_REFUSED;
    case DOCTOR_WARNING:
        return CONTROL_WARNINGS;
    default:
        return CONTROL_DONE;
    }
}

static int report(struct doctor *doctor, bool is_json)
{
    struct textbuf out;
    int status;

    doctor->duration_us = (uint32_t)((mono_ms() - doctor->began_ms) * 1000);
    textbuf_init(&out, REPORT_LIMIT);
    if (is_json)
        doctor_json(doctor, &out);
    else
        doctor_text(doctor, &out);
    status = control_print(&out);
    textbuf_fini(&out);
    return status == CONTROL_DONE ? status_of(doctor) : status;
}

/* ---- the verb ---- */

static void fini(struct doctor *doctor)
{
    probe_trust_free(doctor->trust);
    if (doctor->epoch != NULL)
        epoch_unmap(doctor->epoch);
    free(doctor->backends);
    doctor_findings_free(&doctor->findings);
    conf_report_free(&doctor->report);
    conf_free(&doctor->conf);
}

static int run(struct doctor *doctor, const struct control *control)
{
    const bool is_json = control->options[OPTION_JSON] != NULL;

    if (load(doctor) == -1)
        return is_json ? report(doctor, true) : CONTROL_REFUSED;
    if (doctor_select(doctor, control->operands, control->operand_count) == -1)
        return CONTROL_USAGE;
    if (examine(doctor) == -1)
        return CONTROL_REFUSED;
    return report(doctor, is_json);
}

int verb_doctor(const struct control *control)
{
    struct doctor doctor = {.path = control->config, .began_ms = mono_ms()};
    int status = run(&doctor, control);

    fini(&doctor);
    return status;
}
