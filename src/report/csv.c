#include "report/csv.h"

#include <string.h>

#include "report/words.h"

static void put_quoted(struct textbuf *out, const char *string)
{
    textbuf_puts(out, "\"");
    while (*string != '\0') {
        size_t length = strcspn(string, "\"");

        textbuf_append(out, string, length);
        string += length;
        if (*string == '"') {
            textbuf_puts(out, "\"\"");
            string++;
        }
    }
    textbuf_puts(out, "\"");
}

void csv_put_text(struct textbuf *out, const char *string)
{
    struct textbuf safe;

    textbuf_init(&safe, out->limit);
    words_safe(&safe, string);
    if (safe.data != NULL && strpbrk(safe.data, ",\"") != NULL)
        put_quoted(out, safe.data);
    else if (safe.data != NULL)
        textbuf_append(out, safe.data, safe.length);
    out->truncated |= safe.truncated;
    textbuf_fini(&safe);
    textbuf_append(out, ",", 1);
}

void csv_put_number(struct textbuf *out, uint64_t value)
{
    textbuf_printf(out, "%llu,", (unsigned long long)value);
}

void csv_put_nothing(struct textbuf *out)
{
    textbuf_append(out, ",", 1);
}

void csv_end_row(struct textbuf *out)
{
    textbuf_append(out, "\n", 1);
}
