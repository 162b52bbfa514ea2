#include "control/import_haproxy.h"

#include <stdio.h>
#include <string.h>

#include "conf/conf_keys.h"

#define ANYWHERE (HAPROXY_DEFAULTS | HAPROXY_LISTEN)
#define IN_FRONT (HAPROXY_DEFAULTS | HAPROXY_FRONTEND)
#define IN_BACK  (HAPROXY_DEFAULTS | HAPROXY_BACKENDS)

/* What a value may be told by. */
typedef int store_fn(struct haproxy *file, const struct haproxy_words *words, size_t at,
                     struct haproxy_value *value);
typedef void read_fn(struct haproxy *file, struct haproxy_proxy *proxy,
                     const struct haproxy_words *words);

/* Not carried over, whatever it says. */
static void note_statement(struct haproxy *file, const struct haproxy_words *words, const char *why)
{
    haproxy_note(file, words->line, "%s: %s", words->list[0], why);
}

/* ---- those with a second word ---- */

static void read_timeout(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    static const struct {
        const char *name;
        enum haproxy_key key;
    } timeouts[] = {
        {"connect", HAPROXY_CONNECT_TIMEOUT}, {"client", HAPROXY_IDLE_CLIENT},
        {"server", HAPROXY_IDLE_SERVER},      {"tunnel", HAPROXY_IDLE_TUNNEL},
        {"client-fin", HAPROXY_FIN_CLIENT},   {"server-fin", HAPROXY_FIN_SERVER},
        {"check", HAPROXY_CHECK_TIMEOUT},
    };
    static const char *const others[] = {"queue", "http-request", "tarpit", "client-hs",
                                         "http-keep-alive"};

    for (size_t i = 0; i < ARRAY_LEN(timeouts); i++) {
        if (strcmp(haproxy_word(words, 1), timeouts[i].name) == 0) {
            haproxy_store_time(file, words, 2, &proxy->values[timeouts[i].key]);
            return;
        }
    }
    if (haproxy_is_among(haproxy_word(words, 1), others, ARRAY_LEN(others)))
        haproxy_note(file, words->line, "timeout %s: nobody waits for that",
                     haproxy_word(words, 1));
    else
        haproxy_error(file, words->line, "timeout \"%s\" is unknown", haproxy_word(words, 1));
}

/* Those that k0slb has nothing like; some have an argument in parentheses. */
static bool is_balance(const char *name)
{
    static const char *const others[] = {"first", "uri",      "url_param",  "hdr",   "rdp-cookie",
                                         "hash",  "log-hash", "log-sticky", "sticky"};
    size_t length = strcspn(name, "(");

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (strlen(others[i]) == length && strncmp(others[i], name, length) == 0)
            return true;
    }
    return false;
}

static void read_balance(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    const char *name = haproxy_word(words, 1);

    if (*name == '\0')
        haproxy_error(file, words->line, "balance: its value is missing");
    else if (strcmp(name, "static-rr") == 0)
        haproxy_put(file, &proxy->values[HAPROXY_BALANCE], words, "roundrobin");
    else if (strncmp(name, "random", 6) == 0 && (name[6] == '\0' || name[6] == '('))
        haproxy_put(file, &proxy->values[HAPROXY_BALANCE], words, "random");
    else if (strcmp(name, "roundrobin") == 0 || strcmp(name, "leastconn") == 0 ||
             strcmp(name, "source") == 0)
        haproxy_put(file, &proxy->values[HAPROXY_BALANCE], words, name);
    else if (is_balance(name))
        haproxy_note(file, words->line, "balance %s: the default takes its place", name);
    else
        haproxy_error(file, words->line, "balance \"%s\" is unknown", name);
}

static void read_mode(struct haproxy *file, struct haproxy_proxy *proxy,
                      const struct haproxy_words *words)
{
    const char *mode = haproxy_word(words, 1);

    if (strcmp(mode, "tcp") == 0 || strcmp(mode, "http") == 0 || strcmp(mode, "health") == 0 ||
        strcmp(mode, "log") == 0 || strcmp(mode, "spop") == 0)
        haproxy_put(file, &proxy->values[HAPROXY_MODE], words, mode);
    else
        haproxy_error(file, words->line, "mode \"%s\" is unknown", mode);
}

