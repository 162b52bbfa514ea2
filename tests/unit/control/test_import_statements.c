/* What single statements of a haproxy.cfg become, and which are mistakes. */
#include <stdio.h>
#include <string.h>

#include "control/import_haproxy.h"

#include "imported.h"
#include "unit/unit.h"

extern const struct unit_test import_statements_tests[];

static struct run run;

static void what_statements_become(void)
{
    static const struct {
        const char *text; /* in a listen section x that has an address and a server */
        const char *line; /* is printed */
    } cases[] = {
        {"balance static-rr", "\nbalance = roundrobin\n"},
        {"balance random(2)", "\nbalance = random\n"},
        {"balance hdr(host)",
         "\n; haproxy.cfg:4: balance hdr(host): the default takes its place\n"},
        {"balance uri", "\n; haproxy.cfg:4: balance uri: the default takes its place\n"},
        {"maxconn 100", "\nmax_connections = 100\n"},
        {"maxconn 2000000", "\n; haproxy.cfg:4: max_connections = 2000000: "},
        {"backlog 10", "\nbacklog = 10\n"},
        {"retries 0", "\nretries = 0\n"},
        {"retries 17", "\n; haproxy.cfg:4: retries = 17: \"17\" is not a number from 0 to 16\n"},
        {"timeout connect 4500us", "\nconnect_timeout = 5ms\n"},
        {"timeout client 1d\ntimeout server 2h", "\nidle_timeout = 2h\n"},
        {"timeout client 0\ntimeout server 90s", "\nidle_timeout = 90s\n"},
        {"timeout server 90s\ntimeout tunnel 3h", "\nidle_timeout = 3h\n"},
        {"timeout server 24d", "\n; haproxy.cfg:4: idle_timeout = 576h: "},
        {"timeout client-fin 7s", "\nhalf_close_timeout = 7s\n"},
        {"option tcplog", "\nlog_connections = yes\n"},
        {"source 127.0.0.1:0", "\nsource_address = 127.0.0.1\n"},
        {"source 192.0.2.99", "\n; haproxy.cfg:4: source_address = 192.0.2.99: "},
        {"server t 10.0.0.9:1 check tcp-ut 9s", "\ndead_backend_timeout = 9s\n"},
        {"server s 10.0.0.9:1 check check-sni a.b", "\ncheck_sni = a.b\n"},
        {"server s web:80 weight 256 backup", "\nserver s = web:80 weight=256 backup\n"},
        {"use-server a if TRUE", "\n; haproxy.cfg:4: use-server: there are no conditions\n"},
        {"frontend f\nmaxconn 1\nretries 5", "\n; haproxy.cfg:4: frontend f is left out: "},
        {"server s [fd00::1]:80", "\nserver s = [fd00::1]:80\n"},
        {"server s fd00::1:80", "\nserver s = [fd00::1]:80\n"},
        {"server s ipv6@fd00::1:80", "\nserver s = [fd00::1]:80\n"},
        {"server s 10.0.0.9", "\nserver s = 10.0.0.9:1000\n"},
        {"server s /run/sock", "\n; haproxy.cfg:4: server s: /run/sock is no address of TCP\n"},
        {"server s 10.0.0.9:+1", "\n; haproxy.cfg:4: server s: 10.0.0.9:+1: a port that "},
        {"server a 10.0.0.9:1", "\nserver a-2 = 10.0.0.9:1\n"},
        {"server-template s 3 web:80", "\n; haproxy.cfg:4: server-template: write a server line"},
        {"default-server weight 7 inter 3s\nserver s web:80 check check-ssl",
         "\nserver s = web:80 weight=7\n"},
        {"filter compression", "\n; haproxy.cfg:4: filter is not carried over\n"},
        {"option a\\tb", "\n; haproxy.cfg:4: option a?b is not carried over\n"},
        {"acl ours src 10.0.0.0/8\ntcp-request connection reject if !ours",
         "\nallow = 10.0.0.0/8\n"},
        {"tcp-request connection reject unless { src 10.0.0.0/8 fd00::/8 }",
         "\nallow = 10.0.0.0/8, fd00::/8\n"},
        {"tcp-request connection reject if { src 10.0.0.1 }", "\ndeny = 10.0.0.1\n"},
        {"tcp-request connection reject if { src 10.0.0.1 }\n"
         "tcp-request connection reject if { src 10.0.0.2 }",
         "\ndeny = 10.0.0.1, 10.0.0.2\n"},
        {"tcp-request connection accept if { src 10.0.0.1 }\n"
         "tcp-request connection accept if { src 10.0.0.2 }\ntcp-request connection reject",
         "\nallow = 10.0.0.1, 10.0.0.2\n"},
        {"tcp-request connection accept if { src 10.0.0.1 }\n"
         "tcp-request connection reject unless { src 10.0.0.2 }",
         "\nallow = 10.0.0.2, 10.0.0.1\n"},
        {"tcp-request connection reject unless { src 10.0.0.1 }\n"
         "tcp-request connection accept if { src 10.0.0.2 }",
         "\n; haproxy.cfg:5: tcp-request connection: `allow` and `deny` cannot say that\n"},
        {"tcp-request connection accept if { src 10.0.0.1 }\n"
         "tcp-request connection reject if { src 10.0.0.0/8 }",
         "\n; haproxy.cfg:5: tcp-request connection: `allow` and `deny` cannot say that\n"},
        {"acl a src 10.0.0.1\nacl a src 10.0.0.2\ntcp-request connection reject if a",
         "\ndeny = 10.0.0.1, 10.0.0.2\n"},
        {"tcp-request connection reject if { src 10.0.0.1 } { dst_port 1 }",
         "\n; haproxy.cfg:4: tcp-request connection reject: "},
        {"tcp-request connection reject",
         "\n; haproxy.cfg:4: tcp-request connection: `allow` and "},
        {"tcp-request content accept", "\n; haproxy.cfg:4: tcp-request content accept: "},
        {"stick on src\nstick on dst", "\n; haproxy.cfg:4-5: stick: "},
        {"use_backend y if { src 1.1.1.1 }", "\n; haproxy.cfg:4: use_backend y: "},
        {"an-option-of-the-future on", "\n; haproxy.cfg:4: an-option-of-the-future: unknown here"},
        {"timeout connect \"${T}\"", "\n; haproxy.cfg:4: timeout: a variable of the environment"},
        {"server s ${HOST}:80", "\n; haproxy.cfg:4: server: a variable of the environment is not "},
        {"server s $HOST:80", "\n; haproxy.cfg:4: server: a variable of the environment is not "},
        {"bind 127.0.0.1:${PORT}", "\n; haproxy.cfg:4: bind: a variable of the environment is "},
        {"server 's${HOST}' 10.0.0.9:1 weight 3", "\nserver s__HOST_ = 10.0.0.9:1 weight=3\n"},
        {"server s 10.0.0.9:1 send-proxy-v2 track b/x",
         "\n; haproxy.cfg:4: server: send-proxy-v2 is not carried over; the server will refuse "
         "what comes without it\n; haproxy.cfg:4: server: track b/x is not carried over\n"},
        {"server s 10.0.0.9:1 maxconn 5 hi there",
         "\n; haproxy.cfg:4: server: hi is not carried over, nor what follows it\n"
         "; haproxy.cfg:4: server: maxconn 5 is not carried over\n"},
        {"bind 127.0.0.1:9 interface lo tfo",
         "\n; haproxy.cfg:4: bind: interface lo is not carried over\n"
         "; haproxy.cfg:4: bind: tfo is not carried over\n"},
        {"option pgsql-check", "\n; haproxy.cfg:4: option pgsql-check is not carried over\n"},
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
        {"bind ipv6@[::1]:80 name x id 3", "listen = [::1]:80\n"},
        {"bind 127.0.0.1:80\nbind unix@/run/x", "listen = 127.0.0.1:80\n"},
        {"bind \"127.0.0.1:80\" interface lo", "listen = 127.0.0.1:80\n"},
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

/* "accept" alone keeps nobody out. */
static void accepting_alone(void)
{
    imported_begin();
    imported_run_text(&run, "listen x\nbind 127.0.0.1:80\nserver a 10.0.0.1:1\n"
                            "tcp-request connection accept if { src 10.0.0.0/8 }\n");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NULL(strstr(run.out, "allow"));
    imported_run_text(&run, "listen x\nbind 127.0.0.1:80\nserver a 10.0.0.1:1\n"
                            "tcp-request connection accept\n"
                            "tcp-request connection reject if { src 10.0.0.1 }\n");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NULL(strstr(run.out, "deny"));
    imported_end();
}

/* As HAProxy has it, which warns that the servers are never used. */
static void whose_servers_they_are(void)
{
    static const struct {
        const char *text;
        const char *server;
    } cases[] = {
        {"default_backend y", "server b = 10.0.0.2:2\n"},
        {"default_backend y\nuse_backend z", "server c = 10.0.0.3:3\n"},
        {"use_backend z\ndefault_backend y", "server c = 10.0.0.3:3\n"},
        {"use_backend z if { src 10.0.0.1 }", "server a = 10.0.0.1:1\n"},
    };
    char text[512];

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof(text),
                 "listen x\nbind 127.0.0.1:80\nserver a 10.0.0.1:1\n%s\n"
                 "backend y\nserver b 10.0.0.2:2\nbackend z\nserver c 10.0.0.3:3\n",
                 cases[i].text);
        imported_run_text(&run, text);
        ASSERT_NUMBER(run.status, 0);
        if (strstr(run.out, cases[i].server) == NULL)
            ASSERT_TEXT(run.out, cases[i].server);
    }
    imported_end();
}

