#include "report/json.h"

#include <string.h>

#include "base/mono.h"

#include "report/words.h"

static void write_escaped(struct textbuf *out, const char *string, size_t length)
{
    while (length > 0) {
        unsigned char c = (unsigned char)*string;
        unsigned size = words_utf8(string);

        if (size == 0 || size > length)
            textbuf_puts(out, "\\ufffd");
        else if (c == '"' || c == '\\')
            textbuf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            textbuf_printf(out, "\\u%04x", c);
        else
            textbuf_append(out, string, size);
        size = size == 0 || size > length ? 1 : size;
        string += size;
        length -= size;
    }
}

/* The comma, and the key inside an object; NULL inside an array. Keys need no escaping. */
static void begin_value(struct json *json, const char *key)
{
    if (json->comma)
        textbuf_puts(json->out, ",");
    if (key != NULL)
        textbuf_printf(json->out, "\"%s\":", key);
    json->comma = true;
}

void json_open(struct json *json, const char *key, const char *bracket)
{
    begin_value(json, key);
    textbuf_puts(json->out, bracket);
    json->comma = false;
}

void json_close(struct json *json, const char *bracket)
{
    textbuf_puts(json->out, bracket);
    json->comma = true;
}

void json_put_piece(struct json *json, const char *key, const char *string, size_t length)
{
    begin_value(json, key);
    textbuf_puts(json->out, "\"");
    write_escaped(json->out, string, length);
    textbuf_puts(json->out, "\"");
}

void json_put_text(struct json *json, const char *key, const char *string)
{
    json_put_piece(json, key, string, strlen(string));
}

void json_put_number(struct json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    textbuf_printf(json->out, "%llu", (unsigned long long)value);
}

void json_put_word(struct json *json, const char *key, const char *word)
{
    begin_value(json, key);
    textbuf_puts(json->out, word);
}

void json_put_bool(struct json *json, const char *key, bool value)
{
    json_put_word(json, key, value ? "true" : "false");
}

void json_put_time(struct json *json, const char *key, uint64_t ms)
{
    char text[WALL_TEXT_SIZE];

    json_put_text(json, key, wall_format(ms, text));
}

void json_put_address(struct json *json, const char *key, const struct addr *address)
{
    char text[ADDR_TEXT_SIZE];

    if (address->family == ADDR_NONE)
        json_put_word(json, key, "null");
    else
        json_put_text(json, key, addr_format(address, text));
}

void json_put_ms(struct json *json, const char *key, uint32_t us)
{
    begin_value(json, key);
    textbuf_printf(json->out, "%u.%03u", us / 1000, us % 1000);
}
