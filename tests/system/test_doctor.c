/*
 * k0slbctl doctor in front of scripted controllers: what it finds, what it says to do about it, and
 * how it ends. No k0slbd runs while it looks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/report/json_checker.h"
#include "unit/unit.h"

#include "system/house.h"

#define NOBODY 65534

#define MOST_WORDS 4

/* For a machine that has other things to do. */
#define PATIENT "check_connect_timeout = 4s\ncheck_timeout = 4s\n"

#define KEYS(id) "{\"keys\":[{\"use\":\"sig\",\"kty\":\"RSA\",\"kid\":\"" id "\",\"e\":\"AQAB\"}]}"

/* What one run has said, on standard output, and how it ended. */
struct visit {
    int status; /* of exit(3); -1 when it ended otherwise */
    char text[65536];
};

static struct visit visit;

/* ---- running it ---- */

static _Noreturn void be_doctor(const struct house *house, uid_t uid, int program,
                                const char *const *words)
{
    char *argv[MOST_WORDS + 5] = {strdup("k0slbctl"), strdup("doctor"), strdup("-c"),
                                  strdup(house->scene.instance.config)};

    for (int i = 0; i < MOST_WORDS && words[i] != NULL; i++)
        argv[4 + i] = strdup(words[i]);
    if (uid != 0 && (setgid(uid) == -1 || setuid(uid) == -1))
        _exit(120);
    fexecve(program, argv, environ);
    _exit(121);
}

/* Another user need not be able to reach the program by its path. */
static int open_program(void)
{
    const char *dir = getenv("K0SLB_BUILDDIR");
    char path[4096];

    snprintf(path, sizeof(path), "%s/k0slbctl", dir != NULL ? dir : ".");
    return open(path, O_PATH | O_CLOEXEC);
}

static void run_as(const struct house *house, uid_t uid, const char *const *words)
{
    int program = open_program();
    int ends[2];
    int status = 0;
    ssize_t got;
    pid_t pid;

    CU_ASSERT_FATAL(program != -1 && pipe2(ends, O_CLOEXEC) == 0);
    fflush(stdout);
    pid = fork();
    CU_ASSERT_FATAL(pid != -1);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        be_doctor(house, uid, program, words);
    }
    fd_close(&program);
    fd_close(&ends[1]);
    got = fd_read_all(ends[0], visit.text, sizeof(visit.text) - 1);
    visit.text[got > 0 ? got : 0] = '\0';
    fd_close(&ends[0]);
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    visit.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* With --json and at most one name; the text is valid. */
static int examine(const struct house *house, const char *name)
{
    run_as(house, 0, (const char *const[]){"--json", name, NULL});
    if (!json_is_valid(visit.text)) {
        CU_FAIL("it is not valid JSON");
        strcpy(visit.text, "{}\n");
    }
    return visit.status;
}

/* The same for people. */
static int read_it(const struct house *house)
{
    run_as(house, 0, (const char *const[]){NULL});
    return visit.status;
}

/* ---- what it has said ---- */

static bool says(const char *text)
{
    if (strstr(visit.text, text) != NULL)
        return true;
    printf("not \"%s\" but, with status %d: %s\n", text, visit.status, visit.text);
    return false;
}

static const char *value(const char *path)
{
    static char out[512];

    return json_at(visit.text, path, out, sizeof(out));
}

/* How many findings have that code. */
static unsigned count_findings(const char *code)
{
    char wanted[64];
    char path[32];
    unsigned count = 0;

    snprintf(wanted, sizeof(wanted), "\"%s\"", code);
    for (unsigned i = 0;; i++) {
        snprintf(path, sizeof(path), "findings.%u.code", i);
        if (strcmp(value(path), "(none)") == 0)
            return count;
        count += strcmp(value(path), wanted) == 0;
    }
}

