#include "control/import_draft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/textbuf.h"
#include "conf/conf_load.h"
#include "control/verb.h"

/* conf_load() takes no longer lines. */
#define LINE_MOST 198

/* A list goes on in another line when it is longer than this. */
#define LIST_MOST 120

/* A longer name of the other file is told without its directory. */
#define NAME_MOST 60

#define TEXT_LIMIT 1048576
#define TRIALS     32

/* ---- lines ---- */

/* Cut to what a line may have, between characters; control bytes become '?'. */
static void make_safe(char *text)
{
    size_t length = strlen(text);

    if (length > LINE_MOST) {
        length = LINE_MOST;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
        text[length] = '\0';
    }
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
}

PRINTF_LIKE(4, 0)
static void add_line(struct import_draft *draft, enum import_draft_kind kind, unsigned origin,
                     const char *format, va_list args)
{
    size_t count = draft->count;
    struct import_draft_line *lines = draft->lines;
    char *text = NULL;

    if ((count & (count - 1)) == 0)
        lines = reallocarray(lines, count == 0 ? 1 : count * 2, sizeof(*lines));
    if (lines != NULL)
        draft->lines = lines;
    if (vasprintf(&text, format, args) == -1)
        text = NULL;
    if (lines == NULL || text == NULL) {
        draft->out_of_memory = true;
        free(text);
        return;
    }
    make_safe(text);
    lines[draft->count++] = (struct import_draft_line){kind, origin, text};
}

PRINTF_LIKE(4, 5)
static void add(struct import_draft *draft, enum import_draft_kind kind, unsigned origin,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_line(draft, kind, origin, format, args);
    va_end(args);
}

void import_draft_add(struct import_draft *draft, const struct import_draft_line *line)
{
    add(draft, line->kind, line->origin, "%s", line->text);
}

void import_draft_section(struct import_draft *draft, const char *name)
{
    import_draft_blank(draft);
    add(draft, DRAFT_SECTION, 0, "[%s]", name);
}

void import_draft_blank(struct import_draft *draft)
{
    if (draft->count > 0)
        add(draft, DRAFT_COMMENT, 0, "%s", "");
}

/* The array may be longer than add_line() thinks, never shorter. */
void import_draft_cut(struct import_draft *draft, size_t count)
{
    while (draft->count > count)
        free(draft->lines[--draft->count].text);
}

void import_draft_key(struct import_draft *draft, unsigned origin, const char *key,
                      const char *format, ...)
{
    char *value = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&value, format, args) == -1)
        value = NULL;
    va_end(args);
    if (value == NULL)
        draft->out_of_memory = true;
    else if (strstr(value, " ;") != NULL || strlen(key) + strlen(value) + 3 > LINE_MOST)
        import_draft_comment(draft, origin, origin, "%s = %s: cannot be written", key, value);
    else
        add(draft, DRAFT_KEY, origin, *value != '\0' ? "%s = %s" : "%s =%s", key, value);
    free(value);
}

void import_draft_list(struct import_draft *draft, unsigned origin, const char *key,
                       const char *list)
{
    while (strlen(list) > LIST_MOST) {
        const char *end = strstr(list + LIST_MOST, ", ");

        if (end == NULL)
            break;
        import_draft_key(draft, origin, key, "%.*s", (int)(end - list), list);
        list = end + 2;
    }
    import_draft_key(draft, origin, key, "%s", list);
}

/* The name of the other file that has room in a line. */
static const char *short_name(const struct import_draft *draft)
{
    const char *slash = strrchr(draft->name, '/');

    return strlen(draft->name) > NAME_MOST && slash != NULL ? slash + 1 : draft->name;
}

void import_draft_comment(struct import_draft *draft, unsigned origin, unsigned last,
                          const char *format, ...)
{
    char place[32] = "";
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) == -1)
        text = NULL;
    va_end(args);
    if (origin != 0 && last > origin)
        snprintf(place, sizeof(place), ":%u-%u", origin, last);
    else if (origin != 0)
        snprintf(place, sizeof(place), ":%u", origin);
    if (text == NULL)
        draft->out_of_memory = true;
    else
        add(draft, DRAFT_COMMENT, origin, "; %.*s%s: %s", NAME_MOST, short_name(draft), place,
            text);
    free(text);
}

