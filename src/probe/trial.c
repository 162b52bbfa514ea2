#include "probe/trial.h"

#include <stdio.h>
#include <string.h>

#include "base/certificate.h"
#include "base/mono.h"

/* While faults are looked for. */
struct finding {
    const struct trial *trial;
    trial_fn *fn;
    void *context;
    unsigned count;
};

static void tell(struct finding *finding, const struct trial_fault *fault)
{
    finding->count++;
    finding->fn(finding->context, fault);
}

/* ---- dates ---- */

/* Names the file whose certificate has ended. Returns whether it has, and dates matter. */
static bool has_ended(const struct finding *finding, const char *path, int64_t end_s, char *reason)
{
    char text[WALL_TEXT_SIZE];

    if (!finding->trial->minds_dates || end_s <= 0 || (uint64_t)end_s > wall_ms() / 1000)
        return false;
    wall_format((uint64_t)end_s * 1000, text);
    snprintf(reason, CREDENTIALS_ERROR_SIZE, "%s: the certificate has expired (%s)", path, text);
    return true;
}

/* ---- what files hold ---- */

static struct probe_pem pem_of(const char *path, const struct safe_file *file)
{
    return (struct probe_pem){.name = path, .data = file->data, .size = file->size};
}

static void judge_authority(struct finding *finding)
{
    const struct keyring *keyring = &finding->trial->keyring;
    struct probe_pem pem = pem_of(keyring->ca_path, &keyring->ca);
    struct trial_fault fault = {.service = CONF_NO_INDEX, .file = CONF_FILE_CA};
    struct probe_authority *authority;

    if (*keyring->ca_path == '\0')
        return;
    authority = probe_authority_new(&pem, fault.reason);
    if (authority == NULL ||
        has_ended(finding, pem.name, probe_authority_ends_s(authority), fault.reason))
        tell(finding, &fault);
    probe_authority_free(authority);
}

/* Which file of a pair a reason begins with. */
static enum conf_file file_of(const char *key_path, const char *reason)
{
    size_t length = strlen(key_path);
    bool is_key =
        strncmp(reason, key_path, length) == 0 && (reason[length] == ':' || reason[length] == ' ');

    return is_key ? CONF_FILE_KEY : CONF_FILE_CERT;
}

/* The first service that shows this pair. */
static uint16_t service_of(const struct keyring *keyring, unsigned pair)
{
    uint16_t service = 0;

    while (keyring->pair_of[service] != pair)
        service++;
    return service;
}

static void judge_pair(struct finding *finding, unsigned index)
{
    const struct keyring_pair *pair = &finding->trial->keyring.pairs[index];
    struct probe_pem cert = pem_of(pair->cert_path, &pair->cert);
    struct probe_pem key = pem_of(pair->key_path, &pair->key);
    struct trial_fault fault = {.service = service_of(&finding->trial->keyring, index)};
    struct probe_identity *identity = probe_identity_new(&cert, &key, fault.reason);
    struct certificate certificate = {0};

    if (identity != NULL)
        probe_identity_describe(identity, NULL, &certificate);
    if (identity == NULL || has_ended(finding, cert.name, certificate.not_after_s, fault.reason)) {
        fault.file = (uint16_t)file_of(pair->key_path, fault.reason);
        tell(finding, &fault);
    }
    probe_identity_free(identity);
}

/* ---- from outside ---- */

void trial_read(struct trial *trial)
{
    struct trial_fault *unread = &trial->unread;

    unread->reason[0] = '\0';
    if (keyring_gather(&trial->keyring, &trial->wants, &unread->service, unread->reason) == 0)
        return;
    unread->file = CONF_FILE_CA;
    if (unread->service != CONF_NO_INDEX)
        unread->file =
            (uint16_t)file_of(trial->wants.services[unread->service].check_key, unread->reason);
}

unsigned trial_judge(struct trial *trial, trial_fn *fn, void *context)
{
    struct finding finding = {.trial = trial, .fn = fn, .context = context};

    if (trial->unread.reason[0] != '\0') {
        tell(&finding, &trial->unread);
    } else {
        judge_authority(&finding);
        for (unsigned i = 0; i < trial->keyring.pair_count; i++)
            judge_pair(&finding, i);
    }
    keyring_free(&trial->keyring);
    return finding.count;
}

void trial_report(const struct conf *conf, const struct trial_fault *fault,
                  struct conf_report *report)
{
    const struct conf_service *service = NULL;

    if (fault->service < conf->service_count)
        service = &conf->services[fault->service];
    conf_named_refuse(conf, service, (enum conf_file)fault->file, fault->reason, report);
}

/* ---- in one process ---- */

struct reporting {
    const struct conf *conf;
    struct conf_report *report;
};

static void add(void *context, const struct trial_fault *fault)
{
    const struct reporting *reporting = context;

    trial_report(reporting->conf, fault, reporting->report);
}

int trial_conf(const struct conf *conf, struct conf_report *report)
{
    struct trial trial = {.wants = keyring_wants_of_conf(conf), .minds_dates = true};
    struct reporting reporting = {conf, report};
    unsigned faults;

    trial_read(&trial);
    faults = trial_judge(&trial, add, &reporting);
    conf_report_sort(report);
    return faults == 0 ? 0 : -1;
}
