#include "control/import_haproxy.h"

#include <stdio.h>
#include <string.h>

#include "base/strnum.h"
#include "conf/conf_keys.h"

enum action {
    SERVER_SET,
    SERVER_UNSET,
    SERVER_TIME,
    SERVER_NUMBER,
    SERVER_TEXT,
    SERVER_FILE,
    SERVER_VERIFY,
    SERVER_MARKED_DOWN,
    SERVER_SOURCE,
    SERVER_IGNORE,
    SERVER_NOTE
};

/* What may follow a server's address. */
static const struct option {
    const char *name;
    enum action action;
    enum haproxy_key key;
    size_t values; /* words that follow it */
    const char *set;
    uint64_t least; /* of numbers */
    uint64_t most;
} options[] = {
    {"check", SERVER_SET, HAPROXY_CHECK, 0, "yes", 0, 0},
    {"no-check", SERVER_UNSET, HAPROXY_CHECK, 0, NULL, 0, 0},
    {"check-ssl", SERVER_SET, HAPROXY_TLS, 0, "yes", 0, 0},
    {"no-check-ssl", SERVER_UNSET, HAPROXY_TLS, 0, NULL, 0, 0},
    {"ssl", SERVER_SET, HAPROXY_ENCRYPTS, 0, "yes", 0, 0},
    {"no-ssl", SERVER_UNSET, HAPROXY_ENCRYPTS, 0, NULL, 0, 0},
    {"backup", SERVER_SET, HAPROXY_BACKUP, 0, "yes", 0, 0},
    {"no-backup", SERVER_UNSET, HAPROXY_BACKUP, 0, NULL, 0, 0},
    {"disabled", SERVER_SET, HAPROXY_DISABLED, 0, "yes", 0, 0},
    {"enabled", SERVER_UNSET, HAPROXY_DISABLED, 0, NULL, 0, 0},
    {"weight", SERVER_NUMBER, HAPROXY_WEIGHT, 1, NULL, 0, CONF_MAX_WEIGHT},
    {"rise", SERVER_NUMBER, HAPROXY_RISE, 1, NULL, 1, INT32_MAX},
    {"fall", SERVER_NUMBER, HAPROXY_FALL, 1, NULL, 1, INT32_MAX},
    {"port", SERVER_NUMBER, HAPROXY_PORT, 1, NULL, 1, UINT16_MAX},
    {"inter", SERVER_TIME, HAPROXY_INTERVAL, 1, NULL, 0, 0},
    {"fastinter", SERVER_TIME, HAPROXY_FAST, 1, NULL, 0, 0},
    {"downinter", SERVER_TIME, HAPROXY_DOWN, 1, NULL, 0, 0},
    {"slowstart", SERVER_TIME, HAPROXY_SLOW_START, 1, NULL, 0, 0},
    {"tcp-ut", SERVER_TIME, HAPROXY_DEAD_BACKEND, 1, NULL, 0, 0},
    {"check-sni", SERVER_TEXT, HAPROXY_SNI, 1, NULL, 0, 0},
    {"ca-file", SERVER_FILE, HAPROXY_CA, 1, NULL, 0, 0},
    {"crt", SERVER_FILE, HAPROXY_CERT, 1, NULL, 0, 0},
    {"verify", SERVER_VERIFY, HAPROXY_VERIFY, 1, NULL, 0, 0},
    {"on-marked-down", SERVER_MARKED_DOWN, HAPROXY_ON_DOWN, 1, NULL, 0, 0},
    {"source", SERVER_SOURCE, HAPROXY_SOURCE, 1, NULL, 0, 0},
    {"check-alpn", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"id", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"guid", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"init-addr", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"init-state", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"resolvers", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"resolve-opts", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"observe", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"error-limit", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"on-error", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"pool-purge-delay", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"pool-max-conn", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"resolve-prefer", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"resolve-net", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"on-marked-up", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"maxconn", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"minconn", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"maxqueue", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"addr", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"track", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"cookie", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"agent-check", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"agent-addr", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"agent-inter", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"agent-port", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"agent-send", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"send-proxy", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"send-proxy-v2", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"send-proxy-v2-ssl", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"check-send-proxy", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"check-proto", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"check-via-socks4", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"proto", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"alpn", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"sni", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"verifyhost", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"crl-file", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"ciphers", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"ciphersuites", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"ssl-min-ver", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"ssl-max-ver", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"namespace", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"npn", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"redir", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"socks4", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"usesrc", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"ws", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"hash-key", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"log-proto", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"max-reuse", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"pool-low-conn", SERVER_IGNORE, 0, 1, NULL, 0, 0},
    {"proxy-v2-options", SERVER_NOTE, 0, 1, NULL, 0, 0},
    {"set-proxy-v2-tlv-fmt", SERVER_NOTE, 0, 2, NULL, 0, 0},
    {"non-stick", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"stick", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-agent-check", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-check-send-proxy", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-send-proxy", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-send-proxy-v2", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-tfo", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-verifyhost", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"ssl-reuse", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-ssl-reuse", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"tls-tickets", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"no-tls-tickets", SERVER_IGNORE, 0, 0, NULL, 0, 0},
    {"force-sslv3", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"force-tlsv10", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"force-tlsv11", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"force-tlsv12", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"force-tlsv13", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"no-sslv3", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"no-tlsv10", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"no-tlsv11", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"no-tlsv12", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"no-tlsv13", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"allow-0rtt", SERVER_NOTE, 0, 0, NULL, 0, 0},
    {"tfo", SERVER_NOTE, 0, 0, NULL, 0, 0},
};

static const struct option *find_option(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (strcmp(word, options[i].name) == 0)
            return &options[i];
    }
    return NULL;
}

