#include "control/import_haproxy.h"

#include <stdio.h>
#include <string.h>

#include "imported.h"
#include "unit/unit.h"

extern const struct unit_test import_haproxy_tests[];

static struct run run;

/* ---- whole files ---- */

static const struct conf_service *find(const struct conf *conf, const char *name)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        if (strcmp(conf->services[i].name, name) == 0)
            return &conf->services[i];
    }
    CU_FAIL_FATAL("there is no such service");
    return NULL;
}

static const char *place(const struct conf *conf, const struct conf_service *service, unsigned nth)
{
    static char text[CONF_PLACE_SIZE];
    const struct conf_backend *backend = &conf->backends[service->first_backend + nth];

    return conf_place_format(backend->host, &backend->address, text);
}

static void the_guide(void)
{
    struct conf conf;

    imported_begin_fixtures();
    imported_run(&run, "k0s-guide-haproxy.cfg");
    imported_end();
    ASSERT_TEXT(run.err, "");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(run.out, "[controllers]\n"
                         "k0s-controller1 = 10.0.0.11\n"
                         "k0s-controller2 = 10.0.0.12\n"
                         "k0s-controller3 = 10.0.0.13\n");
    if (!imported_load(&run, &conf)) {
        CU_FAIL("k0slbd does not take it");
        return;
    }
    ASSERT_NUMBER(conf.service_count, 3);
    ASSERT_NUMBER(conf.backend_count, 9);
    ASSERT_TEXT(place(&conf, find(&conf, "kubeAPI"), 0), "10.0.0.11:6443");
    ASSERT_TEXT(place(&conf, find(&conf, "konnectivity"), 1), "10.0.0.12:8132");
    ASSERT_TEXT(place(&conf, find(&conf, "controllerJoinAPI"), 2), "10.0.0.13:9443");
    conf_free(&conf);
}

static void import_fixture(const char *name, const char *wanted, struct conf *conf)
{
    imported_begin_fixtures();
    imported_run(&run, name);
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(run.out, imported_read(wanted));
    imported_end();
    CU_ASSERT_FATAL(imported_load(&run, conf));
}

static void a_tuned_one(void)
{
    const struct conf_service *service;
    struct conf conf;

    import_fixture("tuned-haproxy.cfg", "tuned-k0slb.ini", &conf);
    ASSERT_TEXT(run.err, "k0slbctl: tuned-haproxy.cfg: 12 comments in the result: read what is "
                         "not carried over as it was\n");
    service = find(&conf, "kubeAPI");
    ASSERT_NUMBER(service->max_connections, 8000);
    ASSERT_NUMBER(service->connect_timeout, 3000);
    ASSERT_NUMBER(service->check_fall, 2);
    ASSERT_NUMBER(service->check, CHECK_HTTPS);
    ASSERT_NUMBER(service->allow.cidr_count, 2);
    ASSERT_NUMBER(service->idle_timeout, 4 * 3600000);
    ASSERT_NUMBER(find(&conf, "konnectivity")->balance, BALANCE_SOURCE_SPREAD);
    ASSERT_NUMBER(find(&conf, "controllerJoinAPI")->idle_timeout, 60000);
    ASSERT_NUMBER(conf.backends[service->first_backend + 2].weight, 5);
    ASSERT_NUMBER(conf.backends[service->first_backend + 2].backup, 1);
    conf_free(&conf);
}

static void listen_sections(void)
{
    const struct conf_service *service;
    struct conf conf;

    import_fixture("listen-haproxy.cfg", "listen-k0slb.ini", &conf);
    service = find(&conf, "ldap");
    ASSERT_NUMBER(service->listener_count, 5);
    ASSERT_NUMBER(service->check, CHECK_TLS);
    ASSERT_NUMBER(service->check_port, 389);
    ASSERT_TEXT(place(&conf, service, 1), "[2001:db8::2]:636");
    service = find(&conf, "smtp");
    ASSERT_NUMBER(service->listener_count, 3);
    ASSERT_NUMBER(service->check, CHECK_TCP);
    ASSERT_NUMBER(service->dead_client_timeout, 45000);
    service = find(&conf, "vault");
    ASSERT_NUMBER(service->check, CHECK_HTTPS);
    CU_ASSERT(conf_expects(service, 429) && !conf_expects(service, 503));
    conf_free(&conf);
}

