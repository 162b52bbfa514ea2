/*
 * Certificates and keys: what is wrong with them is said at load, at the line that names them; and
 * files that change under a running balancer are taken when they are good, and not when they are
 * bad.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "base/mono.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/house.h"

/* The master looks each 10 s, and takes a bad file for bad at the second look. */
#define ONE_LOOK_MS  11000
#define TWO_LOOKS_MS 22000

static const struct house_plan plan = {.identity = true, .defaults = HOUSE_QUICK};

/* ---- files ---- */

static const char *path_of(const struct house *house, const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", house->scene.instance.dir, name);
    return path;
}

/* As whoever replaces files does it: there is never half a file. */
static void put_in_place(const struct house *house, const char *name)
{
    char new[128];

    snprintf(new, sizeof(new), "%s", path_of(house, "new"));
    CU_ASSERT_EQUAL(rename(new, path_of(house, name)), 0);
}

static void put_certificate(const struct house *house, const char *name, const struct paper *paper)
{
    paper_save_certificate(paper, path_of(house, "new"));
    put_in_place(house, name);
}

static void put_key(const struct house *house, const struct paper *paper)
{
    paper_save_key(paper, path_of(house, "new"));
    put_in_place(house, "client.key");
}

static void put_text(const struct house *house, const char *name, const char *text)
{
    FILE *file = fopen(path_of(house, "new"), "we");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(text, file) >= 0 && fclose(file) == 0);
    CU_ASSERT_EQUAL(chmod(path_of(house, "new"), 0600), 0);
    put_in_place(house, name);
}

static void put_good_files(const struct house *house)
{
    put_certificate(house, "ca.crt", &house->papers.authority);
    put_certificate(house, "client.crt", &house->papers.client);
    put_key(house, &house->papers.client);
}

/* ---- mistakes ---- */

static void other_key(const struct house *house)
{
    put_key(house, &house->papers.leaves[0]);
}

static void locked_key(const struct house *house)
{
    FILE *file = fopen(path_of(house, "new"), "we");
    char word[] = "secret";

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    ASSERT_NUMBER(PEM_write_PrivateKey(file, house->papers.client.key, EVP_aes_128_cbc(),
                                       (unsigned char *)word, (int)strlen(word), NULL, NULL),
                  1);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(chmod(path_of(house, "new"), 0600), 0);
    put_in_place(house, "client.key");
}

static void open_key(const struct house *house)
{
    CU_ASSERT_EQUAL(chmod(path_of(house, "client.key"), 0644), 0);
}

static void no_key(const struct house *house)
{
    CU_ASSERT_EQUAL(unlink(path_of(house, "client.key")), 0);
}

static void broken_certificate(const struct house *house)
{
    put_text(house, "client.crt", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n");
}

/* Ended an hour ago; its own authority, or a client of ours. */
static void put_ended(const struct house *house, const char *name, bool is_authority)
{
    const struct paper_request request = {
        .common_name = "late", .from_s = -7200, .until_s = -3600, .is_authority = is_authority};
    struct paper paper;

    paper_make(&paper, is_authority ? NULL : &house->papers.authority, &request);
    put_certificate(house, name, &paper);
    if (!is_authority)
        put_key(house, &paper);
    paper_fini(&paper);
}

static void ended_certificate(const struct house *house)
{
    put_ended(house, "client.crt", false);
}

static void ended_authority(const struct house *house)
{
    put_ended(house, "ca.crt", true);
}

struct mistake {
    void (*make)(const struct house *house);
    const char *section;
    const char *key;
    const char *file;
    const char *what; /* follows the path */
};

static const struct mistake mistakes[] = {
    {other_key, "service kubeAPI", "check_key", "client.key",
     ": is not the key of the certificate in "},
    {locked_key, "service kubeAPI", "check_key", "client.key",
     ": the key has a passphrase, which nobody could type"},
    {open_key, "service kubeAPI", "check_key", "client.key",
     " is readable by everybody: chmod 600 it"},
    {no_key, "service kubeAPI", "check_key", "client.key", " is not there"},
    {broken_certificate, "service kubeAPI", "check_cert", "client.crt",
     ": a certificate cannot be read ("},
    {ended_certificate, "service kubeAPI", "check_cert", "client.crt",
     ": the certificate has expired ("},
    {ended_authority, "k0slb", "ca", "ca.crt", ": the certificate has expired ("},
};

/* The number of the line that begins with the key. */
static unsigned line_of(const struct house *house, const char *key)
{
    FILE *file = fopen(house->scene.instance.config, "re");
    char line[512];
    unsigned number = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        number++;
        if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ' ')
            break;
    }
    fclose(file);
    return number;
}

