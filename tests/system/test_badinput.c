/* What k0slbd refuses to start with: one clear line each, the right status, nothing left behind. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

#include "system/scene.h"

/* @N and @L stand for the instance's name and a free address of it. */
#define BEGIN  "[k0slb]\nname = @N\nworkers = 1\n[stats]\nlisten =\n"
#define SERVER "server b1 = 127.0.0.1:1\n"

struct mistake {
    const char *text;
    const char *said[4]; /* each stands in what is said */
};

static const struct mistake mistakes[] = {
    {BEGIN "[service s]\nlisten = @L\nblance = leastconn\n" SERVER,
     {"k0slb.ini:8: [service s] blance:", "balance"}},
    {BEGIN "[servce s]\nlisten = @L\n" SERVER, {"k0slb.ini:6: ", "servce"}},
    {BEGIN "[service s]\nlisten = @L\nlisten_twice = no\n" SERVER,
     {"k0slb.ini:8: ", "listen_twice"}},
    {BEGIN "[service s]\nlisten = @L\nbalance = leastconn\nbalance = roundrobin\n" SERVER,
     {"k0slb.ini:9: [service s] balance:"}},
    {BEGIN "[service s]\nlisten = 127.0.0.1:0\n" SERVER, {"k0slb.ini:7: [service s] listen:"}},
    {BEGIN "[service s]\nlisten = 127.0.0.1:70000\n" SERVER,
     {"k0slb.ini:7: [service s] listen:", "70000"}},
    {BEGIN "[service s]\nlisten = @L\nserver b1 = 127.0.0.512:80\n",
     {"k0slb.ini:8: [service s] server b1:", "127.0.0.512"}},
    {BEGIN "[service s]\nlisten = @L\nserver b1 = 127.0.0.1:0\n",
     {"k0slb.ini:8: [service s] server b1:"}},
    {BEGIN "[service s]\nlisten = @L\nconnect_timeout = 2 seconds\n" SERVER,
     {"k0slb.ini:8: [service s] connect_timeout:"}},
    {BEGIN "[service s]\nlisten = @L\n" SERVER "[service t]\nlisten = @L\n" SERVER,
     {"k0slb.ini:10: [service t] listen:", "s"}},
    {BEGIN "[service s]\nlisten = @L\n" SERVER "source_address = 192.0.2.77\n",
     {"k0slb.ini:9: [service s] source_address:", "192.0.2.77"}},
    {BEGIN, {"nothing to serve", "[controllers]"}},
    {BEGIN "[service s]\nlisten = @L\n", {"nothing to serve", "[controllers]"}},
    {"", {"k0slb.ini: the file is empty"}},
};

static void replace(char *text, size_t size, const char *mark, const char *with)
{
    char *at;

    while ((at = strstr(text, mark)) != NULL) {
        char *rest = strdup(at + strlen(mark));

        if (rest == NULL)
            abort();
        snprintf(at, size - (size_t)(at - text), "%s%s", with, rest);
        free(rest);
    }
}

/* Fails the test unless the log has the text. */
static void assert_said(const struct scene *scene, const char *text)
{
    bool said = instance_log_has(&scene->instance, text);

    if (!said)
        printf("not said: \"%s\"\n", text);
    CU_ASSERT_TRUE(said);
}

/* Runs k0slbd to its end, which has to come soon and with that status. */
static void run_to_end(struct scene *scene, const char *arguments, int status)
{
    ASSERT_NUMBER(instance_spawn(&scene->instance, arguments), 0);
    ASSERT_NUMBER(instance_wait_exit(&scene->instance, SOON_MS), status);
}

static void assert_mistake(const struct mistake *mistake)
{
    char address[ADDR_TEXT_SIZE];
    char text[1024];
    struct scene scene;

    if (scene_init(&scene) == -1)
        return;
    snprintf(text, sizeof(text), "%s", mistake->text);
    replace(text, sizeof(text), "@N", scene.instance.name);
    replace(text, sizeof(text), "@L", addr_format(&scene.listen, address));
    ASSERT_NUMBER(instance_configure(&scene.instance, text), 0);
    run_to_end(&scene, NULL, 1);
    for (size_t i = 0; i < ARRAY_LEN(mistake->said) && mistake->said[i] != NULL; i++)
        assert_said(&scene, mistake->said[i]);
    scene_close_ended(&scene);
}

static void test_mistakes_in_the_file(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++)
        assert_mistake(&mistakes[i]);
}

