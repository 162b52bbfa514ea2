/*
 * However a haproxy.cfg looks: what is made of it is taken by k0slbd, or it is refused by its line
 * and nothing is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/textbuf.h"

#include "imported.h"
#include "unit/unit.h"

extern const struct unit_test import_shapes_tests[];

#define SHAPES     300
#define TEXT_LIMIT (4u << 20)

static struct run run;

/* ---- shapes ---- */

struct shape {
    unsigned seed;
    struct textbuf text;
};

static unsigned pick(struct shape *shape, unsigned count)
{
    shape->seed = shape->seed * 1103515245 + 12345;
    return shape->seed / 65536 % 32768 % count;
}

#define ONE_OF(shape, list) list[pick(shape, ARRAY_LEN(list))]

static const char *const names[] = {
    "kubeAPI",
    "konnectivity",
    "controllerJoinAPI",
    "api",
    "a:b",
    "a_b",
    "x",
    "kubeapi",
    ".dot",
    "a-name-that-is-as-long-as-nobody-would-like-to-type-it",
    "defaults",
    "k0slb",
    "stats",
};
static const char *const addresses[] = {
    "10.0.0.1", "10.0.0.2", "10.0.0.3",      "127.0.0.1", "cp1.example", "[fd00::1]",
    "fd00::2",  "host",     "ipv4@10.0.0.4", "192.0.2.1", "::1",         "::ffff:10.0.0.1",
};
static const char *const ports[] = {"6443", "8132", "9443", "9000", "80", "65535"};

/* Behind a server. */
static const char *const server_options[] = {
    "check",
    "check",
    "check check-ssl verify none",
    "check check-ssl",
    "weight 0",
    "weight 10",
    "backup",
    "disabled",
    "inter 500",
    "inter 2s fastinter 1s",
    "downinter 1h",
    "rise 5",
    "slowstart 60s",
    "on-marked-down shutdown-sessions",
    "tcp-ut 20s",
    "port 8080",
    "check-sni a.example",
    "verify required ca-file /nonexistent/ca",
    "crt /nonexistent/crt",
    "source 127.0.0.1",
    "source 192.0.2.7",
    "maxconn 5",
    "send-proxy",
    "unheard of",
    "ssl",
    "cookie c",
    "check-alpn h2",
    "addr 10.0.0.9",
};

/* Of a section of any kind; those in the wrong place are mistakes. */
static const char *const statements[] = {
    "mode tcp",
    "balance leastconn",
    "balance source",
    "balance roundrobin",
    "balance uri",
    "balance random(2)",
    "maxconn 100",
    "maxconn 99999999",
    "retries 1",
    "retries 99",
    "timeout connect 1s",
    "timeout client 30s",
    "timeout server 1m",
    "timeout client 2h",
    "timeout server 3h",
    "timeout tunnel 20d",
    "timeout client-fin 1ms",
    "timeout server-fin 10s",
    "timeout check 3s",
    "timeout check 0",
    "timeout queue 1",
    "option tcplog",
    "option httpchk",
    "option httpchk GET /x",
    "option httpchk GET x",
    "option httpchk HEAD \"/a ;b\"",
    "option httpchk GET /readyz",
    "http-check expect status 200-299",
    "http-check expect status 2",
    "http-check expect string x",
    "http-check send meth OPTIONS uri /a hdr host h:80",
    "http-check send hdr Host \"a b\"",
    "option ssl-hello-chk",
    "option tcp-check",
    "no option tcplog",
    "source 127.0.0.1",
    "source 203.0.113.1:80",
    "backlog 100",
    "backlog 0",
    "default-server inter 3s rise 1",
    "default-server check check-ssl weight 3",
    "disabled",
    "log global",
    "description \"; a = b\"",
    "acl a src 10.0.0.0/8 192.168.0.0/16 fd00::/8",
    "acl a src 10.0.0.1",
    "acl b path /x",
    "acl c src 10.0.0.1\n tcp-request connection reject if c",
    "acl d src 10.0.0.2\n tcp-request connection reject unless d",
    "tcp-request connection reject",
    "tcp-request connection accept if { src 10.9.0.0/16 }",
    "tcp-request connection reject if { src 1.2.3.4 }",
    "tcp-request content accept",
    "use_backend api if a",
    "stick on src",
    "cookie a",
    "hello world",
    "bind \"${HOME}:80\"",
    "stats enable",
    "log-format \\[%T\\]",
    "fullconn 10",
};

