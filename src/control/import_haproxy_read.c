#include "control/import_haproxy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strnum.h"
#include "conf/conf_keys.h"

/* HAProxy takes no longer lines. */
#define LINE_MOST 2048

/* Room for a sentence about a line. */
#define TEXT_SIZE 320

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

/* ---- memory ---- */

void *haproxy_grow(struct haproxy *file, void *array, size_t count, size_t size)
{
    /* It doubles, so that a long file does not copy it each time. */
    void *grown = array;

    if ((count & (count - 1)) == 0)
        grown = reallocarray(array, count == 0 ? 1 : count * 2, size);
    if (grown == NULL)
        file->out_of_memory = true;
    return grown;
}

const char *haproxy_keep(struct haproxy *file, const char *format, ...)
{
    char **texts = haproxy_grow(file, file->texts, file->text_count, sizeof(*texts));
    char *text = NULL;
    va_list args;

    if (texts == NULL)
        return "";
    file->texts = texts;
    va_start(args, format);
    if (vasprintf(&text, format, args) == -1)
        text = NULL;
    va_end(args);
    if (text == NULL) {
        file->out_of_memory = true;
        return "";
    }
    texts[file->text_count++] = text;
    return text;
}

void haproxy_free(struct haproxy *file)
{
    for (size_t i = 0; i < file->proxy_count; i++) {
        free(file->proxies[i].binds);
        free(file->proxies[i].servers);
        free(file->proxies[i].acls);
    }
    for (size_t i = 0; i < file->note_count; i++)
        free(file->notes[i].text);
    for (size_t i = 0; i < file->text_count; i++)
        free(file->texts[i]);
    free(file->proxies);
    free(file->notes);
    free(file->texts);
    *file = (struct haproxy){0};
}

/* ---- what is said about the file ---- */

int haproxy_error(struct haproxy *file, unsigned line, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    conf_report_add(file->report, CONF_ERROR, line, NULL, NULL, "%s", text);
    return -1;
}

/* Whether it says the same of the line before, or of this one. */
static bool is_told(const struct haproxy *file, struct haproxy_note *note)
{
    for (size_t i = 0; i < file->note_count; i++) {
        struct haproxy_note *old = &file->notes[i];

        if (old->proxy != note->proxy || strcmp(old->text, note->text) != 0)
            continue;
        if (i + 1 == file->note_count && note->line > old->last_line)
            old->last_line = note->line;
        if (old->line <= note->line && note->line <= old->last_line)
            return true;
    }
    return false;
}

static void add_note(struct haproxy *file, size_t proxy, unsigned line, char *text)
{
    struct haproxy_note note = {line, line, proxy, text};
    struct haproxy_note *notes;

    if (is_told(file, &note))
        return;
    notes = haproxy_grow(file, file->notes, file->note_count, sizeof(*notes));
    note.text = strdup(text);
    if (notes != NULL)
        file->notes = notes;
    if (notes == NULL || note.text == NULL) {
        file->out_of_memory = true;
        free(note.text);
        return;
    }
    notes[file->note_count++] = note;
}

void haproxy_note(struct haproxy *file, unsigned line, const char *format, ...)
{
    size_t proxy = file->proxy_count > 0 ? file->proxy_count - 1 : HAPROXY_NO_PROXY;
    char text[TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add_note(file, proxy, line, text);
}

void haproxy_note_at(struct haproxy *file, size_t proxy, unsigned line, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add_note(file, proxy, line, text);
}

/* ---- values ---- */

static const char *argument(struct haproxy *file, const struct haproxy_words *words, size_t at)
{
    if (at < words->count)
        return words->list[at];
    haproxy_error(file, words->line, "%s: its value is missing", words->list[words->count - 1]);
    return NULL;
}

/* "5000", "5s", "1d": HAProxy counts in milliseconds where there is no unit. */
static int read_time(const char *text, uint64_t *ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = strspn(text, "0123456789");
    char number[16];

    if (digits == 0 || digits >= sizeof(number))
        return -1;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (strnum_uint(number, 0, UINT32_MAX, ms) == -1)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(text + digits, units[i].unit) == 0) {
            *ms *= units[i].ms;
            return 0;
        }
    }
    if (strcmp(text + digits, "us") != 0)
        return -1;
    *ms = (*ms + 999) / 1000;
    return 0;
}