/* The only time that is in seconds where it has no unit. */
static void read_refresh(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    struct haproxy_words seconds = *words;
    char text[32];

    if (words->count > 2 && words->list[2][strspn(words->list[2], "0123456789")] == '\0') {
        snprintf(text, sizeof(text), "%ss", words->list[2]);
        seconds.list[2] = text;
    }
    haproxy_store_time(file, &seconds, 2, &proxy->refresh);
}

static void read_stats(struct haproxy *file, struct haproxy_proxy *proxy,
                       const struct haproxy_words *words)
{
    static const char *const fine[] = {"enable",       "hide-version", "realm",       "show-desc",
                                       "show-legends", "show-node",    "show-modules"};
    const char *what = haproxy_word(words, 1);

    if (proxy->kind != HAPROXY_DEFAULTS)
        proxy->is_stats = true;
    if (strcmp(what, "refresh") == 0)
        read_refresh(file, proxy, words);
    else if (strcmp(what, "uri") == 0 && words->count > 2 && strcmp(words->list[2], "/") != 0)
        haproxy_note(file, words->line, "stats uri %s: the page is at /, and /;csv works",
                     words->list[2]);
    else if (strcmp(what, "auth") == 0)
        haproxy_note(file, words->line,
                     "stats auth: there are no passwords; [stats] allow says "
                     "who may look");
    else if (strcmp(what, "uri") != 0 && !haproxy_is_among(what, fine, ARRAY_LEN(fine)))
        haproxy_note(file, words->line, "stats %s is not carried over", what);
}

/* Without a condition it is a default_backend that wins over the one that is called so. */
static void read_use_backend(struct haproxy *file, struct haproxy_proxy *proxy,
                             const struct haproxy_words *words)
{
    if (words->count < 2)
        haproxy_error(file, words->line, "use_backend: its value is missing");
    else if (words->count > 2)
        haproxy_note(file, words->line, "use_backend %s: there are no conditions",
                     haproxy_word(words, 1));
    else if (!proxy->has_use_backend)
        haproxy_put(file, &proxy->values[HAPROXY_BACKEND], words, words->list[1]);
    proxy->has_use_backend |= words->count == 2;
}

static void read_default_backend(struct haproxy *file, struct haproxy_proxy *proxy,
                                 const struct haproxy_words *words)
{
    struct haproxy_value backend;

    if (haproxy_store_text(file, words, 1, &backend) == 0 && !proxy->has_use_backend)
        proxy->values[HAPROXY_BACKEND] = backend;
}

static void read_source(struct haproxy *file, struct haproxy_proxy *proxy,
                        const struct haproxy_words *words)
{
    struct haproxy_value source = {0};
    char *host;
    char *port;

    if (haproxy_store_text(file, words, 1, &source) == -1)
        return;
    if (words->count > 2)
        haproxy_note(file, words->line, "source: what follows the address is not carried over");
    if (haproxy_split_place(words->list[1], &host, &port) == 0 && *host != '\0')
        haproxy_put(file, &proxy->values[HAPROXY_SOURCE], words, host);
}

static void read_disabled(struct haproxy *file, struct haproxy_proxy *proxy,
                          const struct haproxy_words *words)
{
    haproxy_put(file, &proxy->values[HAPROXY_DISABLED], words, "yes");
}

static void read_enabled(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    (void)file;
    (void)words;
    proxy->values[HAPROXY_DISABLED].text = NULL;
}

static void ignore(struct haproxy *file, struct haproxy_proxy *proxy,
                   const struct haproxy_words *words)
{
    (void)file;
    (void)proxy;
    (void)words;
}

