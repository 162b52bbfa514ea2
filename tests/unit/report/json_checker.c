#include "json_checker.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 64

/* Each skip_ function returns what follows its value, or NULL when there is none. */
static const char *skip_value(const char *s, int depth);

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

static const char *skip_continuation(const char *s, unsigned low, unsigned high, int more)
{
    if ((unsigned char)*s < low || (unsigned char)*s > high)
        return NULL;
    for (s++; more > 0; more--, s++) {
        if (((unsigned char)*s & 0xc0) != 0x80)
            return NULL;
    }
    return s;
}

static const char *skip_utf8(const char *s)
{
    unsigned c = (unsigned char)*s++;

    if (c < 0x80)
        return c >= 0x20 ? s : NULL;
    if (c >= 0xc2 && c <= 0xdf)
        return skip_continuation(s, 0x80, 0xbf, 0);
    if (c >= 0xe0 && c <= 0xef)
        return skip_continuation(s, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf, 1);
    if (c >= 0xf0 && c <= 0xf4)
        return skip_continuation(s, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf, 2);
    return NULL;
}

static const char *skip_escape(const char *s)
{
    if (*s != '\0' && strchr("\"\\/bfnrt", *s) != NULL)
        return s + 1;
    if (*s != 'u')
        return NULL;
    for (int i = 1; i <= 4; i++) {
        if (!isxdigit((unsigned char)s[i]))
            return NULL;
    }
    return s + 5;
}

static const char *skip_string(const char *s)
{
    if (*s++ != '"')
        return NULL;
    while (s != NULL && *s != '"')
        s = *s == '\\' ? skip_escape(s + 1) : skip_utf8(s);
    return s == NULL ? NULL : s + 1;
}

static const char *skip_digits(const char *s)
{
    if (!isdigit((unsigned char)*s))
        return NULL;
    while (isdigit((unsigned char)*s))
        s++;
    return s;
}

static const char *skip_number(const char *s)
{
    s += *s == '-';
    s = *s == '0' ? s + 1 : skip_digits(s);
    if (s != NULL && *s == '.')
        s = skip_digits(s + 1);
    if (s != NULL && (*s == 'e' || *s == 'E')) {
        s++;
        s += *s == '+' || *s == '-';
        s = skip_digits(s);
    }
    return s;
}

static const char *skip_key(const char *s)
{
    s = skip_string(skip_space(s));
    if (s == NULL)
        return NULL;
    s = skip_space(s);
    return *s == ':' ? s + 1 : NULL;
}

static const char *skip_list(const char *s, char end, int depth)
{
    s = skip_space(s + 1);
    if (*s == end)
        return s + 1;
    for (;;) {
        if (end == '}')
            s = skip_key(s);
        if (s != NULL)
            s = skip_value(s, depth + 1);
        if (s == NULL)
            return NULL;
        s = skip_space(s);
        if (*s == end)
            return s + 1;
        if (*s++ != ',')
            return NULL;
    }
}

static const char *skip_value(const char *s, int depth)
{
    static const char *const words[] = {"true", "false", "null"};

    s = skip_space(s);
    if (depth > DEPTH_MOST)
        return NULL;
    if (*s == '{' || *s == '[')
        return skip_list(s, *s == '{' ? '}' : ']', depth);
    if (*s == '"')
        return skip_string(s);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(s, words[i], strlen(words[i])) == 0)
            return s + strlen(words[i]);
    }
    return skip_number(s);
}

bool json_is_valid(const char *text)
{
    const char *end = skip_value(text, 0);

    return end != NULL && *skip_space(end) == '\0';
}

/* The value in an object or array for one step of a path, or NULL. */
static const char *enter(const char *s, const char *step, size_t length)
{
    bool object = *s == '{';
    long index = strtol(step, NULL, 10);

    if (*s != '{' && *s != '[')
        return NULL;
    for (s = skip_space(s + 1); *s != '}' && *s != ']'; index--) {
        bool found = !object && index == 0;

        if (object) {
            found = strncmp(s + 1, step, length) == 0 && s[1 + length] == '"';
            s = skip_key(s);
        }
        s = skip_space(s);
        if (found)
            return s;
        s = skip_space(skip_value(s, 0));
        s = skip_space(s + (*s == ','));
    }
    return NULL;
}

char *json_at(const char *text, const char *path, char *out, size_t size)
{
    const char *s = skip_space(text);

    while (s != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");

        s = enter(s, path, length);
        path += length + (path[length] == '.');
    }
    if (s == NULL)
        snprintf(out, size, "(none)");
    else
        snprintf(out, size, "%.*s", (int)(skip_value(s, 0) - s), s);
    return out;
}
