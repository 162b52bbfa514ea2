#include "control/import_haproxy.h"

#include <string.h>
#include <strings.h>

#include "conf/conf_keys.h"

/* ---- options ---- */

/* What HAProxy has to be told to do, and k0slb does, or what has no meaning to it. */
static const char *const options_of_course[] = {
    "dontlognull",
    "redispatch",
    "log-health-checks",
    "splice-auto",
    "splice-request",
    "splice-response",
    "tcpka",
    "clitcpka",
    "srvtcpka",
    "tcp-smart-accept",
    "tcp-smart-connect",
    "contstats",
    "socket-stats",
    "log-separate-errors",
    "logasap",
};

static const char *const options_of_http[] = {
    "httplog",
    "httpclose",
    "http-server-close",
    "http-keep-alive",
    "forwardfor",
    "originalto",
    "http-buffer-request",
    "http-ignore-probes",
    "http-no-delay",
    "http-pretend-keepalive",
    "http-use-proxy-header",
    "h1-case-adjust-bogus-client",
    "accept-invalid-http-request",
    "prefer-last-server",
    "http-restrict-req-hdr-names",
    "http-use-htx",
    "checkcache",
    "abortonclose",
    "idle-close-on-response",
};

static void read_method(struct haproxy *file, struct haproxy_proxy *proxy,
                        const struct haproxy_words *words, const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0)
        haproxy_put(file, &proxy->values[HAPROXY_METHOD], words, method);
    else
        haproxy_note(file, words->line, "check with %s: there are GET, HEAD and OPTIONS", method);
}

/* `option httpchk [[METHOD] PATH [VERSION]]`; alone it is OPTIONS /. */
static void read_httpchk(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    haproxy_put(file, &proxy->values[HAPROXY_PROBE], words, "http");
    haproxy_put(file, &proxy->values[HAPROXY_METHOD], words, "OPTIONS");
    haproxy_put(file, &proxy->values[HAPROXY_PATH], words, words->count > 3 ? words->list[3] : "/");
    if (words->count > 3)
        read_method(file, proxy, words, words->list[2]);
    else if (words->count > 2)
        haproxy_put(file, &proxy->values[HAPROXY_PATH], words, words->list[2]);
    if (words->count > 5)
        haproxy_note(file, words->line,
                     "option httpchk: what follows the version is not carried over");
}

static const char *suggest(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (conf_is_typo(name, list[i]))
            return list[i];
    }
    return NULL;
}

/* One that was mistyped is a mistake; the others are about other protocols, or newer than this. */
static void read_other(struct haproxy *file, const struct haproxy_words *words, const char *name)
{
    static const char *const read_here[] = {"tcplog", "httpchk", "ssl-hello-chk", "tcp-check"};
    const char *meant = suggest(name, read_here, ARRAY_LEN(read_here));

    if (meant == NULL)
        meant = suggest(name, options_of_course, ARRAY_LEN(options_of_course));
    if (meant == NULL)
        meant = suggest(name, options_of_http, ARRAY_LEN(options_of_http));
    if (meant != NULL)
        haproxy_error(file, words->line, "option \"%s\" is unknown; did you mean %s?", name, meant);
    else
        haproxy_note(file, words->line, "option %s is not carried over", name);
}

void haproxy_read_option(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    const char *name = haproxy_word(words, 1);

    if (*name == '\0')
        haproxy_error(file, words->line, "option: its name is missing");
    else if (strcmp(name, "tcplog") == 0)
        haproxy_put(file, &proxy->values[HAPROXY_LOG_CONNECTIONS], words, "yes");
    else if (strcmp(name, "httpchk") == 0)
        read_httpchk(file, proxy, words);
    else if (strcmp(name, "ssl-hello-chk") == 0)
        haproxy_put(file, &proxy->values[HAPROXY_PROBE], words, "tls");
    else if (strcmp(name, "tcp-check") == 0)
        haproxy_put(file, &proxy->values[HAPROXY_PROBE], words, "tcp");
    else if (haproxy_is_among(name, options_of_http, ARRAY_LEN(options_of_http)))
        haproxy_note(file, words->line, "option %s: about HTTP", name);
    else if (!haproxy_is_among(name, options_of_course, ARRAY_LEN(options_of_course)))
        read_other(file, words, name);
}

/* `no option NAME`, `no disabled` and the like. */
void haproxy_read_no(struct haproxy *file, struct haproxy_proxy *proxy,
                     const struct haproxy_words *words)
{
    const char *option = haproxy_word(words, 2);

    if (strcmp(haproxy_word(words, 1), "option") == 0 && strcmp(option, "tcplog") == 0)
        proxy->values[HAPROXY_LOG_CONNECTIONS].text = NULL;
    else if (strcmp(haproxy_word(words, 1), "option") == 0 &&
             (strcmp(option, "httpchk") == 0 || strcmp(option, "ssl-hello-chk") == 0 ||
              strcmp(option, "tcp-check") == 0))
        proxy->values[HAPROXY_PROBE].text = NULL;
    else
        haproxy_note(file, words->line, "no %s %s is not carried over", haproxy_word(words, 1),
                     option);
}

/* ---- checks ---- */

/* `http-check expect [...] status LIST`, with ranges since 2.2. */
static void read_expect(struct haproxy *file, struct haproxy_proxy *proxy,
                        const struct haproxy_words *words)
{
    for (size_t i = 2; i + 1 < words->count; i++) {
        if (strcmp(words->list[i], "!") == 0)
            break;
        if (strcmp(words->list[i], "status") == 0) {
            haproxy_put(file, &proxy->values[HAPROXY_EXPECT], words, words->list[i + 1]);
            return;
        }
    }
    haproxy_note(file, words->line, "http-check expect: only by status");
}

/* `http-check send [meth M] [uri PATH] [ver V] [hdr NAME VALUE]...` */
static void read_send(struct haproxy *file, struct haproxy_proxy *proxy,
                      const struct haproxy_words *words)
{
    for (size_t i = 2; i + 1 < words->count; i += 2) {
        const char *word = words->list[i];
        const char *value = words->list[i + 1];
        bool is_header = strcmp(word, "hdr") == 0 && i + 2 < words->count;

        if (strcmp(word, "meth") == 0)
            read_method(file, proxy, words, value);
        else if (strcmp(word, "uri") == 0)
            haproxy_put(file, &proxy->values[HAPROXY_PATH], words, value);
        else if (is_header && strcasecmp(value, "host") == 0)
            haproxy_put(file, &proxy->values[HAPROXY_HOST], words, words->list[i + 2]);
        else if (strcmp(word, "ver") != 0)
            haproxy_note(file, words->line, "http-check send %s %s is not carried over", word,
                         value);
        i += is_header;
    }
}

void haproxy_read_http_check(struct haproxy *file, struct haproxy_proxy *proxy,
                             const struct haproxy_words *words)
{
    if (strcmp(haproxy_word(words, 1), "expect") == 0)
        read_expect(file, proxy, words);
    else if (strcmp(haproxy_word(words, 1), "send") == 0)
        read_send(file, proxy, words);
    else
        haproxy_note(file, words->line, "http-check %s is not carried over",
                     haproxy_word(words, 1));
}
