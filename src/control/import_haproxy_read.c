#include "control/import_haproxy.h"

#include <errno.h>
#include <string.h>

#include "conf/conf_keys.h"

/* A longer line begins no section. */
#define HEADING_MOST 1024

enum section { SECTION_NONE, SECTION_GLOBAL, SECTION_PROXY, SECTION_OTHER };

static const struct {
    const char *name;
    enum section section;
    unsigned kind;
} sections[] = {
    {"global", SECTION_GLOBAL, 0},
    {"defaults", SECTION_PROXY, HAPROXY_DEFAULTS},
    {"frontend", SECTION_PROXY, HAPROXY_FRONTEND},
    {"backend", SECTION_PROXY, HAPROXY_BACKENDS},
    {"listen", SECTION_PROXY, HAPROXY_LISTEN},
    {"peers", SECTION_OTHER, 0},
    {"resolvers", SECTION_OTHER, 0},
    {"userlist", SECTION_OTHER, 0},
    {"mailers", SECTION_OTHER, 0},
    {"cache", SECTION_OTHER, 0},
    {"program", SECTION_OTHER, 0},
    {"ring", SECTION_OTHER, 0},
    {"http-errors", SECTION_OTHER, 0},
    {"fcgi-app", SECTION_OTHER, 0},
    {"log-forward", SECTION_OTHER, 0},
    {"log-profile", SECTION_OTHER, 0},
    {"crt-store", SECTION_OTHER, 0},
    {"traces", SECTION_OTHER, 0},
    {"acme", SECTION_OTHER, 0},
};

/* ---- sections ---- */

/* The section before it that its values come from; NULL = none. */
static const struct haproxy_proxy *find_defaults(struct haproxy *file, const char *from)
{
    for (size_t i = file->proxy_count; i-- > 0;) {
        const struct haproxy_proxy *proxy = &file->proxies[i];

        if (proxy->kind == HAPROXY_DEFAULTS && (from == NULL || strcmp(proxy->name, from) == 0))
            return proxy;
    }
    return NULL;
}

/* HAProxy, too, wants one name for each thing that clients, or frontends, can come to. */
static int check_name(struct haproxy *file, unsigned kind, const struct haproxy_words *words)
{
    for (size_t i = 0; i < file->proxy_count; i++) {
        const struct haproxy_proxy *proxy = &file->proxies[i];

        if (kind != HAPROXY_DEFAULTS && (proxy->kind & kind) != 0 &&
            strcmp(proxy->name, words->list[1]) == 0)
            return haproxy_error(file, words->line, "%s %s: the name is that of line %u, too",
                                 words->list[0], words->list[1], proxy->line);
    }
    return 0;
}

/* `defaults from OTHER` */
static bool is_nameless(const struct haproxy_words *words)
{
    return strcmp(words->list[0], "defaults") == 0 && words->count > 1 &&
           strcmp(words->list[1], "from") == 0;
}

/* What follows the name: `from DEFAULTS`. */
static int inherit(struct haproxy *file, struct haproxy_proxy *proxy,
                   const struct haproxy_words *words)
{
    size_t at = is_nameless(words) ? 1 : 2;
    const char *from = NULL;
    const struct haproxy_proxy *defaults;

    if (words->count > at && strcmp(words->list[at], "from") != 0)
        return haproxy_error(file, words->line, "\"%s\" is one word too many", words->list[at]);
    if (words->count == at + 1)
        return haproxy_error(file, words->line, "from: its value is missing");
    if (words->count > at)
        from = words->list[at + 1];
    defaults = find_defaults(file, from);
    if (from != NULL && defaults == NULL)
        return haproxy_error(file, words->line, "there is no defaults section \"%s\"", from);
    if (defaults != NULL && (proxy->kind != HAPROXY_DEFAULTS || from != NULL))
        memcpy(proxy->values, defaults->values, sizeof(proxy->values));
    return 0;
}

static int open_proxy(struct haproxy *file, unsigned kind, const struct haproxy_words *words)
{
    struct haproxy_proxy proxy = {.kind = kind, .line = words->line, .name = ""};
    struct haproxy_proxy *proxies;

    if (kind != HAPROXY_DEFAULTS && (words->count < 2 || words->list[1][0] == '\0'))
        return haproxy_error(file, words->line, "%s: its name is missing", words->list[0]);
    if (file->proxy_count == HAPROXY_PROXIES)
        return haproxy_error(file, words->line, "there are more than %d sections", HAPROXY_PROXIES);
    if (words->count >= 2 && !is_nameless(words)) {
        if (check_name(file, kind, words) == -1)
            return -1;
        proxy.name = haproxy_keep(file, "%s", words->list[1]);
    }
    if (inherit(file, &proxy, words) == -1)
        return -1;
    proxies = haproxy_grow(file, file->proxies, file->proxy_count, sizeof(*proxies));
    if (proxies == NULL)
        return -1;
    file->proxies = proxies;
    proxies[file->proxy_count++] = proxy;
    return 0;
}

