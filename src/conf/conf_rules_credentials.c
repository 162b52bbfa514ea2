#include "conf/conf_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/pem.h"
#include "base/safe_file.h"
#include "conf/conf_load.h"

/* Where a key was written. */
struct place {
    const char *section;
    const char *key;
    uint32_t line; /* 0 = nowhere */
};

static void complain(const struct conf_rules *rules, const struct place *place, const char *path,
                     const char *reason)
{
    conf_report_add(rules->report, CONF_ERROR, place->line, place->section, place->key, "%s %s",
                    path, reason);
}

/* ---- files ---- */

static void check_certificate(const struct conf_rules *rules, const struct place *place,
                              const char *path)
{
    char reason[SAFE_FILE_REASON];
    const char *refusal;
    struct safe_file file;

    if (rules->report->spares_files)
        return;
    if (safe_file_read(&file, path, SAFE_FILE_PUBLIC, reason) == -1) {
        complain(rules, place, path, reason);
        return;
    }
    refusal = pem_refuse(file.data, file.size, PEM_CERTIFICATE);
    if (refusal != NULL)
        complain(rules, place, path, refusal);
    safe_file_free(&file);
}

/* What it holds is for the checker alone to read. */
static void check_secret(const struct conf_rules *rules, const struct place *place,
                         const char *path)
{
    char reason[SAFE_FILE_REASON];
    int fd;

    if (rules->report->spares_files)
        return;
    fd = safe_file_open(path, SAFE_FILE_SECRET, reason);
    if (fd == -1)
        complain(rules, place, path, reason);
    fd_close(&fd);
}

/* ---- the directory ---- */

/* By errno; `more` ends the sentence. */
static void complain_directory(const struct conf_rules *rules, const char *path, uint32_t line,
                               const char *more)
{
    if (rules->report->spares_files && errno == EACCES)
        return;
    conf_report_add(rules->report, line != 0 ? CONF_ERROR : CONF_WARNING, line, "k0slb",
                    "credentials", "%s: %s%s", path, strerror(errno), more);
}

/* Returns whether it can be used. Nobody has to have the default one. */
static bool check_directory(const struct conf_rules *rules, const char *path, uint32_t line)
{
    const struct place place = {"k0slb", "credentials", line};
    struct stat status;

    if (stat(path, &status) == -1) {
        if (line != 0 || (errno != ENOENT && errno != ENOTDIR))
            complain_directory(rules, path, line, "");
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        complain(rules, &place, path, "is not a directory");
        return false;
    }
    if ((status.st_mode & S_IWOTH) != 0) {
        complain(rules, &place, path, "is writable by everybody: chmod 700 it");
        return false;
    }
    if (access(path, X_OK) == 0)
        return true;
    complain_directory(rules, path, line, "; this user has no use of it");
    return false;
}

/* "" unless there is such a directory. */
static void settle_directory(const struct conf_rules *rules)
{
    struct conf_global *global = &rules->conf->global;
    uint32_t line = conf_rules_line(rules, "k0slb", "credentials");

    if (line == 0)
        snprintf(global->credentials, sizeof(global->credentials), "%s",
                 conf_default_credentials());
    if (global->credentials[0] != '\0' && !check_directory(rules, global->credentials, line))
        global->credentials[0] = '\0';
}

/* The path of a file in it; "" when there is none. Returns `out`. */
static char *find_file(const struct conf_rules *rules, const char *name, char out[CONF_PATH_SIZE])
{
    const char *directory = rules->conf->global.credentials;
    int length = snprintf(out, CONF_PATH_SIZE, "%s/%s", directory, name);

    if (*directory == '\0' || length >= CONF_PATH_SIZE || access(out, F_OK) == -1)
        out[0] = '\0';
    return out;
}

static struct place directory_place(const struct conf_rules *rules)
{
    return (struct place){"k0slb", "credentials", conf_rules_line(rules, "k0slb", "credentials")};
}

static struct conf_named named_by_directory(const struct conf_rules *rules)
{
    return (struct conf_named){.line = directory_place(rules).line, .origin = ORIGIN_DIRECTORY};
}

static struct conf_named named(const struct place *place)
{
    bool is_default = strcmp(place->section, "defaults") == 0;

    return (struct conf_named){.line = place->line,
                               .origin = is_default ? ORIGIN_DEFAULTS : ORIGIN_OWN};
}

