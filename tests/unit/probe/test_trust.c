#include "probe/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/textbuf.h"
#include "probe/trial.h"
#include "tls/paper.h"
#include "unit/unit.h"

extern const struct unit_test trust_tests[];

#define SERVICES 3

/* The files of a configuration: services 0 and 2 show the first pair, service 1 the second. */
static char directory[64];
static struct paper authority;
static struct paper client;
static struct paper other;
static struct conf_service services[SERVICES];
static struct conf conf = {.services = services, .service_count = SERVICES};

static const char *const names[] = {"ca", "cert", "key", "cert2", "key2"};

static char *in_directory(const char *name, char path[CONF_PATH_SIZE])
{
    snprintf(path, CONF_PATH_SIZE, "%s/%s", directory, name);
    return path;
}

static void save_certificate(const struct paper *paper, const char *name)
{
    char path[CONF_PATH_SIZE];

    paper_save_certificate(paper, in_directory(name, path));
}

static void save_key(const struct paper *paper, const char *name)
{
    char path[CONF_PATH_SIZE];

    paper_save_key(paper, in_directory(name, path));
}

static void use(unsigned service, const char *cert, const char *key)
{
    in_directory(cert, services[service].check_cert);
    in_directory(key, services[service].check_key);
}

static void make_files(void)
{
    strcpy(directory, "/tmp/k0slb-unit-trust-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    paper_make_authority(&authority, "ca");
    paper_make_leaf(&client, &authority, "client");
    paper_make_leaf(&other, &authority, "other");
    save_certificate(&authority, "ca");
    save_certificate(&client, "cert");
    save_key(&client, "key");
    save_certificate(&other, "cert2");
    save_key(&other, "key2");
    memset(services, 0, sizeof(services));
    for (int i = 0; i < SERVICES; i++) {
        snprintf(services[i].name, sizeof(services[i].name), "s%d", i);
        services[i].slot = (uint16_t)i;
        services[i].required = CONF_NO_INDEX;
    }
    in_directory("ca", conf.global.ca);
    use(0, "cert", "key");
    use(1, "cert2", "key2");
    use(2, "cert", "key");
    conf.global.ca_named = (struct conf_named){.line = 2};
    services[0].cert_named = (struct conf_named){.line = 3, .origin = ORIGIN_DEFAULTS};
    services[0].key_named = (struct conf_named){.line = 4};
    services[1].cert_named = services[1].key_named =
        (struct conf_named){.origin = ORIGIN_DIRECTORY};
}

static void remove_files(void)
{
    char path[CONF_PATH_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(in_directory(names[i], path));
    CU_ASSERT(rmdir(directory) == 0);
    paper_fini(&authority);
    paper_fini(&client);
    paper_fini(&other);
}

static const struct epoch *make_epoch(void)
{
    int fd = epoch_seal(&conf, 1);
    const struct epoch *epoch = fd != -1 ? epoch_map(fd) : NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
    fd_close(&fd);
    return epoch;
}

/* ---- trust ---- */

static void each_service_has_its_own(void)
{
    const struct epoch *epoch;
    struct probe_trust_fault fault;
    struct probe_trust *trust;

    make_files();
    services[2].check_cert[0] = services[2].check_key[0] = '\0';
    epoch = make_epoch();
    trust = probe_trust_read(epoch, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trust);
    CU_ASSERT_PTR_NOT_NULL(probe_trust_authority(trust));
    CU_ASSERT_PTR_NOT_NULL(probe_trust_identity(trust, 0));
    CU_ASSERT(probe_trust_identity(trust, 0) != probe_trust_identity(trust, 1));
    CU_ASSERT_PTR_NULL(probe_trust_identity(trust, 2));
    probe_trust_free(trust);
    epoch_unmap(epoch);
    remove_files();
}

/* What is left of it for who cannot wait: a bit each for the authority and the services. */
static unsigned salvaged(const struct epoch *epoch)
{
    struct probe_trust *trust = probe_trust_salvage(epoch);
    unsigned left;

    CU_ASSERT_PTR_NOT_NULL_FATAL(trust);
    left = probe_trust_authority(trust) != NULL;
    for (unsigned i = 0; i < SERVICES; i++)
        left |= (probe_trust_identity(trust, i) != NULL) << (i + 1);
    probe_trust_free(trust);
    return left;
}

static void expect_fault(const struct epoch *epoch, unsigned service, const char *file,
                         const char *what)
{
    struct probe_trust_fault fault;
    char path[CONF_PATH_SIZE];
    char wanted[CREDENTIALS_ERROR_SIZE];

    CU_ASSERT_PTR_NULL_FATAL(probe_trust_read(epoch, &fault));
    ASSERT_NUMBER(fault.service, service);
    snprintf(wanted, sizeof(wanted), "%s%s", in_directory(file, path), what);
    ASSERT_TEXT(fault.reason, wanted);
}

static void what_is_good_is_salvaged(void)
{
    const struct epoch *epoch;
    char path[CONF_PATH_SIZE];

    make_files();
    epoch = make_epoch();
    ASSERT_NUMBER(salvaged(epoch), 0xf);
    CU_ASSERT(unlink(in_directory("key2", path)) == 0);
    expect_fault(epoch, 1, "key2", " is not there");
    ASSERT_NUMBER(salvaged(epoch), 0xb);
    CU_ASSERT(chmod(in_directory("key", path), 0644) == 0);
    expect_fault(epoch, 0, "key", " is readable by everybody: chmod 600 it");
    ASSERT_NUMBER(salvaged(epoch), 0x1);
    save_key(&client, "key");
    save_key(&other, "key2");
    CU_ASSERT(truncate(in_directory("ca", path), 10) == 0);
    expect_fault(epoch, CONF_NO_INDEX, "ca", ": holds no certificate (PEM)");
    ASSERT_NUMBER(salvaged(epoch), 0xe);
    epoch_unmap(epoch);
    remove_files();
}

/* ---- trial ---- */

/* All that is said, without the directory. */
static void expect_report(const char *wanted)
{
    struct conf_report report = {.path = "t.ini"};
    struct textbuf said;

    textbuf_init(&said, 4096);
    ASSERT_NUMBER(trial_conf(&conf, &report), *wanted == '\0' ? 0 : -1);
    for (size_t i = 0; i < report.count; i++) {
        char *at = report.messages[i].text;
        char *found;

        CU_ASSERT_EQUAL(report.messages[i].severity, CONF_ERROR);
        while ((found = strstr(at, directory)) != NULL)
            memmove(found, found + strlen(directory) + 1,
                    strlen(found + strlen(directory) + 1) + 1);
        found = strstr(at, "has expired (");
        if (found != NULL)
            found[strlen("has expired")] = '\0'; /* a time follows */
        textbuf_printf(&said, "%s\n", at);
    }
    ASSERT_TEXT(said.data != NULL ? said.data : "", wanted);
    textbuf_fini(&said);
    conf_report_free(&report);
}

static void all_faults_are_reported(void)
{
    make_files();
    expect_report("");
    save_key(&other, "key");
    save_key(&client, "key2");
    expect_report("t.ini: [k0slb] credentials: key2: is not the key of the certificate in cert2\n"
                  "t.ini:4: [service s0] check_key: key: is not the key of the certificate in "
                  "cert\n");
    save_key(&other, "key2");
    save_certificate(&client, "ca"); /* any certificate may end a chain */
    expect_report("t.ini:4: [service s0] check_key: key: is not the key of the certificate in "
                  "cert\n");
    remove_files();
}

static void make_ended(struct paper *paper, const struct paper *issuer)
{
    const struct paper_request request = {
        .common_name = "late", .from_s = -7200, .until_s = -3600, .is_authority = issuer == NULL};

    paper_make(paper, issuer, &request);
}

/* Adds to a file. */
static void append_certificate(const struct paper *paper, const char *name)
{
    char more[CONF_PATH_SIZE];
    char path[CONF_PATH_SIZE];
    char command[4 * CONF_PATH_SIZE];

    paper_save_certificate(paper, in_directory("more", more));
    snprintf(command, sizeof(command), "cat %s >>%s && rm %s", more, in_directory(name, path),
             more);
    ASSERT_NUMBER(system(command), 0);
}

static void what_has_ended_is_reported(void)
{
    struct paper late_authority;
    struct paper late;

    make_files();
    make_ended(&late_authority, NULL);
    make_ended(&late, &authority);
    save_certificate(&late_authority, "ca");
    save_certificate(&late, "cert");
    save_key(&late, "key");
    expect_report("t.ini:2: [k0slb] ca: ca: the certificate has expired\n"
                  "t.ini:3: [defaults] check_cert: cert: the certificate has expired\n");
    /* One that still holds is enough: CAs are changed one after the other. */
    append_certificate(&authority, "ca");
    expect_report("t.ini:3: [defaults] check_cert: cert: the certificate has expired\n");
    paper_fini(&late_authority);
    paper_fini(&late);
    remove_files();
}

static void count(void *context, const struct trial_fault *fault)
{
    (void)fault;
    ++*(unsigned *)context;
}

/* Where dates are another's business. */
static void dates_may_be_left_alone(void)
{
    struct trial trial = {.wants = keyring_wants_of_conf(&conf)};
    struct paper late;
    unsigned faults = 0;

    make_files();
    make_ended(&late, &authority);
    save_certificate(&late, "cert");
    save_key(&late, "key");
    trial_read(&trial);
    ASSERT_NUMBER(trial_judge(&trial, count, &faults), 0);
    ASSERT_NUMBER(faults, 0);
    trial.minds_dates = true;
    trial_read(&trial);
    ASSERT_NUMBER(trial_judge(&trial, count, &faults), 1);
    ASSERT_NUMBER(faults, 1);
    CU_ASSERT_PTR_NULL(trial.keyring.pairs);
    paper_fini(&late);
    remove_files();
}

const struct unit_test trust_tests[] = {
    {"each_service_has_its_own", each_service_has_its_own},
    {"what_is_good_is_salvaged", what_is_good_is_salvaged},
    {"all_faults_are_reported", all_faults_are_reported},
    {"what_has_ended_is_reported", what_has_ended_is_reported},
    {"dates_may_be_left_alone", dates_may_be_left_alone},
    {NULL, NULL},
};
