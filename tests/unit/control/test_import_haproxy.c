#include "control/import_haproxy.h"

#include <stdio.h>
#include <stdlib.h>
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
    ASSERT_TEXT(run.err, "k0slbctl: tuned-haproxy.cfg: 12 things could not be carried over: read "
                         "the comments\n");
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

#define IN(line, text) "k0slbctl: broken-haproxy.cfg:" #line ": " text "\n"

static void a_broken_one(void)
{
    static const char wanted[] = IN(1, "\"bind\" stands in no section") IN(
        2, "\"frontent\" is no section; did you mean frontend?") IN(3,
                                                                    "\"bind\" stands in no section")
        IN(5, "bind: \"99999\" is not a port") IN(6, "bind 10.0.0.1: its port is missing") IN(
            7, "\"bidn\" is unknown; did you mean bind?") IN(9, "timeout \"clients\" is unknown")
            IN(10, "mode \"tpc\" is unknown") IN(11,
                                                 "default_backend: there is no backend \"nowhere\"")
                IN(12, "frontend a: the name is that of line 4, too") IN(
                    13, "frontend: its name is missing") IN(15,
                                                            "bind does not belong into a backend")
                    IN(16, "server: its address is missing")
                        IN(17, "server two: \"10.0.0.300:1\" is not an address")
                            IN(18, "server three: \"0\" is not a port")
                                IN(19, "inter: \"soon\" is not a time such as 500, 500ms or 5s")
                                    IN(20, "server: \"wieght\" is unknown; did you mean weight?")
                                        IN(21, "weight: its value is missing")
                                            IN(22, "option: its name is missing")
                                                IN(23, "a quote is not closed");

    imported_begin_fixtures();
    imported_run(&run, "broken-haproxy.cfg");
    imported_end();
    ASSERT_TEXT(run.err, wanted);
    ASSERT_TEXT(run.out, "");
    ASSERT_NUMBER(run.status, 1);
}

/* ---- single statements ---- */

/* Names three controllers at one port, in a backend or a listen section. */
#define SERVERS(port)                                                                              \
    "server a 10.0.0.1:" port " check check-ssl\n"                                                 \
    "server b 10.0.0.2:" port " check check-ssl\n"

static void what_statements_become(void)
{
    static const struct {
        const char *text; /* in a listen section x that has an address and a server */
        const char *line; /* is printed */
    } cases[] = {
        {"balance static-rr", "\nbalance = roundrobin\n"},
        {"balance random(2)", "\nbalance = random\n"},
        {"balance uri", "\n; haproxy.cfg:4: balance uri: the default takes its place\n"},
        {"maxconn 100", "\nmax_connections = 100\n"},
        {"maxconn 2000000", "\n; haproxy.cfg:4: max_connections = 2000000: "},
        {"backlog 10", "\nbacklog = 10\n"},
        {"retries 0", "\nretries = 0\n"},
        {"retries 17", "\n; haproxy.cfg:4: retries = 17: \"17\" is not between "},
        {"timeout connect 4500us", "\nconnect_timeout = 5ms\n"},
        {"timeout client 1d\ntimeout server 2h", "\nidle_timeout = 2h\n"},
        {"timeout client 0\ntimeout server 90s", "\nidle_timeout = 90s\n"},
        {"timeout server 90s\ntimeout tunnel 3h", "\nidle_timeout = 3h\n"},
        {"timeout client-fin 7s", "\nhalf_close_timeout = 7s\n"},
        {"option tcplog", "\nlog_connections = yes\n"},
        {"source 127.0.0.1:0", "\nsource_address = 127.0.0.1\n"},
        {"source 192.0.2.99", "\n; haproxy.cfg:4: source_address = 192.0.2.99: "},
        {"server t 10.0.0.9:1 check tcp-ut 9s", "\ndead_backend_timeout = 9s\n"},
        {"server s 10.0.0.9:1 check check-sni a.b", "\ncheck_sni = a.b\n"},
        {"server s web:80 weight 256 backup", "\nserver s = web:80 weight=256 backup\n"},
        {"server s web:80 weight 257", "\n; haproxy.cfg:4: server s = web:80 weight=257: "},
        {"server s [fd00::1]:80", "\nserver s = [fd00::1]:80\n"},
        {"server s fd00::1:80", "\nserver s = [fd00::1]:80\n"},
        {"server s ipv6@fd00::1:80", "\nserver s = [fd00::1]:80\n"},
        {"server s 10.0.0.9", "\nserver s = 10.0.0.9:1000\n"},
        {"server s /run/sock", "\n; haproxy.cfg:4: server s: /run/sock is no address of TCP\n"},
        {"server s 10.0.0.9:+1", "\n; haproxy.cfg:4: server s: 10.0.0.9:+1: a port that "},
        {"server a 10.0.0.9:1", "\nserver a-2 = 10.0.0.9:1\n"},
        {"acl ours src 10.0.0.0/8\ntcp-request connection reject if !ours",
         "\nallow = 10.0.0.0/8\n"},
        {"tcp-request connection reject unless { src 10.0.0.0/8 fd00::/8 }",
         "\nallow = 10.0.0.0/8, fd00::/8\n"},
        {"tcp-request connection reject if { src 10.0.0.1 }", "\ndeny = 10.0.0.1\n"},
        {"tcp-request connection reject if { src 10.0.0.1 } { dst_port 1 }",
         "\n; haproxy.cfg:4: tcp-request connection reject: "},
        {"tcp-request connection reject", "\n; haproxy.cfg:4: tcp-request connection reject: "},
        {"tcp-request content accept", "\n; haproxy.cfg:4: tcp-request content accept: "},
        {"stick on src\nstick on dst", "\n; haproxy.cfg:4-5: stick: "},
        {"use_backend y if { src 1.1.1.1 }", "\n; haproxy.cfg:4: use_backend y: "},
        {"an-option-of-the-future on", "\n; haproxy.cfg:4: an-option-of-the-future: unknown here"},
        {"timeout connect \"${T}\"", "\n; haproxy.cfg:4: timeout: a variable of the environment"},
        {"option httpchk", "\ncheck = https\ncheck_method = OPTIONS\ncheck_path = /\n"
                           "check_expect = 200-399\n"},
        {"option httpchk /ok", "\ncheck_path = /ok\n"},
        {"option httpchk PUT /ok", "\n; haproxy.cfg:4: check with PUT: "},
        {"no option tcplog", "\n[service x]\n"},
    };
    char text[1024];
    struct conf conf;

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof(text), "listen x\nbind 127.0.0.1:1000\n%s%s\n",
                 "server a 10.0.0.1:1 check check-ssl\n", cases[i].text);
        imported_run_text(&run, text);
        ASSERT_NUMBER(run.status, 0);
        if (strstr(run.out, cases[i].line) == NULL &&
            strncmp(run.out, cases[i].line + 1, strlen(cases[i].line + 1)) != 0)
            ASSERT_TEXT(run.out, cases[i].line);
        if (imported_load(&run, &conf))
            conf_free(&conf);
        else
            CU_FAIL("k0slbd does not take it");
    }
    imported_end();
}