/* What a step of a backend is, "ok" in quotes; "(none)" for one that was not come to. */
static const char *step_state(enum house_service service, unsigned controller, const char *step)
{
    char wanted[32];
    char path[96];

    snprintf(wanted, sizeof(wanted), "\"%s\"", step);
    for (unsigned i = 0; i < 9; i++) {
        snprintf(path, sizeof(path), "services.%u.backends.%u.steps.%u.step", (unsigned)service,
                 controller, i);
        if (strcmp(value(path), wanted) != 0)
            continue;
        strcpy(strrchr(path, '.'), ".state");
        return value(path);
    }
    return "(none)";
}

/* ---- the scene ---- */

/* Nothing to warn of. */
static void guard_join(const struct house *house, struct textbuf *text)
{
    (void)house;
    textbuf_puts(text, "[service controllerJoinAPI]\nallow = private\n");
}

static struct house_plan plan_of(bool identity)
{
    return (struct house_plan){
        .services = 3,
        .identity = identity,
        .defaults = PATIENT,
        .global = geteuid() == 0 ? "user = nobody\n" : "",
        .more = guard_join,
    };
}

static void give_keys(struct house *house, unsigned controller, const char *keys)
{
    snprintf(house_port(house, controller, HOUSE_API)->keys,
             sizeof(((struct controller_port *)0)->keys), "%s", keys);
}

static int open_house(struct house *house, bool identity)
{
    struct house_plan plan = plan_of(identity);

    if (house_prepare(house, &plan) == -1)
        return -1;
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
        give_keys(house, i, KEYS("one"));
    return house_start_controllers(house);
}

/* k0slbd only now: a house is closed with it. */
static void close_house(struct house *house)
{
    CU_ASSERT_EQUAL(house_start(house), 0);
    house_close(house);
}

static struct controller_port *api(struct house *house, unsigned controller)
{
    return house_port(house, controller, HOUSE_API);
}

/* ---- all is well ---- */

/* Each port is asked once, kubeAPI's a second time for its keys, and told goodbye. */
static void has_been_asked(struct house *house)
{
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        for (unsigned k = 0; k < CONTROLLER_PORTS; k++) {
            struct controller_port *port = house_port(house, i, (enum house_service)k);
            unsigned wanted = k == HOUSE_API ? 2 : 1;

            ASSERT_NUMBER(port->accepted, wanted);
            CU_ASSERT_TRUE(wait_count(&port->quiet, wanted, SOON_MS));
            ASSERT_NUMBER(port->rude, 0);
        }
    }
}

static void test_well(void)
{
    static const char *const steps[] = {"connect", "tls",  "chain", "names",
                                        "dates",   "alpn", "answer"};
    struct house house;

    if (open_house(&house, true) == 0) {
        ASSERT_NUMBER(examine(&house, NULL), 0);
        has_been_asked(&house);
        ASSERT_TEXT(value("state"), "\"ok\"");
        ASSERT_TEXT(value("findings"), "[]");
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            for (unsigned k = 0; k < CONTROLLER_PORTS; k++)
                ASSERT_TEXT(step_state((enum house_service)k, 2, steps[i]), "\"ok\"");
        }
        ASSERT_TEXT(step_state(HOUSE_API, 0, "keys"), "\"ok\"");
        ASSERT_TEXT(value("services.0.backends.1.keys"), "[\"one\"]");
        ASSERT_TEXT(value("services.0.backends.1.check.code"), "200");
        ASSERT_TEXT(value("services.2.backends.1.check.code"), "405");
        ASSERT_TEXT(value("services.1.backends.1.certificate.alpn"), "\"h2\"");
        ASSERT_TEXT(value("services.1.backends.1.certificate.ca_ok"), "true");
        ASSERT_NUMBER(examine(&house, "c2"), 0);
        ASSERT_TEXT(value("services.0.backends.0.name"), "\"c2\"");
        ASSERT_TEXT(value("services.0.backends.1"), "(none)");
        ASSERT_NUMBER(read_it(&house), 0);
        CU_ASSERT_TRUE(says("ok: nothing is wrong\n"));
    }
    close_house(&house);
}