/* Each is refused by HAProxy, too. */
static void mistakes(void)
{
    static const struct {
        const char *text;    /* line 4 */
        const char *message; /* NULL = any, about line 5 */
    } cases[] = {
        {"timeout client -1", "client: \"-1\" is not a time such as 500, 500ms or 5s"},
        {"timeout client 50d", "client: \"50d\" is not a time such as 500, 500ms or 5s"},
        {"timeout", "timeout \"\" is unknown"},
        {"maxconn 5 6", "maxconn: \"6\" is one word too many"},
        {"maxconn many", "maxconn: \"many\" is not a number"},
        {"mode tcp tcp", "mode: \"tcp\" is one word too many"},
        {"balance fair", "balance \"fair\" is unknown"},
        {"option tcpplog", "option \"tcpplog\" is unknown; did you mean tcplog?"},
        {"option redispach", "option \"redispach\" is unknown; did you mean redispatch?"},
        {"default_backend", "default_backend: its value is missing"},
        {"use_backend", "use_backend: its value is missing"},
        {"bind", "bind: its address is missing"},
        {"bind 127.0.0.1:10-5", "bind: \"10-5\" is not a port"},
        {"bind 127.0.0.1:0", "bind: \"0\" is not a port"},
        {"bind 127.0.0.1:1,,127.0.0.1:2", "bind : its port is missing"},
        {"server b", "server: its address is missing"},
        {"server b 10.0.0.1:x", "server b: \"x\" is not a port"},
        {"server b 0.0.0.0:1", "server b: \"0.0.0.0:1\" is not an address"},
        {"server b 10.0.0.1:1 weight 257", "weight: \"257\" is not a number from 0 to 256"},
        {"server b 10.0.0.1:1 fall 0", "fall: \"0\" is not a number from 1 to 2147483647"},
        {"server b 10.0.0.1:1 port 0", "port: \"0\" is not a number from 1 to 65535"},
        {"tcp-request connection reject if ours", "there is no acl \"ours\""},
        {"defaults\nbind :1", NULL},
        {"frontend f\nserver a 10.0.0.1:1", NULL},
        {"server b 10.0.0.1:1 verify maybe", "verify: \"maybe\" is neither none nor required"},
        {"acl x", "acl: it needs a name and a condition"},
        {"disabled now", "disabled: \"now\" is one word too many"},
        {"listen y from nobody", "there is no defaults section \"nobody\""},
        {"listen y of nobody", "\"of\" is one word too many"},
        {"listen y from", "from: its value is missing"},
        {"defaults from nobody", "there is no defaults section \"nobody\""},
        {"backend \"\"", "backend: its name is missing"},
        {".if defined(X)", ".if: conditions are for HAProxy to decide: leave the lines that hold, "
                           "and import that"},
        {"retries \"3", "a quote is not closed"},
    };
    char text[512];
    char wanted[512];

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof(text), "listen x\nbind 127.0.0.1:80\nserver a 10.0.0.1:1\n%s\n",
                 cases[i].text);
        imported_run_text(&run, text);
        snprintf(wanted, sizeof(wanted), "k0slbctl: haproxy.cfg:4: %s\n",
                 cases[i].message != NULL ? cases[i].message : "");
        if (cases[i].message != NULL)
            ASSERT_TEXT(run.err, wanted);
        else
            CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "haproxy.cfg:5: "));
        ASSERT_TEXT(run.out, "");
        ASSERT_NUMBER(run.status, 1);
    }
    imported_end();
}