static void what_is_listened_at(void)
{
    static const struct {
        const char *bind;
        const char *line;
    } cases[] = {
        {"bind :80", "listen = :80\n"},
        {"bind *:80", "listen = :80\n"},
        {"bind 0.0.0.0:80", "listen = 0.0.0.0:80\n"},
        {"bind :::80", "listen = [::]:80\n"},
        {"bind [::]:80 v4v6", "listen = :80\n"},
        {"bind 0.0.0.0:80\nbind :::80", "listen = :80\n"},
        {"bind :80,:80", "listen = :80\n"},
        {"bind 127.0.0.1:80,[::1]:81", "listen = 127.0.0.1:80, [::1]:81\n"},
        {"bind ::1:80", "listen = [::1]:80\n"},
        {"bind 127.0.0.1:80-82", "listen = 127.0.0.1:80, 127.0.0.1:81, 127.0.0.1:82\n"},
        {"bind 127.0.0.1:80\nbind 127.0.0.1:100-200", "listen = 127.0.0.1:80\n"},
        {"bind 127.0.0.1:80\nbind lb.example:81", "listen = 127.0.0.1:80\n"},
    };
    char text[512];

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof(text), "listen x\n%s\nserver a 10.0.0.1:1\n", cases[i].bind);
        imported_run_text(&run, text);
        ASSERT_NUMBER(run.status, 0);
        if (strstr(run.out, cases[i].line) == NULL)
            ASSERT_TEXT(run.out, cases[i].line);
    }
    imported_end();
}

/* ---- which services are k0s's ---- */

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
                "k0slbctl: haproxy.cfg:7: listen tls is left out: it ends TLS, and k0slb passes "
                "it on\n"
                "k0slbctl: haproxy.cfg:10: listen out is left out: its servers have ssl: k0slb "
                "does not speak TLS for clients\n"
                "k0slbctl: haproxy.cfg:13: listen none is left out: it has no default_backend\n"
                "k0slbctl: haproxy.cfg:5: backend b is left out: no service comes to it\n");
}

/* ---- words ---- */

