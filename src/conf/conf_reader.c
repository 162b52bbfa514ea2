#include "conf/conf_reader.h"

#include <string.h>

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* One line of the file, its end ("\n" or "\r\n") taken off. */
struct line {
    const char *start;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void conf_reader_init(struct conf_reader *reader, const char *text, size_t size,
                      struct conf_statements *statements, struct conf_report *report)
{
    *reader = (struct conf_reader){
        .text = text,
        .size = size,
        .statements = statements,
        .report = report,
    };
    if (size >= 3 && memcmp(text, byte_order_mark, 3) == 0)
        reader->at = 3;
}

static struct line take_line(struct conf_reader *reader)
{
    struct line line = {reader->text + reader->at, reader->size - reader->at};
    const char *end = memchr(line.start, '\n', line.length);

    reader->line++;
    if (end == NULL) {
        reader->at = reader->size;
        return line;
    }
    line.length = (size_t)(end - line.start);
    reader->at += line.length + 1;
    if (line.length > 0 && end[-1] == '\r')
        line.length--;
    return line;
}

/* What is wrong with the bytes, whatever they mean; NULL = nothing. */
static const char *check_bytes(const struct line *line, size_t most)
{
    if (memchr(line->start, '\0', line->length) != NULL)
        return "a NUL byte";
    if (memchr(line->start, '\r', line->length) != NULL)
        return "a carriage return inside the line";
    for (size_t i = 0; i < line->length; i++) {
        unsigned char c = (unsigned char)line->start[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return "a control character";
    }
    if (memmem(line->start, line->length, byte_order_mark, 3) != NULL)
        return "a byte order mark that is not at the start of the file";
    if (line->length > most)
        return "the line is longer than 198 bytes";
    return NULL;
}

/* Where a comment begins behind something else: a ';' after a blank. */
static char *find_comment(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if (*c == ';' && c > text && is_blank(c[-1]))
            return c;
    }
    return text + strlen(text);
}

static bool has_hash_comment(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '#' && c > text && is_blank(c[-1]))
            return true;
    }
    return false;
}

/* Cuts the comment and the blanks before it off. */
static void cut_comment(char *text)
{
    char *end = find_comment(text);

    while (end > text && is_blank(end[-1]))
        end--;
    *end = '\0';
}

/* What is wrong with a line that begins with '['; its name comes back without brackets. */
static const char *check_header(char *text, char name[CONF_NAME_SIZE])
{
    char *end = strchr(text, ']');
    size_t length = end != NULL ? (size_t)(end - text) - 1 : 0;

    if (end == NULL)
        return "\"]\" is missing after the section's name";
    if (length == 0)
        return "the section has no name";
    if (is_blank(text[1]) || is_blank(end[-1]))
        return "blanks inside the brackets of a section: write [NAME]";
    if (end[1] != '\0' && has_hash_comment(end))
        return "text after \"]\"; comments start with \";\"";
    if (end[1] != '\0')
        return "text after \"]\"";
    if (length >= CONF_NAME_SIZE)
        return "the section's name is longer than 49 bytes";
    memcpy(name, text + 1, length);
    name[length] = '\0';
    return NULL;
}

/* What is wrong with a line that should be "KEY = VALUE"; the key comes back if it is sane. */
static const char *check_key(const char *text, char key[CONF_NAME_SIZE])
{
    const char *separator = strpbrk(text, "=:");
    size_t length = separator != NULL ? (size_t)(separator - text) : 0;

    *key = '\0';
    if (separator == NULL)
        return "no \"=\" in this line";
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    if (length == 0)
        return "no key before the first \"=\" or \":\"";
    if (length >= CONF_NAME_SIZE)
        return "the key is longer than 49 bytes";
    memcpy(key, text, length);
    key[length] = '\0';
    if (*separator == ':')
        return "\":\" where \"=\" has to be: write KEY = VALUE";
    if (has_hash_comment(separator))
        return "\"#\" does not start a comment here; comments start with \";\"";
    return NULL;
}

/* Reports the line; it stays in the list as something that was meant to be there. */
static void refuse(struct conf_reader *reader, const char *key, const char *reason)
{
    bool has_key = key != NULL && *key != '\0';
    const char *section = has_key ? reader->section : NULL;
    struct conf_statement *added;

    conf_report_add(reader->report, CONF_ERROR, reader->line, section, has_key ? key : NULL, "%s",
                    reason);
    added = conf_statements_add(reader->statements, reader->section, has_key ? key : "?", "",
                                reader->line);
    if (added != NULL)
        added->refused = true;
}

/* Keys must not go to the section before when the header between them was refused. */
static void lose_section(struct conf_reader *reader)
{
    reader->has_header = true;
    reader->has_section = false;
    reader->section[0] = '\0';
    reader->statements->section_lost = true;
}

/* Whether a line that is refused was meant as a section header. */
static bool is_like_header(const struct line *line)
{
    static const char skipped[] = " \t\r\f\v\xef\xbb\xbf"; /* its NUL counts, too */
    size_t i = 0;

    while (i < line->length && memchr(skipped, line->start[i], sizeof(skipped)) != NULL)
        i++;
    return i < line->length && line->start[i] == '[';
}

/* Returns whether inih may have the line. */
static bool read_header(struct conf_reader *reader, char *text)
{
    char name[CONF_NAME_SIZE];
    const char *reason = check_header(text, name);

    if (reason != NULL) {
        lose_section(reader);
        refuse(reader, NULL, reason);
        return false;
    }
    reader->has_header = true;
    reader->has_section = true;
    strcpy(reader->section, name);
    conf_statements_add(reader->statements, reader->section, "", "", reader->line);
    return true;
}

static bool read_key(struct conf_reader *reader, const char *text)
{
    char key[CONF_NAME_SIZE];
    const char *reason;

    if (!reader->has_section) {
        /* One message for all of them; behind a bad header there was one already. */
        if (!reader->has_header)
            refuse(reader, NULL, "this line stands before the first [section]");
        lose_section(reader);
        return false;
    }
    reason = check_key(text, key);
    if (reason != NULL)
        refuse(reader, key, reason);
    return reason == NULL;
}

static bool is_comment(const struct line *line)
{
    size_t i = 0;

    while (i < line->length && is_blank(line->start[i]))
        i++;
    return i == line->length || line->start[i] == ';' || line->start[i] == '#';
}

/* Whether inih may have the line, which is then in `buffer`, without its comment. */
static bool read_line(struct conf_reader *reader, const struct line *line, char *buffer,
                      size_t most)
{
    const char *reason = check_bytes(line, most);

    if (reason == NULL && is_comment(line))
        return false;
    if (reason == NULL && is_blank(*line->start))
        reason = "the line is indented: sections and keys begin in column 1";
    if (reason != NULL) {
        if (is_like_header(line))
            lose_section(reader);
        refuse(reader, NULL, reason);
        return false;
    }
    memcpy(buffer, line->start, line->length);
    buffer[line->length] = '\0';
    cut_comment(buffer);
    return *buffer == '[' ? read_header(reader, buffer) : read_key(reader, buffer);
}

char *conf_reader_line(char *buffer, int size, void *context)
{
    struct conf_reader *reader = context;
    size_t most = size < CONF_LINE_MOST + 2 ? (size_t)size - 2 : CONF_LINE_MOST;
    struct line line;

    if (reader->at >= reader->size)
        return NULL;
    line = take_line(reader);
    if (!read_line(reader, &line, buffer, most))
        return strcpy(buffer, "\n");
    return strcat(buffer, "\n");
}