/* "FILE:LINE: [section] key: PATH what" */
static const char *complaint(const struct house *house, const struct mistake *mistake)
{
    static char text[512];

    snprintf(text, sizeof(text), "%s:%u: [%s] %s: %s%s", house->scene.instance.config,
             line_of(house, mistake->key), mistake->section, mistake->key,
             path_of(house, mistake->file), mistake->what);
    return text;
}

/* ---- at load ---- */

/* Runs a program of this build with the file; whether it ends with 1 and has said that. */
static bool refuses(const struct house *house, const char *program, const char *text)
{
    const char *dir = getenv("K0SLB_BUILDDIR");
    char said[8192];
    char line[512];
    FILE *pipe;
    size_t got;
    int status;

    snprintf(line, sizeof(line), "exec '%s'/%s '%s' 2>&1", dir != NULL ? dir : ".", program,
             house->scene.instance.config);
    pipe = popen(line, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
    got = fread(said, 1, sizeof(said) - 1, pipe);
    said[got] = '\0';
    status = pclose(pipe);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && strstr(said, text) != NULL)
        return true;
    printf("%s ended with %d, not for \"%s\": %s\n", program, status, text, said);
    return false;
}

static void test_start(void)
{
    struct house house;

    if (house_prepare(&house, &plan) == -1)
        return;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        const char *text = complaint(&house, &mistakes[i]);

        mistakes[i].make(&house);
        CU_ASSERT(refuses(&house, "k0slbd -t -c", text));
        CU_ASSERT(refuses(&house, "k0slbctl check", text));
        CU_ASSERT(refuses(&house, "k0slbd -c", text));
        CU_ASSERT(refuses(&house, "k0slbd -d -c", text));
        put_good_files(&house);
    }
    CU_ASSERT(house_start_controllers(&house) == 0 && house_start(&house) == 0);
    house_close(&house);
}

/* Both files of a pair, and the CA, are at fault: all of it is said at once. */
static void test_all_at_once(void)
{
    struct house house;

    if (house_prepare(&house, &plan) == -1)
        return;
    ended_authority(&house);
    other_key(&house);
    CU_ASSERT(refuses(&house, "k0slbd -t -c", complaint(&house, &mistakes[0])));
    CU_ASSERT(refuses(&house, "k0slbd -c", complaint(&house, &mistakes[6])));
    CU_ASSERT(refuses(&house, "k0slbd -c", complaint(&house, &mistakes[0])));
    put_good_files(&house);
    CU_ASSERT(house_start_controllers(&house) == 0 && house_start(&house) == 0);
    house_close(&house);
}

/* ---- at HUP ---- */

/* Who shows our certificate gets 200, others 401: the key of root has been read. */
static int open_known(struct house *house)
{
    if (house_prepare(house, &plan) == -1)
        return -1;
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        house_port(house, i, HOUSE_API)->status = 401;
        house_port(house, i, HOUSE_API)->known_status = 200;
    }
    return house_start_controllers(house) == 0 ? house_start(house) : -1;
}