static void a_broken_one(void)
{
    static const char *const wanted[] = {
        "1: \"bind\" stands in no section",
        "2: \"frontent\" is no section; did you mean frontend?",
        "3: \"bind\" stands in no section",
        "5: bind: \"99999\" is not a port",
        "6: bind 10.0.0.1: its port is missing",
        "7: \"bidn\" is unknown; did you mean bind?",
        "8: timeout: \"s\" is one word too many",
        "9: timeout \"clients\" is unknown",
        "10: mode \"tpc\" is unknown",
        "11: default_backend: there is no backend \"nowhere\"",
        "12: frontend a: the name is that of line 4, too",
        "13: frontend: its name is missing",
        "16: server: its address is missing",
        "17: server two: \"10.0.0.300:1\" is not an address",
        "18: server three: \"0\" is not a port",
        "19: inter: \"soon\" is not a time such as 500, 500ms or 5s",
        "20: server: \"wieght\" is unknown; did you mean weight?",
        "21: weight: its value is missing",
        "22: option: its name is missing",
        "23: a quote is not closed",
    };
    char text[4096] = "";

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        strcat(text, "k0slbctl: broken-haproxy.cfg:");
        strcat(text, wanted[i]);
        strcat(text, "\n");
    }
    imported_begin_fixtures();
    imported_run(&run, "broken-haproxy.cfg");
    imported_end();
    ASSERT_TEXT(run.err, text);
    ASSERT_TEXT(run.out, "");
    ASSERT_NUMBER(run.status, 1);
}

/* ---- the guide in other hands ---- */

#define GUIDE(name, port)                                                                          \
    "frontend " name "\n bind :" port "\n default_backend " name "_b\nbackend " name "_b\n"
#define TWO(port)                                                                                  \
    " server n1 192.168.7.1:" port " check check-ssl verify none\n"                                \
    " server n2 192.168.7.2:" port " check check-ssl verify none\n"
#define FIVE(port)                                                                                 \
    TWO(port)                                                                                      \
    " server n3 192.168.7.3:" port " check check-ssl verify none\n"                                \
    " server n4 192.168.7.4:" port " check check-ssl verify none\n"                                \
    " server n5 192.168.7.5:" port " check check-ssl verify none\n"

#define LINES_OF_TWO  "[controllers]\nn1 = 192.168.7.1\nn2 = 192.168.7.2\n"
#define LINES_OF_FIVE LINES_OF_TWO "n3 = 192.168.7.3\nn4 = 192.168.7.4\nn5 = 192.168.7.5\n"