static void words_of_a_line(void)
{
    static const struct {
        const char *line;
        const char *words; /* joined by '|' */
    } cases[] = {
        {"", ""},
        {"  # nothing", ""},
        {"a b\tc  ", "a|b|c"},
        {"a#b c", "a"},
        {"a\\#b c\\ d", "a#b|c d"},
        {"'a b' \"c # d\"e", "a b|c # de"},
        {"\"a\\\"b\" 'c\\d'", "a\"b|c\\d"},
        {"a\\x41\\n", "aA\n"},
        {"\"\" x", "|x"},
        {"x ''", "x|"},
        {"'a", NULL},
        {"\"a", NULL},
        {"a\\", NULL},
        {"\\x4", NULL},
    };
    struct haproxy_words words;
    char line[64];
    char joined[64];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *wrong = haproxy_split(strcpy(line, cases[i].line), &words);

        joined[0] = '\0';
        for (size_t at = 0; wrong == NULL && at < words.count; at++) {
            strcat(joined, at > 0 ? "|" : "");
            strcat(joined, words.list[at]);
        }
        if (cases[i].words == NULL)
            CU_ASSERT_PTR_NOT_NULL(wrong);
        else
            ASSERT_TEXT(joined, cases[i].words);
    }
}

static void too_many_words(void)
{
    char line[4 * HAPROXY_WORDS] = "";
    struct haproxy_words words;

    for (unsigned i = 0; i < HAPROXY_WORDS; i++)
        strcat(line, "a ");
    CU_ASSERT_PTR_NULL(haproxy_split(line, &words));
    ASSERT_NUMBER(words.count, HAPROXY_WORDS);
    line[0] = '\0';
    for (unsigned i = 0; i <= HAPROXY_WORDS; i++)
        strcat(line, "a ");
    CU_ASSERT_PTR_NOT_NULL(haproxy_split(line, &words));
}

static void what_kind_of_file(void)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {"global\n", true},
        {"# c\n\n  defaults\r\n", true},
        {"nonsense\nfrontend a\n", true},
        {"listen stats # c", true},
        {"listen = :80\n", false},
        {"listen : :80\n", false},
        {"[defaults]\nbackend=1\n", false},
        {"kind: Config\nclusters: []\n", false},
        {"frontend\n", false},
        {"peers a\n", false},
        {"", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CU_ASSERT_EQUAL(import_is_haproxy(cases[i].text, strlen(cases[i].text)), cases[i].is);
}

/* ---- bad input ---- */

static void hostile_lines(void)
{
    static const char nul[] = "listen a\nbind :1\0\nserver a 10.0.0.1:1\n";
    char *text = calloc(1, 8192);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    imported_begin();
    imported_write("haproxy.cfg", nul, sizeof(nul) - 1);
    imported_run(&run, "haproxy.cfg");
    ASSERT_TEXT(run.err, "k0slbctl: haproxy.cfg:2: a NUL byte\n");
    strcpy(text, "listen a\n");
    memset(text + 9, 'x', 2049);
    imported_run_text(&run, text);
    ASSERT_TEXT(run.err, "k0slbctl: haproxy.cfg:2: the line is longer than 2048 bytes\n");
    /* Long, strange words: the result has short lines without control bytes. */
    strcpy(text, "listen a\nbind 127.0.0.1:1\nserver a 10.0.0.1:1\nstats \\x1b[1m");
    for (unsigned i = 0; i < 300; i++)
        strcat(text, "é");
    imported_run_text(&run, text);
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NULL(strchr(run.out, 0x1b));
    free(text);
    imported_end();
}

/* However a file is mangled: it is refused, or k0slbd takes what is made of it. */
static void mangled_files(void)
{
    char text[RUN_TEXT];
    char mangled[RUN_TEXT];
    unsigned seed = 1;
    size_t size;

    imported_begin_fixtures();
    snprintf(text, sizeof(text), "%s", imported_read("tuned-haproxy.cfg"));
    imported_end();
    size = strlen(text);
    imported_begin();
    for (unsigned i = 0; i < 60; i++) {
        struct conf conf;

        memcpy(mangled, text, size);
        for (unsigned j = 0; j <= i % 4; j++) {
            seed = seed * 1103515245 + 12345;
            mangled[seed / 65536 % size] = text[seed / 256 % size];
        }
        imported_write("haproxy.cfg", mangled, size - (i % 3 == 0 ? seed / 65536 % size : 0));
        imported_run(&run, "haproxy.cfg");
        CU_ASSERT(run.status == 0 || run.status == 1);
        if (run.status == 0 && imported_load(&run, &conf))
            conf_free(&conf);
        else
            ASSERT_NUMBER(run.status, 1);
    }
    imported_end();
}

const struct unit_test import_haproxy_tests[] = {
    {"the_guide", the_guide},
    {"a_tuned_one", a_tuned_one},
    {"listen_sections", listen_sections},
    {"a_broken_one", a_broken_one},
    {"what_statements_become", what_statements_become},
    {"what_is_listened_at", what_is_listened_at},
    {"the_services_of_k0s", the_services_of_k0s},
    {"nothing_of_use", nothing_of_use},
    {"words_of_a_line", words_of_a_line},
    {"too_many_words", too_many_words},
    {"what_kind_of_file", what_kind_of_file},
    {"hostile_lines", hostile_lines},
    {"mangled_files", mangled_files},
    {NULL, NULL},
};
