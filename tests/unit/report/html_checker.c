#include "html_checker.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MOST 32
#define NAME_SIZE  16

struct reader {
    const char *at;
    unsigned depth;
    unsigned scripts;
    char open[DEPTH_MOST][NAME_SIZE];
    const char *mistake; /* the first one, without its place */
};

static bool fail(struct reader *reader, const char *mistake)
{
    reader->mistake = mistake;
    return false;
}

static bool is_word(const char *word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(word, *list) == 0)
            return true;
    }
    return false;
}

/* Lower-case letters, digits and, after the first, dashes. */
static bool take_name(struct reader *reader, char name[NAME_SIZE])
{
    size_t length = strspn(reader->at, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (length == 0 || length >= NAME_SIZE || !islower((unsigned char)*reader->at))
        return fail(reader, "no name");
    memcpy(name, reader->at, length);
    name[length] = '\0';
    reader->at += length;
    return true;
}

/* What follows an '&' has to be one of the entities that the project writes. */
static bool take_entity(struct reader *reader)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (strncmp(reader->at, entities[i], strlen(entities[i])) == 0) {
            reader->at += strlen(entities[i]);
            return true;
        }
    }
    return fail(reader, "no entity");
}

/* Up to, but without, one of the bytes in `end`; others that have a meaning are mistakes. */
static bool take_text(struct reader *reader, const char *end)
{
    while (*reader->at != '\0' && strchr(end, *reader->at) == NULL) {
        if (strchr("<>", *reader->at) != NULL)
            return fail(reader, "not escaped");
        if (*reader->at != '&')
            reader->at++;
        else if (!take_entity(reader))
            return false;
    }
    return true;
}

static bool take_attribute(struct reader *reader)
{
    char name[NAME_SIZE];

    reader->at++;
    if (!take_name(reader, name))
        return false;
    if (strncmp(name, "on", 2) == 0 || strcmp(name, "style") == 0)
        return fail(reader, "an attribute that the page must not have");
    if (strncmp(reader->at, "=\"", 2) != 0)
        return fail(reader, "no value in quotes");
    reader->at += 2;
    if (!take_text(reader, "\""))
        return false;
    if (*reader->at++ != '"')
        return fail(reader, "a value without end");
    return true;
}

static bool open_element(struct reader *reader, const char *name)
{
    static const char *const alone[] = {"meta", "link", NULL};
    static const char *const known[] = {
        "html",     "head",   "title",   "style", "script", "noscript", "body",    "header",
        "main",     "footer", "section", "div",   "h1",     "h2",       "h3",      "p",
        "a",        "b",      "span",    "small", "time",   "ul",       "ol",      "li",
        "dl",       "dt",     "dd",      "pre",   "button", "details",  "summary", "table",
        "colgroup", "thead",  "tbody",   "tr",    "th",     "td",       NULL};

    if (is_word(name, alone))
        return true;
    if (!is_word(name, known))
        return fail(reader, "an element that the page must not have");
    if (reader->depth == DEPTH_MOST)
        return fail(reader, "too deep");
    strcpy(reader->open[reader->depth++], name);
    return true;
}

static bool take_begin(struct reader *reader)
{
    char name[NAME_SIZE];
    const char *end;

    reader->at++;
    if (!take_name(reader, name))
        return false;
    while (*reader->at == ' ') {
        if (!take_attribute(reader))
            return false;
    }
    if (*reader->at++ != '>')
        return fail(reader, "a tag without end");
    if (!open_element(reader, name))
        return false;
    if (strcmp(name, "script") == 0 && ++reader->scripts > 1)
        return fail(reader, "a second script");
    if (strcmp(name, "style") != 0 && strcmp(name, "script") != 0)
        return true;
    end = strstr(reader->at, "</");
    reader->at = end != NULL ? end : reader->at;
    return true;
}

static bool take_end(struct reader *reader)
{
    char name[NAME_SIZE];

    reader->at += 2;
    if (!take_name(reader, name))
        return false;
    if (reader->depth == 0 || strcmp(reader->open[reader->depth - 1], name) != 0)
        return fail(reader, "closes what is not open");
    reader->depth--;
    if (*reader->at++ != '>')
        return fail(reader, "a tag without end");
    return true;
}

static bool take_page(struct reader *reader)
{
    static const char type[] = "<!DOCTYPE html>\n";

    if (strncmp(reader->at, type, strlen(type)) != 0)
        return fail(reader, "no document type");
    reader->at += strlen(type);
    if (strncmp(reader->at, "<html", 5) != 0)
        return fail(reader, "no html element");
    do {
        if (reader->at[1] == '/' ? !take_end(reader) : !take_begin(reader))
            return false;
        if (reader->depth > 0 && !take_text(reader, "<"))
            return false;
    } while (*reader->at == '<' && reader->depth > 0);
    if (reader->depth > 0)
        return fail(reader, "not closed");
    return strcmp(reader->at, "\n") == 0 || fail(reader, "no single line end behind the page");
}

const char *html_mistake(const char *text)
{
    static char sentence[200];
    struct reader reader = {.at = text};

    if (take_page(&reader))
        return NULL;
    snprintf(sentence, sizeof(sentence), "%s: %.100s", reader.mistake, reader.at);
    return sentence;
}
