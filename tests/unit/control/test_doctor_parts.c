/* What k0slbctl doctor is made of, without a network: keys, remedies, lines. */
#include "control/doctor.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "control/doctor_remedy.h"
#include "control/doctor_wrap.h"
#include "unit/unit.h"

extern const struct unit_test doctor_parts_tests[];

/* ---- keys ---- */

/* The ids by blanks, or "!" and the problem. */
static const char *ids_of(const char *text)
{
    static char out[DOCTOR_KEYS_MOST * DOCTOR_KEY_ID_SIZE + 8];
    static struct doctor_keys keys;

    out[0] = '\0';
    if (doctor_keys_read(&keys, text, strlen(text)) == -1) {
        snprintf(out, sizeof(out), "!%s", keys.problem);
        return out;
    }
    for (unsigned i = 0; i < keys.count; i++) {
        strcat(out, i > 0 ? " " : "");
        strcat(out, keys.ids[i]);
    }
    return out;
}

#define LONG_ID                                                                                    \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaa"

static void test_keys(void)
{
    static const struct {
        const char *text;
        const char *ids;
    } rows[] = {
        {"{\"keys\":[{\"use\":\"sig\",\"kty\":\"RSA\",\"kid\":\"Ab-_9\",\"alg\":\"RS256\","
         "\"n\":\"0vx7\",\"e\":\"AQAB\"}]}",
         "Ab-_9"},
        {"{\"keys\": [{\"kid\": \"b\"}, {\"kid\": \"a\"}, {\"kid\": \"b\"}]}\n", "a b"},
        {"{\"other\":[{\"kid\":\"x\"}],\"keys\":[{\"kid\":\"a\"}]}", "a"},
        {"{\"keys\":[]}", "!the answer names no keys"},
        {"{}", "!the answer names no keys"},
        {"[]", "!the answer names no keys"},
        {"\"keys\"", "!the answer names no keys"},
        {"{\"keys\":{\"kid\":\"a\"}}", "!the answer names no keys"},
        {"{\"keys\":[{\"kid\":\"a\"},{\"use\":\"sig\"}]}",
         "!a key has no id, or one that is too long"},
        {"{\"keys\":[{\"kid\":\"\"}]}", "!a key has no id, or one that is too long"},
        {"{\"keys\":[{\"kid\":[]}]}", "!a key has no id, or one that is too long"},
        {"{\"keys\":[{\"kid\":\"" LONG_ID "\"}]}", "!a key has no id, or one that is too long"},
        {"{\"keys\":[\"kid\"]}", "!a key has no id, or one that is too long"},
        {"{\"keys\":[{\"kid\":\"a\"", "!the answer is no JSON"},
        {"{\"keys\":[{\"kid\":\"a\"}]} {", "!the answer is no JSON"},
        {"{\"keys\": &a [*a]}", "!the answer is no JSON"},
        {"<html>", "!the answer names no keys"},
        {"", "!the answer is no JSON"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ASSERT_TEXT(ids_of(rows[i].text), rows[i].ids);
}

static void test_keys_bound(void)
{
    char text[4096] = "{\"keys\":[";

    for (unsigned i = 0; i < DOCTOR_KEYS_MOST; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "{\"kid\":\"%u\"},", i);
    strcpy(text + strlen(text) - 1, "]}");
    CU_ASSERT_NOT_EQUAL(ids_of(text)[0], '!');
    strcpy(text + strlen(text) - 2, ",{\"kid\":\"more\"}]}");
    ASSERT_TEXT(ids_of(text), "!the set of keys is too large");
}

/* Whatever comes, it is read or refused. */
static void test_keys_anything(void)
{
    static const char good[] = "{\"keys\":[{\"kid\":\"a\",\"n\":\"x\"},{\"kid\":\"b\"}]}";
    struct rng rng;

    rng_seed(&rng, 1);
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof(good)];
        struct doctor_keys keys;

        memcpy(text, good, sizeof(good));
        for (unsigned i = 0; i < 3; i++)
            text[rng_below(&rng, sizeof(good) - 1)] = (char)rng_below(&rng, 256);
        if (doctor_keys_read(&keys, text, sizeof(good) - 1) == 0)
            CU_ASSERT_TRUE(keys.count >= 1 && keys.count <= DOCTOR_KEYS_MOST);
    }
}