static void times_of_the_page(void)
{
    static const struct {
        const char *refresh;
        const char *line;
    } cases[] = {{"10", "refresh = 10s\n"}, {"3000ms", "refresh = 3s\n"}, {"1m", "refresh = 1m\n"}};
    char text[512];

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof(text),
                 "listen x\nbind 127.0.0.1:80\nserver a 10.0.0.1:1\n"
                 "listen s\nmode http\nbind 127.0.0.1:9\nstats enable\nstats refresh %s\n",
                 cases[i].refresh);
        imported_run_text(&run, text);
        ASSERT_NUMBER(run.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "[stats]\nlisten = 127.0.0.1:9\n"));
        if (strstr(run.out, cases[i].line) == NULL)
            ASSERT_TEXT(run.out, cases[i].line);
    }
    imported_end();
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
        {"a\\d \\' \\\" \\\\", "a\\d|'|\"|\\"},
        {"\"\" x", "|x"},
        {"x ''", "x|"},
        {"'a", NULL},
        {"\"a", NULL},
        {"a\\", "a\\"},
        {"'a\\' b\\\tc", "a\\|b\\|c"},
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
        if ((wrong != NULL) != (cases[i].words == NULL))
            ASSERT_TEXT(wrong, cases[i].line);
        if (cases[i].words != NULL)
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

const struct unit_test import_statements_tests[] = {
    {"what_statements_become", what_statements_become},
    {"what_is_listened_at", what_is_listened_at},
    {"accepting_alone", accepting_alone},
    {"whose_servers_they_are", whose_servers_they_are},
    {"mistakes", mistakes},
    {"times_of_the_page", times_of_the_page},
    {"words_of_a_line", words_of_a_line},
    {"too_many_words", too_many_words},
    {"what_kind_of_file", what_kind_of_file},
    {NULL, NULL},
};
