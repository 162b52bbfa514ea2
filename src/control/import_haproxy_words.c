#include "control/import_haproxy.h"

#include <ctype.h>
#include <string.h>

/* How far a line has been read, and where the current word is written to, which is never later. */
struct scan {
    const char *from;
    char *to;
    char quote; /* '"' or '\'' inside quotes, else NUL */
    bool has_variable;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int hex_value(char c)
{
    if (!isxdigit((unsigned char)c))
        return -1;
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Behind a backslash, which stays where it means nothing. */
static const char *take_escape(struct scan *scan)
{
    static const char letters[] = "nrt";
    static const char meant[] = "\n\r\t";
    char c = *scan->from;
    const char *letter = c != '\0' && scan->quote == '\0' ? strchr(letters, c) : NULL;

    if (c == '\0' || (scan->quote != '\0' && strchr("\"\\$", c) == NULL)) {
        c = '\\';
    } else if (c == 'x' && scan->quote == '\0') {
        if (hex_value(scan->from[1]) == -1 || hex_value(scan->from[2]) == -1)
            return "\\x needs two hexadecimal digits";
        c = (char)(hex_value(scan->from[1]) * 16 + hex_value(scan->from[2]));
        scan->from += 3;
    } else if (letter != NULL) {
        c = meant[letter - letters];
        scan->from++;
    } else if (scan->quote != '\0' || strchr(" \\#\"'", c) != NULL) {
        scan->from++;
    } else {
        c = '\\';
    }
    *scan->to++ = c;
    return NULL;
}

/* Behind a '$'. Without quotes HAProxy has variables where addresses stand. */
static bool is_variable(const struct scan *scan)
{
    char c = *scan->from;

    if (scan->quote != '\0')
        return scan->quote == '"';
    return c == '{' || c == '_' || isalpha((unsigned char)c);
}

/* Takes one word, which has begun. Returns NULL or what is wrong. */
static const char *take_word(struct scan *scan)
{
    const char *wrong = NULL;

    while (*scan->from != '\0' && wrong == NULL) {
        char c = *scan->from;

        if (scan->quote == '\0' && (is_blank(c) || c == '#'))
            break;
        scan->from++;
        if (c == '\\' && scan->quote != '\'') {
            wrong = take_escape(scan);
        } else if (scan->quote == '\0' && (c == '"' || c == '\'')) {
            scan->quote = c;
        } else if (scan->quote != '\0' && c == scan->quote) {
            scan->quote = '\0';
        } else {
            scan->has_variable |= c == '$' && is_variable(scan);
            *scan->to++ = c;
        }
    }
    return wrong == NULL && scan->quote != '\0' ? "a quote is not closed" : wrong;
}

const char *haproxy_split(char *line, struct haproxy_words *words)
{
    struct scan scan = {.from = line, .to = line};
    const char *wrong;

    words->count = 0;
    words->has_variable = false;
    for (;;) {
        while (is_blank(*scan.from))
            scan.from++;
        if (*scan.from == '\0' || *scan.from == '#')
            break;
        if (words->count == HAPROXY_WORDS)
            return "there are more than 64 words in this line";
        words->list[words->count++] = scan.to;
        wrong = take_word(&scan);
        if (wrong != NULL)
            return wrong;
        if (*scan.from == '#')
            scan.from = "";
        else if (*scan.from != '\0')
            scan.from++; /* its place is needed for the word's end */
        *scan.to++ = '\0';
    }
    words->list[words->count] = NULL;
    words->has_variable = scan.has_variable;
    return NULL;
}