int haproxy_store_time(struct haproxy *file, const struct haproxy_words *words, size_t at,
                       struct haproxy_value *value)
{
    const char *text = argument(file, words, at);
    char duration[STRNUM_DURATION_SIZE];
    uint64_t ms;

    if (text == NULL)
        return -1;
    if (read_time(text, &ms) == -1)
        return haproxy_error(file, words->line, "%s: \"%s\" is not a time such as 500, 500ms or 5s",
                             words->list[at - 1], text);
    value->text = haproxy_keep(file, "%s", strnum_format_duration(ms, duration));
    value->line = words->line;
    return 0;
}

int haproxy_store_number(struct haproxy *file, const struct haproxy_words *words, size_t at,
                         struct haproxy_value *value)
{
    const char *text = argument(file, words, at);
    uint64_t number;

    if (text == NULL)
        return -1;
    if (strnum_uint(text, 0, UINT32_MAX, &number) == -1)
        return haproxy_error(file, words->line, "%s: \"%s\" is not a number", words->list[at - 1],
                             text);
    value->text = haproxy_keep(file, "%llu", (unsigned long long)number);
    value->line = words->line;
    return 0;
}

int haproxy_store_text(struct haproxy *file, const struct haproxy_words *words, size_t at,
                       struct haproxy_value *value)
{
    const char *text = argument(file, words, at);

    if (text == NULL)
        return -1;
    value->text = haproxy_keep(file, "%s", text);
    value->line = words->line;
    return 0;
}

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

/* What follows the name: `from DEFAULTS`. */
static int inherit(struct haproxy *file, struct haproxy_proxy *proxy,
                   const struct haproxy_words *words)
{
    const char *from =
        words->count > 3 && strcmp(words->list[2], "from") == 0 ? words->list[3] : NULL;
    const struct haproxy_proxy *defaults = find_defaults(file, from);

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

    if (words->count < 2 && kind != HAPROXY_DEFAULTS)
        return haproxy_error(file, words->line, "%s: its name is missing", words->list[0]);
    if (words->count >= 2) {
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
    const char *meant = suggest_section(words->list[0]);

    if (opened == SECTION_PROXY)
        *in = open_proxy(file, kind, words) == 0 ? SECTION_PROXY : SECTION_OTHER;
    else if (opened != SECTION_NONE)
        *in = opened;
    if (opened == SECTION_OTHER)
        haproxy_note_at(file, HAPROXY_NO_PROXY, words->line, "%s: sections of that kind",
                        words->list[0]);
    if (opened != SECTION_NONE)
        return;
    if (*in == SECTION_NONE || (*in != SECTION_OTHER && meant != NULL))
        refuse_statement(file, words);
    else if (*in != SECTION_OTHER && words->has_variable)
        haproxy_note(file, words->line, "%s: a variable of the environment", words->list[0]);
    else if (*in == SECTION_GLOBAL)
        read_global(file, words);
    else if (*in == SECTION_PROXY)
        haproxy_read_statement(file, &file->proxies[file->proxy_count - 1], words);
}

static void read_line(struct haproxy *file, enum section *in, char *line, unsigned number)
{
    struct haproxy_words words = {.line = number};
    const char *wrong;

    if (strlen(line) > LINE_MOST) {
        haproxy_error(file, number, "the line is longer than %d bytes", LINE_MOST);
        return;
    }
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
    char line[LINE_MOST + 1];

    for (const char *stop; text < end; text = stop + 1) {
        size_t length;

        stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL)
            stop = end;
        length = (size_t)(stop - text);
        if (length > LINE_MOST)
            continue;
        memcpy(line, text, length);
        line[length] = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (haproxy_split(line, &words) == NULL && is_section_line(&words))
            return true;
    }
    return false;
}
