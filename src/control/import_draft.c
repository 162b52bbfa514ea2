#include "control/import_draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/verb.h"

/* conf_load() takes no longer lines. */
#define LINE_MOST 198

/* A list goes on in another line when it is longer than this. */
#define LIST_MOST 120

/* A longer name of the other file is told without its directory. */
#define NAME_MOST 60

#define TEXT_LIMIT 1048576

/* ---- lines ---- */

/* Cut to what a line may have, between characters; control bytes become '?'. */
static void make_safe(char *text)
{
    size_t length = strlen(text);

    if (length > LINE_MOST) {
        length = LINE_MOST;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
        text[length] = '\0';
    }
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
}

PRINTF_LIKE(4, 0)
static void add_line(struct import_draft *draft, enum import_draft_kind kind, unsigned origin,
                     const char *format, va_list args)
{
    size_t count = draft->count;
    struct import_draft_line *lines = draft->lines;
    char *text = NULL;

    if ((count & (count - 1)) == 0)
        lines = reallocarray(lines, count == 0 ? 1 : count * 2, sizeof(*lines));
    if (lines != NULL)
        draft->lines = lines;
    if (vasprintf(&text, format, args) == -1)
        text = NULL;
    if (lines == NULL || text == NULL) {
        draft->out_of_memory = true;
        free(text);
        return;
    }
    make_safe(text);
    lines[draft->count++] =
        (struct import_draft_line){.kind = kind, .origin = origin, .text = text};
}

PRINTF_LIKE(4, 5)
static void add(struct import_draft *draft, enum import_draft_kind kind, unsigned origin,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_line(draft, kind, origin, format, args);
    va_end(args);
}

void import_draft_add(struct import_draft *draft, const struct import_draft_line *line)
{
    add(draft, line->kind, line->origin, "%s", line->text);
}

void import_draft_section(struct import_draft *draft, const char *name)
{
    import_draft_blank(draft);
    add(draft, DRAFT_SECTION, 0, "[%s]", name);
}

void import_draft_blank(struct import_draft *draft)
{
    if (draft->count > 0)
        add(draft, DRAFT_COMMENT, 0, "%s", "");
}

/* The array may be longer than add_line() thinks, never shorter. */
void import_draft_cut(struct import_draft *draft, size_t count)
{
    while (draft->count > count)
        free(draft->lines[--draft->count].text);
}

/* A comment in the place of a line that k0slb.ini cannot have. */
static void add_lost(struct import_draft *draft, unsigned origin, const char *key,
                     const char *value)
{
    size_t before = draft->count;

    import_draft_comment(draft, origin, origin, "%s = %s: cannot be written", key, value);
    if (draft->count > before)
        draft->lines[before].was_server = import_draft_is_server(key);
}

void import_draft_key(struct import_draft *draft, unsigned origin, const char *key,
                      const char *format, ...)
{
    char *value = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&value, format, args) == -1)
        value = NULL;
    va_end(args);
    if (value == NULL)
        draft->out_of_memory = true;
    else if (value[0] == ';' || strstr(value, " ;") != NULL ||
             strlen(key) + strlen(value) + 3 > LINE_MOST)
        add_lost(draft, origin, key, value);
    else
        add(draft, DRAFT_KEY, origin, *value != '\0' ? "%s = %s" : "%s =%s", key, value);
    free(value);
}

bool import_draft_is_server(const char *text)
{
    return strncmp(text, "server ", strlen("server ")) == 0;
}

void import_draft_list(struct import_draft *draft, unsigned origin, const char *key,
                       const char *list)
{
    while (strlen(list) > LIST_MOST) {
        const char *end = strstr(list + LIST_MOST, ", ");

        if (end == NULL)
            break;
        import_draft_key(draft, origin, key, "%.*s", (int)(end - list), list);
        list = end + 2;
    }
    import_draft_key(draft, origin, key, "%s", list);
}

/* The name of the other file that has room in a line. */
static const char *short_name(const struct import_draft *draft)
{
    const char *slash = strrchr(draft->name, '/');

    return strlen(draft->name) > NAME_MOST && slash != NULL ? slash + 1 : draft->name;
}

void import_draft_comment(struct import_draft *draft, unsigned origin, unsigned last,
                          const char *format, ...)
{
    char place[32] = "";
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) == -1)
        text = NULL;
    va_end(args);
    if (origin != 0 && last > origin)
        snprintf(place, sizeof(place), ":%u-%u", origin, last);
    else if (origin != 0)
        snprintf(place, sizeof(place), ":%u", origin);
    if (text == NULL)
        draft->out_of_memory = true;
    else
        add(draft, DRAFT_COMMENT, origin, "; %.*s%s: %s", NAME_MOST, short_name(draft), place,
            text);
    free(text);
}

void import_draft_free(struct import_draft *draft)
{
    for (size_t i = 0; i < draft->count; i++)
        free(draft->lines[i].text);
    free(draft->lines);
    *draft = (struct import_draft){.name = draft->name};
}

void import_draft_text(const struct import_draft *draft, struct textbuf *out)
{
    textbuf_init(out, TEXT_LIMIT);
    for (size_t i = 0; i < draft->count; i++)
        textbuf_printf(out, "%s\n", draft->lines[i].text);
}

int import_draft_print(const struct import_draft *draft)
{
    struct textbuf text;
    int status;

    import_draft_text(draft, &text);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

void import_draft_tell(const struct import_draft *draft)
{
    unsigned count = 0;

    for (size_t i = 0; i < draft->count; i++)
        count += draft->lines[i].kind == DRAFT_COMMENT && draft->lines[i].text[0] != '\0';
    if (count > 0)
        control_complain("%s: %u comment%s in the result: read what is not carried over as it was",
                         draft->name, count, count == 1 ? "" : "s");
}