static void refuse_option(struct haproxy *file, const struct haproxy_words *words, size_t at)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (!conf_is_typo(words->list[at], options[i].name))
            continue;
        haproxy_error(file, words->line, "%s: \"%s\" is unknown; did you mean %s?", words->list[0],
                      words->list[at], options[i].name);
        return;
    }
    haproxy_note(file, words->line, "%s: %s is not carried over, nor what follows it",
                 words->list[0], words->list[at]);
}

static void store_number(struct haproxy *file, const struct haproxy_words *words, size_t at,
                         const struct option *option, struct haproxy_value *value)
{
    uint64_t number;

    if (haproxy_store_number(file, words, at + 1, value) == 0 &&
        strnum_uint(value->text, option->least, option->most, &number) == -1)
        haproxy_error(file, words->line, "%s: \"%s\" is not a number from %llu to %llu",
                      option->name, words->list[at + 1], (unsigned long long)option->least,
                      (unsigned long long)option->most);
}

/* A relative path begins at ca-base or crt-base of the global section. */
static void store_file(struct haproxy *file, const struct haproxy_words *words, size_t at,
                       enum haproxy_key key, struct haproxy_value *value)
{
    const char *base = key == HAPROXY_CA ? file->ca_base : file->crt_base;

    if (haproxy_store_text(file, words, at + 1, value) == 0 && value->text[0] != '/' &&
        base != NULL)
        value->text = haproxy_keep(file, "%s/%s", base, value->text);
}

static void store_verify(struct haproxy *file, const struct haproxy_words *words, size_t at,
                         struct haproxy_value *value)
{
    if (haproxy_store_text(file, words, at + 1, value) == -1)
        return;
    if (strcmp(value->text, "required") == 0)
        value->text = "ca";
    else if (strcmp(value->text, "none") != 0)
        haproxy_error(file, words->line, "verify: \"%s\" is neither none nor required",
                      value->text);
}

static void store_source(struct haproxy *file, const struct haproxy_words *words, size_t at,
                         struct haproxy_value *value)
{
    char *host;
    char *port;

    if (haproxy_store_text(file, words, at + 1, value) == -1)
        return;
    if (haproxy_split_place(words->list[at + 1], &host, &port) == 0 && *host != '\0')
        value->text = haproxy_keep(file, "%s", host);
}

static void store_marked_down(struct haproxy *file, const struct haproxy_words *words, size_t at,
                              struct haproxy_value *value)
{
    if (haproxy_store_text(file, words, at + 1, value) == -1)
        return;
    if (strcmp(value->text, "shutdown-sessions") == 0)
        value->text = "close";
    else
        haproxy_error(file, words->line, "on-marked-down: \"%s\" is not shutdown-sessions",
                      value->text);
}

static void note_option(struct haproxy *file, const struct haproxy_words *words, size_t at,
                        const struct option *option)
{
    bool has_value = option->values > 0 && at + 1 < words->count;
    const char *why = "";

    if (strstr(option->name, "send-proxy") != NULL)
        why = "; the server will refuse what comes without it";
    haproxy_note(file, words->line, "%s: %s%s%s is not carried over%s", words->list[0],
                 option->name, has_value ? " " : "", has_value ? words->list[at + 1] : "", why);
}

