#include "report/json.h"

#include <string.h>

#include "base/mono.h"

#include "report/words.h"

/* Digits of a 64-bit number. */
#define NUMBER_SIZE 20

/* What stands for itself, byte by byte. */
static size_t count_plain(const char *string, size_t length)
{
    size_t count = 0;

    while (count < length) {
        unsigned char c = (unsigned char)string[count];

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            break;
        count++;
    }
    return count;
}

/* One character that does not; returns how many bytes it has. */
static size_t put_character(struct textbuf *out, const char *string, size_t length)
{
    unsigned char c = (unsigned char)*string;
    unsigned size = words_utf8(string);

    if (size == 0 || size > length) {
        textbuf_puts(out, "\\ufffd");
        return 1;
    }
    if (c == '"' || c == '\\')
        textbuf_printf(out, "\\%c", c);
    else if (c < 0x20 || c == 0x7f)
        textbuf_printf(out, "\\u%04x", c);
    else
        textbuf_append(out, string, size);
    return size;
}

static void write_escaped(struct textbuf *out, const char *string, size_t length)
{
    while (length > 0) {
        size_t done = count_plain(string, length);

        if (done > 0)
            textbuf_append(out, string, done);
        else
            done = put_character(out, string, length);
        string += done;
        length -= done;
    }
}

/* The comma, and the key inside an object; NULL inside an array. Keys need no escaping. */
static void begin_value(struct json *json, const char *key)
{
    if (json->comma)
        textbuf_append(json->out, ",", 1);
    if (key != NULL) {
        textbuf_append(json->out, "\"", 1);
        textbuf_puts(json->out, key);
        textbuf_append(json->out, "\":", 2);
    }
    json->comma = true;
}

/* There are tens of thousands of them in a text, and printf() would take most of it. */
static void put_digits(struct textbuf *out, uint64_t value, unsigned least)
{
    char text[NUMBER_SIZE];
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || sizeof(text) - at < least);
    textbuf_append(out, text + at, sizeof(text) - at);
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
    put_digits(json->out, value, 1);
}

void json_put_number_at(struct json *json, const char *name, uint64_t value)
{
    json_put_text(json, NULL, name);
    textbuf_append(json->out, ":", 1);
    put_digits(json->out, value, 1);
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

void json_put_addresses(struct json *json, const char *key, const struct addr *addresses,
                        size_t count)
{
    json_open(json, key, "[");
    for (size_t i = 0; i < count; i++)
        json_put_address(json, NULL, &addresses[i]);
    json_close(json, "]");
}

void json_put_ms(struct json *json, const char *key, uint32_t us)
{
    begin_value(json, key);
    put_digits(json->out, us / 1000, 1);
    textbuf_append(json->out, ".", 1);
    put_digits(json->out, us % 1000, 3);
}