/* No line is wider than a terminal. */
static void is_narrow(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        if (length >= 100)
            printf("too wide: %.*s\n", (int)length, text);
        CU_ASSERT_TRUE(length < 100);
        text += length + (text[length] == '\n');
    }
}

/* Without a client certificate 401 is as much as there is to see. */
static void test_without_identity(void)
{
    struct house house;

    if (open_house(&house, false) == 0) {
        house_order_all(&house, HOUSE_API, CONTROLLER_ANSWERS, 401);
        ASSERT_NUMBER(examine(&house, NULL), 4);
        ASSERT_TEXT(value("errors"), "0");
        ASSERT_NUMBER(count_findings("ready-unverified"), 1);
        /* The same certificate, said once. */
        ASSERT_NUMBER(count_findings("credentials-missing"), 0);
        ASSERT_TEXT(value("services.0.backends.0.keys"), "null");
        ASSERT_NUMBER(api(&house, 0)->accepted, 1);
        ASSERT_NUMBER(read_it(&house), 4);
        is_narrow(visit.text);
    }
    close_house(&house);
}

/* ---- what goes wrong ---- */

static void test_down(void)
{
    struct house house;

    if (open_house(&house, true) == 0) {
        controller_kill(&house.controllers[1]);
        api(&house, 2)->status = 500;
        ASSERT_NUMBER(examine(&house, NULL), 1);
        ASSERT_NUMBER(count_findings("not-connected"), 3);
        ASSERT_NUMBER(count_findings("answer-bad"), 1);
        ASSERT_TEXT(value("errors"), "4");
        ASSERT_TEXT(step_state(HOUSE_TUNNEL, 1, "connect"), "\"error\"");
        ASSERT_TEXT(step_state(HOUSE_TUNNEL, 1, "tls"), "(none)");
        ASSERT_TEXT(step_state(HOUSE_API, 2, "answer"), "\"error\"");
        CU_ASSERT_TRUE(says("[-]etcd failed"));
        ASSERT_NUMBER(read_it(&house), 1);
        CU_ASSERT_TRUE(says("error    not-connected: kubeAPI/c2, konnectivity/c2, "
                            "controllerJoinAPI/c2: L4CON"));
        CU_ASSERT_TRUE(says("remedy: on c2: "));
        is_narrow(visit.text);
    }
    close_house(&house);
}

/* A hung one costs its timeout, and no more. */
static void test_hung(void)
{
    struct house house;

    if (open_house(&house, true) == 0) {
        controller_stop(&house.controllers[0]);
        ASSERT_NUMBER(examine(&house, NULL), 1);
        controller_continue(&house.controllers[0]);
        ASSERT_NUMBER(count_findings("tls-failed"), 3);
        ASSERT_TEXT(step_state(HOUSE_API, 0, "connect"), "\"ok\"");
        ASSERT_TEXT(step_state(HOUSE_API, 0, "tls"), "\"error\"");
        CU_ASSERT_TRUE(strtod(value("duration_ms"), NULL) < 7000);
    }
    close_house(&house);
}