static void add_server(struct shape *shape, unsigned number)
{
    textbuf_printf(&shape->text, " server %s%u %s",
                   pick(shape, 6) == 0 ? ONE_OF(shape, names) : "s", number,
                   ONE_OF(shape, addresses));
    if (pick(shape, 8) > 0)
        textbuf_printf(&shape->text, ":%s", ONE_OF(shape, ports));
    for (unsigned i = pick(shape, 4); i > 0; i--)
        textbuf_printf(&shape->text, " %s", ONE_OF(shape, server_options));
    textbuf_puts(&shape->text, pick(shape, 9) == 0 ? "\t# one\r\n" : "\n");
}

static void add_servers(struct shape *shape)
{
    unsigned count = pick(shape, 30) == 0 ? 20 : pick(shape, 6);

    for (unsigned i = 0; i < count; i++)
        add_server(shape, i);
}

static void add_statements(struct shape *shape)
{
    for (unsigned i = pick(shape, 4); i > 0; i--)
        textbuf_printf(&shape->text, " %s\n", ONE_OF(shape, statements));
}

static void add_binds(struct shape *shape)
{
    static const char *const more[] = {" bind 127.0.0.1:7000-7005\n", " bind :443 ssl crt /x\n"};

    for (unsigned i = pick(shape, 8) == 0 ? 2 : 1; i > 0; i--) {
        const char *port = ONE_OF(shape, ports);

        switch (pick(shape, 10)) {
        case 0:
            textbuf_puts(&shape->text, ONE_OF(shape, more));
            break;
        case 1:
            textbuf_printf(&shape->text, " bind 0.0.0.0:%s,[::]:%s\n", port, port);
            break;
        case 2:
            textbuf_printf(&shape->text, " bind :::%s v4v6 name n\n", port);
            break;
        case 3:
            textbuf_printf(&shape->text, " bind [::1]:%s interface lo\n", port);
            break;
        case 4:
            textbuf_printf(&shape->text, " bind /run/s%s\n", port);
            break;
        default:
            textbuf_printf(&shape->text, " bind %s:%s\n", pick(shape, 2) == 0 ? "127.0.0.1" : "*",
                           port);
            break;
        }
    }
}

static void add_section(struct shape *shape, unsigned number)
{
    const char *name = ONE_OF(shape, names);

    if (pick(shape, 5) == 0) {
        textbuf_puts(&shape->text, pick(shape, 3) == 0 ? "defaults\n mode http\n" : "defaults\n");
        add_statements(shape);
    }
    if (pick(shape, 2) == 0) {
        textbuf_printf(&shape->text, "listen %s%u\n", name, number);
        add_binds(shape);
        add_statements(shape);
        add_servers(shape);
        return;
    }
    textbuf_printf(&shape->text, "frontend %s%s\n", name, number == 0 ? "" : "-f");
    add_binds(shape);
    add_statements(shape);
    textbuf_printf(&shape->text, " default_backend b%u\nbackend b%u\n", number, number);
    add_statements(shape);
    add_servers(shape);
}

static void make_shape(struct shape *shape, unsigned seed)
{
    unsigned count;

    *shape = (struct shape){.seed = seed};
    textbuf_init(&shape->text, TEXT_LIMIT);
    if (pick(shape, 3) == 0)
        textbuf_puts(&shape->text, "global\n daemon\n maxconn 4000\n ca-base /nonexistent\n");
    count = 1 + pick(shape, 4);
    for (unsigned i = 0; i < count; i++)
        add_section(shape, i);
}