void import_draft_free(struct import_draft *draft)
{
    for (size_t i = 0; i < draft->count; i++)
        free(draft->lines[i].text);
    free(draft->lines);
    *draft = (struct import_draft){.name = draft->name};
}

static void write_lines(const struct import_draft *draft, struct textbuf *out)
{
    textbuf_init(out, TEXT_LIMIT);
    for (size_t i = 0; i < draft->count; i++)
        textbuf_printf(out, "%s\n", draft->lines[i].text);
}

int import_draft_print(const struct import_draft *draft)
{
    struct textbuf text;
    int status;

    write_lines(draft, &text);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* ---- the trial ---- */

/* A file in memory that holds the draft, or -1. */
static int make_file(const struct import_draft *draft)
{
    int fd = memfd_create("k0slb.ini", MFD_CLOEXEC);
    struct textbuf text;

    write_lines(draft, &text);
    if (text.truncated)
        errno = ENOMEM;
    if (fd != -1 && (text.truncated || fd_write_all(fd, text.data, text.length) == -1))
        fd_close(&fd);
    textbuf_fini(&text);
    return fd;
}

/* The sentence of "PATH:LINE: [section] key: sentence". */
static const char *find_sentence(const char *path, const char *message)
{
    const char *text = strstr(message + strlen(path), ": ");
    const char *bracket;

    if (text == NULL)
        return message;
    text += 2;
    bracket = *text == '[' ? strstr(text, "] ") : NULL;
    if (bracket != NULL && strstr(bracket, ": ") != NULL)
        return strstr(bracket, ": ") + 2;
    return text;
}

static void make_comment(struct import_draft *draft, struct import_draft_line *line,
                         const char *reason)
{
    struct import_draft one = {.name = draft->name};

    import_draft_comment(&one, line->origin, line->origin, "%s: %s", line->text, reason);
    if (one.count == 1) {
        free(line->text);
        line->text = strdup(one.lines[0].text);
    }
    draft->out_of_memory |= one.out_of_memory || line->text == NULL;
    line->kind = DRAFT_COMMENT;
    import_draft_free(&one);
}

/* A section that is refused takes its keys along. */
static void make_comments(struct import_draft *draft, size_t at, const char *reason)
{
    bool is_section = draft->lines[at].kind == DRAFT_SECTION;

    make_comment(draft, &draft->lines[at], reason);
    for (size_t i = at + 1; is_section && i < draft->count; i++) {
        if (draft->lines[i].kind == DRAFT_SECTION)
            break;
        if (draft->lines[i].kind == DRAFT_KEY)
            make_comment(draft, &draft->lines[i], "its section is left out");
    }
}

/* Returns whether there was a line to blame for each mistake. */
static bool blame(struct import_draft *draft, const struct conf_report *report)
{
    bool all = true;

    for (size_t i = 0; i < report->count && !draft->out_of_memory; i++) {
        const struct conf_message *message = &report->messages[i];
        size_t at = message->line - 1;

        if (message->severity != CONF_ERROR)
            continue;
        if (message->line == 0 || at >= draft->count)
            all = false;
        else if (draft->lines[at].kind != DRAFT_COMMENT)
            make_comments(draft, at, find_sentence(report->path, message->text));
    }
    return all && !draft->out_of_memory;
}

/* Returns 1 when the draft is good, 0 when it has been changed and is to be tried again, or -1. */
static int try_once(struct import_draft *draft)
{
    int fd = draft->out_of_memory ? -1 : make_file(draft);
    char path[32];
    struct conf_report report = {.path = path};
    struct conf conf;
    int result = -1;

    if (fd == -1) {
        control_complain("cannot try the result: %s", strerror(ENOMEM));
        return -1;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (conf_load(&conf, path, &report) == 0) {
        conf_free(&conf);
        result = 1;
    } else if (blame(draft, &report)) {
        result = 0;
    }
    for (size_t i = 0; i < report.count && result == -1; i++) {
        if (report.messages[i].line == 0)
            control_complain("%s: %s", draft->name,
                             find_sentence(report.path, report.messages[i].text));
    }
    conf_report_free(&report);
    fd_close(&fd);
    return result;
}

int import_draft_settle(struct import_draft *draft)
{
    int result = 0;

    for (unsigned i = 0; i < TRIALS && result == 0; i++)
        result = try_once(draft);
    if (result == 0)
        control_complain("%s: no configuration can be made of it", draft->name);
    return result == 1 ? 0 : -1;
}
