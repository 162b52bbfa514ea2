#include "report/promtext.h"

#include <string.h>

#include "report/words.h"

/* Digits of a 64-bit number, a point and the NUL. */
#define NUMBER_SIZE 24

void promtext_begin(struct promtext *prom, const char *family, const char *type, const char *help)
{
    prom->family = family;
    textbuf_printf(prom->out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

/* Thousands of samples are written at a time, and printf() takes most of it. */
static void put_number(struct textbuf *out, uint64_t value, unsigned decimals)
{
    char text[NUMBER_SIZE];
    size_t at = sizeof(text);
    unsigned digits = 0;

    do {
        if (digits > 0 && digits == decimals)
            text[--at] = '.';
        text[--at] = (char)('0' + value % 10);
        value /= 10;
        digits++;
    } while (value > 0 || digits <= decimals);
    textbuf_append(out, text + at, sizeof(text) - at);
}

static void put_labels(struct textbuf *out, const struct promtext_key *key)
{
    if (key->labels[0] == '\0' && key->more[0] == '\0')
        return;
    textbuf_append(out, "{", 1);
    textbuf_puts(out, key->labels);
    if (key->labels[0] != '\0' && key->more[0] != '\0')
        textbuf_append(out, ",", 1);
    textbuf_puts(out, key->more);
    textbuf_append(out, "}", 1);
}

void promtext_sample_scaled(struct promtext *prom, const struct promtext_key *key, uint64_t value,
                            unsigned decimals)
{
    textbuf_puts(prom->out, prom->family);
    textbuf_puts(prom->out, key->suffix);
    put_labels(prom->out, key);
    textbuf_append(prom->out, " ", 1);
    put_number(prom->out, value, decimals);
    textbuf_append(prom->out, "\n", 1);
}

void promtext_sample(struct promtext *prom, const struct promtext_key *key, uint64_t value)
{
    promtext_sample_scaled(prom, key, value, 0);
}

/* Newlines do not reach this place: words_safe() has none. */
static void put_escaped(struct textbuf *out, const char *string)
{
    while (*string != '\0') {
        size_t length = strcspn(string, "\\\"");

        textbuf_append(out, string, length);
        string += length;
        if (*string != '\0') {
            textbuf_append(out, "\\", 1);
            textbuf_append(out, string++, 1);
        }
    }
}

void promtext_label(struct textbuf *labels, const char *name, const char *value)
{
    struct textbuf safe;

    textbuf_init(&safe, labels->limit);
    words_safe(&safe, value);
    textbuf_printf(labels, "%s%s=\"", labels->length > 0 ? "," : "", name);
    put_escaped(labels, safe.data != NULL ? safe.data : "");
    textbuf_puts(labels, "\"");
    labels->truncated |= safe.truncated;
    textbuf_fini(&safe);
}