/* All mistakes of a file are said in one run, in the order of their lines. */
static void test_all_mistakes_at_once(void)
{
    static const struct mistake three = {
        BEGIN "[service s]\nlisten = 127.0.0.1:0\nbalance = best\nserver b1 = 127.0.0.512:80\n",
        {"k0slb.ini:7: ", "k0slb.ini:8: ", "k0slb.ini:9: "},
    };

    assert_mistake(&three);
}

static void test_missing_user(void)
{
    static const struct mistake mistake = {
        "[k0slb]\nname = @N\nuser = no-such-user\n[stats]\nlisten =\n"
        "[service s]\nlisten = @L\n" SERVER,
        {"k0slb.ini:3: [k0slb] user:", "no-such-user"},
    };

    if (geteuid() != 0) {
        unit_skip("only root changes the user");
        return;
    }
    assert_mistake(&mistake);
}

static void test_missing_file(void)
{
    struct scene scene;

    if (scene_init(&scene) == -1)
        return;
    run_to_end(&scene, "-c /nonexistent/k0slb.ini", 1);
    assert_said(&scene, "/nonexistent/k0slb.ini");
    assert_said(&scene, "No such file");
    scene_close_ended(&scene);
}

static void test_directory(void)
{
    struct scene scene;
    char arguments[128];

    if (scene_init(&scene) == -1)
        return;
    snprintf(arguments, sizeof(arguments), "-c %s", scene.instance.dir);
    run_to_end(&scene, arguments, 1);
    assert_said(&scene, scene.instance.dir);
    assert_said(&scene, "directory");
    scene_close_ended(&scene);
}

