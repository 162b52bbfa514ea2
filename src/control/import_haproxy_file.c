#include "control/import_haproxy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for a sentence about a line. */
#define TEXT_SIZE 320

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
        free(file->proxies[i].rules);
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

PRINTF_LIKE(4, 0)
static void add_note(struct haproxy *file, size_t proxy, unsigned line, const char *format,
                     va_list args)
{
    struct haproxy_note *notes = haproxy_grow(file, file->notes, file->note_count, sizeof(*notes));
    char text[TEXT_SIZE];

    if (notes == NULL)
        return;
    file->notes = notes;
    vsnprintf(text, sizeof(text), format, args);
    notes[file->note_count] = (struct haproxy_note){line, line, proxy, strdup(text)};
    if (notes[file->note_count].text != NULL)
        file->note_count++;
    else
        file->out_of_memory = true;
}

void haproxy_note(struct haproxy *file, unsigned line, const char *format, ...)
{
    size_t proxy = file->proxy_count > 0 ? file->proxy_count - 1 : HAPROXY_NO_PROXY;
    va_list args;

    va_start(args, format);
    add_note(file, proxy, line, format, args);
    va_end(args);
}

void haproxy_note_at(struct haproxy *file, size_t proxy, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_note(file, proxy, line, format, args);
    va_end(args);
}

static int compare_notes(const void *a, const void *b)
{
    const struct haproxy_note *left = a;
    const struct haproxy_note *right = b;

    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return strcmp(left->text, right->text);
}

/* Whether it is about a section that is not there any more. */
static bool is_moot(const struct haproxy *file, const struct haproxy_note *note)
{
    return note->proxy != HAPROXY_NO_PROXY && file->proxies[note->proxy].left_out;
}

/* The same again, of the same line or of a later one of that section. */
static bool is_repeated(const struct haproxy_note *last, const struct haproxy_note *note)
{
    return strcmp(last->text, note->text) == 0 &&
           (last->proxy == note->proxy || last->last_line == note->line);
}

void haproxy_settle_notes(struct haproxy *file)
{
    struct haproxy_note *notes = file->notes;
    size_t kept = 0;

    if (file->note_count > 1)
        qsort(notes, file->note_count, sizeof(*notes), compare_notes);
    for (size_t i = 0; i < file->note_count; i++) {
        if (is_moot(file, &notes[i])) {
            free(notes[i].text);
        } else if (kept > 0 && is_repeated(&notes[kept - 1], &notes[i])) {
            notes[kept - 1].last_line = notes[i].line;
            free(notes[i].text);
        } else {
            notes[kept++] = notes[i];
        }
    }
    file->note_count = kept;
}
