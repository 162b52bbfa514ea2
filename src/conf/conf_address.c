#include "conf/conf_address.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strnum.h"

/* A host and its port as text; `host` is "" or "*" for any address. */
struct endpoint_text {
    char host[CONF_LINE_SIZE];
    bool bracketed;
    const char *port; /* NULL = none was written */
};

int conf_reason(char reason[CONF_REASON_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason, CONF_REASON_SIZE, format, args);
    va_end(args);
    return -1;
}

int conf_list_next(const char **rest, char item[CONF_LINE_SIZE])
{
    const char *start = *rest;
    size_t length;

    if (start == NULL)
        return 0;
    length = strcspn(start, ",");
    *rest = start[length] == ',' ? start + length + 1 : NULL;
    while (length > 0 && (*start == ' ' || *start == '\t')) {
        start++;
        length--;
    }
    while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t'))
        length--;
    if (length == 0 || length >= CONF_LINE_SIZE)
        return -1;
    memcpy(item, start, length);
    item[length] = '\0';
    return 1;
}

/* An address alone, without port. */
static int read_host(const char *text, struct addr *out, char *reason)
{
    if (*text == '\0')
        return conf_reason(reason, "the address is missing");
    if (addr_parse(out, text) == -1) {
        if (addr_is_host_name(text))
            return conf_reason(reason,
                               "\"%s\" is a host name: write an address of this machine, or :PORT "
                               "for all of them",
                               text);
        return conf_reason(reason, "\"%s\" is not an address", text);
    }
    return 0;
}

static int read_port(const char *text, struct addr *out, char *reason)
{
    uint64_t port;

    if (strnum_uint(text, 1, UINT16_MAX, &port) == 0) {
        out->port = (uint16_t)port;
        return 0;
    }
    if (errno == ERANGE)
        return conf_reason(reason, "port %s is not in 1 to 65535", text);
    return conf_reason(reason, "\"%s\" is not a port number", text);
}

static int split_bracketed(const char *text, struct endpoint_text *out, char *reason)
{
    const char *end = strchr(text, ']');

    if (end == NULL)
        return conf_reason(reason, "\"]\" is missing in \"%s\"", text);
    if (end[1] != '\0' && end[1] != ':')
        return conf_reason(reason, "\"%s\" is not [ADDRESS]:PORT", text);
    memcpy(out->host, text + 1, (size_t)(end - text) - 1);
    out->host[end - text - 1] = '\0';
    if (strchr(out->host, ':') == NULL)
        return conf_reason(reason, "\"%s\" is not an IPv6 address; only those stand in brackets",
                           out->host);
    out->bracketed = true;
    out->port = end[1] == ':' ? end + 2 : NULL;
    return 0;
}

/* Takes "HOST:PORT", "[HOST]:PORT" and both without port apart. */
static int split_endpoint(const char *text, struct endpoint_text *out, char *reason)
{
    const char *colon = strchr(text, ':');
    size_t length;

    if (strlen(text) >= CONF_LINE_SIZE)
        return conf_reason(reason, "the address is too long");
    if (*text == '[')
        return split_bracketed(text, out, reason);
    out->bracketed = false;
    if (colon != NULL && strchr(colon + 1, ':') != NULL)
        colon = NULL; /* an IPv6 address without brackets, hence without port */
    length = colon != NULL ? (size_t)(colon - text) : strlen(text);
    memcpy(out->host, text, length);
    out->host[length] = '\0';
    out->port = colon != NULL ? colon + 1 : NULL;
    return 0;
}

/* Both parts have to be there. */
static int split_with_port(const char *text, struct endpoint_text *out, char *reason)
{
    struct addr ignored;

    if (strpbrk(text, " \t") != NULL)
        return conf_reason(reason, "\"%s\" is not ADDRESS:PORT; a list has commas", text);
    if (split_endpoint(text, out, reason) == -1)
        return -1;
    if (out->port != NULL)
        return 0;
    if (!out->bracketed && strchr(text, ':') != NULL)
        return conf_reason(reason,
                           "\"%s\": an IPv6 address with its port is written [fd00::1]:6443", text);
    if (strnum_uint(text, 0, UINT64_MAX, &(uint64_t){0}) == 0)
        return conf_reason(reason, "\"%s\" is not ADDRESS:PORT; a port alone is written :%s", text,
                           text);
    if (!out->bracketed && !addr_is_host_name(text) && read_host(text, &ignored, reason) == -1)
        return -1;
    return conf_reason(reason, "the port is missing in \"%s\": write ADDRESS:PORT", text);
}