static bool wait_verified(struct house *house, bool verified)
{
    uint64_t until_ms = mono_ms() + SOON_MS;

    while (house_look(house, 0, HOUSE_API).ready_verified != verified) {
        if (mono_ms() > until_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

static pid_t checker_of(const struct house *house)
{
    return instance_child(&house->scene.instance, BOARD_ROLE_CHECKER, 0);
}

static pid_t worker_of(const struct house *house)
{
    return instance_child(&house->scene.instance, BOARD_ROLE_WORKER, 0);
}

static void test_reload(void)
{
    struct house house;
    pid_t checker;
    pid_t worker;

    if (open_known(&house) == -1)
        return;
    CU_ASSERT(house_wait_all_up(&house, SOON_MS) && wait_verified(&house, true));
    checker = checker_of(&house);
    worker = worker_of(&house);
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        mistakes[i].make(&house);
        ASSERT_NUMBER(change_hup(&house.scene.instance), CHANGE_REFUSED);
        change_assert_said(&house.scene.instance, complaint(&house, &mistakes[i]));
        put_good_files(&house);
    }
    ASSERT_NUMBER(checker_of(&house), checker);
    ASSERT_NUMBER(change_hup(&house.scene.instance), CHANGE_OK);
    ASSERT_NUMBER(worker_of(&house), worker);
    CU_ASSERT(checker_of(&house) != checker);
    CU_ASSERT(wait_verified(&house, true));
    house_close(&house);
}

/* ---- later ---- */

static bool has_no_warning(const struct snapshot *snapshot, const void *context)
{
    for (size_t i = 0; i < snapshot->warning_count; i++) {
        if (strcmp(snapshot->warnings[i].code, context) == 0)
            return false;
    }
    return true;
}

/* The balancer's only: a warning with that code is (not) there. */
static bool wait_calm(struct house *house, unsigned within_ms)
{
    return wait_board(&house->scene.instance, has_no_warning, "credentials-stale", within_ms);
}

static bool status_says(const struct house *house, const char *text)
{
    const char *dir = getenv("K0SLB_BUILDDIR");
    char said[16384];
    char line[512];
    FILE *pipe;
    size_t got;

    snprintf(line, sizeof(line), "exec '%s'/k0slbctl -n '%s' status", dir != NULL ? dir : ".",
             house->scene.instance.name);
    pipe = popen(line, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
    got = fread(said, 1, sizeof(said) - 1, pipe);
    said[got] = '\0';
    CU_ASSERT_EQUAL(pclose(pipe), 0);
    if (strstr(said, text) != NULL)
        return true;
    printf("status says no \"%s\": %s\n", text, said);
    return false;
}

/* A new pair has been put there while it ran: a new checker, and nobody else. */
static void assert_renewed(struct house *house, pid_t checker, pid_t worker)
{
    pid_t now = wait_child(&house->scene.instance, BOARD_ROLE_CHECKER, 0, checker, ONE_LOOK_MS);

    CU_ASSERT(now != -1);
    ASSERT_NUMBER(worker_of(house), worker);
    CU_ASSERT(wait_log(&house->scene.instance, "a new checker has the changed", SOON_MS));
    CU_ASSERT(wait_calm(house, SOON_MS));
    CU_ASSERT(house_wait_probes(house, HOUSE_API, 2, SOON_MS));
    CU_ASSERT(wait_verified(house, true));
    CU_ASSERT(house_wait_all_up(house, SOON_MS));
    ASSERT_NUMBER(instance_log_count(&house->scene.instance, "reloading"), 0);
    ASSERT_NUMBER(instance_log_count(&house->scene.instance, " is down"), 0);
}

/* The old one stays, and says so; one that must be born now asks with what there is. */
static void assert_kept(struct house *house, pid_t checker)
{
    struct instance *instance = &house->scene.instance;

    CU_ASSERT(house_wait_warning(house, "client.key: is not the key of", TWO_LOOKS_MS));
    CU_ASSERT(status_says(house, "credentials-stale"));
    CU_ASSERT(instance_log_has(instance, "what was read before stays in force"));
    ASSERT_NUMBER(checker_of(house), checker);
    CU_ASSERT(wait_verified(house, true));
    ASSERT_NUMBER(instance_kill(checker, SIGKILL), 0);
    CU_ASSERT(wait_child(instance, BOARD_ROLE_CHECKER, 0, checker, SOON_MS) != -1);
    CU_ASSERT(wait_verified(house, false));
    CU_ASSERT(house_wait_all_up(house, SOON_MS));
    CU_ASSERT(house_wait_warning(house, "the checker asks without it", ONE_LOOK_MS));
    ASSERT_NUMBER(instance_log_count(instance, " is down"), 0);
}

/* Two balancers at once, since the master takes its time. */
static void test_changed(void)
{
    struct house good;
    struct house bad;
    struct paper next;
    pid_t checkers[2];
    pid_t workers[2];

    if (open_known(&good) == -1 || open_known(&bad) == -1)
        return;
    CU_ASSERT(house_wait_all_up(&good, SOON_MS) && wait_verified(&good, true));
    CU_ASSERT(house_wait_all_up(&bad, SOON_MS) && wait_verified(&bad, true));
    checkers[0] = checker_of(&good);
    checkers[1] = checker_of(&bad);
    workers[0] = worker_of(&good);
    workers[1] = worker_of(&bad);
    other_key(&bad);
    paper_make_leaf(&next, &good.papers.authority, "k0slb");
    put_certificate(&good, "client.crt", &next);
    put_key(&good, &next);
    assert_renewed(&good, checkers[0], workers[0]);
    ASSERT_NUMBER(instance_log_count(&good.scene.instance, "credentials-stale"), 0);
    paper_fini(&next);
    assert_kept(&bad, checkers[1]);
    put_good_files(&bad);
    assert_renewed(&bad, checker_of(&bad), workers[1]);
    CU_ASSERT(instance_log_has(&bad.scene.instance, "certificates and keys are good again"));
    house_close(&good);
    house_close(&bad);
}

static const struct unit_test tests[] = {
    {"start", test_start},
    {"all_at_once", test_all_at_once},
    {"reload", test_reload},
    {"changed", test_changed},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"credentials", tests}, {NULL, NULL}};

    return unit_main("test_credentials", suites, argc, argv);
}