static void test_certificates(void)
{
    static const struct {
        enum controller_leaf leaf;
        int status;
        const char *step;
        const char *state;
        const char *code;
    } rows[] = {
        {CONTROLLER_LEAF_EXPIRED, 4, "dates", "\"warning\"", "certificate-ended"},
        {CONTROLLER_LEAF_NAMELESS, 4, "names", "\"warning\"", "name-missing"},
        {CONTROLLER_LEAF_FOREIGN, 1, "chain", "\"error\"", "not-trusted"},
        {CONTROLLER_LEAF_FOREIGN, 1, "chain", "\"error\"", "ca-differs"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct house house;

        if (open_house(&house, true) == 0) {
            for (unsigned k = 0; k < CONTROLLER_PORTS; k++)
                house_port(&house, 1, (enum house_service)k)->leaf = rows[i].leaf;
            ASSERT_NUMBER(examine(&house, NULL), rows[i].status);
            ASSERT_TEXT(step_state(HOUSE_API, 1, rows[i].step), rows[i].state);
            ASSERT_TEXT(step_state(HOUSE_API, 0, rows[i].step), "\"ok\"");
            CU_ASSERT_TRUE(count_findings(rows[i].code) >= 1);
        }
        close_house(&house);
    }
}

static void test_alpn(void)
{
    struct house house;

    if (open_house(&house, true) == 0) {
        house_port(&house, 0, HOUSE_TUNNEL)->protocol = CONTROLLER_NO_ALPN;
        house_port(&house, 1, HOUSE_TUNNEL)->protocol = CONTROLLER_HTTP;
        ASSERT_NUMBER(examine(&house, "konnectivity"), 1);
        ASSERT_NUMBER(count_findings("alpn-differs"), 1);
        ASSERT_NUMBER(count_findings("tls-failed"), 1);
        ASSERT_TEXT(value("errors"), "2");
        ASSERT_TEXT(value("services.0.name"), "\"konnectivity\"");
        ASSERT_TEXT(step_state((enum house_service)0, 0, "alpn"), "\"error\"");
        ASSERT_TEXT(step_state((enum house_service)0, 1, "tls"), "\"error\"");
    }
    close_house(&house);
}

/* ---- our certificate ---- */

static void test_rejected(void)
{
    struct house house;

    if (open_house(&house, true) == 0) {
        api(&house, 1)->status = 401;
        ASSERT_NUMBER(examine(&house, NULL), 1);
        ASSERT_NUMBER(count_findings("certificate-rejected"), 1);
        ASSERT_TEXT(value("errors"), "1");
        CU_ASSERT_TRUE(says("\"controller\":\"c2\",\"text\":\"rejects the client certificate that "
                            "c1 accepts\""));
        house_order_all(&house, HOUSE_API, CONTROLLER_ANSWERS, 403);
        ASSERT_NUMBER(examine(&house, NULL), 4);
        ASSERT_NUMBER(count_findings("certificate-refused"), 1);
        ASSERT_TEXT(value("errors"), "0");
    }
    close_house(&house);
}

static void test_keys(void)
{
    struct house house;

    if (open_house(&house, true) == 0) {
        give_keys(&house, 0, KEYS("other"));
        ASSERT_NUMBER(examine(&house, NULL), 1);
        ASSERT_NUMBER(count_findings("keys-differ"), 1);
        ASSERT_TEXT(value("errors"), "1");
        CU_ASSERT_TRUE(
            says("\"code\":\"keys-differ\",\"service\":\"kubeAPI\",\"controller\":\"c1\""));
        give_keys(&house, 0, "");
        ASSERT_NUMBER(examine(&house, NULL), 0);
        ASSERT_NUMBER(count_findings("keys-forbidden"), 1);
        ASSERT_TEXT(value("findings.0.state"), "\"note\"");
        CU_ASSERT_TRUE(says("\"command\":\"k0s kubectl create clusterrolebinding "));
        CU_ASSERT_TRUE(says(" --clusterrole=system:service-account-issuer-discovery "
                            "--user=k0slb\""));
        give_keys(&house, 0, "<html>");
        ASSERT_NUMBER(examine(&house, NULL), 0);
        ASSERT_TEXT(step_state(HOUSE_API, 0, "keys"), "\"skipped\"");
        ASSERT_NUMBER(read_it(&house), 0);
        is_narrow(visit.text);
    }
    close_house(&house);
}

/* ---- who may not see everything ---- */

/* Says so, and does the rest. */
static void has_gone_on(void)
{
    ASSERT_NUMBER(visit.status, 1);
    CU_ASSERT_TRUE_FATAL(json_is_valid(visit.text));
    ASSERT_NUMBER(count_findings("credentials"), 1);
    ASSERT_TEXT(value("errors"), "1");
    ASSERT_TEXT(step_state(HOUSE_API, 0, "chain"), "\"ok\"");
    ASSERT_TEXT(step_state(HOUSE_API, 0, "answer"), "\"ok\"");
    ASSERT_TEXT(value("services.0.backends.0.keys"), "null");
}

static void test_ordinary_user(void)
{
    struct house house;

    if (open_house(&house, true) == 0) {
        char key[160];

        snprintf(key, sizeof(key), "%s/client.key", house.scene.instance.dir);
        house_order_all(&house, HOUSE_API, CONTROLLER_ANSWERS, 401);
        CU_ASSERT(chmod(house.scene.instance.dir, 0755) == 0);
        CU_ASSERT(chmod(house.scene.instance.config, 0644) == 0);
        CU_ASSERT(chmod(key, geteuid() == 0 ? 0600 : 0) == 0);
        run_as(&house, geteuid() == 0 ? NOBODY : 0, (const char *const[]){"--json", NULL});
        has_gone_on();
        CU_ASSERT_TRUE(says("client.key cannot be read: Permission denied"));
        CU_ASSERT_TRUE(says("\"remedy\":\"run this as root"));
        CU_ASSERT(chmod(key, 0644) == 0);
        ASSERT_NUMBER(examine(&house, NULL), 1);
        has_gone_on();
        CU_ASSERT_TRUE(says("readable by everybody: chmod 600 it"));
        CU_ASSERT(chmod(key, 0600) == 0);
        house_order_all(&house, HOUSE_API, CONTROLLER_ANSWERS, 200);
    }
    close_house(&house);
}

static void hide_credentials(const struct house *house, struct textbuf *text)
{
    textbuf_printf(text, "[k0slb]\ncredentials = %s/hidden\n", house->scene.instance.dir);
}

/* Nothing of a directory that only its owner may look into. */
static void test_hidden_directory(void)
{
    struct house_plan plan = plan_of(false);
    struct house house;

    plan.more = hide_credentials;
    if (geteuid() != 0) {
        unit_skip("only root can become another user");
        return;
    }
    if (house_prepare(&house, &plan) == 0 && house_start_controllers(&house) == 0) {
        char hidden[160];

        snprintf(hidden, sizeof(hidden), "%s/hidden", house.scene.instance.dir);
        CU_ASSERT(mkdir(hidden, 0700) == 0);
        CU_ASSERT(chmod(house.scene.instance.dir, 0755) == 0);
        CU_ASSERT(chmod(house.scene.instance.config, 0644) == 0);
        run_as(&house, NOBODY, (const char *const[]){"--json", NULL});
        ASSERT_NUMBER(visit.status, 1);
        CU_ASSERT_TRUE_FATAL(json_is_valid(visit.text));
        ASSERT_TEXT(value("errors"), "1");
        ASSERT_NUMBER(count_findings("credentials"), 1);
        ASSERT_NUMBER(count_findings("configuration"), 0);
        CU_ASSERT_TRUE(says("hidden cannot be read: Permission denied"));
        CU_ASSERT_EQUAL(house_start(&house), 0);
        CU_ASSERT(rmdir(hidden) == 0);
    }
    house_close(&house);
}

static const struct unit_test tests[] = {
    {"well", test_well},
    {"without_identity", test_without_identity},
    {"down", test_down},
    {"hung", test_hung},
    {"certificates", test_certificates},
    {"alpn", test_alpn},
    {"rejected", test_rejected},
    {"keys", test_keys},
    {"ordinary_user", test_ordinary_user},
    {"hidden_directory", test_hidden_directory},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"doctor", tests},
        {NULL, NULL},
    };

    return unit_main("test_doctor", suites, argc, argv);
}