/* The statements whose words are read by a function of their own, or not at all. */
static const struct keyword {
    const char *name;
    unsigned where;
    size_t most; /* words in the line; 0 = any number */
    read_fn *read;
    store_fn *store; /* else: stores the second word under `key` */
    enum haproxy_key key;
    const char *note; /* else: why it is not carried over; "" = that is clear */
} keywords[] = {
    {.name = "bind", .where = HAPROXY_FRONTEND, .read = haproxy_read_bind},
    {.name = "server", .where = HAPROXY_BACKENDS, .read = haproxy_read_server},
    {.name = "default-server", .where = IN_BACK, .read = haproxy_read_default_server},
    {.name = "mode", .where = ANYWHERE, .most = 2, .read = read_mode},
    {.name = "balance", .where = IN_BACK, .read = read_balance},
    {.name = "timeout", .where = ANYWHERE, .most = 3, .read = read_timeout},
    {.name = "option", .where = ANYWHERE, .read = haproxy_read_option},
    {.name = "no", .where = ANYWHERE, .read = haproxy_read_no},
    {.name = "http-check", .where = IN_BACK, .read = haproxy_read_http_check},
    {.name = "stats", .where = ANYWHERE, .read = read_stats},
    {.name = "acl", .where = ANYWHERE, .read = haproxy_read_acl},
    {.name = "tcp-request", .where = ANYWHERE, .read = haproxy_read_tcp_request},
    {.name = "use_backend", .where = HAPROXY_FRONTEND, .read = read_use_backend},
    {.name = "source", .where = IN_BACK, .read = read_source},
    {.name = "disabled", .where = ANYWHERE, .most = 1, .read = read_disabled},
    {.name = "enabled", .where = ANYWHERE, .most = 1, .read = read_enabled},
    {.name = "default_backend", .where = IN_FRONT, .most = 2, .read = read_default_backend},
    {.name = "maxconn",
     .where = IN_FRONT,
     .most = 2,
     .store = haproxy_store_number,
     .key = HAPROXY_MAX_CONNECTIONS},
    {.name = "backlog",
     .where = IN_FRONT,
     .most = 2,
     .store = haproxy_store_number,
     .key = HAPROXY_BACKLOG},
    {.name = "retries",
     .where = IN_BACK,
     .most = 2,
     .store = haproxy_store_number,
     .key = HAPROXY_RETRIES},
    {.name = "log", .where = ANYWHERE, .read = ignore},
    {.name = "description", .where = ANYWHERE, .read = ignore},
    {.name = "id", .where = ANYWHERE, .read = ignore},
    {.name = "guid", .where = ANYWHERE, .read = ignore},
    {.name = "hash-type", .where = IN_BACK, .read = ignore},
    {.name = "log-format", .where = ANYWHERE, .note = "log lines have a form of their own"},
    {.name = "log-tag", .where = ANYWHERE, .note = "log lines have a form of their own"},
    {.name = "log-steps", .where = ANYWHERE, .note = "log lines have a form of their own"},
    {.name = "log-format-sd", .where = ANYWHERE, .note = "log lines have a form of their own"},
    {.name = "error-log-format", .where = ANYWHERE, .note = "log lines have a form of their own"},
    {.name = "fullconn", .where = IN_BACK, .note = ""},
    {.name = "dispatch", .where = HAPROXY_BACKENDS, .note = "write a server line"},
    {.name = "server-template", .where = HAPROXY_BACKENDS, .note = "write a server line for each"},
    {.name = "tcp-check", .where = IN_BACK, .note = "a tcp check connects, and no more"},
    {.name = "tcp-response", .where = IN_BACK, .note = ""},
    {.name = "external-check", .where = IN_BACK, .note = ""},
    {.name = "stick-table", .where = ANYWHERE, .note = "balance = source keeps clients apart"},
    {.name = "stick", .where = IN_BACK, .note = "balance = source keeps clients apart"},
    {.name = "declare", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "force-persist", .where = ANYWHERE, .note = "there are no conditions"},
    {.name = "ignore-persist", .where = ANYWHERE, .note = "there are no conditions"},
    {.name = "hash-balance-factor", .where = IN_BACK, .note = ""},
    {.name = "hash-preserve-affinity", .where = IN_BACK, .note = ""},
    {.name = "http-send-name-header", .where = IN_BACK, .note = "about HTTP"},
    {.name = "max-keep-alive-queue", .where = IN_BACK, .note = "about HTTP"},
    {.name = "max-session-srv-conns", .where = IN_FRONT, .note = "about HTTP"},
    {.name = "monitor-net", .where = IN_FRONT, .note = "/healthz of [stats] answers that"},
    {.name = "persist", .where = IN_BACK, .note = "balance = source keeps clients apart"},
    {.name = "retry-on", .where = IN_BACK, .note = "about HTTP"},
    {.name = "server-state-file-name", .where = IN_BACK, .note = ""},
    {.name = "transparent", .where = IN_BACK, .note = "write a server line"},
    {.name = "rate-limit", .where = IN_FRONT, .note = ""},
    {.name = "monitor-uri", .where = IN_FRONT, .note = "/healthz of [stats] answers that"},
    {.name = "monitor", .where = IN_FRONT, .note = "/healthz of [stats] answers that"},
    {.name = "errorfile", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "errorfiles", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "errorloc", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "errorloc302", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "errorloc303", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "http-request", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "http-response", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "http-after-response", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "http-reuse", .where = IN_BACK, .note = "about HTTP"},
    {.name = "http-error", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "compression", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "cookie", .where = IN_BACK, .note = "about HTTP"},
    {.name = "capture", .where = HAPROXY_FRONTEND, .note = "about HTTP"},
    {.name = "redirect", .where = ANYWHERE, .note = "about HTTP"},
    {.name = "filter", .where = ANYWHERE, .note = ""},
    {.name = "unique-id-format", .where = IN_FRONT, .note = "about HTTP"},
    {.name = "unique-id-header", .where = IN_FRONT, .note = "about HTTP"},
    {.name = "use-server", .where = HAPROXY_BACKENDS, .note = "there are no conditions"},
    {.name = "load-server-state-from-file", .where = IN_BACK, .note = ""},
    {.name = "email-alert", .where = ANYWHERE, .note = ""},
    {.name = "bind-process", .where = ANYWHERE, .read = ignore},
};