static void generated_files(void)
{
    unsigned count = getenv("K0SLB_LONG") != NULL ? 100 * SHAPES : SHAPES;
    unsigned taken = 0;

    imported_begin();
    for (unsigned i = 1; i <= count; i++) {
        struct shape shape;

        make_shape(&shape, i);
        imported_write("haproxy.cfg", shape.text.data, shape.text.length);
        if (!imported_keeps_its_word(&run, "haproxy.cfg")) {
            printf("shape %u:\n%s\n%s", i, shape.text.data, run.err);
            CU_FAIL("it is neither taken nor refused");
        }
        taken += run.status == 0;
        textbuf_fini(&shape.text);
    }
    imported_end();
    /* Most of them have to come to something, or the test says nothing. */
    CU_ASSERT(taken > count / 4 && taken < count);
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
        memcpy(mangled, text, size);
        for (unsigned j = 0; j <= i % 4; j++) {
            seed = seed * 1103515245 + 12345;
            mangled[seed / 65536 % size] = text[seed / 256 % size];
        }
        imported_write("haproxy.cfg", mangled, size - (i % 3 == 0 ? seed / 65536 % size : 0));
        CU_ASSERT(imported_keeps_its_word(&run, "haproxy.cfg"));
    }
    imported_end();
}

/* ---- more than anybody has ---- */

struct flood {
    const char *head;
    const char *format; /* of a line, with its number */
    unsigned count;
    int status;
};

static void write_flood(const struct flood *flood)
{
    struct textbuf text;

    textbuf_init(&text, TEXT_LIMIT);
    textbuf_puts(&text, flood->head);
    for (unsigned i = 0; i < flood->count; i++) {
        const char *mark = strchr(flood->format, '#');

        textbuf_append(&text, flood->format, (size_t)(mark - flood->format));
        textbuf_printf(&text, "%u%s", i % 1000000, mark + 1);
    }
    CU_ASSERT(!text.truncated);
    imported_write("haproxy.cfg", text.data, text.length);
    textbuf_fini(&text);
}

#define GOOD "listen x\nbind 127.0.0.1:1\nserver s 10.0.0.1:1\n"

/* Each comes to its end: what could grow with the square of the file has a bound. */
static void floods(void)
{
    static const struct flood floods[] = {
        {GOOD, "a#\nb\n", 60000, 0},                         /* notes */
        {GOOD, "listen a#\n", 60000, 1},                     /* sections */
        {GOOD, "server s 10.0.0.1:1 check # #\n", 20000, 1}, /* servers, none of which is taken */
        {GOOD, "bind 127.0.0.1:1#\n", 9, 0},                 /* places to listen at */
        {GOOD, "bind [::1]:80,127.0.0.9:1# \n", 9, 0},
        {GOOD, "acl a src 10.0.0.1 # #\n", 20000, 0},
        {GOOD "acl a src 10.0.0.1\n", "tcp-request connection reject if a #\n", 20000, 0},
        {GOOD, "tcp-request connection reject if { src 10.0.#.0/24 }\n", 15000, 0},
        {"listen kubeAPI\nbind :6443\n", "server s# 10.0.0.1:6443\n", 1024, 0},
    };

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(floods); i++) {
        write_flood(&floods[i]);
        CU_ASSERT(imported_keeps_its_word(&run, "haproxy.cfg"));
        if (run.status != floods[i].status)
            printf("flood %zu: %s", i, run.err);
        ASSERT_NUMBER(run.status, floods[i].status);
    }
    imported_end();
}

const struct unit_test import_shapes_tests[] = {
    {"generated_files", generated_files},
    {"hostile_lines", hostile_lines},
    {"mangled_files", mangled_files},
    {"floods", floods},
    {NULL, NULL},
};