static void read_global(struct haproxy *file, const struct haproxy_words *words)
{
    struct haproxy_value base = {0};

    if (strcmp(words->list[0], "ca-base") == 0) {
        if (haproxy_store_text(file, words, 1, &base) == 0)
            file->ca_base = base.text;
    } else if (strcmp(words->list[0], "crt-base") == 0) {
        if (haproxy_store_text(file, words, 1, &base) == 0)
            file->crt_base = base.text;
    } else if (strcmp(words->list[0], "maxconn") == 0) {
        haproxy_note_at(file, HAPROXY_NO_PROXY, words->line,
                        "global maxconn: there is max_connections, for each service");
    } else {
        haproxy_note_at(file, HAPROXY_NO_PROXY, words->line, "global: about HAProxy's own process");
    }
}

/* Returns the section that the line begins; SECTION_NONE = it begins none. */
static enum section find_section(const struct haproxy_words *words, unsigned *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (strcmp(words->list[0], sections[i].name) == 0) {
            *kind = sections[i].kind;
            return sections[i].section;
        }
    }
    return SECTION_NONE;
}

/* A keyword in the first place that is no section's, one typo away from one. */
static const char *suggest_section(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (conf_is_typo(word, sections[i].name))
            return sections[i].name;
    }
    return NULL;
}

/* Before the first section, or in one that could not be begun. */
static void refuse_statement(struct haproxy *file, const struct haproxy_words *words)
{
    const char *meant = suggest_section(words->list[0]);

    if (meant != NULL)
        haproxy_error(file, words->line, "\"%s\" is no section; did you mean %s?", words->list[0],
                      meant);
    else
        haproxy_error(file, words->line, "\"%s\" stands in no section", words->list[0]);
}

static void read_words(struct haproxy *file, enum section *in, const struct haproxy_words *words)
{
    unsigned kind;
    enum section opened = find_section(words, &kind);

    if (opened == SECTION_PROXY)
        *in = open_proxy(file, kind, words) == 0 ? SECTION_PROXY : SECTION_OTHER;
    else if (opened != SECTION_NONE)
        *in = opened;
    if (opened == SECTION_OTHER)
        haproxy_note_at(file, HAPROXY_NO_PROXY, words->line,
                        "%s: sections of that kind are not carried over", words->list[0]);
    if (opened != SECTION_NONE)
        return;
    if (*in == SECTION_NONE || (*in != SECTION_OTHER && suggest_section(words->list[0]) != NULL))
        refuse_statement(file, words);
    else if (*in != SECTION_OTHER && words->has_variable)
        haproxy_note(file, words->line, "%s: a variable of the environment is not carried over",
                     words->list[0]);
    else if (*in == SECTION_GLOBAL)
        read_global(file, words);
    else if (*in == SECTION_PROXY)
        haproxy_read_statement(file, &file->proxies[file->proxy_count - 1], words);
}

static void read_line(struct haproxy *file, enum section *in, char *line, unsigned number)
{
    struct haproxy_words words = {.line = number};
    const char *wrong;

    wrong = haproxy_split(line, &words);
    if (wrong != NULL)
        haproxy_error(file, number, "%s", wrong);
    else if (words.count > 0 && words.list[0][0] == '.')
        haproxy_error(file, number,
                      "%s: conditions are for HAProxy to decide: leave the lines "
                      "that hold, and import that",
                      words.list[0]);
    else if (words.count > 0 && strcmp(words.list[0], "") != 0)
        read_words(file, in, &words);
}

int haproxy_read(struct haproxy *file, char *text, size_t size)
{
    enum section in = SECTION_NONE;
    char *end = text + size;
    unsigned number = 0;

    while (text < end) {
        char *stop = memchr(text, '\n', (size_t)(end - text));
        char *next = stop != NULL ? stop + 1 : end;

        if (stop == NULL)
            stop = end; /* there is room for one byte behind the text */
        number++;
        if (memchr(text, '\0', (size_t)(stop - text)) != NULL) {
            haproxy_error(file, number, "a NUL byte");
        } else {
            if (stop > text && stop[-1] == '\r')
                stop[-1] = '\0';
            *stop = '\0';
            read_line(file, &in, text, number);
        }
        text = next;
    }
    if (file->out_of_memory)
        haproxy_error(file, 0, "%s", strerror(ENOMEM));
    return file->report->errors == 0 ? 0 : -1;
}

/* ---- what kind of file it is ---- */

/* A line of one word, or "frontend NAME": in no other kind of file does one stand like that. */
static bool is_section_line(const struct haproxy_words *words)
{
    unsigned kind = 0;

    if (words->count == 0 || find_section(words, &kind) == SECTION_NONE)
        return false;
    if (words->count == 1)
        return strcmp(words->list[0], "global") == 0 || strcmp(words->list[0], "defaults") == 0;
    return kind != 0 && words->list[1][0] != '=' && words->list[1][0] != ':';
}

bool import_is_haproxy(const char *text, size_t size)
{
    const char *end = text + size;
    struct haproxy_words words;
    char line[HEADING_MOST + 1];

    for (const char *stop; text < end; text = stop + 1) {
        size_t length;

        stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL)
            stop = end;
        length = (size_t)(stop - text);
        if (length > HEADING_MOST)
            continue;
        memcpy(line, text, length);
        line[length] = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (haproxy_split(line, &words) == NULL && is_section_line(&words))
            return true;
    }
    return false;
}