static bool is_any_host(const char *host)
{
    return *host == '\0' || strcmp(host, "*") == 0;
}

int conf_address_listen(const char *item, struct conf_listener out[2],
                        char reason[CONF_REASON_SIZE])
{
    struct endpoint_text text;
    bool any;

    memset(out, 0, 2 * sizeof(*out));
    if (split_with_port(item, &text, reason) == -1)
        return -1;
    any = !text.bracketed && is_any_host(text.host);
    if (!any && read_host(text.host, &out[0].address, reason) == -1)
        return -1;
    if (read_port(text.port, &out[0].address, reason) == -1)
        return -1;
    if (!any)
        return 1;
    out[0].address.family = ADDR_IPV4;
    out[0].both = 1;
    out[1] = out[0];
    out[1].address.family = ADDR_IPV6;
    return 2;
}

/* One of the words behind an address. */
static int read_option(const char *word, struct conf_server *out, bool *has_weight, char *reason)
{
    uint64_t weight;

    if (strcmp(word, "backup") == 0) {
        if (out->backup)
            return conf_reason(reason, "\"backup\" stands there twice");
        out->backup = true;
        return 0;
    }
    if (strncmp(word, "weight=", 7) != 0)
        return conf_reason(reason, "\"%s\" is neither weight=N nor backup", word);
    if (*has_weight)
        return conf_reason(reason, "\"weight\" stands there twice");
    if (strnum_uint(word + 7, 0, CONF_MAX_WEIGHT, &weight) == -1)
        return conf_reason(reason, "weight \"%s\" is not a number from 0 to %d", word + 7,
                           CONF_MAX_WEIGHT);
    out->weight = (uint16_t)weight;
    *has_weight = true;
    return 0;
}

/* Splits the value at its blanks: the address comes back in `copy`, the options in *out. */
static int read_options(const char *value, char copy[CONF_LINE_SIZE], struct conf_server *out,
                        char *reason)
{
    bool has_weight = false;
    char *rest = copy;
    char *word;

    if (strlen(value) >= CONF_LINE_SIZE)
        return conf_reason(reason, "the value is too long");
    *out = (struct conf_server){.weight = 1};
    strcpy(copy, value);
    strsep(&rest, " \t");
    while ((word = strsep(&rest, " \t")) != NULL) {
        if (*word != '\0' && read_option(word, out, &has_weight, reason) == -1)
            return -1;
    }
    return 0;
}

/* An address, or a name that somebody looks up later. Nobody can be connected to at 0.0.0.0 or ::.
 */
static int read_backend_host(const char *text, struct conf_server *out, char *reason)
{
    if (addr_is_host_name(text)) {
        strcpy(out->host, text);
        return 0;
    }
    if (read_host(text, &out->address, reason) == -1)
        return -1;
    if (addr_is_any(&out->address))
        return conf_reason(reason, "\"%s\" is no machine's address", text);
    return 0;
}

int conf_address_server(const char *value, struct conf_server *out, char reason[CONF_REASON_SIZE])
{
    char copy[CONF_LINE_SIZE];
    struct endpoint_text text;

    if (read_options(value, copy, out, reason) == -1 || split_with_port(copy, &text, reason) == -1)
        return -1;
    if (read_backend_host(text.host, out, reason) == -1)
        return -1;
    return read_port(text.port, &out->address, reason);
}

int conf_address_controller(const char *value, struct conf_server *out,
                            char reason[CONF_REASON_SIZE])
{
    char copy[CONF_LINE_SIZE];
    struct endpoint_text text;

    if (read_options(value, copy, out, reason) == -1 || split_endpoint(copy, &text, reason) == -1)
        return -1;
    if (text.port != NULL)
        return conf_reason(reason,
                           "\"%s\": a controller is written without a port, each service has "
                           "its own",
                           copy);
    return read_backend_host(text.host, out, reason);
}

