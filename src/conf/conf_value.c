#include "conf/conf_value.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/strnum.h"

/* Stores a number in a field of the row's size. */
static void put(const struct conf_key *key, uint64_t value, void *base)
{
    char *place = (char *)base + key->offset;

    if (key->size == sizeof(uint8_t))
        memcpy(place, &(uint8_t){(uint8_t)value}, sizeof(uint8_t));
    else if (key->size == sizeof(uint16_t))
        memcpy(place, &(uint16_t){(uint16_t)value}, sizeof(uint16_t));
    else if (key->size == sizeof(uint32_t))
        memcpy(place, &(uint32_t){(uint32_t)value}, sizeof(uint32_t));
    else
        memcpy(place, &value, sizeof(value));
}

/* The index of a word in a list, or -1. */
static int find_word(const char *const *words, const char *text)
{
    for (int i = 0; words != NULL && words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
    }
    return -1;
}

static int store_bool(const struct conf_key *key, const char *text, void *base, char *reason)
{
    static const char *const words[] = {"no", "yes", NULL};
    int word = find_word(words, text);

    if (word == -1)
        return conf_reason(reason, "\"%s\" is neither yes nor no", text);
    put(key, (uint64_t)word, base);
    return 0;
}

static int store_uint(const struct conf_key *key, const char *text, void *base, char *reason)
{
    int word = find_word(key->words, text);
    const char *also = key->words != NULL ? key->words[0] : "";
    const char *comma = key->words != NULL ? ", or " : "";
    uint64_t value;

    if (word != -1) {
        put(key, (uint64_t)word, base);
        return 0;
    }
    if (strnum_uint(text, key->least, key->most, &value) == -1)
        return conf_reason(reason, "\"%s\" is not a number from %llu to %llu%s%s", text,
                           (unsigned long long)key->least, (unsigned long long)key->most, comma,
                           also);
    put(key, value, base);
    return 0;
}

static int store_duration(const struct conf_key *key, const char *text, void *base, char *reason)
{
    bool or_zero = key->type == CONF_TYPE_TIMEOUT;
    char least[STRNUM_DURATION_SIZE];
    char most[STRNUM_DURATION_SIZE];
    uint64_t value;

    if (strnum_duration(text, key->least, key->most, &value) == 0 ||
        (or_zero && strnum_duration(text, 0, 0, &value) == 0)) {
        put(key, value, base);
        return 0;
    }
    if (errno == ERANGE)
        return conf_reason(reason, "\"%s\" is not %sbetween %s and %s", text,
                           or_zero ? "0 or " : "", strnum_format_duration(key->least, least),
                           strnum_format_duration(key->most, most));
    return conf_reason(reason, "\"%s\" is not a duration such as 200ms, 2s, 5m or 1h", text);
}

/* "a, b or c" */
static void list_words(const char *const *words, char out[CONF_REASON_SIZE])
{
    size_t length = 0;

    for (size_t i = 0; words[i] != NULL && length < CONF_REASON_SIZE; i++) {
        const char *before = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";

        length +=
            (size_t)snprintf(out + length, CONF_REASON_SIZE - length, "%s%s", before, words[i]);
    }
}

static int store_word(const struct conf_key *key, const char *text, void *base, char *reason)
{
    int word = find_word(key->words, text);
    char all[CONF_REASON_SIZE] = "";

    if (word != -1) {
        put(key, (uint64_t)word, base);
        return 0;
    }
    list_words(key->words, all);
    return conf_reason(reason, "\"%s\" is not %.100s", text, all);
}

bool conf_value_is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";
    size_t length = strspn(text, letters);

    return length > 0 && length < CONF_NAME_SIZE && text[length] == '\0' && text[0] != '.';
}

static int store_name(const struct conf_key *key, const char *text, void *base, char *reason)
{
    if (!conf_value_is_name(text))
        return conf_reason(reason, "\"%s\" is not a name of at most %d letters, digits, - _ and .",
                           text, CONF_NAME_SIZE - 1);
    strncpy((char *)base + key->offset, text, key->size);
    return 0;
}

static int store_path(const struct conf_key *key, const char *text, void *base, char *reason)
{
    size_t length = strlen(text);

    if (text[0] != '/')
        return conf_reason(reason, "\"%s\" is not an absolute path", text);
    if (text[length - 1] == '/')
        return conf_reason(reason, "\"%s\" names a directory, not a file", text);
    if (length >= key->size)
        return conf_reason(reason, "the path is longer than %d bytes", key->size - 1);
    strncpy((char *)base + key->offset, text, key->size);
    return 0;
}

/* The same; a '/' at the end is left out. */
static int store_directory(const struct conf_key *key, const char *text, void *base, char *reason)
{
    size_t length = strlen(text);
    char *place = (char *)base + key->offset;

    if (text[0] != '/')
        return conf_reason(reason, "\"%s\" is not an absolute path", text);
    while (length > 1 && text[length - 1] == '/')
        length--;
    if (length >= key->size)
        return conf_reason(reason, "the path is longer than %d bytes", key->size - 1);
    memset(place, 0, key->size);
    memcpy(place, text, length);
    return 0;
}

/* What may stand in the first line of a request (RFC 9112, section 3.2.1), as it is. */
static int store_target(const struct conf_key *key, const char *text, void *base, char *reason)
{
    if (text[0] != '/')
        return conf_reason(reason, "\"%s\" does not begin with /", text);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~' || *c == '#')
            return conf_reason(reason,
                               "\"%s\" has a character that no request may have; write it "
                               "as %%XX",
                               text);
    }
    if (strlen(text) >= key->size)
        return conf_reason(reason, "the path is longer than %d bytes", key->size - 1);
    strncpy((char *)base + key->offset, text, key->size);
    return 0;
}

