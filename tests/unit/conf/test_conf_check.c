#include "conf/conf_check.h"

#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/textbuf.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_check_tests[];

#define NOTHING                                                                                    \
    "nothing to serve: write the addresses of the k0s controllers into [controllers], one NAME = " \
    "ADDRESS for each"

static struct loaded loaded;

static const struct expectation overlap_cases[] = {
    {CONTROLLERS "[service konnectivity]\nlisten = :6443\n",
     "t.ini:5: [service konnectivity] listen: :6443 overlaps :6443 of [service kubeAPI] (by "
     "default)"},
    {CONTROLLERS "[service x]\nlisten = 127.0.0.1:9000\n",
     "t.ini:5: [service x] listen: 127.0.0.1:9000 overlaps :9000 of [stats] (by default)"},
    {CONTROLLERS "[service x]\nlisten = :7000\n[service y]\nlisten = [::1]:7000\n",
     "t.ini:7: [service y] listen: [::1]:7000 overlaps :7000 of [service x] (line 5)"},
    {CONTROLLERS "[service y]\nlisten = 127.0.0.1:7000\n[service x]\nlisten = 127.0.0.1:7000\n",
     "t.ini:7: [service x] listen: 127.0.0.1:7000 overlaps 127.0.0.1:7000 of [service y] (line "
     "5)"},
    {CONTROLLERS "[service x]\nlisten = :7000, *:7000\n",
     "t.ini:5: [service x] listen: :7000 overlaps :7000 of [service x] (line 5)"},
    {CONTROLLERS "[service x]\nlisten = 0.0.0.0:7000, 127.0.0.1:7000\n",
     "t.ini:5: [service x] listen: 127.0.0.1:7000 overlaps 0.0.0.0:7000 of [service x] (line 5)"},
    {"[stats]\nlisten = :7000\n[service x]\nlisten = :7000\nserver a = 10.0.0.1:1\n",
     "t.ini:4: [service x] listen: :7000 overlaps :7000 of [stats] (line 2)"},
    {CONTROLLERS "[service x]\nlisten = 0.0.0.0:7000, [::]:7000\n", ""},
    {CONTROLLERS "[service x]\nlisten = 127.0.0.1:7000, 127.0.0.2:7000, [::1]:7000\n", ""},
    {CONTROLLERS "[service x]\nlisten = :9000\n[stats]\nlisten = :9001\n", ""},
};

static void overlaps(void)
{
    expect_errors(overlap_cases, ARRAY_LEN(overlap_cases));
}

static const struct expectation missing_cases[] = {
    {"[stats]\n", "t.ini: " NOTHING},
    {"[k0slb]\nworkers = 2\n", "t.ini: " NOTHING},
    {"[controllers]\n", "t.ini:1: [controllers]: " NOTHING},
    {"[service x]\nlisten = :1\n", "t.ini: " NOTHING},
    {"[service kubeAPI]\n", "t.ini: " NOTHING},
    {"; nothing but a comment\n", "t.ini: " NOTHING},
    {CONTROLLERS "[service kubeAPI]\nenabled = no\n[service konnectivity]\nenabled = no\n"
                 "[service controllerJoinAPI]\nenabled = no\n",
     "t.ini: nothing to serve: every service has enabled = no"},
    {CONTROLLERS "[service x]\nretries = 1\n",
     "t.ini:4: [service x]: \"listen\" is missing: write listen = ADDRESS:PORT"},
    {CONTROLLERS "[service kubeapi]\nretries = 1\n",
     "t.ini:4: [service kubeapi]: \"listen\" is missing; did you mean [service kubeAPI]?"},
    {CONTROLLERS "[service x]\nlisten = :1, :2\n",
     "t.ini:5: [service x] listen: more than one port: say which one the controllers have by port "
     "= N"},
    {"[service x]\nlisten = :1\nserver a = 10.0.0.1:1\n[service y]\nlisten = :2\n",
     "t.ini:4: [service y]: no backend: write server NAME = ADDRESS:PORT, or fill in "
     "[controllers]"},
    {"[controllers]\n[service x]\nlisten = :1\nserver a = 10.0.0.1:1\n",
     "t.ini:1: [controllers]: no controller: write NAME = ADDRESS for each of them"},
    {"[service x]\nlisten = :1\nserver a = 10.0.0.1:1\n[service y]\nlisten = :2\nenabled = no\n",
     ""},
};

