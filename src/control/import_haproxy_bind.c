#include "control/import_haproxy.h"

#include <stdio.h>
#include <string.h>

#include "base/strnum.h"
#include "conf/conf.h"

/* A range of ports is written out, up to so many. */
#define RANGE_MOST 16

/* ---- addresses ---- */

/* "ipv4@10.0.0.1:80" is the address alone; "unix@", "abns@", "fd@" and a path are none. */
static char *skip_family(char *text)
{
    if (strncmp(text, "ipv4@", 5) == 0 || strncmp(text, "ipv6@", 5) == 0 ||
        strncmp(text, "tcp4@", 5) == 0 || strncmp(text, "tcp6@", 5) == 0)
        return text + 5;
    if (strncmp(text, "tcp@", 4) == 0)
        return text + 4;
    return strchr(text, '@') != NULL || strchr(text, '/') != NULL ? NULL : text;
}

int haproxy_split_place(char *text, char **host, char **port)
{
    char *colon;
    char *end;

    *host = skip_family(text);
    *port = NULL;
    if (*host == NULL)
        return -1;
    end = strchr(*host, ']');
    colon = strrchr(end != NULL ? end : *host, ':');
    if (colon != NULL) {
        *port = colon + 1;
        *colon = '\0';
    }
    if (**host == '[' && end != NULL) {
        *end = '\0';
        ++*host;
    }
    return 0;
}

/* ---- one place to listen at ---- */

static bool is_any4(const char *item)
{
    return item[0] == ':' || strncmp(item, "0.0.0.0:", 8) == 0;
}

static bool is_any6(const char *item)
{
    return strncmp(item, "[::]:", 5) == 0 || item[0] == ':';
}

/*
 * Adds it, unless what is there covers it: ":P" is both of "0.0.0.0:P" and "[::]:P", and two of
 * these for one port become that one.
 */
static void add_bind(struct haproxy *file, struct haproxy_proxy *proxy,
                     const struct haproxy_bind *bind)
{
    struct haproxy_bind *binds;

    for (size_t i = 0; i < proxy->bind_count; i++) {
        struct haproxy_bind *other = &proxy->binds[i];
        bool is_any = is_any4(bind->item) || is_any6(bind->item);
        bool is_other_any = is_any4(other->item) || is_any6(other->item);

        if (other->port != bind->port)
            continue;
        if (strcmp(other->item, bind->item) == 0)
            return;
        if (is_any && is_other_any) {
            snprintf(other->item, sizeof(other->item), ":%u", bind->port);
            return;
        }
    }
    if (proxy->bind_count == HAPROXY_BINDS)
        return;
    binds = haproxy_grow(file, proxy->binds, proxy->bind_count, sizeof(*binds));
    if (binds == NULL)
        return;
    proxy->binds = binds;
    binds[proxy->bind_count++] = *bind;
}

/* One port of an address; with v4v6 the one for all of IPv6 is for all of IPv4, too. */
static void add_port(struct haproxy *file, struct haproxy_proxy *proxy, const char *host,
                     struct haproxy_bind *bind)
{
    struct conf_listener listeners[2];
    char reason[CONF_REASON_SIZE];
    struct addr address;

    if (*host == '\0' || strcmp(host, "*") == 0) {
        snprintf(bind->item, sizeof(bind->item), ":%u", bind->port);
    } else if (addr_parse(&address, host) == -1) {
        haproxy_note(file, bind->line, "bind %.80s:%u: it has to be an address of this machine",
                     host, bind->port);
        return;
    } else {
        address.port = (uint16_t)bind->port;
        addr_format(&address, bind->item);
    }
    if (conf_address_listen(bind->item, listeners, reason) == -1)
        haproxy_error(file, bind->line, "bind: %s", reason);
    else
        add_bind(file, proxy, bind);
}

/* "8000" or "8000-8010". Returns 0, or -1 after a message. */
static int read_ports(struct haproxy *file, const char *text, unsigned line, unsigned ports[2])
{
    const char *dash = strchr(text, '-');
    char first[8] = "";
    uint64_t least;
    uint64_t most;

    snprintf(first, sizeof(first), "%.*s", (int)(dash != NULL ? dash - text : 7), text);
    if (strnum_uint(first, 1, UINT16_MAX, &least) == -1 ||
        strnum_uint(dash != NULL ? dash + 1 : first, least, UINT16_MAX, &most) == -1)
        return haproxy_error(file, line, "bind: \"%s\" is not a port", text);
    ports[0] = (unsigned)least;
    ports[1] = (unsigned)most;
    return 0;
}