static void the_guide_in_other_hands(void)
{
    static const struct {
        const char *text;
        const char *wanted;
    } cases[] = {
        /* Five controllers, without statistics; mode tcp is what there is without a word. */
        {GUIDE("kubeAPI", "6443") FIVE("6443") GUIDE("konnectivity", "8132") FIVE("8132")
             GUIDE("controllerJoinAPI", "9443") FIVE("9443"),
         LINES_OF_FIVE},
        /* mode in defaults, other orders, comments and blank lines. */
        {"# mine\ndefaults\n mode tcp # all\n\n" GUIDE("konnectivity", "8132") TWO("8132")
             GUIDE("controllerJoinAPI", "9443") " server x 192.168.7.2:9443 check\n"
                                                " server y 192.168.7.1:9443 check\n" GUIDE(
                                                    "kubeAPI", "6443") TWO("6443"),
         LINES_OF_TWO},
        /* What another system's editor makes of it, and tabs. */
        {"listen\tkubeAPI\r\n\tbind\t*:6443\r\n\tserver n1 192.168.7.1:6443 check\r\n"
         "\tserver n2 192.168.7.2:6443 check\r\nlisten konnectivity\r\n bind "
         "0.0.0.0:8132,:::8132\r\n"
         " server n1 192.168.7.1:8132 check\r\n server n2 192.168.7.2:8132 check\r\n\r\n"
         "listen controllerJoinAPI\r\n bind :9443\r\n server n1 192.168.7.1:9443 check\r\n"
         " server n2 192.168.7.2:9443 check",
         LINES_OF_TWO},
        /* Other names are found by their ports, and said. */
        {GUIDE("api", "6443") TWO("6443") GUIDE("tunnel", "8132") TWO("8132") GUIDE("join", "9443")
             TWO("9443"),
         LINES_OF_TWO "\n; haproxy.cfg:1: api is the service kubeAPI\n"
                      "; haproxy.cfg:7: tunnel is the service konnectivity\n"
                      "; haproxy.cfg:13: join is the service controllerJoinAPI\n"},
        /* What a distribution has in front of it: its times would cut what is silent. */
        {"global\n daemon\ndefaults\n mode http\n timeout connect 5000\n timeout client 50000\n"
         " timeout server 50000\n" GUIDE("kubeAPI", "6443") " mode tcp\n" TWO("6443"),
         NULL},
    };
    struct conf conf;

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        imported_run_text(&run, cases[i].text);
        if (cases[i].wanted == NULL) {
            ASSERT_NUMBER(run.status, 1); /* the frontend is not in mode tcp */
            continue;
        }
        ASSERT_TEXT(run.out, cases[i].wanted);
        CU_ASSERT_FATAL(imported_load(&run, &conf));
        conf_free(&conf);
    }
    imported_end();
}

/* As the guide says: at the end of the file that the distribution brings. */
static void the_guide_behind_the_distribution(void)
{
    static char text[RUN_TEXT];
    size_t length;

    strcpy(text, "global\n\tlog /dev/log local0\n\tuser haproxy\n\tdaemon\n\n"
                 "defaults\n\tlog global\n\tmode http\n\toption httplog\n\toption dontlognull\n"
                 "\ttimeout connect 5000\n\ttimeout client  50000\n\ttimeout server  50000\n"
                 "\terrorfile 400 /etc/haproxy/errors/400.http\n");
    length = strlen(text);
    imported_begin_fixtures();
    snprintf(text + length, sizeof(text) - length, "%s", imported_read("k0s-guide-haproxy.cfg"));
    imported_end();
    imported_begin();
    imported_run_text(&run, text);
    imported_end();
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(run.out, "[controllers]\n"
                         "k0s-controller1 = 10.0.0.11\n"
                         "k0s-controller2 = 10.0.0.12\n"
                         "k0s-controller3 = 10.0.0.13\n"
                         "\n"
                         "[defaults]\n"
                         "connect_timeout = 5s\n"
                         "\n"
                         "; haproxy.cfg:2-4: global: about HAProxy's own process\n"
                         "; haproxy.cfg:9: option httplog: about HTTP\n"
                         "; haproxy.cfg:12: timeout: 50s of silence would end watches and tunnels "
                         "that are well; idle_timeout stays 0 for them\n"
                         "; haproxy.cfg:14: errorfile: about HTTP\n");
}

/* ---- which services are k0s's ---- */

/* Two controllers at one port, in a backend or a listen section. */
#define SERVERS(port)                                                                              \
    "server a 10.0.0.1:" port " check check-ssl\n"                                                 \
    "server b 10.0.0.2:" port " check check-ssl\n"