static const struct keyword *find_keyword(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
        if (strcmp(word, keywords[i].name) == 0)
            return &keywords[i];
    }
    return NULL;
}

/* What is no keyword here: one that was mistyped is a mistake, others may be newer than this. */
static void read_unknown(struct haproxy *file, const struct haproxy_words *words)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
        if (!conf_is_typo(words->list[0], keywords[i].name))
            continue;
        haproxy_error(file, words->line, "\"%s\" is unknown; did you mean %s?", words->list[0],
                      keywords[i].name);
        return;
    }
    note_statement(file, words, "unknown here");
}

static const char *name_kind(unsigned kind)
{
    switch (kind) {
    case HAPROXY_DEFAULTS:
        return "defaults section";
    case HAPROXY_FRONTEND:
        return "frontend";
    case HAPROXY_BACKENDS:
        return "backend";
    default:
        return "listen section";
    }
}

/* HAProxy, too, passes over most of what does nothing where it stands. */
static void refuse_place(struct haproxy *file, const struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    const char *word = words->list[0];

    if (proxy->kind == HAPROXY_DEFAULTS || strcmp(word, "server") == 0 ||
        strcmp(word, "server-template") == 0 || strcmp(word, "default-server") == 0)
        haproxy_error(file, words->line, "%s does not belong into a %s", word,
                      name_kind(proxy->kind));
    else
        haproxy_note(file, words->line, "%s has no effect in a %s", word, name_kind(proxy->kind));
}

void haproxy_read_statement(struct haproxy *file, struct haproxy_proxy *proxy,
                            const struct haproxy_words *words)
{
    const struct keyword *keyword = find_keyword(words->list[0]);

    if (keyword == NULL)
        read_unknown(file, words);
    else if ((keyword->where & proxy->kind) == 0)
        refuse_place(file, proxy, words);
    else if (keyword->most != 0 && words->count > keyword->most)
        haproxy_error(file, words->line, "%s: \"%s\" is one word too many", words->list[0],
                      words->list[keyword->most]);
    else if (keyword->read != NULL)
        keyword->read(file, proxy, words);
    else if (keyword->store != NULL)
        keyword->store(file, words, 1, &proxy->values[keyword->key]);
    else if (*keyword->note != '\0')
        note_statement(file, words, keyword->note);
    else
        haproxy_note(file, words->line, "%s is not carried over", words->list[0]);
}
