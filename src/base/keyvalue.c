#include "base/keyvalue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char event_key[] = "event=";

/* The longest that stands for one byte: "\u001f". */
#define ESCAPE_SIZE 7

/* ---- writing ---- */

static bool is_plain(char byte)
{
    return (unsigned char)byte > ' ' && byte != 0x7f && byte != '"' && byte != '\\' && byte != '=';
}

/*
 * U+0080 to U+009F in UTF-8: terminals obey these, too. What certificates say is foreign, and may
 * have them.
 */
static bool is_c1(const char *at)
{
    return (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] >= 0x80 &&
           (unsigned char)at[1] <= 0x9f;
}

/* Whether a value can stand without quotation marks, and is not taken for "not known". */
static bool is_word(const char *value)
{
    const char *at = value;

    while (is_plain(*at) && !is_c1(at))
        at++;
    return *at == '\0' && at > value && strcmp(value, "-") != 0;
}

/* What stands for what begins there, between quotation marks. */
static size_t escape(const char *at, char out[ESCAPE_SIZE])
{
    const char byte = is_c1(at) ? '?' : *at;
    static const char named[] = "\"\"\\\\\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
        if (byte == named[i])
            return (size_t)snprintf(out, ESCAPE_SIZE, "\\%c", named[i + 1]);
    }
    if ((unsigned char)byte < ' ' || byte == 0x7f)
        return (size_t)snprintf(out, ESCAPE_SIZE, "\\u%04x", (unsigned)byte);
    out[0] = byte;
    return 1;
}

static size_t room(const struct keyvalue *line)
{
    return sizeof(line->text) - 1 - line->length;
}

static void append(struct keyvalue *line, const char *data, size_t size)
{
    memcpy(line->text + line->length, data, size);
    line->length += size;
    line->text[line->length] = '\0';
}

/* Appends " KEY="; false, and nothing, when there is no room for that and two quotation marks. */
static bool append_key(struct keyvalue *line, const char *key)
{
    size_t size = strlen(key);

    if (room(line) < size + 4)
        return false;
    append(line, " ", 1);
    append(line, key, size);
    append(line, "=", 1);
    return true;
}

static void append_quoted(struct keyvalue *line, const char *value)
{
    char escaped[ESCAPE_SIZE];

    append(line, "\"", 1);
    while (*value != '\0') {
        size_t size = escape(value, escaped);

        if (room(line) < size + 1)
            break;
        append(line, escaped, size);
        value += is_c1(value) ? 2 : 1;
    }
    append(line, "\"", 1);
}

static void append_value(struct keyvalue *line, const char *value)
{
    size_t size = strlen(value);

    if (is_word(value) && size <= room(line))
        append(line, value, size);
    else
        append_quoted(line, value);
}

void keyvalue_begin(struct keyvalue *line, const char *event)
{
    line->length = 0;
    append(line, event_key, strlen(event_key));
    append_value(line, event);
}

void keyvalue_word(struct keyvalue *line, const char *key, const char *value)
{
    if (!append_key(line, key))
        return;
    if (value == NULL)
        append(line, "-", 1);
    else
        append_value(line, value);
}

void keyvalue_number(struct keyvalue *line, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    keyvalue_word(line, key, text);
}

void keyvalue_address(struct keyvalue *line, const char *key, const struct addr *value)
{
    char text[ADDR_TEXT_SIZE];

    keyvalue_word(line, key,
                  value == NULL || value->family == ADDR_NONE ? NULL : addr_format(value, text));
}

void keyvalue_vquote(struct keyvalue *line, const char *key, const char *format, va_list args)
{
    char text[KEYVALUE_SIZE];

    vsnprintf(text, sizeof(text), format, args);
    if (append_key(line, key))
        append_quoted(line, text);
}

void keyvalue_quote(struct keyvalue *line, const char *key, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    keyvalue_vquote(line, key, format, args);
    va_end(args);
}

/* ---- reading ---- */

/* The byte that stands at *at, behind which it moves. */
static char unescape(const char **at)
{
    char digits[5] = "";
    char byte = *(*at)++;

    if (byte != '\\' || **at == '\0')
        return byte;
    byte = *(*at)++;
    if (byte == 'u') {
        snprintf(digits, sizeof(digits), "%.4s", *at);
        *at += strlen(digits);
        return (char)strtoul(digits, NULL, 16);
    }
    return byte == 'n' ? '\n' : byte == 'r' ? '\r' : byte == 't' ? '\t' : byte;
}

/* Copies a value that begins at `at`, and returns what is behind it. */
static const char *read_value(const char *at, char *value, size_t size)
{
    bool is_quoted = *at == '"';
    size_t length = 0;

    at += is_quoted;
    while (*at != '\0' && *at != (is_quoted ? '"' : ' ')) {
        char byte = is_quoted ? unescape(&at) : *at++;

        if (length + 1 < size)
            value[length++] = byte;
    }
    if (size > 0)
        value[length] = '\0';
    return at + (is_quoted && *at == '"');
}

bool keyvalue_get(const char *line, const char *key, char *value, size_t size)
{
    const size_t key_size = strlen(key);

    while (*line != '\0') {
        size_t length = strcspn(line, " =");

        if (line[length] != '=')
            return false;
        if (length == key_size && memcmp(line, key, length) == 0) {
            read_value(line + length + 1, value, size);
            return true;
        }
        line = read_value(line + length + 1, NULL, 0);
        line += *line == ' ';
    }
    return false;
}

const char *keyvalue_find(const char *record)
{
    const char *behind = strstr(record, ": event=");

    if (strncmp(record, event_key, strlen(event_key)) == 0)
        return record;
    return behind != NULL ? behind + 2 : NULL;
}