static void the_services_of_k0s(void)
{
    static const struct {
        const char *text;
        const char *wanted;
    } cases[] = {
        /* By their ports, and not all of them; other ports in front. */
        {"listen api\nbind :443\n" SERVERS("6443") "listen tunnels\nbind :8132\n" SERVERS("8132"),
         "[controllers]\na = 10.0.0.1\nb = 10.0.0.2\n\n"
         "[service controllerJoinAPI]\nenabled = no\n\n"
         "[service kubeAPI]\nlisten = :443\n\n"
         "; haproxy.cfg:1: api is the service kubeAPI\n"
         "; haproxy.cfg:5: tunnels is the service konnectivity\n"},
        /* Alone it is one with servers. */
        {"listen kubeAPI\nbind :6443\n" SERVERS("6443"),
         "[service kubeAPI]\nserver a = 10.0.0.1:6443\nserver b = 10.0.0.2:6443\n"},
        /* Not the same machines: what is at 9443 is something else. */
        {"listen kubeAPI\nbind :6443\n" SERVERS("6443") "listen x\nbind :9443\n"
                                                        "server a 10.0.0.1:9443\n",
         "[service kubeAPI]\nserver a = 10.0.0.1:6443\nserver b = 10.0.0.2:6443\n\n"
         "[service x]\nlisten = :9443\nserver a = 10.0.0.1:9443\ncheck = none\n"},
        /* Not for the same use. */
        {"listen kubeAPI\nbind :6443\n" SERVERS("6443") "listen controllerJoinAPI\nbind :9443\n"
                                                        "server a 10.0.0.1:9443 backup\n"
                                                        "server c 10.0.0.2:9443\n",
         "[service kubeAPI]\nserver a = 10.0.0.1:6443\nserver b = 10.0.0.2:6443\n\n"
         "[service controllerJoinAPI]\nserver a = 10.0.0.1:9443 backup\n"
         "server c = 10.0.0.2:9443\nrequires = none\n"},
        /* Another port on the controllers; the page of statistics makes room. */
        {"listen kubeAPI\nbind :9000\n" SERVERS("7443") "listen konnectivity\nbind :8132\n" SERVERS(
             "8132") "listen controllerJoinAPI\nbind :9443\n" SERVERS("9443"),
         "[controllers]\na = 10.0.0.1\nb = 10.0.0.2\n\n"
         "[service kubeAPI]\nlisten = :9000\nport = 7443\n\n"
         "[stats]\nlisten =\n"},
    };
    struct conf conf;

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        imported_run_text(&run, cases[i].text);
        ASSERT_TEXT(run.out, cases[i].wanted);
        CU_ASSERT_FATAL(imported_load(&run, &conf));
        conf_free(&conf);
    }
    imported_end();
}

/* Two frontends may be one name when they are cleaned, and one backend may serve two. */
static void names_of_their_own(void)
{
    const struct conf_service *service;
    struct conf conf;

    imported_begin();
    imported_run_text(&run, "frontend a:b\nbind 127.0.0.1:1001\ndefault_backend x\n"
                            "frontend a_b\nbind 127.0.0.1:1002\ndefault_backend x\n"
                            "frontend a-very-long-name-that-has-to-be-cut-somewhere-1\n"
                            "bind 127.0.0.1:1003\ndefault_backend x\n"
                            "frontend a-very-long-name-that-has-to-be-cut-somewhere-2\n"
                            "bind 127.0.0.1:1004\ndefault_backend x\n"
                            "backend x\nserver s 10.0.0.1:80\nserver s-2 10.0.0.2:80\n"
                            "server s 10.0.0.3:80\n");
    imported_end();
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(run.err, "");
    CU_ASSERT_FATAL(imported_load(&run, &conf));
    ASSERT_NUMBER(conf.service_count, 4);
    ASSERT_NUMBER(conf.backend_count, 12);
    service = find(&conf, "a_b-2");
    ASSERT_TEXT(place(&conf, service, 0), "10.0.0.1:80");
    ASSERT_TEXT(conf.backends[service->first_backend + 2].name, "s-3");
    conf_free(&conf);
}