static void what_is_missing(void)
{
    expect_errors(missing_cases, ARRAY_LEN(missing_cases));
}

/* One mistake is one message: nothing is called missing that was written, but wrong. */
static const struct expectation single_cases[] = {
    {"[controllers]\na = 10.0.0.1:6443\n",
     "t.ini:2: [controllers] a: \"10.0.0.1:6443\": a controller is written without a port, each "
     "service has its own"},
    {"[controllers]\na : 10.0.0.1\n",
     "t.ini:2: [controllers] a: \":\" where \"=\" has to be: write KEY = VALUE"},
    {"[controllers\na = 10.0.0.1\n", "t.ini:1: \"]\" is missing after the section's name"},
    {"a = 10.0.0.1\n", "t.ini:1: this line stands before the first [section]"},
    {"[service x]\nlisten = :1\nserver a = 10.0.0.1\n",
     "t.ini:3: [service x] server a: the port is missing in \"10.0.0.1\": write ADDRESS:PORT"},
    {"[service x]\nlisten = :0\nserver a = 10.0.0.1:1\n",
     "t.ini:2: [service x] listen: port 0 is not in 1 to 65535"},
    {"[service x]\nlsten = :1\nserver a = 10.0.0.1:1\n",
     "t.ini:2: [service x] lsten: unknown key; did you mean \"listen\"?"},
    {CONTROLLERS "[service kubeAPI]\nlisten = :0\n[service x]\nlisten = :6443\n",
     "t.ini:5: [service kubeAPI] listen: port 0 is not in 1 to 65535"},
    {CONTROLLERS "[service kubeAPI]\nserver a = nowhere\n",
     "t.ini:5: [service kubeAPI] server a: the port is missing in \"nowhere\": write ADDRESS:PORT"},
    {CONTROLLERS "[stats]\nlisten = 9000\n[service x]\nlisten = :9000\n",
     "t.ini:5: [stats] listen: \"9000\" is not ADDRESS:PORT; a port alone is written :9000"},
};

static void one_mistake_is_one_message(void)
{
    expect_errors(single_cases, ARRAY_LEN(single_cases));
}

PRINTF_LIKE(2, 3) static void append(struct textbuf *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    textbuf_vprintf(text, format, args);
    va_end(args);
    CU_ASSERT_FATAL(!text->truncated);
}

static void sixty_four_services(void)
{
    struct textbuf text;

    textbuf_init(&text, 100000);
    append(&text, "%s", CONTROLLERS);
    for (int i = 4; i <= 64; i++)
        append(&text, "[service s%d]\nlisten = 127.0.0.1:%d\n", i, 7000 + i);
    load_good(&loaded, text.data);
    ASSERT_NUMBER(loaded.conf.service_count, 64);
    loaded_free(&loaded);
    append(&text, "[service s65]\nlisten = 127.0.0.1:1\n[service s66]\nlisten = 127.0.0.1:2\n");
    load_text(&loaded, text.data);
    ASSERT_TEXT(loaded.errors, "t.ini:126: [service s65]: more than 64 services");
    loaded_free(&loaded);
    textbuf_fini(&text);
}