static struct doctor_keys keys_of(const char *text)
{
    struct doctor_keys keys = {.is_asked = true};

    keys.is_known = doctor_keys_read(&keys, text, strlen(text)) == 0;
    return keys;
}

static void test_keys_common(void)
{
    const struct doctor_keys a = keys_of("{\"keys\":[{\"kid\":\"a\"}]}");
    const struct doctor_keys ab = keys_of("{\"keys\":[{\"kid\":\"a\"},{\"kid\":\"b\"}]}");
    const struct doctor_keys ba = keys_of("{\"keys\":[{\"kid\":\"b\"},{\"kid\":\"a\"}]}");
    const struct doctor_keys unknown = keys_of("");
    const struct doctor_keys *const most[] = {&a, &ab, &ba};
    const struct doctor_keys *const equal[] = {NULL, &unknown, &ab, &a};
    const struct doctor_keys *const none[] = {NULL, &unknown};

    CU_ASSERT_TRUE(doctor_keys_equal(&ab, &ba));
    CU_ASSERT_FALSE(doctor_keys_equal(&a, &ab));
    ASSERT_NUMBER(doctor_keys_common(most, ARRAY_LEN(most)), 1);
    ASSERT_NUMBER(doctor_keys_common(equal, ARRAY_LEN(equal)), 2);
    ASSERT_NUMBER(doctor_keys_common(none, ARRAY_LEN(none)), -1);
    ASSERT_NUMBER(doctor_keys_common(none, 0), -1);
}

/* ---- remedies ---- */