static void read_place(struct haproxy *file, struct haproxy_proxy *proxy, char *text, unsigned line)
{
    const char *written = haproxy_keep(file, "%s", text);
    struct haproxy_bind bind = {.line = line};
    unsigned ports[2] = {0, 0};
    char *host;
    char *port;

    if (haproxy_split_place(text, &host, &port) == -1) {
        haproxy_note(file, line, "bind %s: only addresses of TCP are listened on", written);
        return;
    }
    if (port == NULL || *port == '\0') {
        haproxy_error(file, line, "bind %s: its port is missing", written);
        return;
    }
    if (read_ports(file, port, line, ports) == -1)
        return;
    if (ports[1] - ports[0] >= RANGE_MOST) {
        haproxy_note(file, line, "bind %s: more than %d ports", written, RANGE_MOST);
        return;
    }
    for (bind.port = ports[0]; bind.port <= ports[1]; bind.port++)
        add_port(file, proxy, host, &bind);
}

/* ---- what follows the addresses ---- */

enum bind_action { BIND_IGNORE, BIND_NOTE, BIND_TLS, BIND_BACKLOG, BIND_DEAD, BIND_BOTH };

static const struct bind_option {
    const char *name;
    enum bind_action action;
    bool has_value;
} bind_options[] = {
    {"ssl", BIND_TLS, false},           {"backlog", BIND_BACKLOG, true},
    {"tcp-ut", BIND_DEAD, true},        {"v4v6", BIND_BOTH, false},
    {"v6only", BIND_IGNORE, false},     {"name", BIND_IGNORE, true},
    {"id", BIND_IGNORE, true},          {"guid-prefix", BIND_IGNORE, true},
    {"process", BIND_IGNORE, true},     {"thread", BIND_IGNORE, true},
    {"shards", BIND_IGNORE, true},      {"transparent", BIND_IGNORE, false},
    {"defer-accept", BIND_NOTE, false}, {"accept-proxy", BIND_NOTE, false},
    {"interface", BIND_NOTE, true},     {"maxconn", BIND_NOTE, true},
    {"mss", BIND_NOTE, true},           {"tfo", BIND_NOTE, false},
    {"namespace", BIND_NOTE, true},     {"accept-netscaler-cip", BIND_NOTE, true},
    {"nice", BIND_IGNORE, true},        {"cc", BIND_NOTE, true},
};

static const struct bind_option *find_option(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(bind_options); i++) {
        if (strcmp(word, bind_options[i].name) == 0)
            return &bind_options[i];
    }
    return NULL;
}

static void apply_option(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words, size_t at,
                         const struct bind_option *option)
{
    switch (option->action) {
    case BIND_TLS:
        proxy->terminates = true;
        break;
    case BIND_BACKLOG:
        haproxy_store_number(file, words, at + 1, &proxy->values[HAPROXY_BACKLOG]);
        break;
    case BIND_DEAD:
        haproxy_store_time(file, words, at + 1, &proxy->values[HAPROXY_DEAD_CLIENT]);
        break;
    case BIND_NOTE:
        haproxy_note(file, words->line, "bind: %s%s%s is not carried over", option->name,
                     option->has_value ? " " : "",
                     option->has_value ? haproxy_word(words, at + 1) : "");
        break;
    case BIND_IGNORE:
    case BIND_BOTH:
        break;
    }
}

static bool has_word(const struct haproxy_words *words, const char *word)
{
    for (size_t i = 2; i < words->count; i++) {
        if (strcmp(words->list[i], word) == 0)
            return true;
    }
    return false;
}

static void read_options(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words)
{
    for (size_t at = 2; at < words->count; at++) {
        const struct bind_option *option = find_option(words->list[at]);

        if (option == NULL) {
            /* Those of TLS are many, and say nothing where TLS is not ended. */
            if (!has_word(words, "ssl"))
                haproxy_note(file, words->line, "bind: %s is not carried over, nor what follows it",
                             words->list[at]);
            proxy->terminates |= has_word(words, "ssl");
            return;
        }
        apply_option(file, proxy, words, at, option);
        at += option->has_value;
    }
}

void haproxy_read_bind(struct haproxy *file, struct haproxy_proxy *proxy,
                       const struct haproxy_words *words)
{
    bool both = has_word(words, "v4v6");
    size_t first = proxy->bind_count;
    char *rest = words->count > 1 ? words->list[1] : NULL;
    char *place;

    if (rest == NULL) {
        haproxy_error(file, words->line, "bind: its address is missing");
        return;
    }
    while ((place = strsep(&rest, ",")) != NULL)
        read_place(file, proxy, place, words->line);
    for (size_t i = first; i < proxy->bind_count && both; i++) {
        if (is_any6(proxy->binds[i].item))
            snprintf(proxy->binds[i].item, sizeof(proxy->binds[i].item), ":%u",
                     proxy->binds[i].port);
    }
    read_options(file, proxy, words);
}