static void a_thousand_backends(void)
{
    struct textbuf text;

    textbuf_init(&text, 100000);
    append(&text, "[service x]\nlisten = :1\n");
    for (int i = 1; i <= 1024; i++)
        append(&text, "server s%d = 10.0.%d.%d:1\n", i, i / 250, 1 + i % 250);
    load_good(&loaded, text.data);
    ASSERT_NUMBER(loaded.conf.backend_count, 1024);
    loaded_free(&loaded);
    append(&text, "[service y]\nlisten = :2\nserver a = 10.0.0.1:1\nserver b = 10.0.0.1:1\n");
    load_text(&loaded, text.data);
    ASSERT_TEXT(loaded.errors, "t.ini: more than 1024 backends in all services together");
    loaded_free(&loaded);
    textbuf_fini(&text);
}

static void a_hundred_twenty_eight_sockets(void)
{
    struct textbuf text;

    textbuf_init(&text, 100000);
    append(&text, "[stats]\nlisten =\n[service x]\nport = 1\nserver a = 10.0.0.1:1\n");
    for (int i = 1; i <= 64; i++)
        append(&text, "listen = :%d\n", 7000 + i);
    load_good(&loaded, text.data);
    ASSERT_NUMBER(loaded.conf.listener_count, 128);
    loaded_free(&loaded);
    append(&text, "listen = 127.0.0.1:1\n");
    load_text(&loaded, text.data);
    ASSERT_TEXT(loaded.errors, "t.ini:70: [service x] listen: more than 128 listening sockets in "
                               "all (:PORT counts as two)");
    loaded_free(&loaded);
    textbuf_fini(&text);
}

static void a_fast_interval_is_never_the_longer_one(void)
{
    load_good(&loaded, CONTROLLERS "[service kubeAPI]\ncheck_interval = 100ms\n");
    ASSERT_NUMBER(service_named(&loaded.conf, "kubeAPI")->check_fast_interval, 100);
    ASSERT_NUMBER(service_named(&loaded.conf, "konnectivity")->check_fast_interval, 200);
    loaded_free(&loaded);
}

static void workers_are_counted_out(void)
{
    cpu_set_t before;
    cpu_set_t one;

    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(before), &before), 0);
    load_good(&loaded, CONTROLLERS);
    ASSERT_NUMBER(loaded.conf.global.workers, CPU_COUNT(&before) < 8 ? CPU_COUNT(&before) : 8);
    loaded_free(&loaded);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++) {
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    }
    CU_ASSERT_EQUAL_FATAL(sched_setaffinity(0, sizeof(one), &one), 0);
    load_good(&loaded, CONTROLLERS "[k0slb]\nworkers = auto\n");
    ASSERT_NUMBER(loaded.conf.global.workers, 1);
    loaded_free(&loaded);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof(before), &before), 0);
    load_good(&loaded, CONTROLLERS "[k0slb]\nworkers = 16\n");
    ASSERT_NUMBER(loaded.conf.global.workers, 16);
    loaded_free(&loaded);
}

static const struct expectation identity_cases[] = {
    {CONTROLLERS "[k0slb]\nuser = no-such-user-here\n",
     "t.ini:5: [k0slb] user: there is no user \"no-such-user-here\" on this machine"},
    {CONTROLLERS "[k0slb]\ngroup = no-such-group-here\n",
     "t.ini:5: [k0slb] group: there is no group \"no-such-group-here\" on this machine"},
    {CONTROLLERS "[k0slb]\nuser = root\n",
     "t.ini:5: [k0slb] user: \"root\" is root: what carries connections has to be somebody else"},
    {CONTROLLERS "[k0slb]\nuser = a:b\n",
     "t.ini:5: [k0slb] user: \"a:b\" is not a name of at most 49 letters, digits, - _ and ."},
};

static void nobody_becomes_who_is_not_there(void)
{
    expect_errors(identity_cases, ARRAY_LEN(identity_cases));
}

