#include "control/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advice/advice.h"
#include "base/fd.h"
#include "conf/conf_load.h"
#include "probe/trust.h"

#define AS_ROOT "run this as root, who may read what the balancer itself reads"

static int make_epoch(struct doctor *doctor)
{
    int fd = epoch_seal(&doctor->conf, 1);

    doctor->epoch = fd != -1 ? epoch_map(fd) : NULL;
    fd_close(&fd);
    if (doctor->epoch != NULL)
        return 0;
    control_complain("the configuration cannot be kept: %s", strerror(errno));
    return -1;
}

static void drop_authority(struct conf *conf)
{
    conf->global.ca[0] = '\0';
    for (unsigned i = 0; i < conf->service_count; i++)
        conf->services[i].check_verify = VERIFY_NONE;
}

/* Those that show the same files are in the same trouble. */
static void drop_pair(struct conf *conf, const struct conf_service *like)
{
    const struct conf_service bad = *like;

    for (unsigned i = 0; i < conf->service_count; i++) {
        struct conf_service *service = &conf->services[i];

        if (strcmp(service->check_cert, bad.check_cert) == 0 &&
            strcmp(service->check_key, bad.check_key) == 0)
            service->check_cert[0] = service->check_key[0] = '\0';
    }
}

/* Whether the configuration has something less to be read than before. */
static bool drop_fault(struct conf *conf, const struct probe_trust_fault *fault)
{
    if (fault->service != CONF_NO_INDEX) {
        if (conf->services[fault->service].check_cert[0] == '\0')
            return false;
        drop_pair(conf, &conf->services[fault->service]);
        return true;
    }
    if (conf->global.ca[0] == '\0')
        return false;
    drop_authority(conf);
    return true;
}

/* A directory that only root may look into is as if it were not there. */
static void look_at_directory(struct doctor *doctor)
{
    char directory[CONF_PATH_SIZE];
    struct doctor_finding *finding;

    conf_load_credentials(doctor->path, directory);
    if (access(directory, X_OK) == 0 || errno != EACCES)
        return;
    finding =
        doctor_findings_add(&doctor->findings, DOCTOR_ERROR, "credentials",
                            "%s cannot be read: %s; everything is asked without what is in it",
                            directory, strerror(errno));
    if (finding != NULL)
        snprintf(finding->remedy, sizeof(finding->remedy), "%s", AS_ROOT);
}

static void note_fault(struct doctor *doctor, const struct probe_trust_fault *fault)
{
    const char *remedy = "make it anew, " ADVICE_IMPORT;
    struct doctor_finding *finding = doctor_findings_add(
        &doctor->findings, DOCTOR_ERROR, "credentials", "%s; everything is asked without %s",
        fault->reason, fault->service == CONF_NO_INDEX ? "a CA" : "a client certificate");

    if (finding == NULL)
        return;
    if (geteuid() != 0 && strstr(fault->reason, strerror(EACCES)) != NULL)
        remedy = AS_ROOT;
    else if (strstr(fault->reason, "chmod") != NULL || strstr(fault->reason, "chown") != NULL)
        remedy = "do that, then: k0slbctl check";
    snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy);
    finding->names_place = true;
}

/* Each pass leaves out one more file that cannot be used. */
int doctor_trust_read(struct doctor *doctor)
{
    struct probe_trust_fault fault;

    look_at_directory(doctor);
    for (;;) {
        if (make_epoch(doctor) == -1)
            return -1;
        doctor->trust = probe_trust_read(doctor->epoch, &fault);
        if (doctor->trust != NULL)
            return 0;
        epoch_unmap(doctor->epoch);
        doctor->epoch = NULL;
        if (!drop_fault(&doctor->conf, &fault)) {
            control_complain("%s", fault.reason);
            return -1;
        }
        note_fault(doctor, &fault);
    }
}
