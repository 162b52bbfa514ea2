/* What a terminal shows of a text, and how a text is made to fit one. */
#include "report/words.h"

#include <string.h>

#include "base/defs.h"

/* ---- characters ---- */

/* The bounds of the second byte exclude overlong forms, surrogates and what is beyond U+10FFFF. */
static unsigned sequence_length(const unsigned char *s)
{
    unsigned low = 0x80;
    unsigned high = 0xbf;

    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        return s[1] >= low && s[1] <= high ? 2 : 0;
    if (s[0] == 0xe0 || s[0] == 0xf0)
        low = s[0] == 0xe0 ? 0xa0 : 0x90;
    if (s[0] == 0xed || s[0] == 0xf4)
        high = s[0] == 0xed ? 0x9f : 0x8f;
    if (s[0] < 0xe0 || s[0] > 0xf4 || s[1] < low || s[1] > high || (s[2] & 0xc0) != 0x80)
        return 0;
    if (s[0] < 0xf0)
        return 3;
    return (s[3] & 0xc0) == 0x80 ? 4 : 0;
}

unsigned words_utf8(const char *string)
{
    const unsigned char *s = (const unsigned char *)string;

    return s[0] < 0x80 ? 1 : sequence_length(s);
}

/* The code point of a sequence of that length, which words_utf8() has found. */
static uint32_t code_point(const char *string, unsigned length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)string[0] & masks[length];

    for (unsigned i = 1; i < length; i++)
        point = point << 6 | ((unsigned char)string[i] & 0x3f);
    return point;
}

struct points {
    uint32_t first;
    uint32_t last;
};

static bool is_among(uint32_t point, const struct points *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= list[i].first && point <= list[i].last)
            return true;
    }
    return false;
}

/*
 * What moves the cursor, ends a line, or turns the order of what stands beside it: C0 and C1
 * controls, DEL, marks of direction, and Unicode's own ends of line.
 */
static bool is_control(const char *string, unsigned length)
{
    static const struct points list[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200b, 0x200f},
                                         {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}};

    return is_among(code_point(string, length), list, ARRAY_LEN(list));
}

/* East Asian characters and pictures, which most terminals give two places (Unicode's annex 11). */
static bool is_wide(const char *string, unsigned length)
{
    static const struct points list[] = {
        {0x1100, 0x115f}, {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff}, {0xfe30, 0xfe6f},   {0xff00, 0xff60},
        {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
    };

    return length > 2 && is_among(code_point(string, length), list, ARRAY_LEN(list));
}

/* The places and the bytes that the next character of a safe text takes. */
static unsigned next_places(const char *text, unsigned *length)
{
    *length = words_utf8(text);
    if (*length == 0) {
        *length = 1;
        return 1;
    }
    return is_wide(text, *length) ? 2 : 1;
}

static unsigned places_of(const char *text, size_t size)
{
    const char *end = text + size;
    unsigned places = 0;
    unsigned length;

    for (; text < end; text += length)
        places += next_places(text, &length);
    return places;
}

size_t words_width(const char *text)
{
    return places_of(text, strlen(text));
}

void words_safe(struct textbuf *out, const char *string)
{
    while (*string != '\0') {
        unsigned length = words_utf8(string);

        if (length == 0 || is_control(string, length))
            textbuf_puts(out, "?");
        else
            textbuf_append(out, string, length);
        string += length > 0 ? length : 1;
    }
}

/* ---- lines ---- */

struct line {
    struct textbuf *out;
    unsigned used;
    unsigned indent;
    unsigned width;
    bool is_first; /* word of this line */
};

static void begin_line(struct line *line)
{
    textbuf_printf(line->out, "\n%*s", (int)line->indent, "");
    line->used = line->indent;
    line->is_first = true;
}

/* A word that is longer than a line is broken where the line ends. */
static void put_pieces(struct line *line, const char *word, size_t size)
{
    const char *end = word + size;

    while (word < end) {
        unsigned length;
        unsigned places = next_places(word, &length);

        if (line->used + places > line->width && line->used > line->indent)
            begin_line(line);
        textbuf_append(line->out, word, length);
        line->used += places;
        word += length;
    }
    line->is_first = false;
}

static void put_word(struct line *line, const char *word, size_t size)
{
    if (!line->is_first && line->used + 1 + places_of(word, size) > line->width)
        begin_line(line);
    if (!line->is_first) {
        textbuf_puts(line->out, " ");
        line->used++;
    }
    put_pieces(line, word, size);
}

void words_wrap(struct textbuf *out, const char *string, unsigned used, unsigned indent,
                unsigned width)
{
    struct line line = {
        .out = out, .used = used, .indent = indent, .width = width, .is_first = true};
    struct textbuf safe;

    textbuf_init(&safe, out->limit);
    words_safe(&safe, string);
    for (const char *at = safe.data; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");

        put_word(&line, at, size);
        at += size;
    }
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
}

void words_clip(struct textbuf *out, const char *string, unsigned places)
{
    struct textbuf safe;
    unsigned used = 0;
    unsigned length;

    textbuf_init(&safe, out->limit);
    words_safe(&safe, string);
    for (const char *at = safe.data; at != NULL && *at != '\0'; at += length) {
        unsigned here = next_places(at, &length);

        if (used + here + (at[length] != '\0') > places) {
            textbuf_puts(out, "~");
            break;
        }
        textbuf_append(out, at, length);
        used += here;
    }
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
}
