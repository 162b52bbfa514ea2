#include "control/doctor_wrap.h"

#include <string.h>

#include "report/words.h"

/* What a terminal shows of so many bytes of UTF-8. */
static size_t width_of(const char *text, size_t size)
{
    size_t width = 0;

    for (size_t i = 0; i < size; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static void wrap_safe(struct textbuf *out, size_t column, unsigned indent, const char *join,
                      const char *text)
{
    const size_t most = DOCTOR_WIDTH - strlen(join);
    bool begins = true;

    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        size_t width = width_of(text, size);

        if (!begins && column + 1 + width > most) {
            textbuf_printf(out, "%s\n%*s", join, (int)indent, "");
            column = indent;
            begins = true;
        }
        if (!begins)
            textbuf_puts(out, " ");
        column += width + !begins;
        textbuf_append(out, text, size);
        begins = false;
        text += size;
        text += strspn(text, " ");
    }
    textbuf_puts(out, "\n");
}

void doctor_wrap(struct textbuf *out, unsigned column, unsigned indent, const char *join,
                 const char *text)
{
    struct textbuf safe;

    textbuf_init(&safe, out->limit);
    words_safe(&safe, text);
    wrap_safe(out, column, indent, join, safe.data != NULL ? safe.data : "");
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
}