/* A name that k0slb.ini has no room for. */
#define LABEL     "a-label-of-sixty-letters-as-there-are-few-in-the-world-of-names"
#define LONG_NAME LABEL "." LABEL "." LABEL

/* A service of its own servers never gets the controllers in their place. */
static void servers_that_are_lost(void)
{
    struct conf conf;

    imported_begin();
    imported_run_text(
        &run,
        "listen kubeAPI\nbind :6443\n" SERVERS("6443") "listen konnectivity\nbind :8132\n" SERVERS(
            "8132") "listen other\nbind 127.0.0.1:1001\nserver a " LONG_NAME ":80\n"
                    "listen portless\nbind :1002\nbind :1003\nserver a 10.0.0.7\n");
    imported_end();
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "[service other]: none of its servers can be carried"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(run.out, "listen portless is left out: its servers have no port"));
    CU_ASSERT_FATAL(imported_load(&run, &conf));
    ASSERT_NUMBER(conf.service_count, 3); /* two, and controllerJoinAPI that is not enabled */
    ASSERT_NUMBER(conf.backend_count, 6);
    conf_free(&conf);
}

/* source-spread cannot tell so many apart. */
static void many_controllers(void)
{
    static char text[RUN_TEXT] = "";
    struct conf conf;

    for (unsigned port = 0; port < 2; port++) {
        size_t length = strlen(text);

        length += (size_t)snprintf(text + length, sizeof(text) - length, "listen %s\nbind :%u\n",
                                   port == 0 ? "kubeAPI" : "konnectivity", port == 0 ? 6443 : 8132);
        for (unsigned i = 1; i <= 17; i++)
            length +=
                (size_t)snprintf(text + length, sizeof(text) - length,
                                 "server c%u 10.0.0.%u:%u check\n", i, i, port == 0 ? 6443 : 8132);
    }
    imported_begin();
    imported_run_text(&run, text);
    imported_end();
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_FATAL(imported_load(&run, &conf));
    ASSERT_NUMBER(find(&conf, "konnectivity")->balance, BALANCE_LEASTCONN);
    conf_free(&conf);
}

static void nothing_of_use(void)
{
    imported_begin();
    imported_run_text(&run, "frontend web\nmode http\nbind :80\ndefault_backend b\n"
                            "backend b\nserver s 10.0.0.1:80\n"
                            "listen tls\nbind :443 ssl crt /a.pem\nserver s 10.0.0.1:80\n"
                            "listen out\nbind :444\nserver s 10.0.0.1:443 ssl verify none\n"
                            "listen none\nbind :445\n");
    imported_end();
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.out, "");
    ASSERT_TEXT(run.err,
                "k0slbctl: haproxy.cfg: it has no service of TCP with servers that k0slb could "
                "take over\n"
                "k0slbctl: haproxy.cfg:1: frontend web is left out: it is not in mode tcp\n"
                "k0slbctl: haproxy.cfg:5: backend b is left out: no service comes to it\n"
                "k0slbctl: haproxy.cfg:7: listen tls is left out: it ends TLS, and k0slb passes "
                "it on\n"
                "k0slbctl: haproxy.cfg:10: listen out is left out: its servers have ssl: k0slb "
                "does not speak TLS for clients\n"
                "k0slbctl: haproxy.cfg:13: listen none is left out: it has no server line\n");
}

const struct unit_test import_haproxy_tests[] = {
    {"the_guide", the_guide},
    {"a_tuned_one", a_tuned_one},
    {"listen_sections", listen_sections},
    {"a_broken_one", a_broken_one},
    {"the_guide_in_other_hands", the_guide_in_other_hands},
    {"the_guide_behind_the_distribution", the_guide_behind_the_distribution},
    {"the_services_of_k0s", the_services_of_k0s},
    {"names_of_their_own", names_of_their_own},
    {"servers_that_are_lost", servers_that_are_lost},
    {"many_controllers", many_controllers},
    {"nothing_of_use", nothing_of_use},
    {NULL, NULL},
};
