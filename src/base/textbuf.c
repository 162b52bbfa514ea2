#include "base/textbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void textbuf_init(struct textbuf *text, size_t limit)
{
    *text = (struct textbuf){.limit = limit};
}

void textbuf_fini(struct textbuf *text)
{
    free(text->data);
    textbuf_init(text, text->limit);
}

void textbuf_clear(struct textbuf *text)
{
    text->length = 0;
    text->truncated = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

/* Makes room for `size` more bytes and the NUL. */
static bool reserve(struct textbuf *text, size_t size)
{
    size_t want = text->length + size + 1;
    size_t capacity = text->capacity < 256 ? 256 : text->capacity;
    char *grown;

    if (size > text->limit - text->length) {
        text->truncated = true;
        return false;
    }
    if (want <= text->capacity)
        return true;
    while (capacity < want)
        capacity *= 2;
    grown = realloc(text->data, capacity);
    if (grown == NULL) {
        text->truncated = true;
        return false;
    }
    text->data = grown;
    text->capacity = capacity;
    return true;
}

void textbuf_append(struct textbuf *text, const char *data, size_t size)
{
    if (!reserve(text, size))
        return;
    memcpy(text->data + text->length, data, size);
    text->length += size;
    text->data[text->length] = '\0';
}

void textbuf_puts(struct textbuf *text, const char *string)
{
    textbuf_append(text, string, strlen(string));
}

/* Printed where it may fit already: reports are made of thousands of short pieces. */
void textbuf_vprintf(struct textbuf *text, const char *format, va_list args)
{
    size_t room = text->capacity > 0 ? text->capacity - text->length : 0;
    va_list again;
    int size;

    va_copy(again, args);
    size = vsnprintf(room > 0 ? text->data + text->length : NULL, room, format, again);
    va_end(again);
    if (size < 0 || !reserve(text, (size_t)size)) {
        if (room > 0)
            text->data[text->length] = '\0';
        return;
    }
    if ((size_t)size >= room)
        vsnprintf(text->data + text->length, (size_t)size + 1, format, args);
    text->length += (size_t)size;
}

void textbuf_printf(struct textbuf *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    textbuf_vprintf(text, format, args);
    va_end(args);
}
