#include "metrics_reader.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 128
#define LINE_SIZE 1024

/* The family that is being read, and its histogram's series. */
struct reader {
    const char *text;
    char family[NAME_SIZE];
    char type[16];
    bool has_type;
    uint64_t below;  /* the last bucket */
    bool has_bucket; /* and no count yet */
    bool has_all;    /* it was +Inf */
};

static size_t name_length(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char more[] = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    return *text != '\0' && strchr(letters, *text) != NULL ? strspn(text, more) : 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* ---- the two lines in front of a family ---- */

/* How often a line that begins so stands in the text. */
static unsigned count_lines(const char *text, const char *begin)
{
    unsigned count = 0;

    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        count += strncmp(at, begin, strlen(begin)) == 0;
    }
    return count;
}

static const char *read_help(struct reader *reader, const char *line)
{
    char begin[NAME_SIZE + 16];
    size_t length = name_length(line);

    if (length == 0 || length >= NAME_SIZE || line[length] != ' ' || line[length + 1] == '\0')
        return "a HELP line without a name or a text";
    if (reader->has_bucket)
        return "a histogram without a count";
    memcpy(reader->family, line, length);
    reader->family[length] = '\0';
    reader->has_type = false;
    snprintf(begin, sizeof(begin), "# HELP %s ", reader->family);
    return count_lines(reader->text, begin) == 1 ? NULL : "a family stands twice";
}

static const char *read_type(struct reader *reader, const char *line)
{
    size_t length = name_length(line);
    bool is_counter;

    if (length != strlen(reader->family) || strncmp(line, reader->family, length) != 0)
        return "a TYPE line that does not follow its HELP line";
    if (line[length] != ' ' || strlen(line + length + 1) >= sizeof(reader->type))
        return "a TYPE line without a type";
    strcpy(reader->type, line + length + 1);
    reader->has_type = true;
    is_counter = strcmp(reader->type, "counter") == 0;
    if (!is_counter && strcmp(reader->type, "gauge") != 0 && strcmp(reader->type, "histogram") != 0)
        return "an unknown type";
    return is_counter == ends_with(reader->family, "_total") ? NULL : "_total is for counters";
}

/* ---- samples ---- */

/* The length of `name="value"`, 0 when it is malformed. */
static size_t label_length(const char *text)
{
    const char *at = text + name_length(text);

    if (at == text || at[0] != '=' || at[1] != '"')
        return 0;
    for (at += 2; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && strchr("\\\"n", *++at) == NULL)
            return 0;
        if ((unsigned char)*at < 0x20)
            return 0;
    }
    return *at == '"' ? (size_t)(at + 1 - text) : 0;
}

/* The length of "{…}" with at least one label, 0 when it is malformed. */
static size_t labels_length(const char *text)
{
    const char *at = text;

    do {
        size_t length = label_length(at + 1);

        if (length == 0)
            return 0;
        at += 1 + length;
    } while (*at == ',');
    return *at == '}' ? (size_t)(at + 1 - text) : 0;
}

static bool is_value(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0)
        return false;
    text += digits;
    if (*text == '.')
        return text[1] != '\0' && strspn(text + 1, "0123456789") == strlen(text + 1);
    return *text == '\0';
}

static const char *check_histogram(struct reader *reader, const char *suffix, const char *line,
                                   uint64_t value)
{
    if (strcmp(suffix, "_bucket") == 0) {
        if (reader->has_bucket && value < reader->below)
            return "buckets that do not rise";
        if (strstr(line, "le=\"") == NULL)
            return "a bucket without a bound";
        reader->has_bucket = true;
        reader->has_all = strstr(line, "le=\"+Inf\"") != NULL;
        reader->below = value;
        return NULL;
    }
    if (strcmp(suffix, "_count") != 0)
        return "a sample that is no part of a histogram";
    if (!reader->has_bucket || !reader->has_all || value != reader->below)
        return "a count that is not the last bucket";
    reader->has_bucket = false;
    return NULL;
}

static const char *read_sample(struct reader *reader, const char *line)
{
    size_t length = name_length(line);
    size_t own = strlen(reader->family);
    char series[LINE_SIZE];
    char suffix[NAME_SIZE];

    if (!reader->has_type || length < own || strncmp(line, reader->family, own) != 0)
        return "a sample outside its family";
    snprintf(suffix, sizeof(suffix), "%.*s", (int)(length - own), line + own);
    if (line[length] == '{')
        length += labels_length(line + length);
    if (line[length] != ' ' || !is_value(line + length + 1))
        return "malformed labels or value";
    snprintf(series, sizeof(series), "%.*s", (int)length + 1, line);
    if (count_lines(reader->text, series) != 1)
        return "a series stands twice";
    if (strcmp(reader->type, "histogram") == 0)
        return check_histogram(reader, suffix, line, strtoull(line + length + 1, NULL, 10));
    return suffix[0] == '\0' ? NULL : "a sample of another family";
}

static const char *read_line(struct reader *reader, const char *line)
{
    if (strncmp(line, "# HELP ", 7) == 0)
        return read_help(reader, line + 7);
    if (strncmp(line, "# TYPE ", 7) == 0)
        return read_type(reader, line + 7);
    return read_sample(reader, line);
}

const char *metrics_complaint(const char *text)
{
    struct reader reader = {.text = text};
    const char *complaint = NULL;
    char line[LINE_SIZE];

    while (complaint == NULL && *text != '\0') {
        size_t length = strcspn(text, "\n");

        if (text[length] == '\0' || length >= sizeof(line))
            return "a line without an end, or a long one";
        memcpy(line, text, length);
        line[length] = '\0';
        complaint = read_line(&reader, line);
        text += length + 1;
    }
    return complaint != NULL || !reader.has_bucket ? complaint : "a histogram without a count";
}

char *metrics_at(const char *text, const char *series, char *out, size_t size)
{
    size_t length = strlen(series);

    snprintf(out, size, "(none)");
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, series, length) == 0 && at[length] == ' ')
            snprintf(out, size, "%.*s", (int)strcspn(at + length + 1, "\n"), at + length + 1);
    }
    return out;
}
