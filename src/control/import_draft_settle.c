#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "conf/conf_load.h"
#include "control/import_draft.h"
#include "control/verb.h"

#define TRIALS 32

/* A file in memory that holds the draft, or -1. */
static int make_file(const struct import_draft *draft)
{
    int fd = memfd_create("k0slb.ini", MFD_CLOEXEC);
    struct textbuf text;

    import_draft_text(draft, &text);
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
    bool is_server = import_draft_is_server(line->text);

    import_draft_comment(&one, line->origin, line->origin, "%s: %s", line->text, reason);
    if (one.count == 1) {
        free(line->text);
        line->text = strdup(one.lines[0].text);
    }
    draft->out_of_memory |= one.out_of_memory || line->text == NULL;
    line->was_server = is_server;
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

/* The section that begins there has lost all of its servers. */
static bool is_deserted(const struct import_draft *draft, size_t at)
{
    bool had_one = false;

    for (size_t i = at + 1; i < draft->count && draft->lines[i].kind != DRAFT_SECTION; i++) {
        const struct import_draft_line *line = &draft->lines[i];

        if (line->kind == DRAFT_KEY && import_draft_is_server(line->text))
            return false;
        had_one |= line->was_server;
    }
    return had_one;
}

/* Without any of its own a service would take the controllers. */
static void drop_deserted(struct import_draft *draft)
{
    for (size_t i = 0; i < draft->count && !draft->out_of_memory; i++) {
        if (draft->lines[i].kind == DRAFT_SECTION && is_deserted(draft, i))
            make_comments(draft, i, "none of its servers can be carried over");
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
    drop_deserted(draft);
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

    drop_deserted(draft);
    for (unsigned i = 0; i < TRIALS && result == 0; i++)
        result = try_once(draft);
    if (result == 0)
        control_complain("%s: no configuration can be made of it", draft->name);
    return result == 1 ? 0 : -1;
}