static int store_host(const struct conf_key *key, const char *text, void *base, char *reason)
{
    char host[CONF_HOST_SIZE];

    if (conf_address_host(text, host, reason) == -1)
        return -1;
    strncpy((char *)base + key->offset, host, key->size);
    return 0;
}

static int store_host_name(const struct conf_key *key, const char *text, void *base, char *reason)
{
    struct addr address;

    if (addr_parse(&address, text) == 0)
        return conf_reason(reason, "\"%s\" is an address; TLS asks for names alone", text);
    if (!addr_is_host_name(text) || strlen(text) >= key->size)
        return conf_reason(reason, "\"%s\" is not a host name", text);
    strncpy((char *)base + key->offset, text, key->size);
    return 0;
}

int conf_value_store(const struct conf_key *key, const char *text, void *base,
                     char reason[CONF_REASON_SIZE])
{
    static int (*const stores[])(const struct conf_key *, const char *, void *, char *) = {
        [CONF_TYPE_BOOL] = store_bool,           [CONF_TYPE_UINT] = store_uint,
        [CONF_TYPE_DURATION] = store_duration,   [CONF_TYPE_TIMEOUT] = store_duration,
        [CONF_TYPE_WORD] = store_word,           [CONF_TYPE_NAME] = store_name,
        [CONF_TYPE_PATH] = store_path,           [CONF_TYPE_DIRECTORY] = store_directory,
        [CONF_TYPE_TARGET] = store_target,       [CONF_TYPE_HOST] = store_host,
        [CONF_TYPE_HOST_NAME] = store_host_name,
    };

    return stores[key->type](key, text, base, reason);
}

void conf_value_apply(const struct conf_key *key, const char *text, void *base)
{
    char reason[CONF_REASON_SIZE];
    int result = conf_value_store(key, text, base, reason);

    (void)result;
}

static int read_status(const char *text, const char *item, uint16_t *out, char *reason)
{
    uint64_t status;

    if (strnum_uint(text, CONF_STATUS_LEAST, CONF_STATUS_MOST, &status) == -1)
        return conf_reason(reason,
                           "\"%s\" is neither a status from %d to %d nor a range such as "
                           "200-299",
                           item, CONF_STATUS_LEAST, CONF_STATUS_MOST);
    *out = (uint16_t)status;
    return 0;
}

int conf_value_statuses(const char *item, struct conf_statuses *out, char reason[CONF_REASON_SIZE])
{
    char first[CONF_LINE_SIZE];
    char *dash;

    strcpy(first, item);
    dash = strchr(first, '-');
    if (dash != NULL)
        *dash = '\0';
    if (read_status(first, item, &out->first, reason) == -1 ||
        read_status(dash != NULL ? dash + 1 : first, item, &out->last, reason) == -1)
        return -1;
    if (out->last < out->first)
        return conf_reason(reason, "\"%s\" ends before it begins", item);
    return 0;
}

static int check_item(enum conf_type type, const char *item, char *reason)
{
    struct conf_listener listeners[2];
    struct conf_external external;
    struct conf_statuses statuses;
    struct conf_allow allow;
    struct addr source;

    if (type == CONF_TYPE_ALLOW)
        return conf_address_allow(item, &allow, reason);
    if (type == CONF_TYPE_SOURCE)
        return conf_address_source(item, &source, reason);
    if (type == CONF_TYPE_EXTERNAL)
        return conf_address_external(item, &external, reason);
    if (type == CONF_TYPE_STATUS)
        return conf_value_statuses(item, &statuses, reason);
    return conf_address_listen(item, listeners, reason) == -1 ? -1 : 0;
}

static int check_list(enum conf_type type, const char *text, char *reason)
{
    char item[CONF_LINE_SIZE];
    const char *rest = text;
    int got;

    while ((got = conf_list_next(&rest, item)) == 1) {
        if (check_item(type, item, reason) == -1)
            return -1;
    }
    return got == 0 ? 0 : conf_reason(reason, "an item of the list is empty");
}

int conf_value_check(const struct conf_key *key, const char *text, char reason[CONF_REASON_SIZE])
{
    union {
        struct conf_global global;
        struct conf_service service;
        struct conf_stats stats;
    } scratch;
    struct conf_server server;

    switch (key->type) {
    case CONF_TYPE_LISTEN:
    case CONF_TYPE_ALLOW:
    case CONF_TYPE_SOURCE:
    case CONF_TYPE_EXTERNAL:
    case CONF_TYPE_STATUS:
        return check_list(key->type, text, reason);
    case CONF_TYPE_SERVER:
        return conf_address_server(text, &server, reason);
    case CONF_TYPE_CONTROLLER:
        return conf_address_controller(text, &server, reason);
    default:
        return conf_value_store(key, text, &scratch, reason);
    }
}

void conf_value_store_defaults(enum conf_section section, void *base)
{
    size_t count;
    const struct conf_key *keys = conf_keys(&count);

    for (size_t i = 0; i < count; i++) {
        const struct conf_key *key = &keys[i];

        if ((key->sections & section) != 0 && conf_key_is_scalar(key) && key->fallback != NULL)
            conf_value_apply(key, key->fallback, base);
    }
}