static void apply(struct haproxy *file, const struct haproxy_words *words, size_t at,
                  const struct option *option, struct haproxy_value *values)
{
    struct haproxy_value *value = &values[option->key];

    switch (option->action) {
    case SERVER_SET:
        *value = (struct haproxy_value){option->set, words->line};
        break;
    case SERVER_UNSET:
        *value = (struct haproxy_value){NULL, 0};
        break;
    case SERVER_TIME:
        haproxy_store_time(file, words, at + 1, value);
        break;
    case SERVER_NUMBER:
        store_number(file, words, at, option, value);
        break;
    case SERVER_TEXT:
        haproxy_store_text(file, words, at + 1, value);
        break;
    case SERVER_FILE:
        store_file(file, words, at, option->key, value);
        break;
    case SERVER_VERIFY:
        store_verify(file, words, at, value);
        break;
    case SERVER_MARKED_DOWN:
        store_marked_down(file, words, at, value);
        break;
    case SERVER_SOURCE:
        store_source(file, words, at, value);
        break;
    case SERVER_NOTE:
        note_option(file, words, at, option);
        break;
    case SERVER_IGNORE:
        break;
    }
}

static void read_options(struct haproxy *file, const struct haproxy_words *words, size_t at,
                         struct haproxy_value *values)
{
    while (at < words->count) {
        const struct option *option = find_option(words->list[at]);

        if (option == NULL) {
            refuse_option(file, words, at);
            return;
        }
        apply(file, words, at, option, values);
        at += 1 + option->values;
    }
}

/* Returns 0, or -1 with a message or a note. */
static int read_place(struct haproxy *file, const struct haproxy_words *words,
                      struct haproxy_server *server)
{
    const char *written = haproxy_keep(file, "%s", words->list[2]);
    uint64_t number = 0;
    char *host;
    char *port;

    if (haproxy_split_place(words->list[2], &host, &port) == -1) {
        haproxy_note(file, words->line, "server %s: %s is no address of TCP", words->list[1],
                     written);
        return -1;
    }
    if (port != NULL && (*port == '+' || *port == '-')) {
        haproxy_note(file, words->line, "server %s: %s: a port that depends on the client's",
                     words->list[1], written);
        return -1;
    }
    if (port != NULL && strnum_uint(port, 1, UINT16_MAX, &number) == -1)
        return haproxy_error(file, words->line, "server %s: \"%s\" is not a port", words->list[1],
                             port);
    if (addr_parse(&server->address, host) == 0 ? addr_is_any(&server->address)
                                                : !addr_is_host_name(host))
        return haproxy_error(file, words->line, "server %s: \"%s\" is not an address",
                             words->list[1], written);
    if (strlen(host) >= sizeof(server->host))
        return haproxy_error(file, words->line, "server %s: the name is too long", words->list[1]);
    strcpy(server->host, host);
    server->port = (unsigned)number;
    return 0;
}

static bool is_name_taken(const struct haproxy_proxy *proxy, const char *clean_name)
{
    for (size_t i = 0; i < proxy->server_count; i++) {
        if (strcmp(proxy->servers[i].clean_name, clean_name) == 0)
            return true;
    }
    return false;
}

/* HAProxy's servers may have the same name, and others may be one when they are cleaned. */
static void name_server(const struct haproxy_proxy *proxy, struct haproxy_server *server)
{
    char name[CONF_NAME_SIZE];
    unsigned alike = 1;

    haproxy_clean_name(server->name, name);
    strcpy(server->clean_name, name);
    for (size_t i = 0; i < proxy->server_count; i++)
        alike += strcmp(proxy->servers[i].name, server->name) == 0;
    while (is_name_taken(proxy, server->clean_name))
        haproxy_number_name(strcpy(server->clean_name, name), alike > 1 ? alike++ : ++alike);
}

void haproxy_read_server(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    struct haproxy_server server = {.line = words->line};
    struct haproxy_server *servers;

    if (words->count < 3) {
        haproxy_error(file, words->line, "server: its %s is missing",
                      words->count < 2 ? "name" : "address");
        return;
    }
    /* What default-server said up to here. */
    for (size_t key = HAPROXY_BACK_LAST + 1; key < HAPROXY_KEYS; key++)
        server.values[key] = proxy->values[key];
    server.name = haproxy_keep(file, "%s", words->list[1]);
    read_options(file, words, 3, server.values);
    if (read_place(file, words, &server) == -1 || proxy->server_count == HAPROXY_SERVERS)
        return;
    name_server(proxy, &server);
    servers = haproxy_grow(file, proxy->servers, proxy->server_count, sizeof(*servers));
    if (servers == NULL)
        return;
    proxy->servers = servers;
    servers[proxy->server_count++] = server;
}

/* The values of the proxy that only servers have: `source` and `disabled` mean the whole there. */
void haproxy_read_default_server(struct haproxy *file, struct haproxy_proxy *proxy,
                                 const struct haproxy_words *words)
{
    struct haproxy_value disabled = proxy->values[HAPROXY_DISABLED];

    read_options(file, words, 1, proxy->values);
    proxy->values[HAPROXY_DISABLED] = disabled;
}