int conf_address_allow(const char *item, struct conf_allow *out, char reason[CONF_REASON_SIZE])
{
    static const struct {
        const char *word;
        enum conf_allow_kind kind;
    } words[] = {
        {"all", CONF_ALLOW_ALL},
        {"private", CONF_ALLOW_PRIVATE},
        {"controllers", CONF_ALLOW_CONTROLLERS},
    };

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(item, words[i].word) == 0) {
            out->kind = words[i].kind;
            return 0;
        }
    }
    if (cidr_parse(&out->range, item) == 0)
        return 0;
    if (strpbrk(item, " \t") != NULL)
        return conf_reason(reason, "\"%s\" is not one range; a list has commas", item);
    if (strchr(item, '%') != NULL)
        return conf_reason(reason, "\"%s\": a range is written without an interface", item);
    return conf_reason(reason,
                       "\"%s\" is no range such as 10.0.0.0/8, and none of all, private, "
                       "controllers",
                       item);
}

/* 224.0.0.0/4, 255.255.255.255 and ff00::/8 stand for many machines. */
static bool is_for_many(const struct addr *addr)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};

    if (addr->family == ADDR_IPV6)
        return addr->ip[0] == 0xff;
    return (addr->ip[0] & 0xf0) == 0xe0 || memcmp(addr->ip, broadcast, sizeof(broadcast)) == 0;
}

int conf_address_source(const char *item, struct addr *out, char reason[CONF_REASON_SIZE])
{
    struct endpoint_text text;

    if (strpbrk(item, " \t") != NULL)
        return conf_reason(reason, "\"%s\" is not an address; a list has commas", item);
    if (split_endpoint(item, &text, reason) == -1)
        return -1;
    if (text.port != NULL)
        return conf_reason(reason, "\"%s\": a source address is written without a port", item);
    if (addr_parse(out, text.host) == -1 && addr_is_host_name(text.host))
        return conf_reason(reason, "\"%s\" is a host name: write an address of this machine",
                           text.host);
    if (read_host(text.host, out, reason) == -1)
        return -1;
    if (addr_is_any(out) || is_for_many(out))
        return conf_reason(reason, "\"%s\" is no machine's address", text.host);
    return 0;
}

/* Somebody that a client can name: no wildcard, no group. */
static int read_external_host(const struct endpoint_text *text, struct conf_external *out,
                              char *reason)
{
    if (*text->host == '\0')
        return conf_reason(reason, "the address is missing");
    if (addr_is_host_name(text->host)) {
        strcpy(out->host, text->host);
        return 0;
    }
    if (addr_parse(&out->address, text->host) == -1)
        return conf_reason(reason, "\"%s\" is neither an address nor a host name", text->host);
    if (addr_is_any(&out->address) || is_for_many(&out->address))
        return conf_reason(reason, "\"%s\" is no machine's address", text->host);
    return 0;
}

/* The host in *out, and the port, 0 where none was written. */
static int read_external(const char *text, struct conf_external *out, uint16_t *port, char *reason)
{
    struct endpoint_text parts;
    struct addr with_port = {0};

    memset(out, 0, sizeof(*out));
    if (strstr(text, "://") != NULL)
        return conf_reason(reason, "\"%s\" is a URL: write the address or name alone", text);
    if (strpbrk(text, " \t") != NULL)
        return conf_reason(reason, "\"%s\" is not an address; a list has commas", text);
    if (split_endpoint(text, &parts, reason) == -1 || read_external_host(&parts, out, reason) == -1)
        return -1;
    if (parts.port != NULL && read_port(parts.port, &with_port, reason) == -1)
        return -1;
    *port = with_port.port;
    return 0;
}

int conf_address_external(const char *item, struct conf_external *out,
                          char reason[CONF_REASON_SIZE])
{
    uint16_t ignored;

    return read_external(item, out, &ignored, reason);
}

char *conf_address_format_host(const struct conf_external *external, char out[CONF_HOST_SIZE])
{
    char text[ADDR_TEXT_SIZE];

    if (external->host[0] != '\0')
        return strcpy(out, external->host);
    addr_format_ip(&external->address, text);
    if (external->address.family == ADDR_IPV6)
        snprintf(out, CONF_HOST_SIZE, "[%s]", text);
    else
        snprintf(out, CONF_HOST_SIZE, "%s", text);
    return out;
}

int conf_address_host(const char *text, char out[CONF_HOST_SIZE], char reason[CONF_REASON_SIZE])
{
    struct conf_external host;
    uint16_t port;
    size_t length;

    if (read_external(text, &host, &port, reason) == -1)
        return -1;
    length = strlen(conf_address_format_host(&host, out));
    if (port != 0)
        snprintf(out + length, CONF_HOST_SIZE - length, ":%u", (unsigned)port);
    return 0;
}