static void test_grant(void)
{
    static const struct {
        const char *user;
        const char *end;
    } rows[] = {
        {"k0slb", "--user=k0slb"},    {"system:node:a.b", "--user=system:node:a.b"},
        {"", "--user=USER"},          {"a b", "--user=USER"},
        {"$(reboot)", "--user=USER"}, {"x'y", "--user=USER"},
        {"a;b", "--user=USER"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char command[DOCTOR_REMEDY_SIZE];

        doctor_grant_command(rows[i].user, command);
        ASSERT_TEXT(strrchr(command, '-') != NULL ? strstr(command, "--user") : "", rows[i].end);
    }
}

/* One bad backend in each way. */
static void test_problems(void)
{
    static const struct {
        bool is_lost; /* has no address */
        struct probe_result result;
        enum doctor_step_name bad_step;
        const char *code;
        const char *text;
        const char *remedy; /* a part of it */
    } rows[] = {
        {.is_lost = true,
         .code = "not-resolved",
         .text = "cp1.example does not resolve: no such name",
         .remedy = "getent hosts cp1.example"},
        {.result = {.no_verdict = true, .description = "Too many open files"},
         .code = "not-tried",
         .text = "cannot be tried from here: Too many open files",
         .remedy = "ulimit -n"},
        {.result = {.code = CHECKED_L4CON, .refused = true, .description = "connection refused"},
         .code = "not-connected",
         .text = "L4CON connection refused",
         .remedy = "on cp1: `k0s status`"},
        {.result = {.code = CHECKED_L4TOUT, .description = "connection timed out"},
         .code = "not-connected",
         .text = "L4TOUT connection timed out",
         .remedy = "firewall"},
        {.result = {.code = CHECKED_L4CON, .description = "no route to host"},
         .code = "not-connected",
         .text = "L4CON no route to host",
         .remedy = "route"},
        {.result = {.code = CHECKED_L6RSP, .connected_us = 1, .description = "not signed"},
         .bad_step = DOCTOR_CHAIN,
         .code = "not-trusted",
         .text = "L6RSP not signed",
         .remedy = "ca.crt"},
        {.result = {.code = CHECKED_L6RSP, .connected_us = 1, .description = "does not speak h2"},
         .bad_step = DOCTOR_ALPN,
         .code = "alpn-differs",
         .text = "L6RSP does not speak h2",
         .remedy = "port in [service kubeAPI]"},
        {.result = {.code = CHECKED_L6TOUT, .connected_us = 1, .description = "timed out"},
         .code = "tls-failed",
         .text = "L6TOUT timed out",
         .remedy = "restart k0s on cp1"},
        {.result = {.code = CHECKED_L7TOUT, .connected_us = 1, .shook_us = 2, .description = "no"},
         .code = "answer-bad",
         .text = "L7TOUT no",
         .remedy = "k0s etcd member-list"},
        {.result = {.code = CHECKED_L7STS,
                    .connected_us = 1,
                    .shook_us = 2,
                    .status = 500,
                    .description = "500: [-]etcd failed"},
         .code = "answer-bad",
         .text = "L7STS 500: [-]etcd failed",
         .remedy = "/readyz?verbose"},
        {.result = {.code = CHECKED_L7STS,
                    .connected_us = 1,
                    .shook_us = 2,
                    .status = 403,
                    .description = "403"},
         .code = "answer-bad",
         .text = "L7STS 403",
         .remedy = "k0slbctl import -"},
        {.result = {.code = CHECKED_L7STS,
                    .connected_us = 1,
                    .shook_us = 2,
                    .status = 404,
                    .description = "404"},
         .code = "answer-bad",
         .text = "L7STS 404",
         .remedy = "check_expect in [service kubeAPI]"},
        {.result = {.code = CHECKED_L7RSP, .connected_us = 1, .shook_us = 2, .description = "?"},
         .code = "answer-bad",
         .text = "L7RSP ?",
         .remedy = "port in [service kubeAPI]"},
    };
    static const struct conf_service service = {
        .name = "kubeAPI", .check = CHECK_HTTPS, .check_path = "/readyz"};
    static const struct conf_backend conf = {.name = "cp1", .host = "cp1.example"};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doctor_problem problem;
        struct doctor_backend backend = {
            .service = &service,
            .backend = &conf,
            .is_answered = !rows[i].is_lost,
            .lookup_problem = "no such name",
            .result = rows[i].result,
        };

        if (rows[i].bad_step != DOCTOR_RESOLVE)
            backend.steps[rows[i].bad_step].mark = DOCTOR_ERROR;
        doctor_problem_describe(&backend, &problem);
        ASSERT_TEXT(problem.code, rows[i].code);
        ASSERT_TEXT(problem.text, rows[i].text);
        CU_ASSERT_PTR_NOT_NULL(strstr(problem.remedy, rows[i].remedy));
        CU_ASSERT_TRUE(strlen(problem.remedy) < DOCTOR_WIDTH);
    }
}

/* ---- lines ---- */

#define FIFTY "aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaa"
#define WORD  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_wrap(void)
{
    static const struct {
        const char *text;
        const char *join;
        const char *lines;
    } rows[] = {
        {"", "", "\n"},
        {"short", "", "short\n"},
        {FIFTY " " FIFTY, "", FIFTY " " FIFTY "\n"},
        {FIFTY " " FIFTY "b", "", FIFTY " aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa\n  aaaaab\n"},
        {WORD " " WORD, " \\", WORD " \\\n  " WORD "\n"},
        {WORD WORD " b", "", WORD WORD "\n  b\n"},
        {"\033[31mred", "", "?[31mred\n"},
        {"two\nlines", "", "two?lines\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct textbuf out;

        textbuf_init(&out, 4096);
        doctor_wrap(&out, 0, 2, rows[i].join, rows[i].text);
        ASSERT_TEXT(out.data, rows[i].lines);
        textbuf_fini(&out);
    }
}

const struct unit_test doctor_parts_tests[] = {
    {"keys", test_keys},
    {"keys_bound", test_keys_bound},
    {"keys_anything", test_keys_anything},
    {"keys_common", test_keys_common},
    {"grant", test_grant},
    {"problems", test_problems},
    {"wrap", test_wrap},
    {NULL, NULL},
};