static void settle_ca(const struct conf_rules *rules)
{
    struct conf_global *global = &rules->conf->global;
    struct place place = {"k0slb", "ca", conf_rules_line(rules, "k0slb", "ca")};

    global->ca_named = named(&place);
    if (place.line == 0) {
        find_file(rules, "ca.crt", global->ca);
        place = directory_place(rules);
        global->ca_named = named_by_directory(rules);
    }
    if (global->ca[0] != '\0')
        check_certificate(rules, &place, global->ca);
}

/* The pair of the directory: both paths, or both "". */
struct pair {
    char cert[CONF_PATH_SIZE];
    char key[CONF_PATH_SIZE];
};

static void find_pair(const struct conf_rules *rules, struct pair *pair)
{
    struct place place = directory_place(rules);

    find_file(rules, "client.crt", pair->cert);
    find_file(rules, "client.key", pair->key);
    if ((pair->cert[0] != '\0') == (pair->key[0] != '\0'))
        return;
    complain(rules, &place, pair->cert[0] != '\0' ? pair->cert : pair->key,
             pair->cert[0] != '\0' ? "has no client.key beside it" : "has no client.crt beside it");
    pair->cert[0] = pair->key[0] = '\0';
}

/* ---- services ---- */

static void find_place(const struct conf_rules *rules, const struct conf_service *service,
                       struct place *place, char section[CONF_SECTION_SIZE])
{
    place->section = conf_rules_list_section(rules, service, place->key, section);
    place->line = conf_rules_line(rules, section, place->key);
}

static bool is_place_refused(const struct conf_rules *rules, const struct place *place)
{
    const struct conf_statement *said =
        conf_statements_find(rules->statements, place->section, place->key);

    return said != NULL && said->refused;
}

/* A certificate without its key, or the other way round. */
static void check_halves(const struct conf_rules *rules, const struct conf_service *service,
                         const struct place *cert, const struct place *key)
{
    bool has_cert = service->check_cert[0] != '\0';
    const struct place *half = has_cert ? cert : key;

    if (has_cert == (service->check_key[0] != '\0') || is_place_refused(rules, cert) ||
        is_place_refused(rules, key))
        return;
    conf_report_add(rules->report, CONF_ERROR, half->line, half->section, half->key,
                    "needs %s beside it", has_cert ? "check_key" : "check_cert");
}

static void check_own_pair(const struct conf_rules *rules, struct conf_service *service)
{
    char cert_section[CONF_SECTION_SIZE];
    char key_section[CONF_SECTION_SIZE];
    struct place cert = {.key = "check_cert"};
    struct place key = {.key = "check_key"};

    find_place(rules, service, &cert, cert_section);
    find_place(rules, service, &key, key_section);
    service->cert_named = named(&cert);
    service->key_named = named(&key);
    check_halves(rules, service, &cert, &key);
    if (service->check_cert[0] != '\0')
        check_certificate(rules, &cert, service->check_cert);
    if (service->check_key[0] != '\0')
        check_secret(rules, &key, service->check_key);
}

static void use_pair(const struct conf_rules *rules, struct conf_service *service,
                     const struct pair *pair)
{
    const struct place place = directory_place(rules);

    if (pair->cert[0] == '\0')
        return;
    strcpy(service->check_cert, pair->cert);
    strcpy(service->check_key, pair->key);
    service->cert_named = service->key_named = named_by_directory(rules);
    check_certificate(rules, &place, pair->cert);
    check_secret(rules, &place, pair->key);
}

static void settle_service(const struct conf_rules *rules, struct conf_service *service,
                           const struct pair *pair)
{
    bool is_said = service->check_cert[0] != '\0' || service->check_key[0] != '\0';

    if (!conf_check_is_tls((enum conf_check)service->check) || !service->enabled) {
        service->check_cert[0] = service->check_key[0] = '\0';
        return;
    }
    if (is_said)
        check_own_pair(rules, service);
    else if (conf_services_is_built_in(service->name))
        use_pair(rules, service, pair);
}

void conf_rules_credentials(const struct conf_rules *rules)
{
    struct pair pair;

    settle_directory(rules);
    settle_ca(rules);
    find_pair(rules, &pair);
    for (unsigned i = 0; i < rules->conf->service_count; i++)
        settle_service(rules, &rules->conf->services[i], &pair);
}