/* Usage errors: status 2. */
static void test_command_line(void)
{
    static const struct {
        const char *arguments;
        const char *said;
    } lines[] = {
        {"-x", "k0slbd: option -x is unknown; try k0slbd --help\n"},
        {"--no-such-option", "k0slbd: option --no-such-option is unknown; try k0slbd --help\n"},
        {"-c", "k0slbd: option -c needs a value; try k0slbd --help\n"},
        {"--help=x", "k0slbd: option --help=x takes no value; try k0slbd --help\n"},
        {"-t more", "k0slbd: more is one argument too many; try k0slbd --help\n"},
        {"more", "k0slbd: more is one argument too many; try k0slbd --help\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct scene scene;

        if (scene_init(&scene) == -1)
            return;
        run_to_end(&scene, lines[i].arguments, 2);
        assert_said(&scene, lines[i].said);
        scene_close_ended(&scene);
    }
}

/* -t says what is wrong and starts nothing; a good file is status 0. */
static void test_check_only(void)
{
    char arguments[128];
    char address[ADDR_TEXT_SIZE];
    char text[512];
    struct scene scene;

    if (scene_init(&scene) == -1)
        return;
    snprintf(arguments, sizeof(arguments), "-t -c %s", scene.instance.config);
    snprintf(text, sizeof(text),
             "[k0slb]\nname = %s\n[stats]\nlisten =\n[service s]\nlisten = %s\n%s",
             scene.instance.name, addr_format(&scene.listen, address), SERVER);
    ASSERT_NUMBER(instance_configure(&scene.instance, text), 0);
    run_to_end(&scene, arguments, 0);
    ASSERT_NUMBER(instance_configure(&scene.instance, "[controllers]\na = 127.0.0.512\n"), 0);
    run_to_end(&scene, arguments, 1);
    assert_said(&scene, "k0slb.ini:2: [controllers] a:");
    scene_close_ended(&scene);
}

#define SEVERAL(n)                                                                                 \
    "server s" n "1 = 127.0.0.1:" n "1\nserver s" n "2 = 127.0.0.1:" n "2\n"                       \
    "server s" n "3 = 127.0.0.1:" n "3\nserver s" n "4 = 127.0.0.1:" n "4\n"
#define SIXTEEN     SEVERAL("1") SEVERAL("2") SEVERAL("3") SEVERAL("4")
#define CONTROLLERS "[controllers]\nc1 = 127.0.0.1\n"
#define SERVICE     "[service s]\nlisten = @L\n"

/* A file, and the one line about it after the path, or "" when it is good. */
static const struct {
    const char *text;
    const char *said;
} verdicts[] = {
    {SERVICE SERVER "max_connections = -1\n",
     ":4: [service s] max_connections: \"-1\" is not a number from 0 to 1000000"},
    {SERVICE SERVER "source_max_connections = many\n",
     ":4: [service s] source_max_connections: \"many\" is not a number from 0 to 65535"},
    {SERVICE SERVER "dead_client_timeout = 1s\n",
     ":4: [service s] dead_client_timeout: \"1s\" is not 0 or between 2s and 12h"},
    {SERVICE SERVER "[k0slb]\nmax_sources = 8\n",
     ":5: [k0slb] max_sources: \"8\" is not a number from 16 to 1048576"},
    {SERVICE SERVER "max_sources = 100\n",
     ":4: [service s] max_sources: unknown key here; it belongs to [k0slb]"},
    {SERVICE SERVER "allow = 10.0.0.0/33\n",
     ":4: [service s] allow: \"10.0.0.0/33\" is no range such as 10.0.0.0/8, and none of all, "
     "private, controllers"},
    {SERVICE SERVER "[defaults]\ndeny = 10.0.0.0/8, fd00::/x\n",
     ":5: [defaults] deny: \"fd00::/x\" is no range such as 10.0.0.0/8, and none of all, private, "
     "controllers"},
    {SERVICE "server a = 127.0.0.1:1 weight=257\n",
     ":3: [service s] server a: weight \"257\" is not a number from 0 to 256"},
    {SERVICE "server a = 127.0.0.1:1 weight=256\nserver b = 127.0.0.1:1 weight=0\n", ""},
    {SERVICE SERVER "balance = fastest\n",
     ":4: [service s] balance: \"fastest\" is not leastconn, roundrobin, random, source or "
     "source-spread"},
    {CONTROLLERS "[service konnectivity]\nbalance = source\n",
     ":4: [service konnectivity] balance: source would never let an agent reach every controller; "
     "use source-spread"},
    {SERVICE "balance = source-spread\n" SIXTEEN "server s17 = 127.0.0.2:1\n",
     ":3: [service s] balance: source-spread tells at most 16 backends apart, and service s has "
     "17; use leastconn"},
    {SERVICE "balance = source-spread\n" SIXTEEN, ""},
    {CONTROLLERS "[service konnectivity]\nidle_timeout = 59m\n",
     ":4: [service konnectivity] idle_timeout: 59m would end tunnels that are well, for they are "
     "silent for an hour; write 0, or 1h or more"},
    {CONTROLLERS "[service konnectivity]\nidle_timeout = 1h\n", ""},
    {SERVICE SERVER "source_address = 192.0.2.77\n",
     ":4: [service s] source_address: \"192.0.2.77\" cannot be connected from: this machine has no "
     "such address"},
    {SERVICE SERVER "source_address = 127.0.0.1:80\n",
     ":4: [service s] source_address: \"127.0.0.1:80\": a source address is written without a "
     "port"},
    {SERVICE "server a = [::1]:1\nsource_address = 127.0.0.2\n",
     ":4: [service s] source_address: \"127.0.0.2\" is of no use: no backend has an IPv4 address"},
    {SERVICE SERVER "source_address = 127.0.0.2, 127.0.0.3\n", ""},
};

/* Runs -t on the text and holds all that is said against the one line, or against none. */
static void assert_verdict(struct scene *scene, const char *text, const char *said)
{
    char wanted[512] = "";
    char arguments[128];
    char *log;

    ASSERT_NUMBER(truncate(scene->instance.log, 0), 0);
    ASSERT_NUMBER(instance_configure(&scene->instance, text), 0);
    snprintf(arguments, sizeof(arguments), "-t -c %s", scene->instance.config);
    run_to_end(scene, arguments, *said != '\0' ? 1 : 0);
    if (*said == '\0')
        return;
    snprintf(wanted, sizeof(wanted), "%s%s\n", scene->instance.config, said);
    log = instance_log(&scene->instance);
    ASSERT_TEXT(log, wanted);
    free(log);
}

static void test_one_line_for_one_mistake(void)
{
    char address[ADDR_TEXT_SIZE];
    char text[1024];
    struct scene scene;

    if (scene_init(&scene) == -1)
        return;
    ASSERT_NUMBER(close(open(scene.instance.log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        snprintf(text, sizeof(text), "%s", verdicts[i].text);
        replace(text, sizeof(text), "@L", addr_format(&scene.listen, address));
        assert_verdict(&scene, text, verdicts[i].said);
    }
    scene_close_ended(&scene);
}

static const struct unit_test tests[] = {
    {"mistakes_in_the_file", test_mistakes_in_the_file},
    {"all_mistakes_at_once", test_all_mistakes_at_once},
    {"missing_user", test_missing_user},
    {"missing_file", test_missing_file},
    {"directory", test_directory},
    {"command_line", test_command_line},
    {"check_only", test_check_only},
    {"one_line_for_one_mistake", test_one_line_for_one_mistake},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"start", tests}, {NULL, NULL}};

    return unit_main("test_badinput", suites, argc, argv);
}