static void users_and_groups_become_numbers(void)
{
    const struct passwd *nobody = getpwnam("nobody");
    const struct group *group = getgrgid(0);
    uid_t uid = nobody != NULL ? nobody->pw_uid : 0;
    gid_t gid = nobody != NULL ? nobody->pw_gid : 0;
    char text[300];

    if (geteuid() != 0 || nobody == NULL || group == NULL) {
        unit_skip("needs root and the user nobody");
        return;
    }
    load_good(&loaded, CONTROLLERS "[k0slb]\nuser = nobody\n");
    ASSERT_NUMBER(loaded.conf.global.change_user, 1);
    ASSERT_NUMBER(loaded.conf.global.uid, uid);
    ASSERT_NUMBER(loaded.conf.global.gid, gid);
    ASSERT_NUMBER(loaded.report.count, 0);
    loaded_free(&loaded);
    snprintf(text, sizeof(text), CONTROLLERS "[k0slb]\nuser = nobody\ngroup = %s\n",
             group->gr_name);
    load_good(&loaded, text);
    ASSERT_NUMBER(loaded.conf.global.gid, 0);
    loaded_free(&loaded);
}

static void a_missing_default_user_is_nobody(void)
{
    bool expected = geteuid() == 0;

    if (getpwnam("k0slb") != NULL) {
        unit_skip("this machine has a user k0slb");
        return;
    }
    load_good(&loaded, CONTROLLERS);
    ASSERT_NUMBER(loaded.report.count, expected);
    ASSERT_NUMBER(loaded.conf.global.change_user, expected);
    if (expected) {
        ASSERT_NUMBER(loaded.report.messages[0].severity, CONF_WARNING);
        ASSERT_TEXT(loaded.report.messages[0].text,
                    "t.ini: [k0slb] user: there is no user \"k0slb\", the children run as "
                    "\"nobody\"; make it with: useradd --system --no-create-home --shell "
                    "/usr/sbin/nologin k0slb");
        ASSERT_TEXT(loaded.conf.global.user, "nobody");
        CU_ASSERT(loaded.conf.global.uid != 0);
    }
    loaded_free(&loaded);
}

/* Every instance has a path of its own, and it is told whether somebody asked for it. */
static void a_pid_file_for_each_name(void)
{
    load_good(&loaded, CONTROLLERS);
    ASSERT_TEXT(loaded.conf.global.pid_file, K0SLB_RUNSTATEDIR "/k0slb.pid");
    ASSERT_NUMBER(loaded.conf.global.has_pid_file, 0);
    loaded_free(&loaded);
    load_good(&loaded, CONTROLLERS "[k0slb]\nname = second\n");
    ASSERT_TEXT(loaded.conf.global.pid_file, K0SLB_RUNSTATEDIR "/second.pid");
    loaded_free(&loaded);
    load_good(&loaded, CONTROLLERS "[k0slb]\nname = second\npid_file = /tmp/third\n");
    ASSERT_TEXT(loaded.conf.global.pid_file, "/tmp/third");
    ASSERT_NUMBER(loaded.conf.global.has_pid_file, 1);
    loaded_free(&loaded);
}

const struct unit_test conf_check_tests[] = {
    {"overlaps", overlaps},
    {"what_is_missing", what_is_missing},
    {"one_mistake_is_one_message", one_mistake_is_one_message},
    {"sixty_four_services", sixty_four_services},
    {"a_thousand_backends", a_thousand_backends},
    {"a_hundred_twenty_eight_sockets", a_hundred_twenty_eight_sockets},
    {"a_fast_interval_is_never_the_longer_one", a_fast_interval_is_never_the_longer_one},
    {"workers_are_counted_out", workers_are_counted_out},
    {"nobody_becomes_who_is_not_there", nobody_becomes_who_is_not_there},
    {"users_and_groups_become_numbers", users_and_groups_become_numbers},
    {"a_missing_default_user_is_nobody", a_missing_default_user_is_nobody},
    {"a_pid_file_for_each_name", a_pid_file_for_each_name},
    {NULL, NULL},
};
